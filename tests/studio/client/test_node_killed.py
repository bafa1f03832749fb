"""Edit under fire: two studios draw and undo while their node is killed, and every Edit is there once."""

import os
import random
import signal
import threading
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from studio.client import Client, OpenDocument, OwnNode, Session
from studio.domain.edit import change, creation
from studio.domain.entities import Box, Tag
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import RevisionQuery
from tests.studio.client.test_open_document import until
from tests.studio.client.test_session import _one_item


def _draw(document: OpenDocument, seed: int, made: set[EntityId]) -> None:
    """Sixty Edits of one person: new tags, moves of the one box, and undos."""
    chance = random.Random(seed)
    for _ in range(60):
        try:
            match chance.choice(("tag", "tag", "move", "undo")):
                case "tag":
                    tag = Tag(EntityId(new_id()), f"by-{seed}")
                    document.apply(creation("Tag", tag))
                    made.add(tag.id)
                case "move":
                    box = next(each for each in document.document.entities.values() if isinstance(each, Box))
                    moved = replace(box, xyxy=(float(chance.randrange(9)), 1.0, 20.0, 20.0))
                    document.apply(change("Move", (box, moved)))
                case _:
                    document.undo()
        except AtelierError as error:
            if error.code not in ("document.stale", "undo.in_the_way"):
                raise
        threading.Event().wait(0.01)


@pytest.mark.slow
def test_two_studios_lose_nothing_and_end_alike_when_their_node_is_killed(
    pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("fire")
    node = OwnNode.start(place / "w", wait_s=120)
    sessions: list[Session] = []
    for name in ("one", "two"):
        client = Client.connect(node.address)
        client.own_sign_in(node.secret())
        sessions.append(Session.open(client, place / name, own_node=True))
    item = _one_item(sessions[0].client, pictures, place)
    documents = [each.open_document(item) for each in sessions]
    made: list[set[EntityId]] = [set(), set()]
    people = [
        threading.Thread(target=_draw, args=(document, seed, made[seed]))
        for seed, document in enumerate(documents)
    ]
    for each in people:
        each.start()
    until(lambda: documents[0].revision > 5)
    os.kill(node.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(node.pid)] if psutil.pid_exists(node.pid) else [], 10)
    for each in people:
        each.join(60)
    assert any(not document.work.is_saved for document in documents), "it was killed too late to matter"
    again = OwnNode.start(place / "w", wait_s=120)
    for session in sessions:
        session.client.own_sign_in(again.secret())
    assert all(document.flush(60) for document in documents)
    state = sessions[0].client.call(routes.DOCUMENT, item=item)
    for document in documents:
        document.expect(state.revision)
    until(lambda: all(document.revision >= state.revision for document in documents), 30)
    assert documents[0].document == documents[1].document
    assert {each.id: each for each in state.entities} == documents[0].document.entities
    history = sessions[0].client.call(routes.REVISIONS, RevisionQuery(), item=item).revisions
    operations = [each.operation for each in history]
    assert len(operations) == len(set(operations))
    assert [each.revision for each in history] == list(range(1, len(history) + 1))
    aside = {p.operation for document in documents for c in document.conflicts for p in c.pending}
    assert aside.isdisjoint(operations)
    drawn = {key for each in history for key, (old, _) in each.edit.changes.items() if old is None}
    assert made[0] | made[1] <= drawn, "every tag that was drawn is in the history"
    for session in sessions:
        session.close()
        session.client.close()
    again.stop()


@pytest.mark.slow
def test_a_node_of_ones_own_that_was_killed_comes_back_by_itself_and_one_that_was_stopped_does_not(
    pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("back")
    node = OwnNode.start(place / "w", wait_s=120)
    client = Client.connect(node.address)
    client.own_sign_in(node.secret())
    item = _one_item(client, pictures, place)
    with Session.open(client, place / "state", own_node=node) as session:
        document = session.open_document(item)
        killed = node.pid
        os.kill(killed, signal.SIGKILL)
        document.apply(creation("Tag", Tag(EntityId(new_id()), "under fire")))
        assert document.flush(100)
        assert node.pid != killed
        client.call(routes.SIGN_OUT)  # as when a session runs out
        document.apply(creation("Tag", Tag(EntityId(new_id()), "signed in again")))
        until(lambda: document.work.is_saved, 60)
        assert node.stop()
        until(lambda: session.work.connection == "offline", 30)
        threading.Event().wait(2.0)
        assert not node.is_running()
        assert not node.was_killed
    client.close()
