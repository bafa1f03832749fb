"""What an Edit names is on disk before it, at the node before it is sent, and gone here once that has it."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.client import OwnNode, Session
from studio.client.journal import Journal
from studio.client.kept_blobs import files_beside
from studio.client.ledger import BlobKept, Ended
from studio.client.open_document import OpenDocument
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Tile
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, StreamId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import DocumentState
from tests.studio.client.journals import kept, opened, operation
from tests.studio.client.memory_node import MemoryItem, MemoryNode
from tests.studio.client.test_open_document import Desk, until

FIRST, SECOND = b"first" * 2000, b"second" * 2000
ITEM = ItemId("item")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tile(content: bytes) -> Tile:
    return Tile(EntityId(new_id()), None, StreamId("lidar"), 0, (0, 0), sha(content))


def paint(document: OpenDocument, content: bytes, onto: Tile | None = None) -> Tile:
    """One stroke: a new tile, or the next content of one."""
    painted = replace(onto, blob=sha(content)) if onto else tile(content)
    edit = change("Paint", (onto, painted)) if onto else creation("Paint", painted)
    document.apply(edit, blobs={sha(content): content})
    return painted


def beside(journal: Journal) -> list[Path]:
    return files_beside(journal._path)


@pytest.fixture
def node() -> MemoryNode:
    made = MemoryNode()
    made.item("item")
    return made


@pytest.fixture
def item(node: MemoryNode) -> MemoryItem:
    return node.items[ITEM]


@pytest.fixture
def ann(node: MemoryNode, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(node, "ann", tmp_path)
    yield desk
    desk.kill()


def test_it_is_sent_before_the_edit_and_then_gone_from_here(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    dropped: list[BlobKept] = []
    ann.journal.blobs.on_dropped = dropped.append
    paint(document, FIRST)
    assert document.flush()
    assert item.blobs == {sha(FIRST): FIRST}
    assert ann.client.asked.index("put_blob") < ann.client.asked.index("save_edit")
    until(lambda: not beside(ann.journal) and not ann.journal.blobs)
    assert dropped == [BlobKept(ITEM, sha(FIRST), FIRST)]


def test_what_is_open_is_sealed_on_disk_and_comes_back_after_a_restart(
    ann: Desk, item: MemoryItem, tmp_path: Path
) -> None:
    ann.client.faults = [("lease", "node.gone")] * 500
    document = ann.open()
    painted = paint(document, FIRST)
    paint(document, SECOND, painted)
    document.undo()
    assert ann.journal.sync()
    assert len(beside(ann.journal)) == 2
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"firstfirst" not in path.read_bytes(), path
    ann.restart()
    assert ann.journal.blob(ITEM, sha(SECOND)) == SECOND
    ann.client.faults.clear()
    again = ann.open()
    assert again.flush()
    assert again.document.get(painted.id) == painted
    assert item.blobs.keys() == {sha(FIRST), sha(SECOND)}
    again.redo()
    assert again.flush()
    until(lambda: not beside(ann.journal))


def test_the_tray_keeps_it_until_the_person_has_decided(
    ann: Desk, item: MemoryItem, node: MemoryNode
) -> None:
    document = ann.open()
    painted = paint(document, FIRST)
    assert document.flush()
    until(lambda: not beside(ann.journal))
    ann.client.faults = [("put_blob", "node.gone")] * 100
    paint(document, SECOND, painted)
    theirs = replace(painted, blob=sha(b"theirs"))
    item.blobs[sha(b"theirs")] = b"theirs"
    bob = OpenDocument(
        node.client("bob"),
        opened(ann.folder / "bob", "bob"),
        DocumentState(ITEM, item.revision, 1, tuple(item.document)),
    )
    bob.apply(change("Paint", (painted, theirs)))
    assert bob.flush()
    document.look_again()
    until(lambda: len(document.conflicts) == 1)
    assert ann.journal.sync()
    assert ann.journal.blob(ITEM, sha(SECOND)) == SECOND
    document.resolve(document.conflicts[0].id, "mine")
    assert ann.journal.sync()
    assert ann.journal.blob(ITEM, sha(SECOND)) == SECOND, "the Edit that was made for it names it, too"
    ann.client.faults.clear()
    document.nudge()
    assert document.flush()
    assert item.blobs[sha(SECOND)] == SECOND
    until(lambda: not beside(ann.journal))
    bob.stop()


def test_what_the_node_forgot_meanwhile_is_sent_again(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    ann.client.faults = [("save_edit", "node.gone")] * 2
    real = ann.client.raw
    forgot: list[str] = []

    def forgetful(route: object, data: bytes = b"", **ids: object) -> bytes:
        answer = real(route, data, **ids)  # type: ignore[arg-type]
        if not forgot:
            forgot.append(str(ids["blob"]))
            item.blobs.clear()
        return answer

    ann.client.raw = forgetful  # type: ignore[method-assign]
    paint(document, FIRST)
    assert document.flush()
    assert item.blobs == {sha(FIRST): FIRST}


def test_an_edit_whose_content_is_nowhere_goes_to_the_tray(ann: Desk, item: MemoryItem) -> None:
    document = ann.open()
    document.apply(creation("Paint", tile(FIRST)))
    until(lambda: [each.code for each in document.conflicts] == ["blob.unsent"])


def named_by(number: int) -> Edit:
    return creation(
        "Paint", Tile(EntityId(operation(number)), None, StreamId("s"), 0, (0, 0), sha(b"%d" % number))
    )


def test_a_damaged_file_is_no_refusal_and_what_nobody_names_is_dropped(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(3):
        record = replace(kept(number), edit=named_by(number))
        journal.append(record, blobs={sha(b"%d" % number): b"%d" % number})
    assert journal.sync()
    journal.close()
    files = beside(journal)
    assert len(files) == 3
    data = bytearray(files[0].read_bytes())
    data[-1] ^= 1
    files[0].write_bytes(data)
    again = opened(tmp_path)
    assert [again.blob(ITEM, sha(b"%d" % number)) for number in range(3)] == [None, b"1", b"2"]
    again.append(Ended(operation(1)))
    assert again.sync()
    until(lambda: again.blob(ITEM, sha(b"1")) is None)
    again.close()
    assert again.blob(ITEM, sha(b"2")) == b"2"


def test_what_a_kill_left_half_written_is_no_file(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(replace(kept(1), edit=named_by(1)), blobs={sha(b"1"): b"1"})
    assert journal.sync()
    journal.close()
    (whole,) = beside(journal)
    half = whole.with_name(f".{whole.name}.4711")
    half.write_bytes(whole.read_bytes()[:20])
    again = opened(tmp_path)
    assert not half.exists()
    assert again.blob(ITEM, sha(b"1")) == b"1"
    again.close()


def test_another_studio_takes_over_what_a_dead_one_left(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    second.append(replace(kept(1), edit=named_by(1)), blobs={sha(b"1"): b"1"})
    assert second.sync()
    second.close()
    first.close()
    third = opened(tmp_path)
    assert third.blob(ITEM, sha(b"1")) == b"1"
    assert [each.name.split(".")[0] for each in files_beside(third._path)] == [third._path.stem]
    third.close()


KILLED = """
import hashlib, os, signal, sys
from pathlib import Path
from studio.client import Client, Session
from studio.domain.edit import creation
from studio.domain.entities import Tile
from studio.domain.ids import new_id
client = Client.connect(sys.argv[1])
client.own_sign_in(Path(sys.argv[2]).read_text())
session = Session.open(client, Path(sys.argv[3]), own_node=True)
document = session.open_document(sys.argv[4])
client.token = "none"  # journalled, and never sent
for number in range(5):
    content = b"painted %d" % number * 5000
    name = hashlib.sha256(content).hexdigest()
    tile = Tile(new_id(), None, "image", 0, (number, 0), name)
    document.apply(creation("Paint", tile), blobs={name: content})
session.journal.sync()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_studio_killed_between_journalling_and_sending_loses_no_stroke(
    desk: Callable[[], Session], items: list[ItemId], own_node: OwnNode, tmp_path: Path, root: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(own_node.secret())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, own_node.address, str(secret), str(tmp_path / "state"), items[0]],
        cwd=root,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    session = desk()
    until(lambda: session.work.is_saved and not session.journal.ledger)
    state = session.client.call(routes.DOCUMENT, item=items[0])
    tiles = [each for each in state.entities if isinstance(each, Tile)]
    assert sorted(each.index[0] for each in tiles) == list(range(5))
    for each in tiles:
        expected = b"painted %d" % each.index[0] * 5000
        assert session.client.raw(routes.GET_BLOB, item=items[0], blob=each.blob) == expected
        assert session.blob(items[0], each.blob) == expected
    until(lambda: not session.journal.blobs)
    session.client.token = "none"  # from the sealed cache, without the node
    assert session.blob(items[0], tiles[0].blob)
    with pytest.raises(AtelierError) as unknown:
        session.blob(items[0], "../../../handshake")
    assert unknown.value.code == "media.missing"
