"""An open item against a node in memory: kept, sent, lost, refused, undone, decided."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.client.document_state import fetch_state
from studio.client.journal import Journal
from studio.client.open_document import OpenDocument
from studio.client.work_state import Change
from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Box, StreamId, Tag, Track, TrackId
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, ShapeId, new_id
from tests.studio.client.journals import KEY, NODE_KEY
from tests.studio.client.memory_node import MemoryItem, MemoryNode
from tests.studio.domain.strategies import counted_id

TRACK = Track(TrackId(counted_id(1)), "car")
BOX = Box(ShapeId(counted_id(2)), TRACK.id, StreamId("front"), 0, (1.0, 2.0, 3.0, 4.0))


def until(claim: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for what threads bring about; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.002)


class Desk:
    """One person's place: their journal folder, and studios that are opened and killed there."""

    def __init__(self, node: MemoryNode, name: str, folder: Path) -> None:
        self.client = node.client(name)
        self.folder = folder / name
        self.name = name
        self.journal = self._journal()
        self.opened: list[OpenDocument] = []

    def open(self, item: str = "item") -> OpenDocument:
        state = fetch_state(self.client, self.journal, ItemId(item))
        self.opened.append(OpenDocument(self.client, self.journal, state))
        return self.opened[-1]

    def kill(self) -> None:
        """End as a killed studio does: what is in the journal stays, nothing is said to the node."""
        for each in self.opened:
            each.stop()
        self.opened.clear()
        self.journal.close()

    def restart(self) -> None:
        self.kill()
        self.journal = self._journal()

    def _journal(self) -> Journal:
        return Journal(self.folder, KEY, "node-1", self.name, NODE_KEY)


@pytest.fixture
def node() -> MemoryNode:
    made = MemoryNode()
    made.item("item", (TRACK, BOX))
    return made


@pytest.fixture
def item(node: MemoryNode) -> MemoryItem:
    return node.items[ItemId("item")]


