"""The people who use a node with the loop's workspace, and what they wait for."""

import time

from studio.domain.ids import EvaluationId, JobId, ModelId
from studio.domain.wire import routes
from studio.domain.wire.evaluation import Evaluation, Match, MatchQuery, NewEvaluation
from studio.domain.wire.jobs import Job
from tests.training.loop_workspace import Loop
from tests.training.running import Person, RunningNode
from tests.training.workspace import sign_in


class Everybody:
    """A node with the loop's workspace, and the people who use it."""

    def __init__(self, node: RunningNode, loop: Loop) -> None:
        self.node = node
        self.loop = loop
        self.project = loop.workspace.project
        self.people: dict[str, Person] = {}

    def __getitem__(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = sign_in(self.node, self.loop.workspace, name)
        return self.people[name]

    def come_back(self) -> None:
        """Everybody goes on with their session at a node that was started again."""
        for person in self.people.values():
            person.http = self.node.http

    def wait(self, job: JobId | None) -> Job:
        """The job when it is over."""
        assert job is not None
        until = time.monotonic() + 120
        while True:
            told = self["sam"].call(routes.JOB, job=job)
            if told.state in ("done", "failed", "cancelled"):
                return told
            assert time.monotonic() < until, told
            time.sleep(0.1)

    def evaluated(self, model: ModelId, split: str = "validation") -> Evaluation:
        """An evaluation that is done."""
        asked = NewEvaluation(model, self.loop.snapshot, split)
        made = self["sam"].call(routes.NEW_EVALUATION, asked, project=self.project)
        self.wait(made.job)
        return self["sam"].call(routes.EVALUATION, evaluation=made.id)

    def matches(self, evaluation: EvaluationId, **query: object) -> tuple[Match, ...]:
        """A sheet."""
        asked = MatchQuery(**query)  # type: ignore[arg-type]
        return self["sam"].call(routes.MATCHES, asked, evaluation=evaluation).matches
