"""Making a backup while the node runs."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from studio import __version__
from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName, ProjectId
from training.data import backup
from training.data.backup import Copied, Manifest
from training.data.blobs import Place, blob_path
from training.data.config import blob_place, read_config, with_database
from training.data.files import make_folder, sync_folder
from training.data.keys import Keys, open_keys
from training.store import blobs, models
from training.store.copies import copy_database, settle
from training.store.engine import Readable, Store
from training.work.audit import NODE
from training.work.audit_check import Verified, verify
from training.work.clock import SystemClock
from training.work.exports import leave

_Names = set[tuple[ProjectId, BlobName]]
_TRIES = 10
_PAUSE_S = 2.0


class Made(Struct, frozen=True):
    """A backup that was written and verified."""

    audit_size: int
    files: int
    size: int
    recovery_exported: bool


def make_backup(folder: Path, target: Path, who: str, database: str = "") -> Made:
    """Copy the workspace at `folder` to `target`, which must not exist; the node may run meanwhile.

    The database is of one moment, and every blob that it names is there. The root key is not copied, nor
    where a PostgreSQL database is. `database` is its URL, where `node.toml` does not say it.
    Raises `backup.target_exists`, `backup.no_tools`, `backup.failed`, `backup.incomplete`, `node.disk_full`.
    """
    config = read_config(folder)
    url = database or config.database
    check_free(target)
    keys = open_keys(folder / "keys", config.keys)
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    store = Store(url or f"sqlite:///{folder / backup.DATABASE}", look_only=True)
    try:
        put_on_record(store, f"backup by {who}")
        with _copied(folder, part, url) as copy:
            found, named = verify(copy, keys.audit_key, []), _named(copy)
        files = _copy(folder, part, blob_place(folder, config))
        _check_blobs(named, store, {each.path for each in files})
        files.append(backup.listed(part, backup.DUMP if url else backup.DATABASE))
        manifest = _manifest(keys, found, files)
        backup.write_manifest(part, manifest, keys.sign(backup.to_sign(manifest)))
        backup.check_files(part, manifest)
        os.replace(part, target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        store.close()
    size = sum(each.size for each in manifest.files)
    return Made(found.entries, len(manifest.files), size, keys.recovery_exported)


def check_free(target: Path) -> None:
    """Raise `backup.target_exists` where something is there already."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AtelierError(
            "backup.target_exists",
            f"{target.name!r} exists and is not an empty folder; nothing was written over.",
            hint="Name a folder that does not exist yet.",
        )
    if target.exists():
        target.rmdir()


def put_on_record(store: Store, reason: str) -> None:
    """Beside a node that writes as well: it is asked again where its turn does not come at once."""
    for tries_left in reversed(range(_TRIES)):
        try:
            leave(store, SystemClock(), None, NODE, reason, reason, b"", iter(()))
            return
        except AtelierError as error:
            if error.code != "store.unreachable" or not tries_left:
                raise
            time.sleep(_PAUSE_S)


@contextmanager
def _copied(folder: Path, part: Path, url: str) -> Iterator[Readable]:
    """Put a copy of the database into the backup, and give it to be read."""
    if url:
        from training.store.dumps import dumped  # a node on SQLite never needs it

        with dumped(url, part / backup.DUMP) as moment:
            yield moment
        return
    copy_database(folder / backup.DATABASE, part / backup.DATABASE)
    copied = Store(f"sqlite:///{part / backup.DATABASE}", look_only=True)
    try:
        yield copied
    finally:
        copied.close()
        settle(part / backup.DATABASE)


def _copy(folder: Path, part: Path, place: Place) -> list[Copied]:
    """Everything but the database. Blobs never change, so those that the database names are its own."""
    files = [backup.copy_file(folder / backup.RING, part, backup.RING)]
    if (folder / backup.SETTINGS).exists():
        # a restored workspace gets a database of its own, and the URL of this one may hold a password
        settings = with_database((folder / backup.SETTINGS).read_text(), "").encode()
        files.append(backup.write_pieces(iter([settings]), part, backup.SETTINGS))
    for path in place.paths():
        try:
            files.append(backup.copy_blob(place, path, part))
        except AtelierError as error:
            if error.code != "blob.missing":
                raise
            # erased meanwhile; whether the database still names it is checked afterwards
    for name in backup.SEALED_FOLDERS:
        for file in backup.regular_files(folder / name):
            try:
                files.append(backup.copy_file(file, part, file.relative_to(folder).as_posix()))
            except FileNotFoundError:
                continue  # a run or import that ended meanwhile; its rows say how
    return files


def _check_blobs(named: _Names, live: Store, paths: set[str]) -> None:
    """No blob that the copy names is missing, but for what was erased meanwhile."""
    missing = {each for each in named if f"{backup.BLOBS}/{blob_path(*each)}" not in paths}
    if missing and (lost := missing & _named(live)):
        project, name = min(lost)
        raise AtelierError(
            "backup.incomplete",
            f"The workspace itself lacks {len(lost):,} stored files, so no backup was made.",
            detail=f"{project} {name}",
            hint="Look at the node's disk; bring the files back from an earlier backup.",
        )


def _named(store: Readable) -> _Names:
    with store.read() as tx:
        return {*blobs.in_use(tx), *models.blobs_in_use(tx)}


def _manifest(keys: Keys, found: Verified, files: list[Copied]) -> Manifest:
    return Manifest(
        format=1,
        product=__version__,
        node=keys.node,
        made_ns=time.time_ns(),
        audit_size=found.entries,
        audit_head=bytes.fromhex(found.head),
        audit_key=keys.audit_key,
        files=tuple(sorted(files, key=lambda each: each.path)),
    )
