"""Notifications: what was said stays in a list that can be opened again."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.errors import AtelierError
from studio.shell.icons import icon
from studio.shell.page import Tone

_KEPT = 200
_ICONS: dict[Tone, str] = {"info": "bell", "good": "check", "warning": "warning", "error": "warning"}


class Notice(Struct, frozen=True):
    """One thing that was said to the person."""

    text: str
    tone: Tone
    time_s: float
    button: str = ""
    act: Callable[[], None] | None = None


class Notices(QObject):
    """The list of notifications; `added` carries each new one to whoever shows it."""

    added = Signal(object)
    unread_changed = Signal(int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.kept: list[Notice] = []
        self.unread = 0

    def add(self, text: str, tone: Tone, button: str = "", act: Callable[[], None] | None = None) -> None:
        """Keep and announce a notification."""
        notice = Notice(text, tone, time.time(), button, act)
        self.kept = [*self.kept[-_KEPT + 1 :], notice]
        self.unread += 1
        self.added.emit(notice)
        self.unread_changed.emit(self.unread)

    def add_error(self, error: AtelierError) -> None:
        """Message and hint of an error."""
        self.add(str(error), "error")

    def mark_read(self) -> None:
        """They have been looked at."""
        self.unread = 0
        self.unread_changed.emit(0)


class NoticeList(QDialog):
    """Everything that was said in this session, newest first, to be read again and copied."""

    def __init__(self, notices: Notices, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Notifications")
        self.list = QListWidget()
        self.list.setAccessibleName("Notifications")
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        for notice in reversed(notices.kept):
            when = time.strftime("%H:%M", time.localtime(notice.time_s))
            row = QListWidgetItem(icon(_ICONS[notice.tone]), f"{when}  {notice.text}")
            row.setData(Qt.ItemDataRole.UserRole, notice)
            self.list.addItem(row)
        if not notices.kept:
            self.list.addItem("Nothing has happened yet.")
        self.list.itemActivated.connect(self._act)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = QPushButton("Copy")
        copy.clicked.connect(self._copy)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.list)
        column.addWidget(buttons)
        self.resize(620, 420)
        notices.mark_read()

    def _copy(self) -> None:
        chosen = self.list.selectedItems() or [self.list.item(row) for row in range(self.list.count())]
        QGuiApplication.clipboard().setText("\n".join(each.text() for each in chosen))

    def _act(self, row: QListWidgetItem) -> None:
        notice = row.data(Qt.ItemDataRole.UserRole)
        if isinstance(notice, Notice) and notice.act is not None:
            self.accept()
            notice.act()
