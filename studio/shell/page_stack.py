"""The pages of a window: each is loaded on its first visit and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from studio.domain.contracts.plugin import load_part
from studio.domain.errors import AtelierError
from studio.domain.wire.jobs import Event
from studio.shell.actions import Actions
from studio.shell.page import Desk, Page, PageInfo, Place


class PageStack(QStackedWidget):
    """Shows one page at a time; `shown` carries the name of the page that came."""

    shown = Signal(str)

    def __init__(
        self,
        pages: Iterable[PageInfo],
        desk: Desk,
        actions: Actions,
        explain: Callable[[Exception], AtelierError],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._infos = {info.name: info for info in pages}
        self._desk = desk
        self._actions = actions
        self._explain = explain
        self._made: dict[str, Page] = {}
        self.current_name = ""

    def go(self, place: Place) -> None:
        """Show the page of `place` and let it enter there. A page that does not open says why."""
        info = self._infos[place.page]
        try:
            page = self._page(info)
        except AtelierError as error:
            self._desk.show_error(error)
            return
        if self.current_name and self.current_name != info.name:
            self._made[self.current_name].leave()
        self.current_name = info.name
        self.setCurrentWidget(page)
        self._actions.go_live((info.name,))
        self.shown.emit(info.name)
        page.enter(place)

    def page(self, name: str) -> Page | None:
        """The page of this name, if it was visited."""
        return self._made.get(name)

    def take_event(self, event: Event) -> None:
        """Tell every page that was made."""
        for page in self._made.values():
            page.take_event(event)

    def reconnected(self) -> None:
        """Tell every page that was made to fetch afresh."""
        for page in self._made.values():
            page.reconnected()

    def may_close(self) -> bool:
        """Whether every page lets the window close."""
        return all(page.may_close() for page in self._made.values())

    def show_waiting(self, text: str) -> None:
        """A plain line in the middle, while there is no page to show yet."""
        line = QLabel(text)
        line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.addWidget(line)
        self.setCurrentWidget(line)

    def _page(self, info: PageInfo) -> Page:
        if info.name not in self._made:
            try:
                page: Page = load_part(info.part)(self._desk)
            except AtelierError:
                raise
            except Exception as fault:
                raise self._explain(fault) from fault
            page.setObjectName(f"page.{info.name}")
            page.setAccessibleName(info.title)
            self._made[info.name] = page
            self.addWidget(page)
            self._actions.register(page.commands(), page)
            page.take_actions(self._actions.action)
        return self._made[info.name]
