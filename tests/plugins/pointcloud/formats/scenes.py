"""Driving logs for tests of formats: random ones, one with everything in it, and how two of them differ."""

import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.shared import kind_of
from plugins.pointcloud.point_labels import PointLabels, joined, tiles_of
from studio.domain.contracts.formats import Format, Loss, MediaFile, ReadItem
from studio.domain.contracts.reading import Losses
from studio.domain.entities import (
    AnyEntity,
    Box,
    Calibration,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    Group,
    Member,
    Polyline3,
    Relation,
    Remark,
    Shape,
    State,
    Tag,
    Tile,
    Track,
)
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import matrix_of, turn
from studio.domain.values import Attributes, attributes
from studio.domain.wire.projects import Stream
from tests.plugins.formats_kit import Folder, as_written, read, write

LIDAR = StreamId("lidar")
FRONT = StreamId("front")
START_NS = 1_532_402_927_000_000_000
STEP_NS = 100_000_000
LOOKING_AHEAD = (-0.5, 0.5, -0.5, 0.5)


def fresh() -> EntityId:
    return EntityId(new_id())


def streams(frames: int, *, timed: bool = True, camera: bool = True) -> tuple[MediaFile, ...]:
    times = tuple(START_NS + STEP_NS * frame for frame in range(frames)) if timed else ()
    made = [
        MediaFile(
            Stream(id=LIDAR, name="lidar", kind="points", frames=frames, times_ns=times),
            tuple(f"sweeps/{frame:04}.pcd" for frame in range(frames)),
        )
    ]
    if camera:
        made.append(
            MediaFile(
                Stream(
                    id=FRONT, name="front", kind="image", frames=frames, times_ns=times, width=640, height=480
                ),
                tuple(f"front/{frame:04}.png" for frame in range(frames)),
            )
        )
    return tuple(made)


def lay_out(folder: Path, items: Iterable[ReadItem]) -> None:
    """Put something where the items' files are."""
    for item in items:
        for file in item.media:
            for path in file.paths:
                if path and not (folder / path).exists():
                    Folder(folder).write(path, b"data of " + path.encode())


