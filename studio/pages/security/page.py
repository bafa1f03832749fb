"""The Security page: people, airlock, audit log and doctor, each on a tab."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QTabWidget, QVBoxLayout

from studio.domain.contracts.command import Command
from studio.domain.wire.jobs import Event
from studio.pages.security.journals import JournalsView
from studio.pages.security.people import PeopleView
from studio.pages.security.records import AirlockView, AuditView, DoctorView
from studio.shell.page import Desk, Page, Place


class SecurityPage(Page):
    """Who may do what, what was done, what asks to leave, what this machine keeps and what it lacks."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.people = PeopleView(desk)
        self.airlock = AirlockView(desk)
        self.audit = AuditView(desk)
        self.journals = JournalsView(desk)
        self.doctor = DoctorView(desk)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Security")
        for view, title in (
            (self.people, "People and roles"),
            (self.airlock, "Airlock"),
            (self.audit, "Audit log"),
            (self.journals, "Left work"),
            (self.doctor, "This machine"),
        ):
            self.tabs.addTab(view, title)
        self.tabs.currentChanged.connect(lambda _index: self.refresh())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 0)
        column.addWidget(self.tabs)
        desk.project_changed.connect(lambda _project: self._refresh_if_seen())

    def commands(self) -> Sequence[Command]:
        return (Command("security.refresh", "Refresh", SecurityPage.refresh, ("F5",), "View", "security"),)

    def enter(self, place: Place) -> None:
        if place.subject == "journals":
            self.tabs.setCurrentWidget(self.journals)
        self.refresh()

    def take_event(self, event: Event) -> None:
        if event.kind in ("project", "job"):
            self._refresh_if_seen()

    def reconnected(self) -> None:
        self._refresh_if_seen()

    def refresh(self) -> None:
        """Ask again for what the tab in sight shows."""
        view = self.tabs.currentWidget()
        if isinstance(view, PeopleView | AirlockView | AuditView | JournalsView | DoctorView):
            view.refresh()

    def _refresh_if_seen(self) -> None:
        # the doctor tries things that take seconds: only when asked
        if self.isVisible() and self.tabs.currentWidget() is not self.doctor:
            self.refresh()
