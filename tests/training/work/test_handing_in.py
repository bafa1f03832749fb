"""Journals that are handed in at a real node: offered to whom they belong or to a reviewer, never applied."""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from studio.client import Client, Session
from studio.client.handing_in import hand_in
from studio.client.journal import Journal
from studio.client.ledger import DraftKept, Ended, Kept
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Box, Tile, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, OperationId, StreamId, UserId, new_id
from studio.domain.values import attributes
from studio.domain.wire import routes
from studio.domain.wire.documents import Draft, HandedIn, RevisionQuery, SaveEdit
from studio.domain.wire.session import SetRoles
from tests.studio.client.test_open_document import until
from tests.training.running import ROOT, Person, RunningNode, running_node
from tests.training.workspace import Workspace, a_box, furnished, sign_in

KEY = bytes(range(32))


class Place(Struct):
    """A node with Ann (annotator), Rita (reviewer) and Adm (an administrator), and Ann's journal."""

    node: RunningNode
    workspace: Workspace
    people: dict[str, Person]
    folder: Path
    items: list[ItemId] = []

    def journal(
        self, *records: object, of: str = "ann", node: str = "", painted: dict[str, bytes] | None = None
    ) -> Path:
        """A journal file as a studio of Ann's leaves it, sealed to this node; `painted` is what it names."""
        told = self.people["adm"].call(routes.HANDSHAKE)
        folder = self.folder / new_id()
        journal = Journal(folder, KEY, node or told.node, self.workspace.users[of], told.public_key)
        for record in records:
            journal.append(record, blobs=painted)  # type: ignore[arg-type]
        assert journal.sync()
        journal.close()
        return next(folder.glob("*.journal"))

    def client(self, name: str) -> Client:
        """A studio's connection of somebody who is signed in."""
        client = Client.connect(f"unix:{json.loads((self.node.folder / 'node.json').read_bytes())['socket']}")
        client.token, client.user = self.people[name].token, self.people[name].user
        return client

    def hand_in(self, name: str, journal: Path, reader: str = "") -> HandedIn:
        """Hand a journal in as somebody, for whom it is or for `reader`."""
        client = self.client(name)
        try:
            return hand_in(client, journal, self.workspace.users[reader] if reader else None)
        finally:
            client.close()

    def drafts(self, name: str, item: ItemId) -> tuple[Draft, ...]:
        return self.people[name].call(routes.DRAFTS, item=item).drafts


@pytest.fixture(scope="module")
def shared_place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        names = ("ann", "bob", "rita", "adm", "eve")
        workspace = furnished(folder, 43, names)
        with running_node(folder) as node:
            people = {each: sign_in(node, workspace, each) for each in names}
            yield Place(node, workspace, people, Path(name))


@pytest.fixture
def place(shared_place: Place) -> Place:
    """The node before three items that nobody has touched."""
    items = shared_place.workspace.items
    shared_place.items = [items.pop() for _ in range(3)]
    return shared_place


def kept(item: ItemId, edit: Edit) -> Kept:
    return Kept(OperationId(new_id()), item, 0, edit, 7)


def drawn(item: ItemId) -> tuple[Box, Kept]:
    track, box = a_box()
    return box, kept(item, creation("Draw box", track, box, tool="box"))


def test_after_a_revocation_a_reviewer_is_offered_what_nobody_else_can_read(place: Place) -> None:
    first, second, _ = place.items
    box, draw = drawn(first)
    moved = replace(box, xyxy=(1.0, 2.0, 30.0, 40.0))
    journal = place.journal(
        draw,
        kept(first, change("Move", (box, moved))),
        drawn(second)[1],
        DraftKept(Draft(OperationId(new_id()), first, "polygon", "Draw polygon", 9, b"half a polygon")),
        of="bob",
    )
    assert b"Draw" not in journal.read_bytes()
    place.people["adm"].call(routes.DISABLE_USER, user=place.workspace.users["bob"])
    with pytest.raises(AtelierError) as gone:
        place.hand_in("bob", journal)
    assert gone.value.code.startswith("session.")
    with pytest.raises(AtelierError) as nobody:
        place.hand_in("adm", journal)
    assert nobody.value.code == "journal.no_reader"
    done = place.hand_in("adm", journal, "rita")
    assert (done.owner, done.reader, done.edits, done.drafts) == ("Bob", "Rita", 4, 3)
    assert {item for item, _ in done.items} == {first, second}
    for item in (first, second):  # nothing was applied
        assert place.people["rita"].call(routes.DOCUMENT, item=item).entities == ()
    offered = place.drafts("rita", first)
    assert [(each.title, each.tool) for each in offered] == [
        ("Journal of Bob: 2 changes", "box"),
        ("Journal of Bob: Draw polygon", "polygon"),
    ]
    again = place.hand_in("adm", journal, "rita")
    assert again == done
    assert len(place.drafts("rita", first)) == 2
    other = place.hand_in("adm", journal, "ann")
    assert (other.drafts, other.elsewhere) == (0, 3)


