"""Backups: taken while the node works, opened only by the recovery key, and nothing erased comes back."""

import io
import json
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.domain.edit import creation
from studio.domain.entities import Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, StreamId, new_id
from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject
from studio.domain.wire.session import NewUser
from tests.postgres import Postgres
from tests.training.running import RunningNode, running_node
from tests.training.uploading import items_of, new_project, send, voc_folder, wait_for
from tests.training.work.test_snapshots import SAM, boxes, labelled
from tests.training.work.test_snapshots import save as save_edit
from tests.training.workspace import ONTOLOGY
from training.cli.backup import run_backup, run_restore
from training.data.backup import read_manifest
from training.data.config import with_database
from training.data.media import original
from training.data.root_key import ROOT_FILE, root_of
from training.node import Node, open_data
from training.store import audit, users
from training.store.engine import Store
from training.work import media, people, projects, reading
from training.work.audit_check import verify
from training.work.backup import make_backup, put_on_record
from training.work.erasure import erase_item
from training.work.restore import restore_backup


class _Sessions:
    """Where sessions would be remembered; nobody is signed in here."""

    def forget(self, *_: object) -> None:
        """Nothing is held."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives the URL of an empty database each time; none where the database is the workspace's own file."""
    if request.param == "sqlite":
        return lambda: ""
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh_database


@pytest.fixture
def workspace(folder: Path, fresh: Callable[[], str]):
    """A workspace with three labelled pictures, open in this process."""
    folder.mkdir()
    (folder / "node.toml").write_text(with_database('keys = "file"\n', fresh()))
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


def test_a_restored_workspace_holds_what_was_there(workspace, folder, fresh, tmp_path):
    node, _, made = workspace
    before = [everything(node, item) for item in made]
    done = make_backup(folder, tmp_path / "backup", "ann")
    assert not done.recovery_exported
    assert not (tmp_path / "backup" / "keys" / "root.key").exists()
    assert "database" not in (tmp_path / "backup" / "node.toml").read_text()
    database = fresh()
    with pytest.raises(AtelierError) as caught:
        restore_backup(tmp_path / "backup", tmp_path / "again", database=database)
    assert caught.value.code == "keys.root_missing"
    assert not (tmp_path / "again").exists()
    restore_backup(tmp_path / "backup", tmp_path / "again", root(folder), database=database)
    again = open_data(tmp_path / "again")
    try:
        assert [everything(again, item) for item in made] == before
        size = verify(again.store, again.keys.audit_key, []).entries
        assert size == done.audit_size + 1
        assert again.keys.node == node.keys.node
    finally:
        again.store.close()


def test_what_was_erased_or_revoked_after_the_backup_stays_so(workspace, folder, fresh, tmp_path):
    node, project, made = workspace
    new = people.create(node, NewUser("ann", "Ann", "correct horse battery"), SAM).user.id
    projects.set_roles(node, project, new, ("annotator", "scientist"), SAM)
    make_backup(folder, tmp_path / "backup", "ann")
    erase_item(node, made[1], SAM)
    late = labelled(node, project, "late")
    erase_item(node, late, SAM)
    projects.set_roles(node, project, new, ("annotator",), SAM)
    people.disable(node, new, SAM)
    backup, again = tmp_path / "backup", tmp_path / "again"
    restored = restore_backup(backup, again, root(folder), newer=folder, database=fresh())
    assert (restored.erased, restored.disabled, restored.roles) == (1, 1, 1)
    again = open_data(again)
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


def test_another_workspace_cannot_pass_for_the_newer_one(workspace, folder, fresh, tmp_path):
    make_backup(folder, tmp_path / "backup", "ann")
    (tmp_path / "other").mkdir()
    open_data(tmp_path / "other").store.close()
    backup, again, database = tmp_path / "backup", tmp_path / "again", fresh()
    with pytest.raises(AtelierError) as caught:
        restore_backup(backup, again, root(folder), newer=tmp_path / "other", database=database)
    assert caught.value.code == "backup.another_history"
    assert not again.exists()
    restore_backup(backup, again, root(folder), database=database)  # nothing of it was left in the database


def test_every_damaged_file_is_named_and_nothing_is_restored(workspace, folder, fresh, tmp_path):
    make_backup(folder, tmp_path / "backup", "ann")
    files = [each.path for each in read_manifest(tmp_path / "backup").files]
    database = fresh()
    assert {"node.dump" if database else "node.db", "keys/ring"} < set(files)
    for path in [*files, "manifest"]:
        file = tmp_path / "backup" / path
        whole = file.read_bytes()
        for harm in (bytes([whole[0] ^ 1]) + whole[1:], whole[:-1], None):
            file.unlink() if harm is None else file.write_bytes(harm)
            with pytest.raises(AtelierError) as caught:
                restore_backup(tmp_path / "backup", tmp_path / "again", root(folder), database=database)
            assert caught.value.code in ("backup.damaged", "backup.missing"), path
            assert not (tmp_path / "again").exists()
            file.write_bytes(whole)
    restore_backup(tmp_path / "backup", tmp_path / "again", root(folder), database=database)


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


