"""The status bar: whether work is *kept here* or *saved*, whether the node answers, and who one is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton, QWidget

from studio.shell.icons import set_icon


class StatusBar(QStatusBar):
    """Short lines at the left; at the right three things that are always there."""

    def __init__(self, show_notices: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.work = QLabel("Nothing to save")
        self.work.setAccessibleName("State of your work")
        self.work.setToolTip(
            "Kept here: on this machine's disk, it survives a crash.\n"
            "Saved: on the node's disk and in its audit log."
        )
        self.node = QLabel("Starting …")
        self.node.setAccessibleName("Connection to the node")
        self.person = QLabel("")
        self.person.setAccessibleName("Signed in as")
        self.notices = QToolButton()
        self.notices.setAutoRaise(True)
        self.notices.setIconSize(QSize(16, 16))
        self.notices.setAccessibleName("Notifications")
        self.notices.setToolTip("Notifications of this session")
        set_icon(self.notices, "bell")
        self.notices.clicked.connect(lambda _checked=False: show_notices())
        for each in (self.work, self.node, self.person):
            each.setContentsMargins(8, 0, 8, 0)
            self.addPermanentWidget(each)
        self.addPermanentWidget(self.notices)

    def show_work(self, kept: int, unsaved: int, conflicts: int, *, reachable: bool) -> None:
        """kept: Edits on this machine's disk that the node does not have; unsaved: those made at all."""
        if unsaved == 0:
            text = "Saved"
        elif kept >= unsaved:
            text = f"Kept here: {unsaved}" + ("" if reachable else ", sent when the node answers")
        else:
            text = f"Writing {unsaved - kept}, kept here: {kept}"
        if conflicts:
            text += f" · {conflicts} to decide"
        self.work.setText(text)
        self.work.setAccessibleDescription(text)

    def show_node(self, text: str, hint: str = "") -> None:
        """Which node, and whether it answers."""
        self.node.setText(text)
        self.node.setToolTip(hint)

    def show_person(self, name: str) -> None:
        """Who is signed in."""
        self.person.setText(name)

    def show_unread(self, count: int) -> None:
        """How many notifications were not looked at."""
        self.notices.setText(str(count) if count else "")
        self.notices.setAccessibleDescription(f"{count} not read")
