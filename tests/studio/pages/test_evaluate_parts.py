"""Parts of the Evaluate page that need no node."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from studio.domain.ids import EvaluationId, ItemId, MatchId, ModelId, ProjectId, SnapshotId, StreamId
from studio.domain.wire.evaluation import Evaluation, Match, Placement
from studio.pages.evaluate.figures import Figures
from studio.pages.evaluate.saying import OF_BOXES, cell_of


def evaluation(*metrics: tuple[str, float]) -> Evaluation:
    return Evaluation(
        EvaluationId("e"),
        ProjectId("p"),
        ModelId("m"),
        "m",
        SnapshotId("s"),
        "validation",
        0.5,
        "done",
        metrics=metrics,
    )


def shown(figures: Figures) -> dict[str, str]:
    return {
        name: value.text() for name, value in figures._values.items() if not figures._tiles[name].isHidden()
    }


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ((), dict.fromkeys(OF_BOXES, "–")),
        (tuple((name, 0.5) for name in OF_BOXES), dict.fromkeys(OF_BOXES, "0.500")),
        (
            (("map50", 0.25), ("map_distance", 0.5), ("hota", 0.75)),
            {"map50": "0.250", "map_distance": "0.500", "hota": "0.750"},
        ),
    ],
)
def test_the_figures_are_those_of_the_metric(
    qtbot: QtBot, metrics: tuple[tuple[str, float], ...], expected: dict[str, str]
) -> None:
    figures = Figures()
    qtbot.addWidget(figures)
    figures.show_evaluation(evaluation(*metrics))
    assert shown(figures) == expected


def test_a_cuboid_has_a_cell_that_says_what_happened() -> None:
    stands = Placement((12.0, 3.0, 0.8), (4.5, 1.8, 1.5), (0.0, 0.0, 0.0, 1.0))
    match = Match(
        MatchId("x"),
        ItemId("i"),
        "drive",
        StreamId("lidar"),
        3,
        "confusion",
        0.9,
        0.6,
        labelled="car",
        predicted="van",
        label_cuboid=stands,
        predicted_cuboid=stands,
    )
    cell = cell_of(match)
    assert cell.caption == "car taken for van"
    assert cell.boxes == ()
