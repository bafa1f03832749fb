"""The event stream: numbered, in order, complete after a break, and silent about what is not open."""

import base64
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct

from studio.domain import canonical
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event
from studio.domain.wire.session import SetRoles
from tests.training.running import Person, RunningNode, running_node
from tests.training.workspace import Workspace, draw, furnished, sign_in


class Heard(Struct, frozen=True):
    number: int
    event: Event | None  # None: something that is not open to the listener, or where the node stands


class Listener:
    """One studio's stream, read on a thread of its own."""

    def __init__(self, node: RunningNode, person: Person, after: int | None = None) -> None:
        self._response: httpx.Response | None = None
        self.heard: list[Heard] = []
        self.ended = threading.Event()
        self._changed = threading.Condition()
        path = "/events" if after is None else f"/events?after={after}"
        self._arguments = (node.http, path, person.token)
        threading.Thread(target=self._read, daemon=True).start()
        self.wait(1)

    def wait(self, count: int) -> list[Heard]:
        """What was heard, once it is `count` or more."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= count, 20), self.heard
            return list(self.heard)

    def _read(self) -> None:
        http, path, token = self._arguments
        try:
            with http.stream(
                "GET", path, headers={"Authorization": f"Bearer {token}"}, timeout=60
            ) as response:
                assert response.headers["content-type"].startswith("text/event-stream")
                number = 0
                for line in response.iter_lines():
                    name, _, value = line.partition(":")
                    if name == "id":
                        number = int(value)
                    elif name == "data":
                        said = base64.b64decode(value.strip())
                        event = canonical.decode(said, Event) if said else None
                        with self._changed:
                            self.heard.append(Heard(number, event))
                            self._changed.notify_all()
        except (httpx.TransportError, httpx.StreamError):
            pass
        self.ended.set()


@pytest.fixture
def place() -> Iterator[tuple[RunningNode, Workspace]]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        workspace = furnished(folder, 1, ("ann", "eve"))
        with running_node(folder) as node:
            yield node, workspace


def test_events_come_in_order_and_a_stranger_hears_only_that_there_was_one(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    item = workspace.items[0]
    ann, eve = sign_in(node, workspace, "ann"), sign_in(node, workspace, "eve")
    anns, eves = Listener(node, ann), Listener(node, eve)
    start = anns.heard[0].number
    fence = ann.call(routes.LEASE, item=item).fence
    for _ in range(3):
        ann.call(routes.SAVE_EDIT, draw(fence=fence), item=item)
    heard = anns.wait(5)
    numbers = [each.number for each in heard]
    assert numbers == list(range(start, start + len(numbers)))
    saved = [each.event.revision for each in heard if each.event and each.event.kind == "document"]
    assert saved == [1, 2, 3]
    assert [each.number for each in eves.wait(len(heard))] == numbers
    assert {each.event for each in eves.heard} == {None}


def test_a_studio_that_comes_back_hears_what_it_missed(place: tuple[RunningNode, Workspace]) -> None:
    node, workspace = place
    item = workspace.items[0]
    ann = sign_in(node, workspace, "ann")
    before = Listener(node, ann).heard[0].number
    fence = ann.call(routes.LEASE, item=item).fence
    ann.call(routes.SAVE_EDIT, draw(fence=fence), item=item)
    missed = Listener(node, ann, before).wait(3)
    assert [each.number for each in missed] == [before + 1, before + 2, before + 2]


def test_after_a_kill_the_numbers_go_on_so_that_a_gap_is_seen(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    item = workspace.items[0]
    ann = sign_in(node, workspace, "ann")
    before = Listener(node, ann).heard[0].number
    fence = ann.call(routes.LEASE, item=item).fence
    ann.call(routes.SAVE_EDIT, draw(fence=fence), item=item)
    node.kill()
    node.start()
    assert Listener(node, ann, before).heard[0].number > before + 1


def test_a_stream_ends_when_the_person_is_signed_out_and_when_the_node_stops(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    ann, eve = sign_in(node, workspace, "ann"), sign_in(node, workspace, "eve")
    anns, eves = Listener(node, ann), Listener(node, eve)
    ann.call(routes.SIGN_OUT)
    node.owner().call(routes.SET_ROLES, SetRoles(()), project=workspace.project, user=ann.user.id)
    assert anns.ended.wait(20)
    assert not eves.ended.is_set()
    assert node.stop() == 0
    assert eves.ended.wait(20)
