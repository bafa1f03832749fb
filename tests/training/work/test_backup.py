"""Backups: taken while the node works, opened only by the recovery key, and nothing erased comes back."""

import io
import json
import time
from pathlib import Path

import pytest

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, StreamId
from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject
from studio.domain.wire.session import NewUser
from tests.training.uploading import items_of, new_project, send, voc_folder, wait_for
from tests.training.work.test_snapshots import SAM, boxes, labelled
from tests.training.workspace import ONTOLOGY
from training.cli.backup import run_backup, run_restore
from training.data.backup import read_manifest
from training.data.media import original
from training.data.root_key import ROOT_FILE, root_of
from training.node import Node, open_data
from training.store import audit, users
from training.work import media, people, projects, reading
from training.work.audit_check import verify
from training.work.backup import make_backup
from training.work.erasure import erase_item
from training.work.restore import restore_backup


class _Sessions:
    """Where sessions would be remembered; nobody is signed in here."""

    def forget(self, *_: object) -> None:
        """Nothing is held."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def workspace(folder: Path):
    """A workspace with three labelled pictures, open in this process."""
    folder.mkdir()
    node = open_data(folder)
    node.sessions = _Sessions()  # type: ignore[assignment]
    project = projects.create(node, NewProject("Cells", ONTOLOGY), SAM).id
    made = [labelled(node, project, name) for name in ("a", "b", "c")]
    yield node, project, made
    node.store.close()


def root(folder: Path) -> bytes:
    return root_of((folder / "keys" / ROOT_FILE).read_bytes(), "")


def everything(node: Node, item: ItemId) -> tuple[object, bytes]:
    source = media.find(node, item, original(StreamId("image"), 0), SAM)
    return reading.read(node, item), node.media.read(source)


def test_a_restored_workspace_holds_what_was_there(workspace, folder, tmp_path):
    node, _, made = workspace
    before = [everything(node, item) for item in made]
    done = make_backup(folder, tmp_path / "backup", "ann")
    assert not done.recovery_exported
    assert not (tmp_path / "backup" / "keys" / "root.key").exists()
    with pytest.raises(AtelierError) as caught:
        restore_backup(tmp_path / "backup", tmp_path / "again")
    assert caught.value.code == "keys.root_missing"
    assert not (tmp_path / "again").exists()
    restore_backup(tmp_path / "backup", tmp_path / "again", root(folder))
    again = open_data(tmp_path / "again")
    try:
        assert [everything(again, item) for item in made] == before
        size = verify(again.store, again.keys.audit_key, []).entries
        assert size == done.audit_size + 1
        assert again.keys.node == node.keys.node
    finally:
        again.store.close()


def test_what_was_erased_or_revoked_after_the_backup_stays_so(workspace, folder, tmp_path):
    node, project, made = workspace
    new = people.create(node, NewUser("ann", "Ann", "correct horse battery"), SAM).user.id
    projects.set_roles(node, project, new, ("annotator", "scientist"), SAM)
    make_backup(folder, tmp_path / "backup", "ann")
    erase_item(node, made[1], SAM)
    late = labelled(node, project, "late")
    erase_item(node, late, SAM)
    projects.set_roles(node, project, new, ("annotator",), SAM)
    people.disable(node, new, SAM)
    restored = restore_backup(tmp_path / "backup", tmp_path / "again", root(folder), newer=folder)
    assert (restored.erased, restored.disabled, restored.roles) == (1, 1, 1)
    again = open_data(tmp_path / "again")
    try:
        everything(again, made[0])
        for gone in (made[1], late):
            with pytest.raises(AtelierError):
                everything(again, gone)
        with again.store.read() as tx:
            assert users.by_id(tx, new).disabled
            assert users.roles_of(tx, new)[project] == {"annotator"}
            with pytest.raises(AtelierError) as caught:
                again.keys.item_sealer(tx, made[1])
        assert caught.value.code == "item.erased"
    finally:
        again.store.close()


def test_another_workspace_cannot_pass_for_the_newer_one(workspace, folder, tmp_path):
    make_backup(folder, tmp_path / "backup", "ann")
    (tmp_path / "other").mkdir()
    open_data(tmp_path / "other").store.close()
    with pytest.raises(AtelierError) as caught:
        restore_backup(tmp_path / "backup", tmp_path / "again", root(folder), newer=tmp_path / "other")
    assert caught.value.code == "backup.another_history"
    assert not (tmp_path / "again").exists()


def test_every_damaged_file_is_named_and_nothing_is_restored(workspace, folder, tmp_path):
    make_backup(folder, tmp_path / "backup", "ann")
    files = [each.path for each in read_manifest(tmp_path / "backup").files]
    assert {"node.db", "keys/ring"} < set(files)
    for path in [*files, "manifest"]:
        file = tmp_path / "backup" / path
        whole = file.read_bytes()
        for harm in (bytes([whole[0] ^ 1]) + whole[1:], whole[:-1], None):
            file.unlink() if harm is None else file.write_bytes(harm)
            with pytest.raises(AtelierError) as caught:
                restore_backup(tmp_path / "backup", tmp_path / "again", root(folder))
            assert caught.value.code in ("backup.damaged", "backup.missing"), path
            assert not (tmp_path / "again").exists()
            file.write_bytes(whole)
    restore_backup(tmp_path / "backup", tmp_path / "again", root(folder))


def test_a_workspace_that_lost_a_blob_says_so_instead_of_making_half_a_backup(workspace, folder, tmp_path):
    next(each for each in (folder / "blobs").rglob("*") if each.is_file()).unlink()
    with pytest.raises(AtelierError) as caught:
        make_backup(folder, tmp_path / "backup", "ann")
    assert caught.value.code == "backup.incomplete"
    assert list(tmp_path.glob("*backup*")) == []


def test_nothing_is_written_over(workspace, folder, tmp_path):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine").touch()
    with pytest.raises(AtelierError) as caught:
        make_backup(folder, tmp_path / "backup", "ann")
    assert caught.value.code == "backup.target_exists"


def test_the_commands_need_only_the_recovery_key(workspace, folder, tmp_path, monkeypatch, capsys):
    node, _, made = workspace
    exported = node.keys.export_recovery("five words are long enough")
    (tmp_path / "recovery.key").write_bytes(exported)
    assert run_backup([str(folder), str(tmp_path / "backup"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["recovery_exported"] is True
    monkeypatch.setattr("sys.stdin", io.StringIO("five words are long enough\n"))
    recovery = ["--recovery", str(tmp_path / "recovery.key")]
    assert run_restore([str(tmp_path / "backup"), str(tmp_path / "again"), *recovery]) == 0
    again = open_data(tmp_path / "again")
    try:
        assert len(boxes(reading.read(again, made[0]))) == 1
    finally:
        again.store.close()


def test_a_backup_during_an_import_is_of_one_moment(node, tmp_path):
    owner = node.owner()
    project = new_project(owner)
    state = send(owner, project, voc_folder(tmp_path / "voc", 300))
    until = time.monotonic() + 120
    while items_of(owner, project).total < 64:
        assert time.monotonic() < until
        time.sleep(0.02)
    made = make_backup(node.folder, tmp_path / "backup", "ann")
    wait_for(owner, state.job)
    live = {row.id: row for row in items_of(owner, project).rows}
    assert len(live) == 300
    restore_backup(tmp_path / "backup", tmp_path / "again", root(node.folder))
    again = open_data(tmp_path / "again")
    try:
        with again.store.read() as tx:
            entries = audit.page(tx, 0, 1_000_000)
            found = projects._get(tx, project).items
        assert 64 <= found < 300
        assert [each.action for each in entries][made.audit_size - 1] != "backup.restore"
        kept = 0
        for item, row in live.items():
            try:
                document, picture = everything(again, item)
            except AtelierError:
                continue
            kept += 1
            assert document.entities == owner.call(routes.DOCUMENT, item=item).entities
            assert picture == (tmp_path / "voc" / row.name).read_bytes()
        assert kept == found
    finally:
        again.store.close()