@pytest.fixture
def ann(node: MemoryNode, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(node, "ann", tmp_path)
    yield desk
    desk.kill()


@pytest.fixture
def bob(node: MemoryNode, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(node, "bob", tmp_path)
    yield desk
    desk.kill()


def moved(document: Document, by: float) -> Edit:
    """The box as it is now, moved."""
    old = document.get(BOX.id)
    assert isinstance(old, Box)
    left, top, right, bottom = old.xyxy
    return change("Move", (old, replace(old, xyxy=(left + by, top, right + by, bottom))))


def tag(text: str = "rain") -> Edit:
    return creation("Tag", Tag(EntityId(new_id()), text))


def test_an_edit_is_shown_at_once_then_kept_then_saved(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    changes: list[Change] = []
    document.listen(changes.append)
    ann.client.faults += [("save_edit", "node.gone")] * 3
    edit = document.apply(moved(document.document, 1.0))
    assert document.document.get(BOX.id) == edit.changes[BOX.id][1]
    assert document.work.unsaved == 1
    until(lambda: document.work.kept == 1)
    assert item.revisions == []
    assert document.flush()
    assert document.work.is_saved
    assert item.document == document.document
    assert item.revisions[0].edit.ontology_version == 1, "the ontology's version is stamped"
    assert changes == [Change(frozenset([BOX.id]), "me")]
    assert ann.journal.sync()
    assert not ann.journal.ledger, "nothing is left in the journal"


def test_an_edit_that_changes_nothing_is_not_sent(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    document.apply(Edit("Nothing", {}))
    assert document.flush()
    assert item.revisions == []


def test_a_refused_edit_leaves_document_journal_and_node_alone(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    with pytest.raises(AtelierError) as refused:
        document.apply(Edit("Delete", {TRACK.id: (TRACK, None)}))
    assert refused.value.code == "document.dangling"
    assert document.work.unsaved == 0
    assert not ann.journal.ledger
    assert item.document == document.document


def test_a_value_that_could_not_be_read_again_is_refused_before_it_is_journalled(
    ann: Desk, item: MemoryItem
) -> None:
    document = ann.open()
    for edit in (
        change("Move", (BOX, replace(BOX, xyxy=(math.nan, 0.0, 1.0, 1.0)))),
        replace(tag(), title="x" * 300),
    ):
        with pytest.raises(AtelierError) as refused:
            document.apply(edit)
        assert refused.value.code == "entity.malformed"
    assert document.work.unsaved == 0
    assert document.document == item.document


@pytest.mark.parametrize("fault", ["node.gone", "node.gone!", "node.slow!", "node.disk_full", "node.fault"])
def test_a_request_or_answer_that_is_lost_makes_one_revision(ann: Desk, item: MemoryItem, fault: str) -> None:
    document = ann.open()
    ann.client.faults += [("save_edit", fault)] * 2
    document.apply(tag())
    document.apply(tag())
    assert document.flush(20)
    assert item.revision == 2
    assert [each.operation for each in item.revisions] == list(item.answers)


def test_two_people_on_one_item_see_each_other(ann: Desk, bob: Desk, item: MemoryItem) -> None:
    hers, his = ann.open(), bob.open()
    changes: list[Change] = []
    his.listen(changes.append)
    hers.apply(moved(hers.document, 5.0))
    assert hers.flush()
    his.apply(change("Raise", (BOX, replace(BOX, order="z"))))
    assert his.flush()
    hers.expect(item.revision)
    until(lambda: hers.document == item.document)
    assert his.document == item.document
    assert item.document.get(BOX.id) == replace(BOX, xyxy=(6.0, 2.0, 8.0, 4.0), order="z")
    assert Change(frozenset([BOX.id]), "Ann") in changes


def test_a_change_that_came_second_is_in_the_tray_and_mine_theirs_and_both_decide(
    ann: Desk, bob: Desk, item: MemoryItem
) -> None:
    for way, expected in (("mine", 2.0), ("theirs", 10.0), ("both", 10.0)):
        hers, his = ann.open(), bob.open()
        here = his.document.get(BOX.id)
        assert isinstance(here, Box)
        hers.apply(change("Move", (here, replace(here, xyxy=(10.0, 0.0, 20.0, 9.0)))))
        assert hers.flush()
        his.apply(change("Move", (here, replace(here, xyxy=(2.0, 0.0, 20.0, 9.0)))))
        assert his.flush()
        (conflict,) = his.conflicts
        assert (conflict.title, conflict.author, conflict.code) == ("Move", "Ann", "document.stale")
        assert his.work.conflicts == 1
        assert his.undo_titles[:1] != ("Move",) or way != "mine", "what does not stand cannot be undone"
        his.resolve(conflict.id, way)  # type: ignore[arg-type]
        assert his.flush()
        assert his.conflicts == ()
        assert his.document == item.document
        box = item.document.get(BOX.id)
        assert isinstance(box, Box)
        assert box.xyxy[0] == expected
        hers.close()
        his.close()
        until(lambda a=hers, b=his: a.has_ended and b.has_ended)  # type: ignore[misc]
        item.document.apply(change("Back", (box, replace(box, xyxy=(1.0, 0.0, 1.0, 1.0)))))
        item.revisions.append(replace(item.revisions[-1], revision=item.revision + 1))
    assert sum(isinstance(each, Box) for each in item.document) == 2
    assert ann.journal.sync()
    assert bob.journal.sync()
    assert not bob.journal.ledger


def test_undo_and_redo_have_no_end_and_redo_ends_with_a_new_edit(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    states = [document.document.entities]
    for step in range(30):
        document.apply(moved(document.document, 1.0) if step % 2 else tag())
        states.append(document.document.entities)
    for state in reversed(states[:-1]):
        assert document.undo() is not None
        assert document.document.entities == state
    assert document.undo() is None
    for state in states[1:]:
        assert document.redo() is not None
        assert document.document.entities == state
    assert document.redo() is None
    document.undo()
    document.undo()
    document.redo()
    assert len(document.redo_titles) == 1
    document.apply(tag())
    assert document.redo_titles == ()
    assert document.flush()
    assert item.document == document.document
    undone = [each for each in item.revisions if each.undoes is not None]
    assert len(undone) == 63
    assert {each.undoes for each in undone} <= {each.operation for each in item.revisions}


def test_undo_works_after_a_restart_for_what_was_saved_and_what_was_not(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    document.apply(moved(document.document, 1.0))
    document.apply(moved(document.document, 2.0))
    document.undo()
    assert document.flush()
    ann.client.faults += [("save_edit", "node.gone")] * 50
    document.apply(tag())
    ann.restart()
    ann.client.faults.clear()
    again = ann.open()
    until(lambda: again.undo_titles == ("Tag", "Move"))
    assert again.undo() is not None
    assert again.undo() is not None
    assert again.undo() is None
    assert again.document == Document([TRACK, BOX])
    assert again.flush()
    assert item.document == Document([TRACK, BOX])


def test_redo_works_after_a_restart(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    document.apply(moved(document.document, 1.0))
    after = document.document.entities
    document.undo()
    assert document.flush()
    ann.restart()
    again = ann.open()
    until(lambda: again.redo_titles == ("Move",))
    again.redo()
    assert again.document.entities == after


def test_an_undo_in_somebodys_way_is_left_whole_and_names_them(ann: Desk, bob: Desk) -> None:
    hers, his = ann.open(), bob.open()
    hers.apply(moved(hers.document, 5.0))
    assert hers.flush()
    his.expect(1)
    until(lambda: his.revision == 1)
    his.apply(moved(his.document, 5.0))
    assert his.flush()
    hers.expect(2)
    until(lambda: hers.revision == 2)
    held = hers.document.entities
    with pytest.raises(AtelierError) as refused:
        hers.undo()
    assert refused.value.code == "undo.in_the_way"
    assert "Bob" in refused.value.message
    assert hers.document.entities == held
    assert hers.undo_titles == ("Move",), "it can be undone once the other change is gone"
    his.undo()
    assert his.flush()
    hers.expect(3)
    until(lambda: hers.revision == 3)
    assert hers.undo() is not None


def test_eight_hours_offline_and_2000_edits_come_home_in_order(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    until(lambda: "drafts" in ann.client.asked)
    ann.client.faults += [("", "node.gone")] * 10_000
    for _ in range(1000):
        document.apply(moved(document.document, 1.0))
        document.apply(tag())
    assert ann.journal.sync(60)
    assert document.work.kept == document.work.unsaved == 2000
    until(lambda: document.work.connection == "offline")
    ann.restart()
    ann.client.faults.clear()
    again = ann.open()
    assert again.flush(60)
    assert item.revision == 2000
    assert item.document == again.document
    assert [each.edit.title for each in item.revisions] == ["Move", "Tag"] * 1000


def test_an_answer_that_was_lost_with_the_studio_is_found_again(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    ann.client.faults += [("save_edit", "node.gone!")] + [("", "node.gone")] * 50
    document.apply(tag())
    until(lambda: item.revision == 1)
    ann.restart()
    ann.client.faults.clear()
    again = ann.open()
    assert again.conflicts == ()
    assert again.work.is_saved
    assert again.document == item.document
    assert item.revision == 1


def test_a_dead_lease_is_taken_again_and_the_draft_at_the_node_goes(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    document.apply(tag())
    assert document.flush()
    item.fence += 1
    document.apply(tag("fog"))
    assert document.flush()
    assert item.revision == 2
    until(lambda: item.drafts == {})


def test_without_a_lease_what_was_drawn_is_in_the_tray_and_nothing_more_is_taken(
    ann: Desk, item: MemoryItem
) -> None:
    document = ann.open()
    document.apply(tag())
    assert document.flush()
    item.fence += 1
    ann.client.faults.append(("lease", "lease.held"))
    document.apply(tag("fog"))
    assert document.flush()
    assert [each.title for each in document.conflicts] == ["Tag"]
    assert document.read_only
    with pytest.raises(AtelierError) as refused:
        document.apply(tag())
    assert refused.value.code == "document.read_only"
    ann.restart()
    again = ann.open()
    assert [each.title for each in again.conflicts] == ["Tag"], "the tray survives a restart"
    again.resolve(again.conflicts[0].id, "mine")
    assert again.flush()
    assert item.document == again.document


def test_a_session_that_ended_waits_for_a_sign_in_with_everything_kept(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    ann.client.faults.append(("save_edit", "session.expired"))
    document.apply(tag())
    until(lambda: document.work.connection == "sign_in")
    assert document.work.unsaved == 1
    document.nudge()  # what a sign-in does
    assert document.flush()
    assert item.revision == 1


def test_a_copy_that_came_apart_is_fetched_whole(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    document.apply(tag())
    assert document.flush()
    # a node that was restored from a backup, for one: its history no longer leads to what is here
    item.document.apply(change("Else", (TRACK, replace(TRACK, class_name="bus"))))
    document.apply(change("Class", (TRACK, replace(TRACK, class_name="van"))))
    assert document.flush()
    assert document.document == item.document
    assert [each.title for each in document.conflicts] == ["Class"]


def test_drafts_are_offered_after_a_kill_until_they_are_dropped(ann: Desk) -> None:
    document = ann.open()
    document.keep_draft("polygon", "Draw polygon", b"3 vertices")
    document.keep_draft("polygon", "Draw polygon", b"4 vertices")
    document.keep_draft("text", "Type", b"a sen")
    document.keep_draft("text", "Type", None)
    assert document.drafts == (), "the gesture that is under way is not offered"
    ann.restart()
    again = ann.open()
    assert [(each.tool, each.state) for each in again.drafts] == [("polygon", b"4 vertices")]
    again.drop_draft(again.drafts[0].id)
    ann.restart()
    assert ann.open().drafts == ()


def test_an_edit_that_the_node_kept_as_a_draft_is_offered_and_made(
    ann: Desk, bob: Desk, item: MemoryItem
) -> None:
    document = ann.open()
    document.apply(tag())
    assert document.flush()
    item.fence += 1
    ann.client.faults.append(("lease", "lease.held"))
    document.apply(tag("fog"))
    assert document.flush()
    assert document.drafts == (), "what is in the tray is not offered a second time"
    assert len(item.drafts) == 1
    again = bob.open()  # the memory node shows every draft to everybody
    until(lambda: len(again.drafts) == 1)
    assert again.take_draft(again.drafts[0].id) is not None
    assert again.flush()
    until(lambda: item.drafts == {})
    assert sum(isinstance(each, Tag) for each in item.document) == 2
    document.resolve(document.conflicts[0].id, "theirs")
    until(lambda: document.conflicts == ())


def test_a_closed_item_goes_on_being_sent_and_can_be_reopened_meanwhile(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    ann.client.faults += [("save_edit", "node.gone")] * 2
    document.apply(tag())
    document.close()
    with pytest.raises(AtelierError) as refused:
        document.apply(tag())
    assert refused.value.code == "document.closed"
    assert document.reopen()
    document.apply(tag())
    document.close()
    until(lambda: document.has_ended)
    assert item.revision == 2
    assert ann.client.asked[-1] == "end_lease"
    assert not document.reopen()


def test_with_a_dispatch_nothing_changes_but_on_the_owners_thread(
    ann: Desk, bob: Desk, item: MemoryItem
) -> None:
    posted: list[Callable[[], None]] = []
    state = fetch_state(ann.client, ann.journal, ItemId("item"))
    hers = OpenDocument(ann.client, ann.journal, state, dispatch=posted.append)
    ann.opened.append(hers)
    threads: set[int] = set()
    hers.listen(lambda _: threads.add(threading.get_ident()))
    his = bob.open()
    his.apply(tag())
    assert his.flush()
    hers.expect(1)
    until(lambda: len(posted) > 1)
    time.sleep(0.02)
    assert hers.revision == 0, "nobody has let it in yet"
    posted.pop(0)()
    hers.apply(tag())
    elsewhere: list[bool] = []
    waiting = threading.Thread(target=lambda: elsewhere.append(hers.flush(10.0)))
    waiting.start()
    while waiting.is_alive():  # the owner's loop
        if posted:
            posted.pop(0)()
    assert elsewhere == [True]
    assert hers.document == item.document
    assert threads == {threading.get_ident()}
    hers.apply(tag())
    assert hers.flush(), "the owner may wait as well: news are taken in meanwhile"


def test_an_item_that_was_erased_takes_no_more_and_leaves_the_work_in_the_tray(
    ann: Desk, node: MemoryNode, item: MemoryItem
) -> None:
    document = ann.open()
    document.apply(tag())
    assert document.flush()
    del node.items[item.id]
    document.apply(tag("late"))
    assert document.flush()
    assert document.read_only
    assert [each.edits[0].title for each in document.conflicts] == ["Tag"]
    until(lambda: document.work.connection == "online")
    document.look_again()
    time.sleep(0.05)
    asked = len(ann.client.asked)
    time.sleep(0.1)
    assert len(ann.client.asked) == asked, "it does not ask for it again and again"
