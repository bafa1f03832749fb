"""The film strip: the items of a task in one row, with the one that is open marked."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from widgets.contact_sheet import ContactSheet


class FilmStrip(ContactSheet):
    """A contact sheet of one row; a click or Enter opens."""

    def __init__(self, parent: QWidget | None = None, name: str = "Film strip") -> None:
        super().__init__(parent, strip=True, name=name)
        self.setMinimumHeight(104)
        self.setMaximumHeight(144)
        self.current_changed.connect(self.opened)

    def show_current(self, index: int) -> None:
        """Mark the item that is open without opening it again."""
        blocked = self.blockSignals(True)
        try:
            self.set_current(index)
        finally:
            self.blockSignals(blocked)
