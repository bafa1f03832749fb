"""Settings: those that follow the person live on the node; those of this machine in a local file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings


class Settings:
    """Small texts by name. `follow` hands in where those that follow the person are kept, once signed in."""

    def __init__(self, folder: Path) -> None:
        path = folder / "studio.ini"
        self._local = QSettings(str(path), QSettings.Format.IniFormat)
        self._read: Callable[[str, str], str] | None = None
        self._keep: Callable[[str, str], None] | None = None

    def follow(self, read: Callable[[str, str], str] | None, keep: Callable[[str, str], None] | None) -> None:
        """From now on read and keep the person's settings through these two; None: only on this machine."""
        self._read, self._keep = read, keep

    def get(self, name: str, default: str = "") -> str:
        """A setting of the person's: from the node, else as it last was on this machine."""
        here = self.local(f"person/{name}", default)
        return self._read(name, here) if self._read is not None else here

    def keep(self, name: str, value: str) -> None:
        """Keep a setting of the person's, on this machine at once and on the node when there is one."""
        self.keep_local(f"person/{name}", value)
        if self._keep is not None:
            self._keep(name, value)

    def local(self, name: str, default: str = "") -> str:
        """A setting of this machine's: window geometry, docks, the last project."""
        return str(self._local.value(name, default))

    def keep_local(self, name: str, value: str) -> None:
        """Keep a setting of this machine's."""
        self._local.setValue(name, value)

    def local_bytes(self, name: str) -> QByteArray:
        """Bytes kept by `keep_local_bytes`; empty where there are none."""
        return QByteArray(base64.b64decode(self.local(name).encode("ascii", "ignore")))

    def keep_local_bytes(self, name: str, value: QByteArray) -> None:
        """Keep bytes (a window's geometry, the state of docks) as text."""
        self.keep_local(name, base64.b64encode(value.data()).decode("ascii"))

    def flush(self) -> None:
        """Write what is kept on this machine to its file now."""
        self._local.sync()
