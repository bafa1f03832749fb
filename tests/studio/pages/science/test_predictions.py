"""Predictions from the Data page: a model looks at what is shown; what it finds is counted and accepted."""

from __future__ import annotations

from studio.domain.entities import Box
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery
from studio.pages.data.page import DataPage
from studio.pages.data.predictions_dialog import PredictionsDialog
from tests.studio.pages.science.conftest import Seat


def opened(seat: Seat, text: str) -> PredictionsDialog:
    """The dialog over the items whose names hold `text`."""
    page = seat.page("data")
    assert isinstance(page, DataPage)
    page.filters.show_query(ItemQuery(text=text))
    page._show_query(page.filters.query())
    seat.until(lambda: page.source.known and page.source.query.text == text and page.source.total == 8)
    page.predict()
    (dialog,) = page.findChildren(PredictionsDialog)
    seat.until(lambda: dialog.model.count() == 2)
    return dialog


def boxes(seat: Seat, text: str) -> int:
    """How many boxes the items hold."""
    rows = seat.client.call(routes.ITEMS, ItemQuery(text=text), project=seat.loop.workspace.project).rows
    found = (seat.client.call(routes.DOCUMENT, item=row.id).entities for row in rows)
    return sum(isinstance(each, Box) for entities in found for each in entities)


def accepted(seat: Seat, text: str) -> int:
    """How many of the items are accepted."""
    rows = seat.client.call(routes.ITEMS, ItemQuery(text=text), project=seat.loop.workspace.project).rows
    return sum(row.state == "accepted" for row in rows)


def test_what_scores_enough_is_counted_before_it_is_accepted(seat: Seat) -> None:
    dialog = opened(seat, "open")
    dialog.model.setCurrentIndex(dialog.model.findData(seat.loop.poor))
    before = boxes(seat, "open")
    dialog.score.setValue(0.93)
    seat.until(lambda: "8 accepted items where something scores as much" in dialog.said.text())
    assert "Nothing else scores as much" in dialog.said.text()
    assert not dialog.accept_all.isEnabled()
    dialog.leave.setChecked(False)
    seat.until(lambda: "8 shapes in 8 items" in dialog.said.text())  # those that are nowhere
    assert "8 of these items are accepted and would be reopened" in dialog.said.text()
    assert dialog.accept_all.isEnabled()
    assert (boxes(seat, "open"), accepted(seat, "open")) == (before, 8)
    dialog.accept_all.click()
    assert not dialog.look.isEnabled()
    seat.until(lambda: boxes(seat, "open") == before + 8)
    seat.until(lambda: "Nothing scores as much" in dialog.said.text())
    assert dialog.said.text().startswith("8 shapes came into 8 items.")
    assert "The highest score of the rest is 0.92." in dialog.said.text()
    assert accepted(seat, "open") == 0
    assert dialog.look.isEnabled()
    dialog.score.setValue(0.92)
    seat.until(lambda: "4 shapes in 4 items" in dialog.said.text())
    assert "came into" not in dialog.said.text()
    dialog.close()


def test_looking_at_what_the_model_has_seen_ends_at_once_and_says_so(seat: Seat) -> None:
    dialog = opened(seat, "open")
    assert dialog.look.text() == "Look at 8 items"
    shown: set[str] = set()
    heard: list[None] = []

    def is_over() -> bool:
        shown.add(dialog.progress.accessibleDescription())
        return bool(heard)

    dialog.changed.connect(lambda: heard.append(None))
    dialog.look.click()
    seat.until(is_over)
    assert not dialog.progress.isVisible()
    seat.until(lambda: dialog.look.isEnabled())
    seat.until(lambda: "Nothing was left to look at" in dialog.said.text())
    assert not any(text.startswith("0 of 0") for text in shown)
    dialog.close()
