"""Bringing a backup back to life, without reopening what was closed after it was made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, UserId
from studio.domain.wire.session import AuditEntry, Role
from training.data import backup
from training.data.backup import Manifest
from training.data.blobs import Folder
from training.data.config import blob_place, read_config, with_database
from training.data.files import make_folder, sync_folder
from training.data.keys import open_keys, put_root
from training.node import Node, open_data
from training.store import audit, items, projects, sessions, users
from training.store.copies import settle
from training.store.engine import Store, Transaction
from training.work.access import ALL_ROLES
from training.work.audit import NODE
from training.work.audit_check import verify
from training.work.backup import check_free
from training.work.erasure import erase_in

_AT_ONCE = 1000
_FOR_EVER_NS = 2**62


class Restored(Struct, frozen=True):
    """A workspace that was brought back, and what was carried over from after its backup."""

    audit_size: int
    erased: int = 0
    disabled: int = 0
    roles: int = 0


def restore_backup(
    source: Path,
    folder: Path,
    root: bytes | None = None,
    newer: Path | None = None,
    database: str = "",
) -> Restored:
    """Make the workspace at `folder`, which must not exist, from the backup at `source`.

    `root` is the root key, where this machine does not have it; `newer` the workspace that was lost, where
    its database can still be read: erasures, disabled accounts and changed roles after the backup are then
    carried over. `database` is the URL of an empty PostgreSQL database, where the backup is of one.
    Everybody signs in again. Raises `backup.*`, `keys.*`, `audit.broken`.
    """
    manifest = backup.read_manifest(source)
    backup.check_files(source, manifest)
    is_dump = any(each.path == backup.DUMP for each in manifest.files)
    _check_database(is_dump, database)
    check_free(folder)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    try:
        for each in manifest.files:
            if each.path != backup.DUMP:
                backup.copy_file(backup.place_of(source, each.path), part, each.path)
        _open_keys(part, manifest, root)
        with _loaded(source / backup.DUMP, part, database):
            restored = _bring_up(part, manifest, newer)
        if not is_dump:
            settle(part / backup.DATABASE)
        os.replace(part, folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return restored


def _check_database(is_dump: bool, database: str) -> None:
    if is_dump and not database:
        raise AtelierError(
            "backup.needs_database",
            "This backup is of a node on a PostgreSQL server; it was not said where its database should be.",
            hint="Make an empty database with `createdb`, and name it with --database.",
        )
    if database and not is_dump:
        raise AtelierError(
            "backup.needs_no_database",
            "This backup is of a node whose database is a file of its workspace; nothing was restored.",
            hint="Leave out --database.",
        )


@contextmanager
def _loaded(dump: Path, part: Path, database: str) -> Iterator[None]:
    """The database filled from a dump and named in the workspace's settings; empty again after a failure."""
    if not database:
        yield
        return
    from training.store.dumps import empty_again, load_dump  # a node on SQLite never needs it

    settings = part / backup.SETTINGS
    text = with_database(settings.read_text() if settings.exists() else "", database)
    backup.write_pieces(iter([text.encode()]), part, backup.SETTINGS)
    load_dump(dump, database)
    try:
        yield
    except BaseException:
        empty_again(database)
        raise


def _open_keys(part: Path, manifest: Manifest, root: bytes | None) -> None:
    if root is not None:
        put_root(part / "keys", root)
    keys = open_keys(part / "keys")
    if (keys.node, keys.audit_key) != (manifest.node, manifest.audit_key):
        raise backup.damaged(backup.RING)


def _bring_up(part: Path, manifest: Manifest, newer: Path | None) -> Restored:
    config = read_config(part)
    if config.bucket is not None:
        here, there = Folder(part / backup.BLOBS), blob_place(part, config)
        for path in here.paths():
            there.put([(path, here.get(path, 0, here.size(path) or 0))])
    node = open_data(part)
    try:
        found = verify(node.store, manifest.audit_key, [])
        if (found.entries, bytes.fromhex(found.head)) != (manifest.audit_size, manifest.audit_head):
            raise backup.damaged(backup.DATABASE)
        later = [] if newer is None else list(_later(newer, manifest))
        with node.store.write() as tx:
            restored = _carry_over(node, tx, later)
            sessions.drop_expired(tx, _FOR_EVER_NS)
            audit.append(tx, NODE, "backup.restore", manifest.node, manifest.audit_head, node.clock.now_ns())
            size = audit.head(tx)[0]
    finally:
        node.store.close()
    return Restored(size, restored.erased, restored.disabled, restored.roles)


def _later(newer: Path, manifest: Manifest) -> Iterator[AuditEntry]:
    """What the lost workspace did after the backup. Raises `backup.another_history`, `audit.broken`."""
    store = Store(read_config(newer).database or f"sqlite:///{newer / backup.DATABASE}", look_only=True)
    try:
        verify(store, manifest.audit_key, [])
        after = max(manifest.audit_size - 1, 0)
        with store.read() as tx:
            if manifest.audit_size and not _agrees(tx, after, manifest):
                raise AtelierError(
                    "backup.another_history",
                    "The workspace that you named does not continue this backup. Nothing was changed.",
                    hint="Name the workspace of which the backup was made, or restore without it.",
                )
            after = manifest.audit_size
            while some := audit.page(tx, after, _AT_ONCE):
                yield from some
                after = some[-1].number
    finally:
        store.close()


def _agrees(tx: Transaction, after: int, manifest: Manifest) -> bool:
    found = audit.page(tx, after, 1)
    return bool(found) and found[0].link == manifest.audit_head


def _carry_over(node: Node, tx: Transaction, later: list[AuditEntry]) -> Restored:
    counts = dict.fromkeys(_REPLAYED, 0)
    for entry in later:
        if entry.action in _REPLAYED:
            counts[entry.action] += _REPLAYED[entry.action](node, tx, entry.subject)
    return Restored(0, counts["item.erase"], counts["user.disable"], counts["project.roles"])


def _erase_again(node: Node, tx: Transaction, subject: str) -> bool:
    item = ItemId(subject)
    if items.project_of(tx, item) is None:
        return False  # it was made after the backup, and is gone with it
    erase_in(node, tx, item, NODE)
    return True


def _disable_again(node: Node, tx: Transaction, subject: str) -> bool:
    user = UserId(subject)
    if users.by_id(tx, user) is None:
        return False
    users.set_fields(tx, user, disabled=True)
    return True


def _set_roles_again(node: Node, tx: Transaction, subject: str) -> bool:
    project, user, names = [*subject.split(" "), ""][:3]
    if projects.exists(tx, project) is None or users.by_id(tx, UserId(user)) is None:
        return False
    given: frozenset[Role] = frozenset(role for role in ALL_ROLES if role in names.split(","))
    users.set_roles(tx, UserId(user), ProjectId(project), given)
    return True


_REPLAYED: dict[str, Callable[[Node, Transaction, str], bool]] = {
    "item.erase": _erase_again,
    "user.disable": _disable_again,
    "project.roles": _set_roles_again,
}
