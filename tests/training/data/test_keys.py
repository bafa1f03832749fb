"""The hierarchy of keys, on a real store."""

import os
from pathlib import Path

import pytest

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, new_id
from training.data import root_key
from training.data.keys import Keys, open_keys, put_root
from training.data.sealing import seal_to
from training.store.engine import Store
from training.store.schema import load_tables

PROJECT = ProjectId(new_id())
ITEM = ItemId(new_id())


@pytest.fixture
def place(tmp_path: Path) -> Store:
    url = f"sqlite:///{tmp_path / 'node.db'}"
    store = Store(url)
    with store.write() as tx:
        load_tables().create_all(tx.connection)
    yield store
    store.close()


@pytest.fixture
def keys(tmp_path: Path, place: Store) -> Keys:
    keys = open_keys(tmp_path / "keys")
    with place.write() as tx:
        keys.new_project(tx, PROJECT)
        keys.new_item(tx, ITEM, PROJECT)
    return keys


def test_what_is_sealed_opens_after_a_restart_and_nowhere_else(tmp_path, place, keys):
    other = ItemId(new_id())
    with place.write() as tx:
        sealed = keys.item_sealer(tx, ITEM).seal(b"a name", b"here")
        keys.new_item(tx, other, PROJECT)
    again = open_keys(tmp_path / "keys")
    with place.read() as tx:
        assert again.item_sealer(tx, ITEM).open(sealed, b"here") == b"a name"
        for item, aad in ((ITEM, b"there"), (other, b"here")):
            with pytest.raises(AtelierError, match="damaged") as caught:
                again.item_sealer(tx, item).open(sealed, aad)
            assert caught.value.code == "seal.broken"


def test_an_erased_item_cannot_be_read_by_anybody(place, keys):
    with place.write() as tx:
        keys.destroy_item(tx, ITEM, 7)
    with place.read() as tx, pytest.raises(AtelierError) as caught:
        keys.item_sealer(tx, ITEM)
    assert caught.value.code == "item.erased"


def test_a_wrapped_key_that_was_moved_to_another_item_does_not_open(place, keys):
    other = ItemId(new_id())
    with place.write() as tx:
        keys.new_item(tx, other, PROJECT)
        tx.connection.exec_driver_sql(
            f"UPDATE item_keys SET wrapped = (SELECT wrapped FROM item_keys WHERE item = '{ITEM}') "
            f"WHERE item = '{other}'"
        )
    with place.read() as tx, pytest.raises(AtelierError) as caught:
        keys.item_sealer(tx, other)
    assert caught.value.code == "seal.broken"


def test_journals_sealed_to_the_node_open_only_there(tmp_path, keys):
    box = seal_to(keys.public_key, b"unsent edits")
    assert keys.open_box(box) == b"unsent edits"
    stranger = open_keys(tmp_path / "others")
    flipped = bytes([*box[:-1], box[-1] ^ 1])
    for opener, wrong in ((stranger, box), (keys, flipped), (keys, box[:40]), (keys, b"")):
        with pytest.raises(AtelierError) as caught:
            opener.open_box(wrong)
        assert caught.value.code == "seal.broken"


def test_the_recovery_key_brings_a_lost_root_key_back(tmp_path, place, keys):
    with place.read() as tx:
        sealed = keys.item_sealer(tx, ITEM).seal(b"kept", b"")
    exported = keys.export_recovery("five words are long enough")
    (tmp_path / "keys" / "root.key").unlink()
    with pytest.raises(AtelierError) as caught:
        open_keys(tmp_path / "keys")
    assert caught.value.code == "keys.root_missing"
    with pytest.raises(AtelierError) as caught:
        root_key.import_recovery(exported, "not these words at all")
    assert caught.value.code == "keys.wrong_passphrase"
    put_root(tmp_path / "keys", root_key.import_recovery(exported, "five words are long enough"))
    again = open_keys(tmp_path / "keys")
    assert again.recovery_exported
    with place.read() as tx:
        assert again.item_sealer(tx, ITEM).open(sealed, b"") == b"kept"


def test_another_workspaces_root_key_is_refused(tmp_path, keys):
    open_keys(tmp_path / "others")
    os.replace(tmp_path / "others" / "root.key", tmp_path / "keys" / "root.key")
    with pytest.raises(AtelierError) as caught:
        open_keys(tmp_path / "keys")
    assert caught.value.code == "keys.wrong_root"


def test_a_root_key_that_others_can_read_is_refused(tmp_path, keys):
    (tmp_path / "keys" / "root.key").chmod(0o640)
    with pytest.raises(AtelierError) as caught:
        open_keys(tmp_path / "keys")
    assert caught.value.code == "keys.exposed"


def test_a_machine_without_a_real_keyring_is_told_so(tmp_path):
    with pytest.raises(AtelierError) as caught:
        open_keys(tmp_path / "keys", root="keyring")
    assert caught.value.code == "keys.no_keyring"


def test_a_root_key_can_be_a_credential_of_the_service(tmp_path, monkeypatch):
    (tmp_path / "credentials").mkdir()
    open_keys(tmp_path / "model")
    (tmp_path / "credentials" / "atelier-root").write_bytes((tmp_path / "model" / "root.key").read_bytes())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    made = open_keys(tmp_path / "keys", root="credential")
    assert not (tmp_path / "keys" / "root.key").exists()
    assert open_keys(tmp_path / "keys", root="credential").node == made.node


def test_no_key_lies_readable_in_the_workspace(tmp_path, place, keys):
    with place.write() as tx:
        key = keys.project_key(tx, PROJECT, "blobs")
        sealed = keys.item_sealer(tx, ITEM)
    assert sealed
    root = root_key.read_root(tmp_path / "keys", "file", keys.node)
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "root.key":
            data = file.read_bytes()
            assert key not in data
            assert root not in data
