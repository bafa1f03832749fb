"""The objects of an evaluation as a sheet asks for them: windows of matches, and the pictures they are on."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from studio.domain.errors import AtelierError
from studio.domain.ids import EvaluationId
from studio.domain.wire import routes
from studio.domain.wire.evaluation import Match, Matches, MatchQuery
from studio.pages.evaluate.match_pictures import MatchPictures
from studio.shell.page import Desk


class MatchSource(QObject):
    """Answers `want_rows` and `want_picture`; the same filters, ranked by confidence on the node."""

    total_changed = Signal(int)
    rows_came = Signal(int, object)  # offset, tuple of Match
    rows_failed = Signal(int)
    picture_came = Signal(str, bytes)
    picture_failed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._picture_calls = desk.picture_calls_of(self)
        self._evaluation: EvaluationId | None = None
        self._query = MatchQuery()
        self._known: dict[str, Match] = {}
        self._pictures = MatchPictures(desk, self.match)

    @property
    def evaluation(self) -> EvaluationId | None:
        return self._evaluation

    def show(self, evaluation: EvaluationId, query: MatchQuery) -> None:
        """Look at the objects of `evaluation` that `query` names."""
        self._evaluation, self._query = evaluation, query
        self._known.clear()
        self._ask(0, 200, first=True)

    def match(self, key: str) -> Match | None:
        """An object that has been fetched."""
        return self._known.get(key)

    def put(self, match: Match) -> None:
        """Another state of an object, as a verdict's answer brings it."""
        self._known[match.id] = match

    def want_rows(self, offset: int, count: int) -> None:
        """Fetch a window of objects."""
        self._ask(offset, count)

    def want_picture(self, name: str) -> None:
        """Fetch the picture that a cell's crop is cut from."""
        self._picture_calls.start(
            ("picture", name),
            self._pictures.fetcher(name),
            lambda data: self.picture_came.emit(name, data),
            lambda _error: self.picture_failed.emit(name),
        )

    def _ask(self, offset: int, count: int, first: bool = False) -> None:
        if self._evaluation is None or not self._desk.is_connected:
            return
        client, key = self._desk.client, self._evaluation
        query = replace(self._query, offset=offset, limit=count)
        self._calls.start(
            ("matches", "first" if first else offset),
            lambda _call: client.call(routes.MATCHES, query, evaluation=key),
            partial(self._came, key, query, first),
            partial(self._failed, offset),
        )

    def _came(self, key: EvaluationId, query: MatchQuery, first: bool, found: Matches) -> None:
        if key != self._evaluation or replace(query, offset=0, limit=200) != replace(
            self._query, offset=0, limit=200
        ):
            return
        if first:
            self.total_changed.emit(found.total)
        self._known.update((match.id, match) for match in found.matches)
        self.rows_came.emit(query.offset, found.matches)

    def _failed(self, offset: int, error: AtelierError) -> None:
        self.rows_failed.emit(offset)
        self._desk.show_error(error)
