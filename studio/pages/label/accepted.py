"""Accepted work: said above the editor, and asked about before it is changed for the first time."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from studio.domain.ids import ItemId
from studio.domain.wire.routes import REVIEW
from studio.shell.page import Desk


class AcceptedWork:
    """Whether the open item may be changed. Who agreed once to change an item is not asked again for it.

    The node decides what follows: a reviewer's change stays accepted, what others change is reviewed anew.
    """

    def __init__(self, desk: Desk, window: QWidget) -> None:
        self._desk = desk
        self._window = window
        self._item: ItemId | None = None
        self._state = ""
        self._agreed: set[ItemId] = set()

    def show(self, item: ItemId | None, state: str) -> None:
        """This item is open, in this state."""
        self._item, self._state = item, state
        if state != "accepted" and item is not None:
            self._agreed.discard(item)

    @property
    def words(self) -> str:
        """What a change would do, for the bar; empty where the item is not accepted."""
        if self._state != "accepted":
            return ""
        return "changes stand at once" if self._desk.may(*REVIEW) else "a change sends it back to review"

    def may_change(self) -> bool:
        """Whether somebody wants to change it all the same; asks the first time."""
        item = self._item
        if self._state != "accepted" or item is None or item in self._agreed:
            return True
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Accepted work")
        box.setText("This item is accepted: models are trained and judged on what it says.")
        box.setInformativeText(
            "What you change stands at once, and the item stays accepted."
            if self._desk.may(*REVIEW)
            else "What you change sends it back to review."
        )
        change = box.addButton("Change it", QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton("Leave it", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(change)
        box.setEscapeButton(leave)
        box.exec()
        if box.clickedButton() is not change or self._item != item:
            return False
        self._agreed.add(item)
        return True
