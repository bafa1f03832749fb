"""Files of the person at the studio: written whole or not at all, locked while in use."""

import os
import sys
from pathlib import Path
from typing import IO


def make_private(folder: Path) -> Path:
    """`folder`, made where it is missing, open to its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` in place at once, for its owner alone; on disk when this returns."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    os.replace(made, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were put into `folder` last; where folders cannot be synced, the system does it."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(path: Path) -> IO[bytes] | None:
    """The open, locked file at `path`, or None where another process holds it; a dead one holds nothing."""
    file = path.open("a+b")
    try:
        if sys.platform == "win32":
            import msvcrt  # is not there elsewhere

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # is not there on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
