"""Writing files so that a power cut leaves the old or the new one, never a half."""

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from studio.domain.errors import AtelierError

# what passes once there is room, or the disk or database answers, again
NO_ROOM = ("node.disk_full", "node.disk_failed", "store.unreachable")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Make `path` hold `data`, durably: temporary file, fsync, rename, fsync of the folder.

    Raises `node.disk_full`, `node.disk_failed`.
    """
    replace_files([(path, data)], mode)


def replace_files(files: Iterable[tuple[Path, bytes]], mode: int = 0o600) -> None:
    """As `replace_file` for each; folders are made where missing and synced once each at the end."""
    folders: dict[Path, None] = {}
    for path, data in files:
        try:
            if not path.parent.is_dir():
                make_folder(path.parent)
            _write(path, data, mode)
        except OSError as error:
            raise disk_error(error) from error
        folders[path.parent] = None
    for folder in folders:
        sync_folder(folder)


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents, 0700, each entered durably in its parent."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make renames within `folder` durable. Raises `node.disk_failed`."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise disk_error(error) from error


def disk_error(error: OSError) -> AtelierError:
    """What a failed write means to people."""
    if error.errno in _FULL:
        return AtelierError(
            "node.disk_full",
            "The node's disk is full. What was saved before is safe; this was not kept.",
            detail=str(error),
            hint="Free some space or enlarge the disk; nothing needs to be restarted.",
        )
    return AtelierError(
        "node.disk_failed",
        "The node's disk refused to write. What was saved before is safe; this was not kept.",
        detail=str(error),
        hint="Ask whoever looks after the node to check the disk and its permissions.",
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
