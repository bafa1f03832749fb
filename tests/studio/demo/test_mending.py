"""What the guide mends is what is wrong there."""

from msgspec.structs import replace

from studio.demo.mending import AT_MOST, Mending, is_mended, mending
from studio.domain.entities import Box
from studio.domain.ids import EntityId, ItemId, MatchId, StreamId
from studio.domain.wire.evaluation import Match

STREAM = StreamId("image")
NOWHERE = Match(
    MatchId("m"), ItemId("i"), "JPEGImages/page.jpg", STREAM, 0, "false_positive", 0.9, 0.0,
    predicted="7", predicted_xyxy=(100.0, 100.0, 130.0, 140.0),
)  # fmt: skip
CONFUSED = replace(
    NOWHERE, outcome="confusion", label=EntityId("b"), labelled="1", label_xyxy=(101.0, 101.0, 130.0, 140.0)
)
MISSED = replace(NOWHERE, outcome="false_negative", predicted_xyxy=None, score=0.0)


def box(key: str, *xyxy: float) -> Box:
    return Box(EntityId(key), EntityId(f"track {key}"), STREAM, 0, xyxy)  # type: ignore[arg-type]


def test_a_box_is_drawn_only_where_none_is() -> None:
    there = [box("b", 101, 101, 130, 140)]
    assert mending([NOWHERE], lambda _item: [], ()) == Mending(0, NOWHERE, "draw", "7")
    assert mending([NOWHERE], lambda _item: there, ()) is None
    beside = [box("b", 200, 200, 230, 240)]
    assert mending([NOWHERE], lambda _item: beside, ()) == Mending(0, NOWHERE, "draw", "7")


def test_a_confusion_gets_the_other_class_while_its_label_is_there() -> None:
    assert mending([CONFUSED], lambda _item: [box("b", 101, 101, 130, 140)], ()) == Mending(
        0, CONFUSED, "reclass", "7"
    )
    assert mending([CONFUSED], lambda _item: [], ()) is None


def test_what_the_model_missed_is_the_models_fault() -> None:
    assert mending([MISSED], lambda _item: [], ()) is None


def test_a_spot_that_is_known_to_be_wrong_comes_before_more_confident_ones() -> None:
    known = replace(NOWHERE, id=MatchId("k"), predicted_xyxy=(10.0, 10.0, 40.0, 40.0), score=0.4)
    spot = (11.0, 11.0, 40.0, 40.0)
    here, elsewhere = [("page.jpg", spot, "1")], [("other.jpg", spot, "1")]
    assert mending([NOWHERE, known], lambda _item: [], here) == Mending(1, known, "draw", "1")
    assert mending([NOWHERE, known], lambda _item: [], elsewhere) == Mending(0, NOWHERE, "draw", "7")


def test_nobody_looks_down_the_whole_sheet() -> None:
    assert mending([*[MISSED] * AT_MOST, NOWHERE], lambda _item: [], ()) is None


def test_it_is_mended_when_the_right_class_stands_there() -> None:
    drawn = [box("b", 99, 99, 131, 141)]
    missing = Mending(0, NOWHERE, "draw", "1")
    assert is_mended(missing, drawn, lambda _box: "1")
    assert not is_mended(missing, drawn, lambda _box: "7")
    assert not is_mended(missing, [], lambda _box: "1")