def test_the_reviewer_makes_the_edit_and_signs_for_it(place: Place) -> None:
    item = place.items[0]
    box, draw = drawn(item)
    journal = place.journal(draw)
    place.hand_in("adm", journal, "rita")
    rita = place.client("rita")
    with Session.open(rita, folder=place.folder / "rita", passphrase="correct horse") as session:
        document = session.open_document(item)
        assert document.document.entities == {}
        until(lambda: len(document.drafts) == 1)
        (offered,) = document.drafts
        document.take_draft(offered.id)
        assert document.flush(30)
        document.close()
    rita.close()
    (revision,) = place.people["rita"].call(routes.REVISIONS, RevisionQuery(), item=item).revisions
    assert revision.author_name == "Rita"
    assert box.id in revision.edit.changes
    assert place.drafts("rita", item) == ()


def test_ones_own_journal_is_offered_to_oneself(place: Place) -> None:
    first, second, third = place.items
    _, saved = drawn(first)
    _, open_ = drawn(second)
    _, ended = drawn(third)
    ann = place.people["ann"]
    fence = ann.call(routes.LEASE, item=first).fence
    ann.call(routes.SAVE_EDIT, SaveEdit(saved.operation, 0, fence, 0, saved.edit), item=first)
    journal = place.journal(saved, open_, ended, Ended(ended.operation))
    done = place.hand_in("ann", journal)
    assert (done.edits, done.drafts, done.saved) == (2, 1, 1)
    assert [each.id for each in place.drafts("ann", second)] == [open_.operation]
    assert place.drafts("ann", first) == place.drafts("ann", third) == ()


def test_anothers_journal_is_an_administrators_to_hand_in(place: Place) -> None:
    journal = place.journal(drawn(place.items[0])[1])
    for name in ("rita", "eve"):
        with pytest.raises(AtelierError) as refused:
            place.hand_in(name, journal)
        assert refused.value.code == "access.refused"
    with pytest.raises(AtelierError) as refused:  # nor may its owner put it before somebody else
        place.hand_in("ann", journal, "rita")
    assert refused.value.code == "access.refused"


def test_what_the_reader_may_not_edit_and_what_is_gone_is_counted(place: Place) -> None:
    first, second, _ = place.items
    records = [
        drawn(first)[1],
        drawn(second)[1],
        drawn(ItemId(new_id()))[1],
        drawn(place.workspace.other_item)[1],
    ]
    place.people["adm"].call(routes.ERASE_ITEM, item=second)
    done = place.hand_in("adm", place.journal(*records))
    assert (done.drafts, done.gone, done.no_access) == (1, 2, 1)
    project = place.workspace.project
    ann = place.workspace.users["ann"]
    place.people["adm"].call(routes.SET_ROLES, SetRoles(()), project=project, user=ann)
    done = place.hand_in("adm", place.journal(drawn(first)[1]))
    place.people["adm"].call(routes.SET_ROLES, SetRoles(("annotator",)), project=project, user=ann)
    assert (done.drafts, done.no_access) == (0, 1)


def test_changes_of_others_in_between_are_not_undone_by_joining(place: Place) -> None:
    item = place.items[0]
    track, box = a_box()
    moved = replace(box, xyxy=(1.0, 2.0, 30.0, 40.0))
    marked_by_bob = replace(moved, attributes=attributes(stage="old"))
    back = replace(marked_by_bob, xyxy=(5.0, 6.0, 30.0, 40.0))
    journal = place.journal(
        kept(item, creation("Draw box", track, box)),
        kept(item, change("Move", (box, moved))),
        kept(item, change("Move again", (marked_by_bob, back))),
    )
    assert place.hand_in("ann", journal).drafts == 2


