"""ASAM OpenLABEL: every file of the shared set goes in, out and in again unchanged."""

import json
from pathlib import Path

import pytest

from plugins.image.formats.openlabel import OpenLabel
from plugins.image.formats.own_json import OwnJson
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.document import Document
from studio.domain.entities import (
    AnyEntity,
    Box,
    Cuboid,
    Group,
    Interval,
    Member,
    Polygon,
    Remark,
    Segment,
    Span,
    Tag,
    Track,
)
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.values import attributes
from studio.domain.wire.projects import Stream
from tests.plugins.formats_kit import kinds, read, write


def plain(entity: AnyEntity, tracks: dict[EntityId, str]) -> tuple[object, ...]:
    """An entity without its ids, which are made afresh where a source has none."""
    fields = {
        name: tracks.get(value, "?") if name in ("track", "source", "target") else value
        for name in entity.__struct_fields__
        if name != "id"
        for value in (getattr(entity, name),)
    }
    return (type(entity).__name__, str(sorted(fields.items(), key=str)))


def contents(item: ReadItem) -> list[tuple[object, ...]]:
    tracks = {each.id: f"{each.class_name} {each.name}" for each in item.entities if isinstance(each, Track)}
    return sorted((plain(each, tracks) for each in item.entities), key=str)


def test_every_file_reads_back_as_it_was(shared_data: Path, tmp_path: Path) -> None:
    items, problems = read(OpenLabel(), shared_data / "export_openlabel")
    assert len(items) == 27
    assert {problem.code for problem in problems} == {"import.old_version"}
    assert write(OpenLabel(), items, tmp_path) == ()
    again = {item.source: item for item in read(OpenLabel(), tmp_path)[0]}
    for item in items:
        assert contents(again[item.source]) == contents(item), item.source
        assert json.loads(again[item.source].sidecar) == json.loads(item.sidecar) or item.sidecar


def test_a_driving_scene_comes_in_with_its_cuboids_cameras_and_poses(shared_data: Path) -> None:
    items, _ = read(OpenLabel(), shared_data / "export_openlabel")
    scene = next(item for item in items if item.source == "openlabel100_kitti_tracking_0003.json")
    assert (kinds(scene)["Cuboid"], kinds(scene)["Box"], kinds(scene)["Track"]) == (533, 1249, 11)
    assert {file.stream.kind for file in scene.media} == {"image", "points"}
    assert {file.stream.frames for file in scene.media} == {144}
    cuboid = next(each for each in scene.entities if isinstance(each, Cuboid))
    assert abs(sum(value * value for value in cuboid.rotation) - 1) < 1e-9


def test_what_openlabel_has_no_word_for_travels_with_it(tmp_path: Path) -> None:
    stream = StreamId("image")
    track = Track(id=EntityId(new_id()), class_name="car", identity="plate 7", name="the red one")
    group = Group(id=EntityId(new_id()), class_name="convoy")
    segment = Segment(id=EntityId(new_id()), stream=stream, order="a", text="שלום 🚗")
    entities: tuple[AnyEntity, ...] = (
        track,
        Box(
            id=EntityId(new_id()),
            track=track.id,
            stream=stream,
            frame=0,
            xyxy=(0.1, 0.2, 0.7, 1 / 3),
            attributes=attributes(dark=True, n=3, why="fog"),
            order="m",
        ),
        Polygon(
            id=EntityId(new_id()),
            track=track.id,
            stream=stream,
            frame=0,
            outline=((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)),
            holes=(((1.0, 1.0), (2.0, 1.0), (2.0, 2.0)),),
        ),
        Interval(id=EntityId(new_id()), track=track.id, stream=stream, start_ns=0, end_ns=9, low_hz=4.0),
        group,
        Member(
            id=EntityId(new_id()), group=group.id, entity=track.id, role="head", intervals=((0, 5), (7, 9))
        ),
        segment,
        Span(id=EntityId(new_id()), track=track.id, stream=stream, segment=segment.id, start=0, end=4),
        Remark(id=EntityId(new_id()), text="look", on=track.id, at=(3.0, 4.0)),
        Tag(id=EntityId(new_id()), class_name="night", stream=stream, frame=0, attributes=attributes(lux=3)),
    )
    item = ReadItem(
        source="a.png",
        media=(MediaFile(Stream(id=stream, name="image", kind="image", width=64, height=48)),),
        entities=entities,
        split="val",
    )
    assert write(OpenLabel(), [item], tmp_path) == ()
    (again,), problems = read(OpenLabel(), tmp_path)
    assert problems == []
    assert Document(again.entities) == Document(item.entities)
    assert (again.source, again.split) == (item.source, item.split)


@pytest.mark.parametrize("foreign", [b"\xff\x00", b"[1]", b'{"calib": "P0: 7.2"}'])
def test_what_another_format_carried_is_left_alone(tmp_path: Path, foreign: bytes) -> None:
    item = ReadItem(
        source="a.png",
        media=(MediaFile(Stream(id=StreamId("image"), name="image", kind="image", width=64, height=48)),),
        sidecar=foreign,
    )
    assert write(OpenLabel(), [item], tmp_path) == ()
    (again,), problems = read(OpenLabel(), tmp_path)
    assert (again.source, problems) == ("a.png", [])


def test_own_json_keeps_every_entity_with_its_id(shared_data: Path, tmp_path: Path) -> None:
    items, _ = read(OpenLabel(), shared_data / "export_openlabel")
    assert write(OwnJson(), items, tmp_path) == ()
    again, problems = read(OwnJson(), tmp_path)
    assert problems == []
    assert [(item.source, item.entities, item.sidecar) for item in again] == [
        (item.source, item.entities, item.sidecar) for item in items
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (
            {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "objects": {"x": {}}}},
            "import.breaks_schema",
        ),
        ({"openlabel": {}}, "import.breaks_schema"),
        (
            {
                "openlabel": {
                    "metadata": {"schema_version": "1.0.0"},
                    "objects": {
                        "0": {
                            "name": "",
                            "type": "car",
                            "object_data": {"cuboid": [{"name": "c", "val": [1e999] * 9}]},
                        }
                    },
                }
            },
            "import.bad_json",
        ),
    ],
)
def test_a_file_that_breaks_the_standard_is_refused_with_the_place_named(
    tmp_path: Path, content: object, code: str
) -> None:
    (tmp_path / "scene.json").write_text(json.dumps(content))
    items, problems = read(OpenLabel(), tmp_path)
    assert items == []
    assert [problem.code for problem in problems] == [code]
    assert "scene.json" in problems[0].message
