"""Two models on the same items, object by object: what the second gained, and what it lost."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from studio.domain.wire import routes
from studio.domain.wire.evaluation import CompareWith, Comparison, Evaluation, Match
from studio.pages.evaluate.figures import FigureTable
from studio.pages.evaluate.match_pictures import MatchPictures
from studio.pages.evaluate.saying import cell_of
from studio.pages.train.saying import metric_title
from studio.shell.page import Desk
from widgets.contact_sheet import ContactSheet


class ComparisonView(QWidget):
    """`opened(Match, Evaluation)` goes to the object in Label, as the one of the two saw it."""

    opened = Signal(object, object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._picture_calls = desk.picture_calls_of(self)
        self._matches: dict[str, tuple[Match, Evaluation]] = {}
        self._pictures = MatchPictures(desk, self._match)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.table = FigureTable("Figures of both", ("Figure", "First", "Second", "Difference"))
        self.gained = self._sheet("Right in the second alone")
        self.lost = self._sheet("Right in the first alone")
        sheets = QSplitter(Qt.Orientation.Horizontal)
        self._titles: dict[str, QLabel] = {}
        for title, sheet in (("Gained", self.gained), ("Lost", self.lost)):
            side = QWidget()
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            self._titles[title] = QLabel(title)
            column.addWidget(self._titles[title])
            column.addWidget(sheet, 1)
            sheets.addWidget(side)
        down = QSplitter(Qt.Orientation.Vertical)
        down.addWidget(self.table)
        down.addWidget(sheets)
        down.setStretchFactor(1, 3)
        outer = QVBoxLayout(self)
        outer.addWidget(self.said)
        outer.addWidget(down, 1)

    def compare(self, first: Evaluation, second: Evaluation) -> None:
        """Ask the node for the differences between two evaluations of the same items."""
        client = self._desk.client
        self.said.setText(f"{first.model_name} (first) against {second.model_name} (second) …")

        def show(found: Comparison) -> None:
            self._show(first, second, found)

        self._calls.start(
            "compare",
            lambda _call: client.call(routes.COMPARE, CompareWith(second.id), evaluation=first.id),
            show,
        )

    def _show(self, first: Evaluation, second: Evaluation, found: Comparison) -> None:
        self.said.setText(
            f"{first.model_name} (first) against {second.model_name} (second), object by object: "
            f"{found.both_right:,} right in both, {found.both_wrong:,} wrong in both, "
            f"{len(found.gained):,} gained, {len(found.lost):,} lost."
        )
        self.table.show_rows([(metric_title(name), a, b, b - a) for name, a, b in found.metrics])
        # what has no label and is gained is a false positive that the first alone makes
        gained = [(match, second if match.label is not None else first) for match in found.gained]
        self._fill(self.gained, "Gained", gained)
        self._fill(self.lost, "Lost", [(match, second) for match in found.lost])

    def _fill(self, sheet: ContactSheet, title: str, seen: Sequence[tuple[Match, Evaluation]]) -> None:
        matches = [match for match, _ in seen]
        self._titles[title].setText(f"{title}: {len(matches):,}")
        self._matches.update((match.id, (match, evaluation)) for match, evaluation in seen)
        sheet.set_total(len(matches))
        if matches:
            sheet.set_rows(0, [cell_of(match) for match in matches])

    def _match(self, key: str) -> Match | None:
        return self._matches[key][0] if key in self._matches else None

    def _sheet(self, name: str) -> ContactSheet:
        sheet = ContactSheet(name=name)
        sheet.set_side(150)
        sheet.picture_wanted.connect(lambda picture: self._want(sheet, picture))
        sheet.opened.connect(lambda key: self.opened.emit(*self._matches[key]))
        return sheet

    def _want(self, sheet: ContactSheet, name: str) -> None:
        self._picture_calls.start(
            ("picture", name),
            self._pictures.fetcher(name),
            lambda data: sheet.set_picture(name, data),
            lambda _error: sheet.picture_failed(name),
        )
