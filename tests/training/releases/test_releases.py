"""Releases on a real node with a real service process: gate, decision, shares, rollback, what comes back."""

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest
from msgspec import Struct

from studio.domain.edit import change
from studio.domain.entities import Box
from studio.domain.errors import AtelierError
from studio.domain.ids import ModelId, OperationId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import SaveEdit
from studio.domain.wire.evaluation import Pool
from studio.domain.wire.jobs import Decision
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.releases import (
    Answer,
    NewRelease,
    NewSuite,
    Release,
    Service,
    SetArms,
    Suite,
    TryService,
)
from tests.training.loop_people import Everybody
from tests.training.loop_workspace import EVERYBODY, Loop, cell_boxes, loop_workspace, picture_bytes
from tests.training.running import RunningNode, running_node
from tests.training.serving.real_service import picture

T = TypeVar("T")


class Releasing(Everybody):
    """What people do around a release."""

    def __init__(self, node: RunningNode, loop: Loop) -> None:
        super().__init__(node, loop)
        self.customer = httpx.Client(timeout=30, trust_env=False)

    def sealed(self, name: str = "sealed") -> Suite:
        """A suite of the twelve."""
        asked = NewSuite(name, ItemQuery(text="sealed"))
        return self["rita"].call(routes.NEW_SUITE, asked, project=self.project)

    def asked(self, model: ModelId, suite: Suite, service: str = "cells") -> Release:
        """A release that the gate has judged."""
        asked = NewRelease(model, suite.id, service)
        made = self["sam"].call(routes.NEW_RELEASE, asked, project=self.project)
        return self.until(lambda: self.release(made), lambda release: release.state != "evaluating")

    def release(self, release: Release) -> Release:
        return self["sam"].call(routes.RELEASE_, release=release.id)

    def accepted(self, model: ModelId, suite: Suite, service: str = "cells") -> Release:
        """A release in service."""
        waiting = self.asked(model, suite, service)
        decision = Decision(True, "worth trying")
        return self["rel"].call(routes.DECIDE_RELEASE, decision, release=waiting.id)

    def service(self) -> Service:
        (found,) = self["sam"].call(routes.SERVICES, project=self.project).services
        return found

    def online_pool(self) -> Pool:
        pools = self["sam"].call(routes.POOLS, project=self.project).pools
        return next(pool for pool in pools if pool.purpose == "online")

    def answering(self) -> Service:
        return self.until(self.service, lambda service: service.state == "answering")

    def ask(self, service: Service, token: str, seed: int = 0, caller: str = "") -> Answer:
        """Post a picture as a customer does; a small one where a caller is named, since those are many."""
        headers = {"Authorization": f"Bearer {token}", "X-Caller": caller}
        content = picture_bytes(seed, (8, 6)) if caller else picture_bytes(seed)
        response = self.customer.post(service.url, content=content, headers=headers)
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content, type=Answer)

    def until(self, look: Callable[[], T], good: Callable[[T], bool], seconds: float = 60) -> T:
        end = time.monotonic() + seconds
        while not good(seen := look()):
            assert time.monotonic() < end, seen
            time.sleep(0.1)
        return seen


class Prepared(Struct):
    """A workspace that was made once and is copied for each test."""

    folder: Path
    loop: Loop


@contextmanager
def prepared(names: tuple[str, ...]) -> Iterator[Prepared]:
    with tempfile.TemporaryDirectory(prefix="atelier-p-") as folder:
        workspace = Path(folder) / "w"
        yield Prepared(workspace, loop_workspace(workspace, names))


@contextmanager
def releasing(from_: Prepared) -> Iterator[Releasing]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as folder:
        workspace = Path(folder) / "w"
        shutil.copytree(from_.folder, workspace)
        try:
            with running_node(workspace) as running:
                everybody = Releasing(running, from_.loop)
                yield everybody
                everybody.customer.close()
        finally:
            for said in workspace.glob("services/*/process.json"):
                # services outlive their node: this is the one place where that is not wanted
                with suppress(ProcessLookupError):
                    os.kill(json.loads(said.read_text())["pid"], signal.SIGTERM)


@pytest.fixture(scope="module")
def workspace() -> Iterator[Prepared]:
    with prepared(EVERYBODY) as made:
        yield made


@pytest.fixture
def team(workspace: Prepared) -> Iterator[Releasing]:
    with releasing(workspace) as everybody:
        yield everybody