def there_and_back(format_: Format, item: ReadItem) -> tuple[dict[str, int], ReadItem]:
    """What was lost of an item that a format has written, and what it reads of that again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        losses = write(format_, [item], folder)
        lay_out(folder, [item])
        (again,), problems = read(format_, folder)
    assert problems == []
    return said(losses), again


def cuboid(track: Track, frame: int, x: float = 10.0, **other: Any) -> Cuboid:
    held: dict[str, Any] = {"size": (4.0, 2.0, 1.5), "rotation": turn(0.3), **other}
    return Cuboid(
        id=fresh(), track=track.id, stream=LIDAR, frame=frame, centre=(x + frame, 2.0, -0.5), **held
    )


def calibration(**other: Any) -> Calibration:
    held: dict[str, Any] = {
        "model": "pinhole",
        "size": (640, 480),
        "intrinsics": (500.0, 0.0, 320.5, 0.0, 510.0, 240.5, 0.0, 0.0, 1.0),
        "translation": (1.5, 0.1, 1.2),
        "rotation": LOOKING_AHEAD,
        **other,
    }
    return Calibration(id=fresh(), stream=FRONT, **held)


coordinates = st.floats(-200, 200, allow_subnormal=False)
angles = st.floats(-3.1415, 3.1415, allow_subnormal=False)
sizes = st.tuples(*[st.floats(0.05, 20, allow_subnormal=False)] * 3)
names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
level = st.builds(turn, angles)
rotations = st.builds(
    turn, angles, st.floats(-1.4, 1.4, allow_subnormal=False), st.floats(-3.1, 3.1, allow_subnormal=False)
)
values = st.one_of(
    st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_subnormal=False), st.booleans(), names
)
held = st.dictionaries(names, values, max_size=3).map(lambda found: attributes(**found))


@st.composite
def scenes(
    draw: st.DrawFn,
    *,
    most_frames: int = 4,
    turned: st.SearchStrategy[Any] = rotations,
    camera_turned: st.SearchStrategy[Any] = rotations,
    track_held: st.SearchStrategy[Attributes] = st.just(()),
    box_held: st.SearchStrategy[Attributes] = st.just(()),
    made: st.SearchStrategy[Any] = st.just("hand"),
    poses: bool = True,
    camera: bool = True,
    timed: bool = True,
    source: str = "logs/one",
    identities: tuple[str, ...] = ("", "thing"),
) -> ReadItem:
    """Tracks with key frames anywhere, ended or not; a camera; the ego frame at every frame."""
    frames = draw(st.integers(1, most_frames))
    entities: list[AnyEntity] = []
    for number in range(draw(st.integers(0, 3))):
        track = Track(
            id=fresh(),
            class_name=draw(names),
            identity=(one := draw(st.sampled_from(identities))) and f"{one}{number}",
            attributes=draw(track_held),
        )
        entities.append(track)
        for frame in draw(st.sets(st.integers(0, frames - 1), min_size=1)):
            entities.append(
                Cuboid(
                    id=fresh(),
                    track=track.id,
                    stream=LIDAR,
                    frame=frame,
                    centre=draw(st.tuples(coordinates, coordinates, coordinates)),
                    size=draw(sizes),
                    rotation=draw(turned),
                    attributes=draw(box_held),
                    ends_here=draw(st.booleans()),
                    made=draw(made),
                )
            )
    if camera:
        entities.append(calibration(rotation=draw(camera_turned)))
    if poses and draw(st.booleans()):
        entities += [
            EgoPose(
                id=fresh(),
                time_ns=START_NS + STEP_NS * frame if timed else STEP_NS * frame,
                translation=draw(st.tuples(coordinates, coordinates, coordinates)),
                rotation=draw(rotations),
            )
            for frame in range(frames)
        ]
    return ReadItem(
        source=source,
        media=streams(frames, timed=timed, camera=camera),
        entities=tuple(entities),
        split=draw(st.sampled_from(["", "val"])),
    )


def everything(frames: int = 4, identity: str = "plate 7") -> ReadItem:
    """An item with one of everything that some format cannot hold."""
    car = Track(id=fresh(), class_name="car", name="the red one", attributes=attributes(parked=True))
    van = Track(id=fresh(), class_name="van", identity=identity)
    empty = Track(id=fresh(), class_name="ghost")
    group = Group(id=fresh(), class_name="convoy")
    labels = PointLabels(("", "road"), np.array([0, 1, 1], np.uint16), np.array([0, 0, 7], np.uint32))
    tiles, blobs = tiles_of(labels, LIDAR, 0)
    entities: tuple[AnyEntity, ...] = (
        car,
        van,
        empty,
        cuboid(car, 0, attributes=attributes(seen=0.5)),
        cuboid(car, 2, made="model"),
        cuboid(van, 1, ends_here=True),
        cuboid(van, 3, made="auto", ends_here=True),
        calibration(),
        CoordinateSystem(id=fresh(), name="imu", parent="ego", translation=(-0.8, 0.3, -0.7)),
        *(
            EgoPose(
                id=fresh(),
                time_ns=START_NS + STEP_NS // 2 * half,
                translation=(half * 0.4, 0.1, 0.0),
                rotation=turn(half * 0.01),
            )
            for half in range(2 * frames)
        ),
        *tiles,
        Box(id=fresh(), track=car.id, stream=FRONT, frame=0, xyxy=(10.0, 20.0, 110.0, 90.5)),
        Polyline3(id=fresh(), track=van.id, stream=LIDAR, frame=0, points=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))),
        Tag(id=fresh(), class_name="night"),
        Relation(id=fresh(), class_name="follows", source=van.id, target=car.id),
        group,
        Member(id=fresh(), group=group.id, entity=car.id),
        State(id=fresh(), of=car.id, time_ns=START_NS, attributes=attributes(lights="on")),
        Remark(id=fresh(), text="look", on=car.id),
    )
    return ReadItem(
        source="logs/everything", media=streams(frames), entities=entities, split="val", blobs=tuple(blobs)
    )


def said(losses: Iterable[Loss]) -> dict[str, int]:
    """How many of what; what was lost in two ways is counted together."""
    found: Counter[str] = Counter()
    for loss in losses:
        found[loss.what] += loss.count
    return dict(found)


def differences(before: ReadItem, after: ReadItem) -> dict[str, int]:
    """How `after` differs from `before`, in the words of a loss report; numbers that differ raise."""
    found: Counter[str] = Counter()
    assert [file.stream for file in after.media] == [file.stream for file in before.media]
    assert [file.paths for file in after.media] == [file.paths for file in before.media]
    assert (after.source, after.split) == (before.source, before.split)
    old, new = _tracks(before), _tracks(after)
    assert set(new) <= set(old)
    boxes, now = _boxes(before), _boxes(after)
    computed = {
        (_key(box.track), frame): box
        for scene in [Scene(as_written(before), Losses())]
        for frame in range(scene.frames)
        for box in scene.boxes(frame)
    }
    for key, track in old.items():
        if key not in new:
            gone = [at for at in boxes if at[0] == key]
            found["shape cuboid"] += len(gone)
            for at in gone:
                del boxes[at]
            found[f"track without a cuboid ({track.class_name})"] += 1
            found.update(f"attribute {name!r} of a track" for name, _ in track.attributes)
            found["name of a track"] += bool(track.name)
            continue
        found["name of a track"] += new[key].name != track.name
        found.update(_changed(track.attributes, new[key].attributes, "track"))
    for at, box in now.items():
        if at not in boxes:
            found["box between key frames"] += 1
        here = computed[at]
        near((*box.centre, *box.size), (*here.solid.centre, *here.solid.size))
        near(matrix_of(box.rotation), matrix_of(here.solid.rotation))
    last = before.media[0].stream.frames - 1
    for (key, frame), box in boxes.items():
        again = now[key, frame]
        found.update(_changed(box.attributes, again.attributes, "box"))
        if box.made != again.made:
            found[f"cuboid made by {box.made}"] += 1
        if (key, frame + 1) not in now and frame != last:
            assert again.ends_here == box.ends_here, (key, frame)
    found.update(_others(before, after))
    return dict(+found)


def near(first: Any, second: Any) -> None:
    np.testing.assert_allclose(np.array(first, float), np.array(second, float), atol=1e-6, rtol=1e-9)


def _key(track: Track) -> str:
    return f"{track.class_name} {track.identity or track.id}"


def _tracks(item: ReadItem) -> dict[str, Track]:
    return {_key(each): each for each in item.entities if isinstance(each, Track)}


def _boxes(item: ReadItem) -> dict[tuple[str, int], Cuboid]:
    tracks = {each.id: _key(each) for each in item.entities if isinstance(each, Track)}
    return {(tracks[each.track], each.frame): each for each in item.entities if isinstance(each, Cuboid)}


def _changed(old: Attributes, new: Attributes, of: str) -> Iterable[str]:
    was, now = dict(old), dict(new)
    for name in was.keys() | now.keys():
        same = name in was and name in now and was[name] == now[name] and type(was[name]) is type(now[name])
        if not same:
            yield f"attribute {name!r} of a {of}"


def _others(before: ReadItem, after: ReadItem) -> Counter[str]:
    found: Counter[str] = Counter()
    old = {each.time_ns: each for each in before.entities if isinstance(each, EgoPose)}
    new = {each.time_ns: each for each in after.entities if isinstance(each, EgoPose)}
    stream = before.media[0].stream
    frames = set(stream.times_ns) or {STEP_NS * frame for frame in range(stream.frames)}
    for time in old.keys() - new.keys():
        found["pose of the ego frame" + (" between frames" if new and time not in frames else "")] += 1
    found["pose of the ego frame at a frame"] += len(new.keys() - old.keys())
    for time in old.keys() & new.keys():
        near(old[time].translation, new[time].translation)
        near(matrix_of(old[time].rotation), matrix_of(new[time].rotation))
    for kind in (Calibration, CoordinateSystem):
        was = {_name(each): each for each in before.entities if isinstance(each, kind)}
        now = {_name(each): each for each in after.entities if isinstance(each, kind)}
        for name in was.keys() - now.keys():
            found["frame of reference of a sensor" if kind is CoordinateSystem else kind_of(was[name])] += 1
        for name in was.keys() & now.keys():
            near(was[name].translation, now[name].translation)
            near(matrix_of(was[name].rotation), matrix_of(now[name].rotation))
            if isinstance(was[name], Calibration):
                near(was[name].intrinsics, now[name].intrinsics)
                assert was[name].model == now[name].model
                size = len(was[name].distortion)
                near((*now[name].distortion, *[0.0] * size)[:size], was[name].distortion)
    found.update(_tiles(before, after))
    rest = (Track, Cuboid, EgoPose, Calibration, CoordinateSystem, Tile)
    was_kinds = Counter(_what(each) for each in before.entities if not isinstance(each, rest))
    now_kinds = Counter(_what(each) for each in after.entities if not isinstance(each, rest))
    assert not now_kinds - was_kinds
    found.update(was_kinds - now_kinds)
    return found


def _tiles(before: ReadItem, after: ReadItem) -> Counter[str]:
    found: Counter[str] = Counter()
    for frame in {each.frame for each in before.entities if isinstance(each, Tile)}:
        was, now = labels_at(before, frame), labels_at(after, frame)
        if was != now:
            assert now == []
            found["tile"] += sum(isinstance(each, Tile) and each.frame == frame for each in before.entities)
    return found


def labels_at(item: ReadItem, frame: int) -> list[tuple[str, int]]:
    """The class and instance of every point of a frame."""
    tiles = [each for each in item.entities if isinstance(each, Tile) and each.frame == frame]
    labels = joined(tiles, dict(item.blobs).__getitem__)
    return [
        (labels.classes[each], int(instance))
        for each, instance in zip(labels.class_of, labels.instance_of, strict=True)
    ]


def _name(entity: Any) -> str:
    return str(getattr(entity, "stream", "") or entity.name)


def _what(entity: AnyEntity) -> str:
    return f"shape {kind_of(entity)}" if isinstance(entity, Shape) else kind_of(entity)