def test_the_commands_need_only_the_recovery_key(workspace, folder, fresh, tmp_path, monkeypatch, capsys):
    node, _, made = workspace
    exported = node.keys.export_recovery("five words are long enough")
    (tmp_path / "recovery.key").write_bytes(exported)
    assert run_backup([str(folder), str(tmp_path / "backup"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["recovery_exported"] is True
    monkeypatch.setattr("sys.stdin", io.StringIO("five words are long enough\n"))
    database = fresh()
    recovery = ["--recovery", str(tmp_path / "recovery.key")]
    recovery += ["--database", database] if database else []
    assert run_restore([str(tmp_path / "backup"), str(tmp_path / "again"), *recovery]) == 0
    again = open_data(tmp_path / "again")
    try:
        assert len(boxes(reading.read(again, made[0]))) == 1
    finally:
        again.store.close()


def test_a_backup_during_an_import_is_of_one_moment(fresh, tmp_path):
    database = fresh()
    with running_node(tmp_path / "w", database=database) as node:
        _back_up_during_an_import(node, database, fresh(), tmp_path)


def _back_up_during_an_import(node: RunningNode, database: str, empty: str, tmp_path: Path) -> None:
    owner = node.owner()
    project = new_project(owner)
    state = send(owner, project, voc_folder(tmp_path / "voc", 300))
    until = time.monotonic() + 120
    while items_of(owner, project).total < 64:
        assert time.monotonic() < until
        time.sleep(0.02)
    made = make_backup(node.folder, tmp_path / "backup", "ann", database)
    wait_for(owner, state.job)
    live = {row.id: row for row in items_of(owner, project).rows}
    assert len(live) == 300
    restore_backup(tmp_path / "backup", tmp_path / "again", root(node.folder), database=empty)
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


def test_whoever_writes_beside_a_node_never_takes_its_place_in_the_log(postgres, tmp_path):
    url = postgres.fresh_database()
    node = open_data(tmp_path, url)
    node.sessions = _Sessions()  # type: ignore[assignment]
    beside = Store(url, look_only=True)
    try:
        project = projects.create(node, NewProject("Cells", ONTOLOGY), SAM).id
        item = labelled(node, project, "a")
        faults = []

        def save() -> None:
            try:
                for _ in range(150):
                    save_edit(node, item, creation("Draw", Track(EntityId(new_id()), "cell")))
            except Exception as fault:  # noqa: BLE001  told in the test's own thread
                faults.append(fault)

        saving = threading.Thread(target=save)
        saving.start()
        recorded = 0
        while saving.is_alive():
            put_on_record(beside, "a reason")
            recorded += 1
        saving.join()
        assert faults == []
        assert recorded > 5
        verify(node.store, node.keys.audit_key, [])
    finally:
        beside.close()
        node.store.close()


def test_a_backup_and_its_database_belong_together(postgres, workspace, folder, fresh, tmp_path):
    make_backup(folder, tmp_path / "backup", "ann")
    is_file = not fresh()
    wrong = postgres.fresh_database() if is_file else ""
    with pytest.raises(AtelierError) as caught:
        restore_backup(tmp_path / "backup", tmp_path / "again", root(folder), database=wrong)
    assert caught.value.code == ("backup.needs_no_database" if is_file else "backup.needs_database")


def test_a_database_that_holds_something_is_not_written_over(postgres, tmp_path):
    url, taken = postgres.fresh_database(), postgres.fresh_database()
    (tmp_path / "w").mkdir()
    for folder, database in ((tmp_path / "w", url), (tmp_path / "x", taken)):
        folder.mkdir(exist_ok=True)
        open_data(folder, database).store.close()
    make_backup(tmp_path / "w", tmp_path / "backup", "ann", url)
    with pytest.raises(AtelierError) as caught:
        restore_backup(tmp_path / "backup", tmp_path / "again", root(tmp_path / "w"), database=taken)
    assert caught.value.code == "backup.database_not_empty"
    store = Store(taken, look_only=True)
    with store.read() as tx:
        assert audit.head(tx)[0] == 0  # as it was
    store.close()


def test_without_postgresqls_programs_it_is_said_what_to_install(postgres, tmp_path, monkeypatch):
    url = postgres.fresh_database()
    open_data(tmp_path / "w", url).store.close()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AtelierError) as caught:
        make_backup(tmp_path / "w", tmp_path / "backup", "ann", url)
    assert caught.value.code == "backup.no_tools"
    assert "postgresql-client" in caught.value.hint
    assert list(tmp_path.glob("*backup*")) == []


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("", {}),
        ('database = "postgresql+psycopg://a:secret@db/x"  # ours\nkeys = "keyring"\n', {"keys": "keyring"}),
        ('# mine\n[roots]\nlake = "/srv"\n', {"roots": {"lake": "/srv"}}),
        ('keys = "file"\n\n[roots]\ndatabase = "/srv"\n', {"keys": "file", "roots": {"database": "/srv"}}),
    ],
)
def test_settings_get_another_database_and_keep_the_rest(text, others):
    for database in ("", "postgresql+psycopg://b@/y?host=/run"):
        changed = tomllib.loads(with_database(text, database))
        assert changed == others | ({"database": database} if database else {})
        assert "secret" not in with_database(text, database)
    with pytest.raises(AtelierError) as caught:
        with_database('"database" = "x"\n', "")
    assert caught.value.code == "node.bad_settings"
