"""The conflict tray: Edits of one's own that no longer stand, with both versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from studio.domain.entities import AnyEntity
from studio.domain.ids import EntityId
from studio.pages.label.saying import describe, sentence

if TYPE_CHECKING:
    from studio.client import Conflict

Choice = Literal["mine", "theirs", "both"]
Now = Callable[[EntityId], AnyEntity | None]
_CHOICES: tuple[tuple[Choice, str, str], ...] = (
    ("mine", "Keep mine", "Put your change on top of theirs"),
    ("theirs", "Keep theirs", "Drop your change"),
    ("both", "Keep both", "Add yours as a copy beside theirs"),
)


class ConflictTray(QScrollArea):
    """One card a conflict; `resolve(id, choice)` is called when a button is pressed."""

    def __init__(self, resolve: Callable[[str, Choice], None]) -> None:
        super().__init__()
        self._resolve = resolve
        self.shown: tuple[str, ...] = ()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Conflicts")
        self.show_conflicts(())

    def show_conflicts(self, conflicts: Sequence[Conflict], now: Now = lambda _key: None) -> None:
        """Fill the tray, oldest first; `now` gives an entity as it is after the other person's change."""
        self.shown = tuple(each.id for each in conflicts)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 8, 8, 8)
        if not conflicts:
            nothing = QLabel("Nothing to decide: all of your changes stand.")
            nothing.setWordWrap(True)
            column.addWidget(nothing)
        for conflict in conflicts:
            column.addWidget(self._card(conflict, now))
        column.addStretch(1)
        self.setWidget(inside)

    def _card(self, conflict: Conflict, now: Now) -> QFrame:
        card = QFrame()
        card.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(card)
        column.addWidget(_line(f"<b>{_plain(conflict.title)}</b>"))
        column.addWidget(_line(_plain(conflict.message)))
        changes = conflict.mine.changes
        yours = [sentence(change) for change in changes.values()]
        held = [entity for key in changes if (entity := now(key)) is not None]
        theirs = [describe(entity) for entity in held] or ["it is not there any more"]
        whose = conflict.author or "somebody else"
        column.addWidget(_line(f"<b>Yours</b><br>{'<br>'.join(_plain(each) for each in yours[:12])}"))
        column.addWidget(_line(f"<b>By {_plain(whose)}</b><br>{'<br>'.join(_plain(e) for e in theirs[:12])}"))
        row = QHBoxLayout()
        for choice, title, help_text in _CHOICES:
            button = QPushButton(title)
            button.setToolTip(help_text)
            button.setAccessibleName(f"{title}: {conflict.title}")
            button.clicked.connect(
                lambda _checked=False, key=conflict.id, choice=choice: self._resolve(key, choice)
            )
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        return card


def _line(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    return label


def _plain(text: str) -> str:
    # names and texts come from files and other people: they are shown, never read as markup
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
