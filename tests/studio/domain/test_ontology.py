"""What an ontology asks, and how a document is told that it does not answer."""

from typing import Any

import pytest

from studio.domain.document import Document
from studio.domain.entities import (
    Box,
    Group,
    Polygon,
    Polyline3,
    Relation,
    StreamId,
    Tag,
    Track,
    TrackId,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import GroupId, ShapeId
from studio.domain.ontology import (
    AttributeType,
    ClassType,
    Ontology,
    check_ontology,
    findings,
    wrong_value,
)
from studio.domain.values import attributes, with_attribute
from tests.studio.domain.strategies import counted_id

VEHICLE = ClassType(
    "vehicle",
    attributes=(
        AttributeType("colour", "choice", choices=("red", "blue"), default="red", required=True),
        AttributeType("hidden", "check", each_frame=True, required=True, default=False),
    ),
)
CAR = ClassType(
    "car",
    parent="vehicle",
    geometries=("box",),
    minimum_size_px=4.0,
    attributes=(AttributeType("colour", "choice", choices=("green",), required=True),),
)
ONTOLOGY = Ontology(
    classes=(VEHICLE, CAR),
    tags=(ClassType("rain"),),
    relations=(ClassType("tows"),),
    groups=(ClassType("convoy"),),
)


def _car(size: float = 10.0, **answers: Any) -> list[Any]:
    held = {"colour": "green"} | answers
    track = Track(TrackId(counted_id(1)), "car", attributes=attributes(colour=held["colour"]))
    frame = attributes(**({"hidden": held["hidden"]} if "hidden" in held else {}))
    box = Box(ShapeId(counted_id(2)), track.id, StreamId("s"), 0, (0.0, 0.0, size, size), frame)
    return [track, box]


def _rules(*entities: Any) -> list[str]:
    return [each.rule for each in findings(Document(entities), ONTOLOGY)]


def test_a_document_that_answers_everything_has_no_findings() -> None:
    assert _rules(*_car(hidden=False)) == []


@pytest.mark.parametrize(
    ("entities", "rules"),
    [
        (_car(), ["attribute.missing"]),
        (_car(hidden="yes"), ["attribute.wrong"]),
        (_car(hidden=True, colour="red"), ["attribute.wrong"]),
        (_car(size=3.0, hidden=True), ["geometry.too_small"]),
        ([Track(TrackId(counted_id(1)), "car", attributes=attributes(colour="green"))], ["track.empty"]),
        ([Track(TrackId(counted_id(1)), "boat")], ["class.unknown"]),
        ([Tag(counted_id(1), "snow")], ["class.unknown"]),
        ([Tag(counted_id(1), "rain")], []),
        ([Group(GroupId(counted_id(1)), "convoy")], []),
        ([Group(GroupId(counted_id(1)), "flock"),
          Relation(counted_id(2), "tows", counted_id(1), counted_id(1))], ["class.unknown"]),
        ([_car()[0], Polygon(ShapeId(counted_id(2)), TrackId(counted_id(1)), StreamId("s"), 0, (),
                             attributes=attributes(hidden=False))], ["geometry.not_allowed"]),
    ],
)  # fmt: skip
def test_each_broken_rule_is_a_finding(entities: list[Any], rules: list[str]) -> None:
    assert _rules(*entities) == rules


def test_what_was_drawn_before_there_was_a_class_is_told_how_to_get_one() -> None:
    track = Track(TrackId(counted_id(1)), "")
    (found,) = findings(Document([track]), Ontology())
    assert found.message == (
        "This track has no class. Add the class to the labelling template if it is missing, and set it."
    )


def test_a_kind_of_shape_that_a_class_has_not_is_named_in_words_and_the_way_out_said() -> None:
    lane = Polyline3(ShapeId(counted_id(2)), TrackId(counted_id(1)), StreamId("s"), 0, ())
    box = Box(ShapeId(counted_id(3)), TrackId(counted_id(1)), StreamId("cam"), 0, (0, 0, 9, 9))
    car = Ontology(classes=(ClassType("car", title="Car", geometries=("cuboid", "keypoints")),))
    track = Track(TrackId(counted_id(1)), "car")
    (found,) = findings(Document([track, lane, box]), car)  # the box corrects a cuboid on a picture
    assert found.message == (
        "Car is drawn as a cuboid or keypoints, not as a line on the ground. "
        "Give it another class, or delete it."
    )


def test_an_own_attribute_hides_an_inherited_one_and_defaults_are_of_track_or_shape() -> None:
    assert [each.choices for each in ONTOLOGY.attributes_of("car") if each.name == "colour"] == [("green",)]
    assert ONTOLOGY.defaults("vehicle", each_frame=False) == (("colour", "red"),)
    assert ONTOLOGY.defaults("car", each_frame=True) == (("hidden", False),)


@pytest.mark.parametrize(
    "classes",
    [
        (ClassType("a"), ClassType("a")),
        (ClassType(" "),),
        (ClassType("a", parent="b"),),
        (ClassType("a", parent="b"), ClassType("b", parent="a")),
        (ClassType("a", parent="a"),),
        (ClassType("a", attributes=(AttributeType("x"), AttributeType("x"))),),
        (ClassType("a", attributes=(AttributeType("x", "integer", default="many"),)),),
    ],
)
def test_an_ontology_that_contradicts_itself_is_refused(classes: tuple[ClassType, ...]) -> None:
    with pytest.raises(AtelierError) as refused:
        check_ontology(Ontology(classes=classes))
    assert refused.value.code == "ontology.malformed"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", "a", 1),
        ("check", True, 1),
        ("integer", 3, 3.5),
        ("integer", 3, True),
        ("number", 0.5, "half"),
        ("choice", "a", "c"),
        ("choices", ("a", "b"), ("a", "c")),
    ],
)
def test_values_are_told_from_wrong_ones(kind: Any, good: Any, bad: Any) -> None:
    asked = AttributeType("x", kind, choices=("a", "b"), minimum=0.0, maximum=9.0)
    assert wrong_value(asked, good) == ""
    assert wrong_value(asked, bad) != ""


@pytest.mark.parametrize("outside", [-1, 10])
def test_numbers_keep_within_their_bounds(outside: int) -> None:
    assert wrong_value(AttributeType("x", "number", minimum=0.0, maximum=9.0), outside) != ""


def test_setting_and_taking_an_attribute_keeps_the_one_order() -> None:
    held = attributes(b=1, a=2)
    assert held == (("a", 2), ("b", 1))
    assert with_attribute(held, "aa", 3) == (("a", 2), ("aa", 3), ("b", 1))
    assert with_attribute(held, "a", None) == (("b", 1),)
