"""Parts of the Evaluate page that need no node."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud, head_of
from studio.domain.errors import AtelierError
from studio.domain.ids import EvaluationId, ItemId, MatchId, ModelId, ProjectId, SnapshotId, StreamId
from studio.domain.wire import routes
from studio.domain.wire.documents import DocumentState
from studio.domain.wire.evaluation import Evaluation, Match, Placement
from studio.domain.wire.projects import Item, Stream
from studio.domain.wire.routes import Route
from studio.pages.evaluate.figures import Figures
from studio.pages.evaluate.match_pictures import MatchPictures
from studio.pages.evaluate.page import place_of
from studio.pages.evaluate.saying import OF_BOXES, cell_of, picture_name


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


STANDS = Placement((12.0, 3.0, 0.8), (4.0, 2.0, 1.5), (0.0, 0.0, 0.0, 1.0))
BOX = Match(
    MatchId("b"), ItemId("i"), "a.png", StreamId("s"), 0, "false_positive", 0.4, 0.0, predicted="cell",
    predicted_xyxy=(1.0, 2.0, 3.0, 4.0),
)  # fmt: skip
CUBOID = Match(
    MatchId("c"), ItemId("i"), "drive", StreamId("lidar"), 3, "false_positive", 0.4, 0.0, predicted="car",
    predicted_cuboid=STANDS,
)  # fmt: skip


def test_boxes_of_one_picture_share_it_and_a_cuboid_has_its_own() -> None:
    assert picture_name(BOX) == "i s 0"
    assert picture_name(CUBOID) == "i lidar 3 c"
    assert cell_of(CUBOID).detail == "drive, frame 4"  # as people count


def test_a_false_cuboid_is_opened_at_its_frame_and_place() -> None:
    place = place_of(CUBOID, evaluation())
    assert (place.stream, place.frame) == ("lidar", 3)
    assert place.xyxy == pytest.approx((10.0, 2.0, 14.0, 4.0))
    assert place.threshold == 0.4  # so that what is opened is shown


class SmallNode:
    """A session and its client that know one drive."""

    def __init__(self, kind: str) -> None:
        self.asked: list[object] = []
        self._streams = (Stream(StreamId("lidar"), "lidar", kind),)  # type: ignore[arg-type]

    def media(self, item: str, stream: str, frame: int, rendition: str) -> bytes:
        self.asked.append((item, stream, frame, rendition))
        if rendition == "cloud":
            return head_of(Cloud(np.zeros((0, 3), np.float32)))
        return b"picture"

    def call(self, route: Route[object, object], _body: object = None, **_ids: object) -> object:
        self.asked.append(route.name)
        if route is routes.ITEM:
            return Item(ItemId("i"), ProjectId("p"), "drive", "new", 1, 1, self._streams)
        return DocumentState(ItemId("i"), 1, 1, ())

    @property
    def session(self) -> SmallNode:
        return self

    client = session


def test_a_picture_is_fetched_and_a_cuboids_is_made() -> None:
    node = SmallNode("points")
    pictures = MatchPictures(node, {"c": CUBOID}.get)  # type: ignore[arg-type]
    assert pictures.fetcher(picture_name(BOX))(None) == b"picture"
    assert node.asked == [("i", "s", 0, "original")]
    assert pictures.fetcher(picture_name(CUBOID))(None)[:2] == b"\xff\xd8"
    pictures.fetcher(picture_name(CUBOID))(None)
    assert node.asked.count("document") == 1  # neighbours are of one drive


def test_a_cuboid_on_what_no_plug_in_draws_is_said() -> None:
    pictures = MatchPictures(SmallNode("audio"), {"c": CUBOID}.get)  # type: ignore[arg-type]
    with pytest.raises(AtelierError) as refused:
        pictures.fetcher(picture_name(CUBOID))(None)
    assert refused.value.code == "media.missing"