def test_a_model_goes_from_the_gate_into_service_and_what_it_is_asked_comes_back(team: Releasing) -> None:
    suite = team.sealed()
    first = team.asked(team.loop.poor, suite)
    assert first.gate is not None
    assert (first.state, first.gate.items, first.gate.baseline) == ("waiting", 12, None)
    assert first.gate.low <= first.gate.candidate <= first.gate.high
    done = team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=first.id)
    assert (done.state, done.decided_by) == ("accepted", "Rel")
    service = team.answering()
    assert [(arm.model, arm.share) for arm in service.arms] == [(team.loop.poor, 100)]
    token = team["rel"].call(routes.SERVICE_TOKEN, service=service.id).token
    answers = [team.ask(service, token, seed) for seed in range(3)]
    assert {answer.model for answer in answers} == {team.loop.poor}
    pool = team.until(team.online_pool, lambda pool: pool.items == 3)
    rows = team["sam"].call(routes.ITEMS, ItemQuery(pool=pool.id), project=team.project).rows
    assert {row.id for row in rows} == {answer.request for answer in answers}
    assert {(row.width, row.height) for row in rows} == {(640, 480)}
    (layer,) = team["sam"].call(routes.PREDICTIONS, item=rows[0].id).predictions
    assert layer.model == team.loop.poor
    assert [round(score, 3) for _, score in layer.scores] == [0.7]
    where = {"stream": rows[0].stream, "frame": 0, "rendition": "original"}
    original = team["ann"].send(routes.MEDIA, item=rows[0].id, **where)
    assert original.content in [picture_bytes(seed) for seed in range(3)]
    line = team["sam"].call(routes.LINEAGE, project=team.project, kind="service", id=service.id)
    assert [each.id for each in line.made_from] == [first.id]
    assert pool.id in [each.id for each in line.used_in]


def test_a_second_release_is_weighed_against_the_first_and_starts_beside_it(team: Releasing) -> None:
    suite = team.sealed()
    team.accepted(team.loop.poor, suite)
    second = team.asked(team.loop.good, suite)
    assert second.gate is not None
    assert second.gate.baseline is not None
    assert 0 < second.gate.low <= second.gate.difference <= second.gate.high
    assert second.gate.passes
    assert "2 candidates" in second.gate.sentence
    (looked,) = team["rita"].call(routes.SUITES, project=team.project).suites
    assert looked.looks == 3  # the first candidate; then both sides of the second gate
    team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=second.id)
    service = team.answering()
    shares = {arm.model: arm.share for arm in service.arms}
    assert shares == {team.loop.poor: 90, team.loop.good: 10}
    token = team["rel"].call(routes.SERVICE_TOKEN, service=service.id).token
    seen = {f"c{index}": team.ask(service, token, 1, f"c{index}").model for index in range(400)}
    # 10 % of 400 with a standard deviation of 6: five of them either way
    assert 10 <= sum(model == team.loop.good for model in seen.values()) <= 70
    for caller in list(seen)[:20]:
        assert team.ask(service, token, 1, caller).model == seen[caller]
    wider = SetArms(((team.loop.poor, 0), (team.loop.good, 100)))
    service = team["rel"].call(routes.SET_ARMS, wider, service=service.id)
    assert team.ask(service, token, 1, "c0").model == team.loop.good
    service = team["rel"].call(routes.ROLL_BACK, service=service.id)
    assert {arm.model: arm.share for arm in service.arms} == {team.loop.poor: 90, team.loop.good: 10}
    service = team["rel"].call(routes.ROLL_BACK, service=service.id)
    assert [(arm.model, arm.share) for arm in service.arms] == [(team.loop.poor, 100)]
    assert not service.can_roll_back
    assert {team.ask(service, token, 1, f"c{index}").model for index in range(20)} == {team.loop.poor}
    with pytest.raises(AtelierError) as refused:
        team["rel"].call(routes.ROLL_BACK, service=service.id)
    assert refused.value.code == "service.no_way_back"


def test_a_worse_candidate_is_released_only_with_a_reason(team: Releasing) -> None:
    suite = team.sealed()
    team.accepted(team.loop.good, suite)
    worse = team.asked(team.loop.poor, suite)
    assert worse.gate is not None
    assert not worse.gate.passes
    with pytest.raises(AtelierError) as refused:
        team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=worse.id)
    assert refused.value.code == "release.note_missing"
    done = team["rel"].call(routes.DECIDE_RELEASE, Decision(False, "it is worse"), release=worse.id)
    assert (done.state, done.note) == ("refused", "it is worse")
    assert [arm.model for arm in team.service().arms] == [team.loop.good]
    with pytest.raises(AtelierError) as refused:
        team["rel"].call(routes.DECIDE_RELEASE, Decision(True, "after all"), release=worse.id)
    assert refused.value.code == "release.not_waiting"


