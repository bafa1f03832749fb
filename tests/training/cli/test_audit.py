"""`atelier audit verify`: it names the first bad entry, and notices a log that was cut short."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import UserId
from tests.training.workspace import furnish, session
from training.cli.audit import run
from training.node import Node, assemble
from training.store.engine import Store
from training.work import audit, items
from training.work.audit_check import verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    node = assemble(tmp_path)
    furnish(node, 1, ("ann",))
    for number in range(60):
        with node.store.write() as tx:
            audit.append(node, tx, UserId("ann"), "test.act", f"thing {number}")
    node.close()
    return tmp_path


def change(folder: Path, statement: str) -> None:
    store = Store(f"sqlite:///{folder / 'node.db'}")
    with store.write() as tx:
        tx.execute(text(statement))
    store.close()


def test_a_log_that_nobody_touched_is_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["entries"] > 60
    assert said["checkpoints"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'other' WHERE number = 40",
        "UPDATE audit_entries SET time_ns = time_ns + 1 WHERE number = 40",
        "UPDATE audit_entries SET subject = subject || ' ' WHERE number = 40",
        "UPDATE audit_entries SET \"user\" = 'bob' WHERE number = 40",
        "DELETE FROM audit_entries WHERE number = 40",
    ],
)
def test_the_first_bad_entry_is_named(folder: Path, statement: str) -> None:
    change(folder, statement)
    with pytest.raises(AtelierError) as broken:
        run(["verify", str(folder)])
    assert (broken.value.code, broken.value.detail) == ("audit.broken", "entry 40")


def test_a_log_cut_short_is_noticed_by_the_checkpoint(folder: Path) -> None:
    change(folder, "DELETE FROM audit_entries WHERE number > 40")
    with pytest.raises(AtelierError) as cut:
        run(["verify", str(folder)])
    assert (cut.value.code, cut.value.detail) == ("audit.truncated", "first missing entry: 41")


def test_a_log_written_anew_does_not_agree_with_what_a_studio_kept(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "witness"
    kept.write_bytes((folder / audit.CHECKPOINT_FILE).read_bytes())
    size = canonical.decode(kept.read_bytes(), audit.Checkpoint).size
    change(folder, f"DELETE FROM audit_entries WHERE number = {size}")
    (folder / audit.CHECKPOINT_FILE).unlink()
    node = assemble(folder)
    with node.store.write() as tx:
        audit.append(node, tx, UserId("eve"), "test.act", "in its place")
    node.close()
    assert run(["verify", str(folder)]) == 0, "the node itself was made to agree"
    with pytest.raises(AtelierError) as broken:
        run(["verify", str(folder), "--checkpoint", str(kept)])
    assert broken.value.detail == f"entry {size}"


def test_a_checkpoint_of_another_key_is_refused(folder: Path) -> None:
    path = folder / audit.CHECKPOINT_FILE
    held = canonical.decode(path.read_bytes(), audit.Checkpoint)
    forged = audit.Checkpoint(held.size, held.head, held.time_ns + 1, held.signature)
    path.write_bytes(canonical.encode(forged))
    with pytest.raises(AtelierError) as false:
        run(["verify", str(folder)])
    assert false.value.code == "audit.false_checkpoint"


def test_a_folder_without_a_workspace_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(AtelierError) as missing:
        run(["verify", str(tmp_path)])
    assert missing.value.code == "audit.no_workspace"


def test_the_log_holds_no_content(inside: Node) -> None:
    workspace = furnish(inside, 1, ("ann",))
    with inside.store.read() as tx:
        item = items.read_in(inside, tx, workspace.items[0])
        entries = audit.page(inside, 0).entries
    assert session(workspace.users["ann"]).user in {each.subject for each in entries}
    assert not any(item.name in each.subject or "Cells" in each.subject for each in entries)
    assert verify(inside.store, inside.keys.audit_key, [audit.checkpoint(inside)]).checkpoints == 1


def test_a_node_does_not_start_on_a_database_that_is_older_than_it_was(folder: Path) -> None:
    change(folder, "DELETE FROM audit_entries WHERE number > 40")
    for _ in range(2):
        node = assemble(folder)
        with pytest.raises(AtelierError) as older:
            node.resume()
        assert older.value.code == "node.rolled_back"
        node.close()
    node = assemble(folder)
    (folder / audit.CHECKPOINT_FILE).unlink()
    node.resume()
    node.close()
