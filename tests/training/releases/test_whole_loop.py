"""The loop once round with a model that was really trained: evaluate, seal, release, ask, come back."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest

from studio.domain.ids import ModelId, ProjectId, SnapshotId
from studio.domain.wire import routes
from studio.domain.wire.evaluation import (
    AcceptPredictions,
    MatchQuery,
    NewEvaluation,
    NewVerdict,
    PredictItems,
)
from studio.domain.wire.jobs import Decision, Lineage, LineageNode
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.releases import Answer, NewRelease, NewSuite
from studio.domain.wire.training import NewRun, NewSnapshot
from tests.training.running import Person, running_node
from tests.training.runs.shapes import shapes_folder
from tests.training.uploading import bring_in, new_project, wait_for

T = TypeVar("T")
SMALL = (("batch", 4), ("epochs", 12), ("picture_side", 64))


class Trained:
    """A node with shapes, of which those with a 1 in their number are sealed, and a model of the others."""

    def __init__(self, owner: Person, folder: Path) -> None:
        self.owner = owner
        self.folder = folder
        self.project: ProjectId = new_project(owner, "Shapes")
        bring_in(owner, self.project, shapes_folder(folder / "shapes", 40))
        # 001, 01x, 021 and 031
        self.suite = owner.call(
            routes.NEW_SUITE, NewSuite("sealed", ItemQuery(text="1")), project=self.project
        )
        asked = NewSnapshot("all", validation_share=0.3, seed=3)
        snapshot = owner.call(routes.NEW_SNAPSHOT, asked, project=self.project)
        assert snapshot.items == 40 - self.suite.items
        self.snapshot: SnapshotId = snapshot.id
        run = owner.call(
            routes.NEW_RUN,
            NewRun("detect_boxes", snapshot.id, parameters=SMALL, seed=5),
            project=self.project,
        )
        done = until(lambda: owner.call(routes.RUN, run=run.id), lambda run: run.state in ("done", "failed"))
        assert done.model is not None, done
        self.model: ModelId = done.model


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float = 240) -> T:
    """What `look` gives once it is good."""
    end = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.1)
    return seen


@pytest.fixture(scope="module")
def trained() -> Iterator[Trained]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as folder:
        workspace = Path(folder) / "w"
        try:
            with running_node(workspace) as running:
                yield Trained(running.owner(), workspace)
        finally:
            for said in workspace.glob("services/*/process.json"):
                with suppress(ProcessLookupError):
                    os.kill(json.loads(said.read_text())["pid"], signal.SIGTERM)


def test_a_trained_model_is_judged_on_validation(trained: Trained) -> None:
    owner = trained.owner
    asked = NewEvaluation(trained.model, trained.snapshot)
    made = owner.call(routes.NEW_EVALUATION, asked, project=trained.project)
    done = until(
        lambda: owner.call(routes.EVALUATION, evaluation=made.id), lambda each: each.state != "running"
    )
    assert done.state == "done", done.error
    assert done.items > 0
    assert set(done.confusion_classes) == {"disc", "square"}
    assert dict(done.metrics)["map50"] > 0
    found = owner.call(routes.MATCHES, MatchQuery(), evaluation=made.id)
    assert found.total == sum(count for _, count in done.outcomes)
    line = owner.call(routes.LINEAGE, project=trained.project, kind="model", id=trained.model)
    assert ("evaluation", made.id) in [(each.kind, each.id) for each in line.used_in]


def test_it_looks_at_items_that_nobody_labelled(trained: Trained) -> None:
    owner = trained.owner
    bring_in(owner, trained.project, shapes_folder(trained.folder / "more", 6, labelled=False))
    query = ItemQuery(text="shape_000")
    job = owner.call(routes.PREDICT_ITEMS, PredictItems(trained.model, query), project=trained.project)
    assert wait_for(owner, job).state == "done"
    rows = owner.call(routes.ITEMS, query, project=trained.project).rows
    assert len(rows) == 2
    for row in rows:
        (layer,) = owner.call(routes.PREDICTIONS, item=row.id).predictions
        assert layer.model == trained.model


def test_it_goes_through_the_gate_and_answers_as_a_service(trained: Trained) -> None:
    owner = trained.owner
    asked = NewRelease(trained.model, trained.suite.id, "shapes")
    made = owner.call(routes.NEW_RELEASE, asked, project=trained.project)
    waiting = until(
        lambda: owner.call(routes.RELEASE_, release=made.id), lambda each: each.state != "evaluating"
    )
    assert waiting.state == "waiting", waiting.error
    assert waiting.gate is not None
    assert waiting.gate.items == trained.suite.items
    owner.call(routes.DECIDE_RELEASE, Decision(True, "the first"), release=made.id)
    (service,) = until(
        lambda: owner.call(routes.SERVICES, project=trained.project).services,
        lambda found: found[0].state == "answering",
    )
    token = owner.call(routes.SERVICE_TOKEN, service=service.id).token
    picture = (trained.folder / "shapes" / "JPEGImages" / "shape_000.png").read_bytes()
    response = httpx.post(service.url, content=picture, headers={"Authorization": f"Bearer {token}"})
    answer = msgspec.json.decode(response.content, type=Answer)
    assert (answer.model, answer.width) == (trained.model, 96)
    pools = until(
        lambda: owner.call(routes.POOLS, project=trained.project).pools,
        lambda pools: any(pool.purpose == "online" and pool.items == 1 for pool in pools),
    )
    assert pools
    models = owner.call(routes.MODELS, project=trained.project).models
    assert [model.in_service for model in models] == [True]


def test_every_arrow_of_the_loop_can_be_walked_both_ways(trained: Trained) -> None:
    owner, project = trained.owner, trained.project
    (evaluation,) = owner.call(routes.EVALUATIONS, project=project).evaluations
    match = owner.call(routes.MATCHES, MatchQuery(), evaluation=evaluation.id).matches[0]
    owner.call(routes.VERDICT, NewVerdict("model_wrong"), evaluation=evaluation.id, match=match.id)
    pools = {pool.purpose: pool for pool in owner.call(routes.POOLS, project=project).pools}
    online = ItemQuery(pool=pools["online"].id)
    taken = owner.call(
        routes.ACCEPT_PREDICTIONS,
        AcceptPredictions(trained.model, online, 0.0, preview=False),
        project=project,
    )
    assert taken.shapes, "the service saw nothing on its picture, so nothing of it can be learned"
    until(lambda: owner.call(routes.ITEMS, online, project=project).rows, lambda rows: rows[0].revision > 0)
    following = owner.call(routes.NEW_SNAPSHOT, NewSnapshot("next", online), project=project)

    walked: dict[tuple[str, str], Lineage] = {}
    waiting = [("snapshot", str(trained.snapshot))]
    while waiting:
        kind, key = waiting.pop()
        walked[kind, key] = found = owner.call(routes.LINEAGE, project=project, kind=kind, id=key)
        for each in (*found.made_from, *found.used_in):
            if each.kind != "items" and (each.kind, each.id) not in walked:
                waiting.append((each.kind, each.id))

    for here, found in walked.items():
        for each in found.made_from:
            assert each.kind == "items" or here in _ids(walked[each.kind, each.id].used_in)
        for each in found.used_in:
            assert each.kind == "items" or here in _ids(walked[each.kind, each.id].made_from)
    downwards = {"snapshot"}
    ahead = [("snapshot", str(trained.snapshot))]
    seen = set(ahead)
    while ahead:
        for step in _ids(walked[ahead.pop()].used_in) - seen:
            seen.add(step)
            ahead.append(step)
            downwards.add(step[0])
    assert ("snapshot", following.id) in seen
    assert downwards == {"snapshot", "run", "model", "evaluation", "release", "service", "pool", "item"}


def _ids(nodes: tuple[LineageNode, ...]) -> set[tuple[str, str]]:
    return {(each.kind, each.id) for each in nodes if each.kind != "items"}
