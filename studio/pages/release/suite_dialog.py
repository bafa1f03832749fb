"""Sealing a suite: which items, and what that means."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.domain.ids import ProjectId
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemPage, ItemQuery
from studio.domain.wire.releases import NewSuite
from studio.shell.page import Desk

LEAST = 8  # items below which a suite says nothing


class SuiteDialog(QDialog):
    """`suite()` after it was accepted."""

    def __init__(self, desk: Desk, project: ProjectId, base: ItemQuery, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Seal a suite")
        self._desk, self._project, self._base = desk, project, base
        self._calls = desk.calls_of(self)
        self.name = QLineEdit("Acceptance")
        self.name.setAccessibleName("Name of the suite")
        self.split = QLineEdit(base.split or "val")
        self.split.setAccessibleName("Split of the source")
        self.split.setPlaceholderText("any")
        self.text = QLineEdit(base.text)
        self.text.setAccessibleName("Part of the items' names")
        self.text.setPlaceholderText("any")
        self.count = QLabel("…")
        self.count.setAccessibleName("Items that would be sealed")
        about = QLabel(
            "A sealed suite answers only with figures over all its items, and every look is counted. "
            "Its items are never trained on, and only reviewers can open them."
        )
        about.setWordWrap(True)
        self.buttons = QDialogButtonBox()
        self.seal = self.buttons.addButton("Seal", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("Name", self.name)
        form.addRow("Split of the source", self.split)
        form.addRow("Part of the name", self.text)
        form.addRow("Items", self.count)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self.buttons)
        self.setMinimumWidth(460)
        self._typing = QTimer(self, singleShot=True, interval=250)
        self._typing.timeout.connect(self._ask)
        for each in (self.split, self.text, self.name):
            each.textChanged.connect(lambda _text: self._typing.start())
        self._ask()

    def suite(self) -> NewSuite:
        """What is to be sealed."""
        return NewSuite(name=self.name.text().strip(), query=self._query())

    def _query(self) -> ItemQuery:
        return ItemQuery(split=self.split.text().strip(), text=self.text.text().strip())

    def _ask(self) -> None:
        client, project = self._desk.client, self._project
        query = ItemQuery(split=self._query().split, text=self._query().text, limit=1)
        self._calls.start(
            "count", lambda _call: client.call(routes.ITEMS, query, project=project), self._counted
        )

    def _counted(self, page: ItemPage) -> None:
        enough = page.total >= LEAST and bool(self.name.text().strip())
        self.count.setText(
            f"{page.total:,}" + ("" if page.total >= LEAST else f"  (at least {LEAST} are needed)")
        )
        self.seal.setEnabled(enough)
        self.count.setTextFormat(Qt.TextFormat.PlainText)