def test_nobody_decides_their_own_request_where_somebody_else_could(team: Releasing) -> None:
    owner = team.node.owner()
    suite = team.sealed()
    asked = NewRelease(team.loop.good, suite.id, "cells")
    made = owner.call(routes.NEW_RELEASE, asked, project=team.project)
    team.until(lambda: team.release(made), lambda release: release.state == "waiting")
    with pytest.raises(AtelierError) as refused:
        owner.call(routes.DECIDE_RELEASE, Decision(True), release=made.id)
    assert refused.value.code == "release.own_request"
    assert team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=made.id).state == "accepted"


def test_who_is_alone_decides_alone_and_the_audit_says_so() -> None:
    with prepared(()) as nobody, releasing(nobody) as alone:
        owner = alone.node.owner()
        alone.people = dict.fromkeys(EVERYBODY, owner)
        done = alone.accepted(alone.loop.good, alone.sealed())
        assert done.state == "accepted"
        entries = owner.call(routes.AUDIT_PAGE, after=0).entries
        assert "release.alone" in [entry.action for entry in entries]


def test_a_suite_that_was_corrected_has_its_models_judged_again(team: Releasing) -> None:
    suite = team.sealed()
    waiting = team.asked(team.loop.good, suite)
    rita = team["rita"]
    item = team.loop.suite_items[0]
    lease = rita.call(routes.LEASE, item=item)
    state = rita.call(routes.DOCUMENT, item=item)
    box = cell_boxes(state.entities)[0]
    moved = Box(box.id, box.track, box.stream, box.frame, (500.0, 400.0, 560.0, 470.0))
    save = SaveEdit(OperationId(new_id()), state.revision, lease.fence, 1, change("Move box", (box, moved)))
    rita.call(routes.SAVE_EDIT, save, item=item)
    with pytest.raises(AtelierError) as refused:
        team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=waiting.id)
    assert refused.value.code == "release.suite_changed"
    (grown,) = rita.call(routes.SUITES, project=team.project).suites
    assert grown.version == 2
    again = team.asked(team.loop.good, suite)
    assert again.gate is not None
    assert waiting.gate is not None
    assert again.gate.candidate < waiting.gate.candidate
    assert team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=again.id).state == "accepted"


def test_shares_that_cannot_be_are_refused(team: Releasing) -> None:
    team.accepted(team.loop.good, team.sealed())
    good, poor = team.loop.good, team.loop.poor
    service = team.answering()
    for shares in (((good, 90),), ((good, 50), (poor, 50)), ((good, 60), (good, 40)), ((good, 110),), ()):
        with pytest.raises(AtelierError) as refused:
            team["rel"].call(routes.SET_ARMS, SetArms(shares), service=service.id)
        assert refused.value.code == "service.shares"
    assert [(arm.model, arm.share) for arm in team.service().arms] == [(good, 100)]


def test_a_service_outlives_its_node_and_is_found_again(team: Releasing) -> None:
    team.accepted(team.loop.good, team.sealed())
    service = team.answering()
    token = team["rel"].call(routes.SERVICE_TOKEN, service=service.id).token
    folder = team.node.folder / "services" / service.id
    pid = json.loads((folder / "process.json").read_text())["pid"]
    team.node.kill()
    assert team.ask(service, token, 5).model == team.loop.good
    team.node.start()
    team.come_back()
    again = team.answering()
    assert again.url == service.url
    assert json.loads((folder / "process.json").read_text())["pid"] == pid
    team.until(team.online_pool, lambda pool: pool.items == 1)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1])
def test_a_node_killed_while_it_promotes_leaves_the_old_table_or_the_new(
    team: Releasing, after_s: float
) -> None:
    suite = team.sealed()
    team.accepted(team.loop.poor, suite)
    service = team.answering()
    waiting = team.asked(team.loop.good, suite)
    releaser = team["rel"]

    def decide() -> None:
        with suppress(httpx.HTTPError):
            releaser.call(routes.DECIDE_RELEASE, Decision(True), release=waiting.id)

    thread = threading.Thread(target=decide)
    thread.start()
    time.sleep(after_s)
    team.node.kill()
    thread.join()
    team.node.start()
    team.come_back()
    done = team.release(waiting)
    old, new = {team.loop.poor: 100}, {team.loop.poor: 90, team.loop.good: 10}
    shares = {arm.model: arm.share for arm in team.answering().arms}
    assert shares == (new if done.state == "accepted" else old)
    if done.state == "waiting":
        team["rel"].call(routes.DECIDE_RELEASE, Decision(True), release=waiting.id)
    token = team["rel"].call(routes.SERVICE_TOKEN, service=service.id).token
    asked = SetArms(((team.loop.poor, 0), (team.loop.good, 100)))
    team["rel"].call(routes.SET_ARMS, asked, service=service.id)
    assert team.ask(team.answering(), token, 1, "c").model == team.loop.good


