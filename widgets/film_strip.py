"""The film strip: the items of a task in one row, with the one that is open marked."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from widgets.contact_sheet import ContactSheet


class FilmStrip(ContactSheet):
    """A contact sheet of one row; a click or Enter opens."""

    def __init__(self, parent: QWidget | None = None, name: str = "Film strip") -> None:
        super().__init__(parent, strip=True, name=name)
        self._set_height()
        self.current_changed.connect(self.opened)

    def _set_height(self) -> None:
        """Room for a picture, a line of text and the scroll bar."""
        text = self.fontMetrics().height()
        self.setMinimumHeight(80 + 2 * text)
        self.setMaximumHeight(116 + 2 * text)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._set_height()
        super().changeEvent(event)

    def show_current(self, index: int) -> None:
        """Mark the item that is open without opening it again."""
        blocked = self.blockSignals(True)
        try:
            self.set_current(index)
        finally:
            self.blockSignals(blocked)
