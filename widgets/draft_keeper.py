"""Unfinished gestures, journalled each second while there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QTimer

from studio.domain.contracts.editing import EditorHost

EACH_MS = 1000


class Drafting(Protocol):
    """What is asked of a tool."""

    name: str
    title: str

    def draft(self) -> bytes | None:
        """The unfinished gesture, or None."""


class DraftKeeper(QObject):
    """Keeps what the current tool calls its draft; tells the host when it has ended."""

    def __init__(self, host: EditorHost, tool: Callable[[], Drafting], parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._tool = tool
        self._kept: tuple[str, bytes] | None = None  # tool and state
        self._clock = QTimer(self)
        self._clock.setInterval(EACH_MS)
        self._clock.timeout.connect(self.keep)

    def look(self) -> None:
        """Call after each event: the clock runs while a gesture is unfinished; its end is told."""
        if self._tool().draft() is None:
            self._clock.stop()
            self.keep()
        elif not self._clock.isActive():
            self._clock.start()

    def keep(self) -> None:
        """Journal the draft as it is now, where it is not the one that was kept last."""
        tool = self._tool()
        state = tool.draft()
        if state is not None and self._kept != (tool.name, state):
            self._kept = (tool.name, state)
            self._host.keep_draft(tool.name, tool.title, state)
        elif state is None and self._kept is not None:
            name, _ = self._kept
            self._kept = None
            self._host.keep_draft(name, "", None)

    def leave(self) -> None:
        """The item is closed: what is unfinished stays a draft, to be offered again."""
        self.keep()
        self._clock.stop()
        self._kept = None
