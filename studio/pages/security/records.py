"""What was done (audit log), what asks to leave (airlock), and what this machine lacks (doctor)."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.cli.doctor import Report, examine
from studio.domain.wire import routes
from studio.domain.wire.jobs import AirlockRequest, AirlockRequests, Decision
from studio.domain.wire.session import AuditPage
from studio.folders import default_workspace
from studio.pages.data.export_dialog import STATES, save_export
from studio.shell.calls import Call
from studio.shell.page import Desk

_STATES = {"ok": "fine", "warn": "note", "bad": "to mend"}
_LAST = 500  # entries of the audit log that are shown


class AuditView(QWidget):
    """The last entries of the audit log, newest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._calls = desk.calls_of(self)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.table = table("Audit log", ("Number", "When", "Who", "What", "On", "Digest"))
        column = QVBoxLayout(self)
        column.addWidget(self.said)
        column.addWidget(self.table)

    def refresh(self) -> None:
        """Fetch the end of the log."""
        user = self._desk.user
        if not self._desk.is_connected or user is None:
            return
        if not user.admin:
            self.said.setText("Administrators of the node read the audit log here.")
            return
        client = self._desk.client

        def work(_call: Call) -> tuple[AuditPage, dict[str, str]]:
            size = client.call(routes.CHECKPOINT).size
            page = client.call(routes.AUDIT_PAGE, after=max(0, size - _LAST))
            names = {str(each.id): each.name for each in client.call(routes.USERS).users}
            return page, names

        self._calls.start("audit", work, self._show)

    def _show(self, found: tuple[AuditPage, dict[str, str]]) -> None:
        page, names = found
        entries = list(reversed(page.entries))
        signed = page.checkpoint.size if page.checkpoint is not None else 0
        self.said.setText(f"Each entry is chained to the one before it; signed up to entry {signed:,}.")
        self.table.setRowCount(len(entries))
        for row, entry in enumerate(entries):
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time_ns / 1e9))
            who = names.get(entry.user, entry.user)
            texts = (f"{entry.number:,}", when, who, entry.action, entry.subject, entry.digest.hex()[:12])
            fill(self.table, row, texts)


class AirlockView(QWidget):
    """Requests to take something out: decided by somebody with the right to review, never by who asked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._calls = desk.calls_of(self)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.table = table("Airlock requests", ("What", "Why", "Asked by", "When", "State", ""), 0, 1)
        column = QVBoxLayout(self)
        column.addWidget(self.said)
        column.addWidget(self.table)

    def refresh(self) -> None:
        """Fetch the requests of the open project."""
        project = self._desk.project
        if project is None or not self._desk.is_connected:
            self.said.setText("Open a project to see what asks to leave it.")
            self.table.setRowCount(0)
            return
        client = self._desk.client
        self._calls.start(
            "airlock", lambda _call: client.call(routes.AIRLOCK, project=project.id), self._show
        )

    def _show(self, found: AirlockRequests) -> None:
        waiting = sum(each.state == "waiting" for each in found.requests)
        self.said.setText(
            f"{waiting} of {len(found.requests)} requests wait for a decision."
            if found.requests
            else "Nothing has asked to leave this project. Data, File, Export asks."
        )
        self.table.setRowCount(len(found.requests))
        for row, request in enumerate(sorted(found.requests, key=lambda each: -each.asked_ns)):
            when = time.strftime("%d %b %H:%M", time.localtime(request.asked_ns / 1e9))
            state = STATES[request.state] + (f" ({request.decided_by})" if request.decided_by else "")
            fill(self.table, row, (request.what, request.reason, request.asked_by, when, state))
            self.table.setCellWidget(row, 5, self._buttons(request))
        self.table.resizeRowsToContents()

    def _buttons(self, request: AirlockRequest) -> QWidget:
        cell = QWidget()
        inside = QHBoxLayout(cell)
        inside.setContentsMargins(4, 2, 4, 2)
        choices: list[tuple[str, Any]] = []
        if request.state == "waiting" and self._desk.may("reviewer", "manager"):
            choices = [
                ("Approve", partial(self._decide, request, True)),
                ("Refuse", partial(self._decide, request, False)),
            ]
        elif request.state == "done":
            choices = [("Save …", lambda: save_export(self._desk, self._calls, request, self))]
        for title, act in choices:
            button = QPushButton(title)
            button.setAccessibleName(f"{title}: {request.what}")
            button.clicked.connect(lambda _checked=False, act=act: act())
            inside.addWidget(button)
        return cell

    def _decide(self, request: AirlockRequest, approve: bool) -> None:
        title = "Approve the request" if approve else "Refuse the request"
        note, chosen = QInputDialog.getText(
            self, title, f"“{request.what}”, asked by {request.asked_by}. Note:"
        )
        if chosen:
            client, decision = self._desk.client, Decision(approve, note.strip())
            self._calls.start(
                ("decide", request.id),
                lambda _call: client.call(
                    routes.DECIDE_AIRLOCK, decision, project=request.project, request=request.id
                ),
                lambda _request: self.refresh(),
            )


class DoctorView(QWidget):
    """What `atelier doctor` says of this machine."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._settings = desk.settings
        self._calls = desk.calls_of(self)
        self.said = QLabel("Each thing is tried by itself; that takes a few seconds.")
        self.said.setWordWrap(True)
        self.again = QPushButton("Look again")
        self.again.clicked.connect(lambda _checked=False: self.refresh())
        self.table = table(
            "What this machine has", ("Part", "State", "What it means", "How to mend it"), 2, 3
        )
        top = QHBoxLayout()
        top.addWidget(self.said, 1)
        top.addWidget(self.again)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.table)

    def refresh(self) -> None:
        """Try everything again."""
        self.again.setEnabled(False)
        workspace = Path(self._settings.local("workspace") or default_workspace())
        self._calls.start("doctor", lambda _call: examine(workspace), self._show)

    def _show(self, report: Report) -> None:
        self.again.setEnabled(True)
        rows = report.rows
        bad = sum(row.state == "bad" for row in rows)
        self.said.setText("Everything that is needed is there." if not bad else f"{bad} things to mend.")
        self.table.setRowCount(len(rows))
        for at, row in enumerate(rows):
            fill(self.table, at, (row.name, _STATES[row.state], row.means, row.mend))
        self.table.resizeRowsToContents()


def table(name: str, columns: tuple[str, ...], *wide: int) -> QTableWidget:
    """A table that is only read; the `wide` columns share the room that the others leave, and wrap."""
    made = QTableWidget(0, len(columns))
    made.setAccessibleName(name)
    made.setHorizontalHeaderLabels(list(columns))
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setAlternatingRowColors(True)
    made.setWordWrap(True)
    made.verticalHeader().hide()
    header = made.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    for column in wide:
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
    header.setStretchLastSection(not wide)
    return made


def fill(into: QTableWidget, row: int, texts: tuple[str, ...]) -> None:
    """The cells of a row; each says its whole text in its tooltip."""
    for column, text in enumerate(texts):
        cell = QTableWidgetItem(text)
        cell.setToolTip(text)
        into.setItem(row, column, cell)
