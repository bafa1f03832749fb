"""The first page: recent projects, and the ways to get one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from studio.shell.page import Desk, Page


class HomePage(Page):
    """Recent projects, a new one, the sample."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        column = QVBoxLayout(self)
        title = QLabel("Welcome to Atelier")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(title)
