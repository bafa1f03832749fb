"""Evaluate: the mistakes of a model as a sheet that is judged by key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.domain.wire import routes
from studio.domain.wire.evaluation import Evaluation, MatchQuery, NewEvaluation
from studio.pages.evaluate.page import EvaluatePage
from studio.pages.label.page import LabelPage
from tests.studio.pages.science.conftest import Seat

WRONG = MatchQuery(outcomes=("false_positive", "false_negative", "confusion"))


def evaluated(seat: Seat, model: str) -> Evaluation:
    """An evaluation of `model` on the snapshot's validation items, done."""
    wanted = NewEvaluation(model=model, snapshot=seat.loop.snapshot)  # type: ignore[arg-type]
    made = seat.client.call(routes.NEW_EVALUATION, wanted, project=seat.loop.workspace.project)
    seat.until(lambda: seat.client.call(routes.EVALUATION, evaluation=made.id).state != "running")
    return seat.client.call(routes.EVALUATION, evaluation=made.id)


def shown(seat: Seat, evaluation: Evaluation) -> EvaluatePage:
    """The page, once it shows the mistakes of `evaluation`."""
    page = seat.page("evaluate", evaluation.id)
    assert isinstance(page, EvaluatePage)
    seat.until(page.sheet.selected)
    return page


def test_a_digit_judges_the_chosen_mistake_and_goes_on_to_the_next(seat: Seat) -> None:
    evaluation = evaluated(seat, seat.loop.poor)
    page = shown(seat, evaluation)
    first = page.sheet.selected()[0]
    QTest.keyClick(page.sheet.sheet, Qt.Key.Key_2)
    seat.until(
        lambda: any(
            match.id == first.id and match.verdict == "model_wrong"
            for match in seat.client.call(routes.MATCHES, WRONG, evaluation=evaluation.id).matches
        )
    )
    assert page.sheet.selected()[0].id != first.id


def test_the_most_confident_mistake_comes_first(seat: Seat) -> None:
    page = shown(seat, evaluated(seat, seat.loop.poor))
    scores = [match.score for match in page.sheet.source._known.values()]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) > 3


def test_a_cell_of_the_matrix_narrows_the_sheet_to_it(seat: Seat) -> None:
    page = shown(seat, evaluated(seat, seat.loop.poor))
    total = page.sheet.sheet.grid().total
    page.matrix.chosen.emit("cell", "debris")
    seat.until(lambda: 0 < page.sheet.sheet.grid().total < total)
    assert {(m.labelled, m.predicted) for m in page.sheet.source._known.values()} == {("cell", "debris")}


def test_enter_opens_that_very_object_in_label(seat: Seat) -> None:
    page = shown(seat, evaluated(seat, seat.loop.poor))
    match = page.sheet.selected()[0]
    QTest.keyClick(page.sheet.sheet, Qt.Key.Key_Return)
    seat.until(lambda: isinstance(seat.window.stack.page("label"), LabelPage))
    label = seat.window.stack.page("label")
    assert isinstance(label, LabelPage)
    seat.until(label.is_open)
    assert label.host.opened is not None
    assert label.host.opened.item.id == match.item


def test_two_models_are_compared_object_by_object(seat: Seat) -> None:
    poor, good = evaluated(seat, seat.loop.poor), evaluated(seat, seat.loop.good)
    page = shown(seat, poor)
    page.compare.setCurrentIndex(page.compare.findData(good.id))
    seat.until(lambda: page.comparison.table.topLevelItemCount())
    assert page.comparison.lost.grid().total > 0  # `good` stands first: what it alone finds, `poor` lost
    assert page.comparison.gained.grid().total == 0


def test_precision_over_recall_is_drawn_for_every_class(seat: Seat) -> None:
    evaluation = evaluated(seat, seat.loop.poor)
    page = shown(seat, evaluation)
    seat.until(lambda: page.curves is not None and page.curves.values())
    assert page.curves is not None
    drawn = page.curves.values()
    assert set(drawn) == {curve.class_name for curve in evaluation.curves} != set()
    assert all(len(x) == len(y) > 1 for x, y in drawn.values())
