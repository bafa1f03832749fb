"""Release: the gate at the left, the services at the right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QMessageBox,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.command import Command
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.jobs import Decision, Event
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.releases import (
    NewRelease,
    Release,
    Releases,
    Service,
    Services,
    ServiceToken,
    SetArms,
    Suites,
)
from studio.domain.wire.training import Models
from studio.domain.wording import counted
from studio.pages.release.candidate import CandidatePanel
from studio.pages.release.service_card import ServiceCard
from studio.pages.release.suite_dialog import SuiteDialog
from studio.pages.release.try_dialog import TryDialog
from studio.shell.page import Desk, Page, Place
from widgets.empty_state import EmptyState

POLL_MS = 1500


class _All(Struct, frozen=True):
    """Everything that the page shows, as one answer."""

    models: Models
    suites: Suites
    releases: Releases
    services: Services


class ReleasePage(Page):
    """Pushes the better model out, and takes it back when it is not."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._found: _All | None = None
        self._suite_query = ItemQuery()
        self._wanted = ""
        self.candidate = CandidatePanel()
        self.candidate.wanted.connect(self._request)
        self.candidate.decided.connect(self._decide)
        self.candidate.seal.connect(self.seal)
        self.candidate.lineage.connect(lambda key: desk.show_lineage("release", key))
        self.cards: dict[str, ServiceCard] = {}
        self.column = QVBoxLayout()
        self.services = QScrollArea()
        self.nothing = EmptyState(
            "No service answers yet",
            "Put a model before the gate. When a releaser accepts it, its service starts here.",
        )
        self._lay_out()
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self.refresh)

    def commands(self) -> Sequence[Command]:
        return (
            Command("release.seal", "Seal a suite …", ReleasePage.seal, (), "Release", "release"),
            Command(
                "release.gate",
                "Measure at the gate",
                lambda page: page.candidate.request(),
                ("Ctrl+Return",),
                "Release",
                "release",
            ),
            Command("release.refresh", "Refresh", ReleasePage.refresh, ("F5",), "View", "release"),
        )

    def enter(self, place: Place) -> None:
        self._wanted = place.subject
        self.refresh()
        self._poll.start()
        if place.query is not None:
            self._suite_query = place.query
            self.seal()

    def leave(self) -> None:
        self._poll.stop()

    def take_event(self, event: Event) -> None:
        if event.kind in ("model", "service", "job") and self.isVisible():
            self.refresh()

    def reconnected(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Ask the node for models, suites, releases and services."""
        if self.desk.project is None or not self.desk.is_connected:
            return
        client, project = self.desk.client, self.desk.project.id

        def fetch(_call: object) -> _All:
            return _All(
                client.call(routes.MODELS, project=project),
                client.call(routes.SUITES, project=project),
                client.call(routes.RELEASES, project=project),
                client.call(routes.SERVICES, project=project),
            )

        self.calls.start("all", fetch, self._show)

    def seal(self) -> None:
        """Choose the items of a sealed suite."""
        if self.desk.project is None:
            return
        client, project = self.desk.client, self.desk.project.id
        dialog = SuiteDialog(self.desk, project, self._suite_query, self)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        wanted = dialog.suite()
        self.calls.start(
            "seal",
            lambda _call: client.call(routes.NEW_SUITE, wanted, project=project),
            lambda suite: self._done(f"Sealed {counted(suite.items, 'item')} as {suite.name}."),
        )

    def _show(self, found: _All) -> None:
        # asked every second or two: what has not changed is not laid out again under the person's hands
        if found != self._found:
            self._found = found
            self._lay_before(found)
        kind, _, key = self._wanted.rpartition(":")
        self._wanted = ""
        match kind if key else "":
            case "model":
                self.candidate.choose_model(key)
            case "suite":
                self.candidate.choose_suite(key)
            case "service" if card := self.cards.get(key):
                self.services.ensureWidgetVisible(card)
                card.setFocus()
            case "release":
                self.candidate.choose(key)

    def _lay_before(self, found: _All) -> None:
        self.candidate.offer(
            found.models.models,
            found.suites.suites,
            found.services.services,
            self.desk.may("scientist", "manager"),
            self.desk.may("reviewer", "manager"),
            self.desk.may("releaser"),
        )
        self.candidate.show_releases(found.releases.releases)
        self._show_services(found.services.services)

    def _show_services(self, services: Sequence[Service]) -> None:
        for key in self.cards.keys() - {each.id for each in services}:
            self.cards.pop(key).deleteLater()
        for service in services:
            if card := self.cards.get(service.id):
                card.show_service(service)
                continue
            card = ServiceCard(service, self.desk.may("releaser"))
            card.shared.connect(partial(self._share, service.id))
            card.asked.connect(partial(self._ask, service.id))
            self.cards[service.id] = card
            self.column.insertWidget(self.column.count() - 1, card)
        self.nothing.setVisible(not self.cards)

    def _request(self, wanted: NewRelease) -> None:
        if self.desk.project is None:
            return
        client, project = self.desk.client, self.desk.project.id

        def begun(release: Release) -> None:
            self._wanted = f"release:{release.id}"
            self._done("The candidate is measured on the sealed suite; this look is counted.")

        def failed(error: AtelierError) -> None:
            self.candidate.ask.setEnabled(True)
            self.desk.show_error(error)

        self.calls.start(
            "request", lambda _call: client.call(routes.NEW_RELEASE, wanted, project=project), begun, failed
        )

    def _decide(self, key: str, decision: Decision) -> None:
        client = self.desk.client
        said = (
            "Accepted: its service answers in a moment."
            if decision.approve
            else "Refused, and kept in the history."
        )
        self.calls.start(
            "decide",
            lambda _call: client.call(routes.DECIDE_RELEASE, decision, release=key),
            lambda _release: self._done(said),
        )

    def _share(self, key: str, arms: SetArms) -> None:
        client = self.desk.client

        def failed(error: AtelierError) -> None:
            self._found = None
            self.refresh()
            self.desk.show_error(error)

        self.calls.start(
            ("share", key),
            lambda _call: client.call(routes.SET_ARMS, arms, service=key),
            self._took_service,
            failed,
        )

    def _ask(self, key: str, what: str) -> None:
        if what == "lineage":
            self.desk.show_lineage("service", key)
        elif what == "try":
            self._try(key)
        elif what == "token":
            self._token(key)
        elif what == "pool":
            pool = self.cards[key].service.online_pool
            if pool is not None:
                self.desk.go(Place("data", query=ItemQuery(pool=pool)))
        else:
            route = {
                "roll_back": routes.ROLL_BACK,
                "stop": routes.STOP_SERVICE,
                "start": routes.START_SERVICE,
            }[what]
            client = self.desk.client
            self.calls.start((what, key), lambda _call: client.call(route, service=key), self._took_service)

    def _took_service(self, service: Service) -> None:
        if card := self.cards.get(service.id):
            card.show_service(service)
        self._found = None
        self.refresh()

    def _try(self, key: str) -> None:
        if self.desk.project is None:
            return
        dialog = TryDialog(self.desk, self.desk.project.id, self.cards[key].service, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.asked.connect(self.refresh)
        dialog.open()

    def _token(self, key: str) -> None:
        client = self.desk.client

        def show(made: ServiceToken) -> None:
            QApplication.clipboard().setText(made.token)
            box = QMessageBox(self)
            box.setWindowTitle("New token")
            box.setTextFormat(Qt.TextFormat.PlainText)
            box.setText(f"{made.token}\n\nIt is shown once, and copied to the clipboard.")
            box.open()

        self.calls.start(("token", key), lambda _call: client.call(routes.SERVICE_TOKEN, service=key), show)

    def _done(self, said: str) -> None:
        self.desk.say(said)
        self._found = None
        self.refresh()

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setLayout(self.column)
        self.column.addWidget(self.nothing)
        self.column.addStretch(1)
        self.services.setWidgetResizable(True)
        self.services.setFrameShape(QScrollArea.Shape.NoFrame)
        self.services.setWidget(inside)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(self.candidate)
        across.addWidget(self.services)
        across.setSizes([560, 780])
        across.setStretchFactor(0, 1)
        across.setStretchFactor(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(across, 1)
