"""Evaluate: the mistakes of a model as a sheet that is judged by key."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from plugins.image.editor import ImageEditor
from studio.domain.ids import EvaluationId, ItemId, MatchId, ModelId, ProjectId, SnapshotId
from studio.domain.wire import routes
from studio.domain.wire.evaluation import Evaluation, Match, MatchQuery, NewEvaluation
from studio.pages.evaluate.figures import FigureTable
from studio.pages.evaluate.page import EvaluatePage, place_of
from studio.pages.evaluate.saying import by_name, in_order
from studio.pages.label.page import LabelPage
from tests.studio.pages.science.conftest import Seat
from tests.training.workspace import STREAM

EVALUATION = Evaluation(
    EvaluationId("e"), ProjectId("p"), ModelId("m"), "m", SnapshotId("s"), "validation", 0.5, "done",
    threshold=0.42,
)  # fmt: skip
MATCH = Match(
    MatchId("x"), ItemId("i"), "i.png", STREAM, 0, "false_positive", 0.9, 0.0,
    predicted="cell", predicted_xyxy=(400.0, 300.0, 460.0, 380.0),
)  # fmt: skip
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


def drawn_predictions(label: LabelPage) -> list[tuple[float, ...]]:
    """The boxes of the predictions that are shown over the picture."""
    editor = label.editor
    assert isinstance(editor, ImageEditor)
    assert editor.scene is not None
    return [tuple(bounds) for bounds in editor.bench.predictions.drawn(editor.scene).bounds]


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
    assert match.predicted_xyxy in drawn_predictions(label)


@pytest.mark.parametrize(("score", "least"), [(0.118, 0.11), (0.9, 0.42), (0.42, 0.42)])
def test_the_clicked_prediction_is_at_or_above_the_threshold_that_label_opens_with(
    score: float, least: float
) -> None:
    match = msgspec.structs.replace(MATCH, score=score)
    place = place_of(match, EVALUATION)
    assert (place.threshold, place.model) == (least, EVALUATION.model)
    assert place.threshold is not None
    assert place.threshold <= score
    assert place.threshold <= EVALUATION.threshold


def test_a_label_that_was_not_found_is_opened_at_the_evaluations_own_threshold() -> None:
    missed = msgspec.structs.replace(MATCH, outcome="false_negative", score=0.0, predicted_xyxy=None)
    assert place_of(missed, EVALUATION).threshold == 0.42


def test_label_shows_the_judged_models_predictions_from_the_evaluations_threshold(seat: Seat) -> None:
    seat.window.go(place_of(msgspec.structs.replace(MATCH, item=seat.loop.items[1]), EVALUATION))
    label = seat.window.stack.page("label")
    assert isinstance(label, LabelPage)
    seat.until(label.is_open)
    assert drawn_predictions(label) == []  # of a model that never looked at it
    place = place_of(
        msgspec.structs.replace(MATCH, item=seat.loop.items[1], score=0.95),
        msgspec.structs.replace(EVALUATION, model=seat.loop.poor, threshold=0.93),
    )
    seat.window.go(place)  # the item is open already
    assert len(drawn_predictions(label)) == 1
    seat.window.go(msgspec.structs.replace(place, threshold=0.5))
    assert len(drawn_predictions(label)) == 4


@given(st.lists(st.text("ab0123456789", min_size=1, max_size=4), unique=True, max_size=6), st.randoms())
def test_a_confusion_matrix_in_order_says_the_same(classes: list[str], chance: random.Random) -> None:
    names = [*classes, ""]
    counts = [[chance.randrange(9) for _ in names] for _ in names]
    ordered, moved = in_order(classes, counts)
    assert list(ordered) == sorted(classes, key=by_name)
    again = [*ordered, ""]
    for row, labelled in enumerate(again):
        for column, predicted in enumerate(again):
            assert moved[row][column] == counts[names.index(labelled)][names.index(predicted)]


def test_names_are_sorted_as_people_do() -> None:
    assert sorted(["10", "9", "cell 2", "Cell 10", "cell"], key=by_name) == [
        "9",
        "10",
        "cell",
        "cell 2",
        "Cell 10",
    ]
    assert in_order(["a"], ()) == (("a",), ())


def test_figures_begin_in_the_order_of_their_names_and_what_has_none_says_so(qtbot: QtBot) -> None:
    table = FigureTable("By class", ("Class", "AP"))
    qtbot.addWidget(table)
    table.show_rows([("10", 0.5), ("9", None), ("2", 0.25)])
    rows = [table.topLevelItem(row) for row in range(3)]
    assert [row.text(0) for row in rows if row is not None] == ["2", "9", "10"]
    assert [row.text(1) for row in rows if row is not None] == ["0.250", "–", "0.500"]
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    first = table.topLevelItem(0)
    assert first is not None
    assert first.text(0) == "9"


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