@pytest.mark.parametrize("what", ["noise", "empty", "cut", "other node"])
def test_what_is_no_journal_of_this_node_is_refused(place: Place, what: str) -> None:
    journal = place.journal(drawn(place.items[0])[1])
    data = journal.read_bytes()
    if what == "other node":
        journal = place.journal(node=new_id())
    else:
        journal.write_bytes({"noise": bytes(500), "empty": b"", "cut": data[:60]}[what])
    with pytest.raises(AtelierError) as refused:
        place.hand_in("ann", journal)
    assert refused.value.code == "journal.not_ours"
    with pytest.raises(AtelierError) as missing:
        place.hand_in("ann", journal.with_name("nowhere"))
    assert missing.value.code == "journal.no_file"


def test_of_a_damaged_journal_what_stood_before_the_damage_is_taken(place: Place) -> None:
    first, second, _ = place.items
    journal = place.journal(drawn(first)[1], drawn(second)[1])
    data = bytearray(journal.read_bytes())
    data[-5] ^= 1
    journal.write_bytes(data)
    done = place.hand_in("ann", journal)
    assert (done.drafts, done.is_whole) == (1, False)


def test_the_command_hands_in_for_an_administrator_and_the_log_names_it(place: Place) -> None:
    journal = place.journal(drawn(place.items[0])[1])
    command = [sys.executable, "-m", "studio", "hand-in", str(journal), "--folder", str(place.node.folder)]
    done = subprocess.run(
        [*command, "--reader", "rita", "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["owner"], said["reader"], said["drafts"]) == ("Ann", "Rita", 1)
    spoken = subprocess.run(
        [*command, "--reader", "rita"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Drafts for Rita: 1, in 1 item. Nothing was applied." in spoken.stdout
    wrong = subprocess.run(
        [*command, "--reader", "zoe"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    entries = place.people["adm"].call(routes.AUDIT_PAGE, after=0).entries
    found = [each.subject for each in entries if each.action == "journal.hand_in"][-2:]
    ann, rita = (place.workspace.users[name] for name in ("ann", "rita"))
    assert found == [f"{ann} {rita}"] * 2


def test_a_track_that_was_named_is_read_by_nobody_on_the_way(place: Place) -> None:
    item = place.items[0]
    track = Track(OperationId(new_id()), "cell", name="A NAME THAT NOBODY MAY READ")
    journal = place.journal(kept(item, creation("Draw", track)))
    assert b"NAME" not in journal.read_bytes()
    assert UserId(place.workspace.users["ann"]).encode() in journal.read_bytes()  # whose it is, it says


def test_what_was_painted_is_handed_in_with_its_edits_and_can_be_taken(place: Place) -> None:
    item, other = place.items[:2]
    content = b"labels of points" * 3000
    name = hashlib.sha256(content).hexdigest()
    tiles = [Tile(EntityId(new_id()), None, StreamId("camera"), 0, (run, 0), name) for run in range(2)]
    journal = place.journal(kept(item, creation("Paint", tiles[0])), painted={name: content})
    assert b"points" not in next(journal.parent.glob("*.blobs")).read_bytes()
    beside = next(journal.parent.glob("*.blobs"))
    beside.rename(beside.with_suffix(".blobs-aside"))  # a studio that found damage puts it so
    assert place.hand_in("ann", journal).drafts == 1
    ann = place.people["ann"]
    assert ann.send(routes.GET_BLOB, item=item, blob=name).content == content
    assert ann.send(routes.GET_BLOB, item=other, blob=name).status_code == 404
    (draft,) = place.drafts("ann", item)
    save = msgspec.msgpack.decode(draft.state, type=SaveEdit)
    fence = ann.call(routes.LEASE, item=item).fence
    ann.call(routes.SAVE_EDIT, replace(save, fence=fence), item=item)
    assert ann.call(routes.DOCUMENT, item=item).entities == (tiles[0],)
