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


def test_what_scores_enough_is_counted_before_it_is_accepted(seat: Seat) -> None:
    dialog = opened(seat, "open")
    dialog.model.setCurrentIndex(dialog.model.findData(seat.loop.poor))
    before = boxes(seat, "open")
    dialog.score.setValue(0.93)
    seat.until(lambda: "8 shapes in 8 items" in dialog.said.text())  # those that are nowhere
    assert dialog.accept_all.isEnabled()
    assert boxes(seat, "open") == before
    dialog.accept_all.click()
    assert not dialog.look.isEnabled()
    seat.until(lambda: boxes(seat, "open") == before + 8)
    seat.until(lambda: "Nothing scores as much" in dialog.said.text())
    assert dialog.look.isEnabled()
    dialog.close()


def test_looking_at_what_the_model_has_seen_ends_at_once(seat: Seat) -> None:
    dialog = opened(seat, "open")
    assert dialog.look.text() == "Look at 8 items"
    heard: list[None] = []
    dialog.changed.connect(lambda: heard.append(None))
    dialog.look.click()
    seat.until(lambda: bool(heard))
    assert not dialog.progress.isVisible()
    seat.until(lambda: dialog.look.isEnabled())
    dialog.close()