def test_a_service_that_is_killed_comes_back_by_itself(team: Releasing) -> None:
    team.accepted(team.loop.good, team.sealed())
    service = team.answering()
    token = team["rel"].call(routes.SERVICE_TOKEN, service=service.id).token
    said = team.node.folder / "services" / service.id / "process.json"
    pid = json.loads(said.read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    team.until(lambda: json.loads(said.read_text())["pid"] if said.exists() else pid, lambda now: now != pid)
    assert team.ask(team.answering(), token).model == team.loop.good


def test_a_model_that_cannot_answer_is_left_by_itself_and_everybody_was_answered(team: Releasing) -> None:
    suite = team.sealed()
    team.accepted(team.loop.good, suite)
    team.accepted(team.loop.poor, suite)
    service = team.answering()
    token = team["rel"].call(routes.SERVICE_TOKEN, service=service.id).token
    asked = SetArms(((team.loop.good, 0), (team.loop.poor, 100)))
    team["rel"].call(routes.SET_ARMS, asked, service=service.id)
    white = picture(white=True)
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(6):
        response = team.customer.post(service.url, content=white, headers=headers)
        assert response.status_code == 200
        assert msgspec.json.decode(response.content, type=Answer).model == team.loop.good
    # the table with 10 % of it holds the failing model as well, so the service goes back twice
    left = team.until(team.service, lambda each: [arm.model for arm in each.arms] == [team.loop.good])
    assert "went back" in left.error
    entries = team.node.owner().call(routes.AUDIT_PAGE, after=0).entries
    assert [entry.action for entry in entries].count("service.retreat") == 2


def test_a_service_is_tried_with_an_item_or_with_any_picture(team: Releasing) -> None:
    suite = team.sealed()
    team.accepted(team.loop.good, suite)
    service = team.answering()

    def tried(asked: TryService) -> Answer | str:
        try:
            return team["sam"].call(routes.TRY_SERVICE, asked, service=service.id)
        except AtelierError as error:
            return error.code

    answer = tried(TryService(picture=picture_bytes(3, (200, 100))))
    assert isinstance(answer, Answer)
    assert (answer.model, answer.width, answer.height) == (team.loop.good, 200, 100)
    assert tried(TryService(picture=b"no picture")) == "picture.unreadable"
    assert tried(TryService()) == "service.nothing_to_ask"
    assert tried(TryService(team.loop.suite_items[0])) == "suite.sealed"
    assert tried(TryService(team.loop.workspace.other_item)) == "access.missing"


def test_a_stopped_service_answers_nobody_until_it_is_started(team: Releasing) -> None:
    team.accepted(team.loop.good, team.sealed())
    service = team.answering()
    item = team.loop.items[0]
    answer = team["sam"].call(routes.TRY_SERVICE, TryService(item), service=service.id)
    assert (answer.model, answer.width) == (team.loop.good, 640)
    assert team["rel"].call(routes.STOP_SERVICE, service=service.id).state == "stopped"
    with pytest.raises(httpx.TransportError):
        httpx.get(service.url.replace("/predict", "/health"), timeout=5)
    with pytest.raises(AtelierError) as refused:
        team["sam"].call(routes.TRY_SERVICE, TryService(item), service=service.id)
    assert refused.value.code == "service.silent"
    started = team["rel"].call(routes.START_SERVICE, service=service.id)
    assert started.state == "answering"
    assert team["sam"].call(routes.TRY_SERVICE, TryService(item), service=service.id).model == team.loop.good


def test_a_scientist_may_ask_but_not_decide_nor_share(team: Releasing) -> None:
    waiting = team.asked(team.loop.good, team.sealed())
    with pytest.raises(AtelierError) as refused:
        team["sam"].call(routes.DECIDE_RELEASE, Decision(True), release=waiting.id)
    assert refused.value.code == "access.refused"
