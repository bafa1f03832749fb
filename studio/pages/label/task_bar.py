"""The bar above the editor: which item, in which state, and what can be done with its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from studio.domain.wire.people import Task
from studio.pages.data.filters import STATE_TITLES
from studio.shell.elided import Elided

_TONES = {
    "accepted": "#2e7d46",
    "returned": "#b4461f",
    "submitted": "#2360c4",
    "in_review": "#6a4fb3",
    "labelling": "#8a6d00",
}


class TaskBar(QWidget):
    """Name, place in the list, state, task; buttons are the page's actions."""

    def __init__(self) -> None:
        super().__init__()
        self.name = Elided()
        self.name.setAccessibleName("Item")
        self.place = QLabel()
        self.state = QLabel()
        self.state.setAccessibleName("State of the item")
        self.about_state = QLabel()
        self.about_state.setAccessibleName("What the state means")
        self.task = QLabel()
        self.task.setAccessibleName("Task")
        self.others = QLabel()
        self.others.setAccessibleName("Who else is here")
        self._buttons: dict[str, QToolButton] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 4, 8, 4)
        self._row.setSpacing(6)

    def fill(self, before: Sequence[QAction], after: Sequence[QAction]) -> None:
        """Put the buttons in: `before` the name (going about), `after` it (what to do with the task)."""
        for action in before:
            self._row.addWidget(_button(action, words=False))
        self._row.addWidget(self.name, 1)
        for label in (self.place, self.state, self.about_state, self.others, self.task):
            self._row.addWidget(label)
        for action in after:
            button = _button(action, words=True)
            self._buttons[action.objectName()] = button
            self._row.addWidget(button)

    def show_item(self, name: str, place: int | None, total: int) -> None:
        """place: from 0, where it is known."""
        self.name.setText(name)
        self.name.setToolTip(name)
        self.place.setText(f"{place + 1:,} of {total:,}" if place is not None and total else "")

    def show_state(self, state: str, words: str = "") -> None:
        """A chip with the item's state, and what more is to be known of it."""
        self.about_state.setText(words)
        self.state.setText(f" {STATE_TITLES.get(state, state)} " if state else "")
        palette = QPalette(self.palette())
        if state in _TONES:
            palette.setColor(QPalette.ColorRole.Window, QColor(_TONES[state]))
            palette.setColor(QPalette.ColorRole.WindowText, QColor("#ffffff"))
        self.state.setAutoFillBackground(state in _TONES)
        self.state.setPalette(palette)

    def offer(self, possible: Mapping[str, bool]) -> None:
        """Show only buttons that do something now, by the names of their actions."""
        for name, shown in possible.items():
            if name in self._buttons:
                self._buttons[name].setVisible(shown)

    def show_task(self, task: Task | None) -> None:
        """Whose task it is, and what was noted."""
        if task is None:
            self.task.setText("")
            return
        said = [f"task of {task.author_name}" if task.author_name else "task"]
        if task.unsure:
            said.append("unsure")
        if task.note:
            said.append(f"“{task.note}”")
        self.task.setText(" · ".join(said))
        self.task.setToolTip(task.note)

    def show_others(self, names: Sequence[str]) -> None:
        """People whose changes came in while the item was open."""
        self.others.setText(f"also here: {', '.join(names)}" if names else "")


def _button(action: QAction, *, words: bool) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(18, 18))
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(action.text())
    button.setToolButtonStyle(
        Qt.ToolButtonStyle.ToolButtonTextBesideIcon if words else Qt.ToolButtonStyle.ToolButtonIconOnly
    )
    return button
