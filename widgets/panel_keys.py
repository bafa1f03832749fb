"""Keys of the lists beside a view or a picture: what a list has no use for is the editor's, as over that.

Otherwise whoever chooses a track in a list, and then presses `F` or `Del`, would see nothing happen.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from widgets.canvas.hand import KeyTaker
from widgets.canvas.pointers import key_name

OWN = frozenset({"Up", "Down", "Left", "Right", "Home", "End", "PgUp", "PgDown", "Tab", "Return"})
"""What moves about in a list or opens a row, with any modifier."""
OWN_EXACTLY = frozenset({"Space", "Ctrl+A", "+", "-", "="})


class PanelKeys(QObject):
    """Offers the keys of `lists` to `taker`, all but those that lists use themselves."""

    def __init__(self, lists: Iterable[QWidget], taker: KeyTaker, parent: QObject) -> None:
        super().__init__(parent)
        self._taker = taker
        for each in lists:
            each.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        name = key_name(event)
        if not name or name in OWN_EXACTLY or name.rpartition("+")[2] in OWN:
            return False
        match event.type():
            case QEvent.Type.ShortcutOverride if self._taker(name, True):
                event.accept()
                return True
            case QEvent.Type.KeyPress:
                return self._taker(name, False)
        return False
