"""Painting points: what a stroke reaches, what locks keep, one stroke one Edit, and tiles that come back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import sight_of
from plugins.pointcloud.painting.following import claimed, followed
from plugins.pointcloud.painting.frame_labels import drawn_instances, instance_of_track
from plugins.pointcloud.painting.growing import region_of
from plugins.pointcloud.painting.strokes import coded, distrust, painted
from plugins.pointcloud.point_labels import RUN, joined
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.grow import GrowRegion
from plugins.pointcloud.tools.outline import PointLasso, PointPolygon
from plugins.pointcloud.tools.paint import GroundBrush, PointBrush
from studio.domain.edit import change, creation
from studio.domain.entities import Tile, Track
from studio.domain.ids import EntityId
from studio.domain.space import within
from tests.plugins.pointcloud.camera_ground import FRONT, camera, rig_with
from tests.plugins.pointcloud.paint_ground import PaintHand
from tests.plugins.pointcloud.space_ground import LIDAR, a_track, car_points, cuboid, scene_with, select
from widgets.cloud.space_view import SpaceView

CAR = (10.0, 0.0, 0.0)
ASIDE = SpaceView((800.0, 600.0), (10.0, 0.0, 0.0), 25.0, 0.0, math.radians(-20))


def tiles(hand: PaintHand) -> list[Tile]:
    return [each for each in hand.scene.document if isinstance(each, Tile)]


def body(scene: SpaceScene) -> set[int]:
    """The points of the car, which are the first 4,000."""
    return set(range(4000))


def test_a_stroke_is_one_edit_and_undo_gives_the_labels_back() -> None:
    hand = PaintHand(PointBrush())
    hand.drag((8.0, 0.0, 0.0), (10.0, 0.0, 0.0), (12.0, 0.0, 0.0))
    first = hand.painted_places()
    assert len(first) > 1000
    assert [each.title for each in hand.edits] == ["Paint points: Car"]
    (tile,) = tiles(hand)
    assert (tile.stream, tile.frame, tile.index, tile.owner) == (LIDAR, 0, (0, 0), None)
    hand.scene.class_name = "person"
    hand.drag((12.0, 0.0, 0.0), (20.0, 0.0, 0.0))
    (after,) = tiles(hand)
    assert after.id == tile.id
    assert after.blob != tile.blob
    hand.apply(hand.edits[-1].inverse())
    hand.load()
    assert hand.painted_places() == first
    assert not hand.painted_places("person")
    hand.apply(hand.edits[0].inverse())
    hand.load()
    assert not hand.painted_places()
    assert not tiles(hand)


def test_labels_are_kept_in_the_files_own_order() -> None:
    hand = PaintHand(PointBrush(), total=3 * RUN)  # most points of the file have no place in space
    hand.click(CAR)
    labels = joined(tiles(hand), hand.blobs.__getitem__)
    assert len(labels.class_of) == 3 * RUN
    cloud = hand.scene.painter.labels.clouds[0]  # type: ignore[union-attr]
    named = {labels.classes[each] for each in labels.class_of[cloud.order[sorted(hand.painted_places())]]}
    assert named == {"car"}
    assert int((labels.class_of != labels.classes.index("")).sum()) == len(hand.painted_places())


def test_a_first_stroke_that_leaves_the_last_run_alone_still_says_how_many_points_there_are() -> None:
    hand = PaintHand(PointBrush(), total=3 * RUN)
    labels = hand.scene.painter.labels
    assert labels is not None
    cloud = labels.clouds[0]
    low = np.flatnonzero(cloud.order < RUN)[:5]
    hand.scene.painter.give(low, "car", 0)
    hand.scene.painter.end("Paint", "test")
    assert sorted(each.index[0] for each in tiles(hand)) == [0, 2]
    assert len(joined(tiles(hand), hand.blobs.__getitem__).class_of) == 3 * RUN


def test_a_fast_hand_leaves_no_gaps() -> None:
    hand = PaintHand(PointBrush())
    hand.scene.painter.settings.radius_px = 10.0
    hand.drag((-10.0, 5.0, 0.0), (26.0, 5.0, 0.0))
    x = np.sort(hand.scene.points.xyz[sorted(hand.painted_places()), 0])
    assert x.min() < -9
    assert x.max() > 25
    assert np.diff(x).max() < 1.0


def test_escape_puts_back_what_was_and_makes_no_edit() -> None:
    hand = PaintHand(PointBrush())
    shown: list[int] = []
    hand.scene.painter.on_painted = lambda places: shown.append(len(places))
    hand.at("press", CAR)
    hand.at("move", (12.0, 0.0, 0.0))
    assert hand.tool.preview()
    assert hand.painted_places()
    hand.at("cancel", CAR)
    assert not hand.painted_places()
    assert not hand.edits
    assert not hand.tool.preview()
    assert shown[-1] > 0
    hand.at("release", CAR)
    assert not hand.edits


def test_what_stands_behind_is_painted_only_if_that_is_wanted() -> None:
    for seen_only in (True, False):
        hand = PaintHand(PointBrush(), side="space", view=replace(ASIDE, pitch=0.0))
        hand.scene.painter.settings.seen_only = seen_only
        hand.scene.painter.settings.radius_px = 12.0
        hand.click((8.0, 0.0, 0.0))  # the rear, which faces the eye
        front = [
            each for each in hand.painted_places() & body(hand.scene) if hand.scene.points.xyz[each, 0] > 11.9
        ]
        assert bool(front) is not seen_only


def test_locks_keep_what_is_painted() -> None:
    hand = PaintHand(PointBrush())
    hand.click(CAR)
    cars = hand.painted_places()
    hand.scene.class_name = "person"
    hand.scene.painter.settings.only_unlabelled = True
    hand.click(CAR)
    assert hand.painted_places() == cars
    assert len(hand.edits) == 1, "a stroke that changes nothing is no Edit"
    hand.scene.painter.settings.only_unlabelled = False
    hand.scene.painter.settings.kept = frozenset({"car"})
    hand.drag(CAR, (20.0, 0.0, 0.0))
    assert hand.painted_places() == cars
    assert hand.painted_places("person")
    hand.scene.painter.settings.erase = True
    hand.drag(CAR, (20.0, 0.0, 0.0))
    assert hand.painted_places() == cars
    assert not hand.painted_places("person")
    hand.scene.painter.settings.kept = frozenset()
    hand.scene.painter.settings.erase = False
    hand.drag(CAR, CAR, modifiers=frozenset({"shift"}))
    assert not hand.painted_places()
    assert hand.edits[-1].title == "Rub out labels of points"


def test_by_instance_points_belong_to_the_selected_track_and_by_class_they_stay_its() -> None:
    track = a_track()
    hand = PaintHand(PointBrush(), scene_with(track, cuboid(track)))
    painter = hand.scene.painter
    painter.settings.by = "instance"
    hand.click(CAR)
    assert not hand.edits
    assert "Select" in hand.tool.words()
    select(hand.scene, track)
    hand.click(CAR)
    number = instance_of_track(track.id)
    labels = painter.labels
    assert labels is not None
    mine = set(labels.with_instance(number).tolist())
    assert mine == hand.painted_places()
    assert labels.count_of(number) == len(mine)
    painter.settings.by = "class"
    hand.drag(CAR, (14.0, 0.0, 0.0))
    assert set(labels.with_instance(number).tolist()) == mine
    assert hand.painted_places() > mine


def test_a_lasso_takes_what_is_inside_it() -> None:
    hand = PaintHand(PointLasso())
    hand.drag((7.0, -2.0, 0.0), (13.0, -2.0, 0.0), (13.0, 2.0, 0.0), (7.0, 2.0, 0.0))
    xyz = hand.scene.points.xyz
    inside = (xyz[:, 0] > 7) & (xyz[:, 0] < 13) & (np.abs(xyz[:, 1]) < 2)
    assert len(hand.painted_places() ^ set(np.flatnonzero(inside).tolist())) < 10
    assert len(hand.edits) == 1
    hand.click(CAR)
    assert len(hand.edits) == 1, "a click is no lasso"


def test_a_polygon_closes_on_its_first_corner_and_takes_corners_back() -> None:
    hand = PaintHand(PointPolygon())
    for corner in ((7.0, -2.0, 0.0), (13.0, -2.0, 0.0), (30.0, 9.0, 0.0)):
        hand.click(corner)
    hand.at("press", CAR, button="right")  # the last corner was a slip
    assert len(hand.tool.preview()[0].corners) >= 2  # type: ignore[attr-defined]
    for corner in ((13.0, 2.0, 0.0), (7.0, 2.0, 0.0), (7.0, -2.0, 0.0)):
        hand.click(corner)
    xyz = hand.scene.points.xyz
    inside = (xyz[:, 0] > 7) & (xyz[:, 0] < 13) & (np.abs(xyz[:, 1]) < 2)
    assert len(hand.painted_places() ^ set(np.flatnonzero(inside).tolist())) < 10
    assert not hand.tool.preview()


def test_a_polygon_whose_view_has_moved_is_dropped_and_that_is_said() -> None:
    hand = PaintHand(PointPolygon())
    for corner in ((7.0, -2.0, 0.0), (13.0, -2.0, 0.0), (13.0, 2.0, 0.0)):
        hand.click(corner)
    hand.view = hand.view.zoomed(1.2, (100.0, 100.0))
    hand.click((7.0, 2.0, 0.0))
    assert "moved" in hand.tool.words()
    assert not hand.tool.preview()
    assert not hand.edits


def test_a_region_grows_over_the_car_and_not_over_the_ground_and_follows_the_wheel() -> None:
    hand = PaintHand(GrowRegion(), side="space", view=ASIDE)
    tool = hand.tool
    hand.at("press", (8.0, 0.0, 0.3))
    grown = hand.painted_places()
    assert len(grown & body(hand.scene)) > 2900  # its lowest 20 cm count as ground
    assert len(grown - body(hand.scene)) < 100
    pointer = replace(last_pointer(hand), modifiers=frozenset())
    for _ in range(25):
        assert tool.wheel(pointer, -1.0, hand.scene)  # type: ignore[attr-defined]
    assert len(hand.painted_places()) < 100, "nothing hangs together over 5 cm"
    for _ in range(15):
        tool.wheel(pointer, 1.0, hand.scene)  # type: ignore[attr-defined]
    assert "hang together" in tool.words()
    assert len(hand.painted_places()) > 2900
    hand.at("release", (8.0, 0.0, 0.3))
    assert len(hand.edits) == 1
    hand.apply(hand.edits[0].inverse())
    hand.load()
    assert not hand.painted_places()


def last_pointer(hand: PaintHand) -> object:
    from widgets.cloud.pointer import SpacePointer

    return SpacePointer("wheel", (0.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), hand.view, hand.side)


def test_a_step_of_height_bounds_a_region() -> None:
    rng = np.random.default_rng(3)
    floor = np.column_stack([rng.uniform(-15, 15, (6000, 2)), np.zeros(6000)])
    low = np.column_stack([rng.uniform(0, 3, (3000, 1)), rng.uniform(-2, 2, (3000, 1)), np.full(3000, 1.0)])
    high = np.column_stack([rng.uniform(3, 6, (3000, 1)), rng.uniform(-2, 2, (3000, 1)), np.full(3000, 1.6)])
    points = np.concatenate([floor, low, high]).astype(np.float32)
    assert set(region_of(points, 6000, 1.0, 0.3)) == set(range(6000, 9000))
    assert set(region_of(points, 6000, 1.0, 0.8)) == set(range(6000, 12_000))


def test_the_ground_brush_takes_the_ground_alone_and_with_shift_all_of_it() -> None:
    hand = PaintHand(GroundBrush())
    hand.scene.painter.settings.radius_px = 60.0
    hand.click(CAR)
    some = hand.painted_places()
    ground = set(range(4000, 24_000))
    assert some
    # the lowest 20 cm of the car's sides look like ground
    low = {each for each in body(hand.scene) if hand.scene.points.xyz[each, 2] < -0.5}
    assert some - ground <= low
    hand.click(CAR, modifiers=frozenset({"shift"}))
    assert len(hand.painted_places() & ground) > 19_900
    assert "ground" in hand.tool.words()


def test_nothing_is_painted_before_the_labels_are_there() -> None:
    hand = PaintHand(PointBrush())
    hand.scene.painter.labels = None
    hand.click(CAR)
    assert not hand.edits
    assert "on their way" in hand.tool.words()


def inside(scene: SpaceScene, track: Track) -> set[int]:
    at = scene.placement(EntityId(track.id))
    assert at is not None
    return set(
        np.flatnonzero(within(scene.points.xyz.astype(float), at.centre, at.size, at.rotation)).tolist()
    )


def test_points_follow_their_cuboid_in_one_edit_and_one_undo() -> None:
    track = a_track()
    hand = PaintHand(PointBrush(), scene_with(track, box := cuboid(track)))
    scene = hand.scene
    select(scene, track)
    stroke = claimed(scene, scene.painter)
    assert stroke is not None
    hand._stroke(stroke)
    labels = scene.painter.labels
    assert labels is not None
    number = instance_of_track(track.id)
    before = set(labels.with_instance(number).tolist())
    assert before == inside(scene, track)
    moved = change("Move Car", (box, replace(box, centre=(11.0, 0.5, 0.0))), tool="select")
    follows = followed(scene, scene.painter, moved)
    assert follows is not None
    blobs = coded(follows)
    hand.blobs |= dict(blobs)
    hand.apply(moved.then(painted(follows, blobs, hand.index, scene.item.id)))
    assert set(labels.with_instance(number).tolist()) == inside(scene, track) != before
    distrust(follows.runs)  # as after a restart: from the tiles
    hand.load()
    assert set(labels.with_instance(number).tolist()) == inside(scene, track)
    hand.apply(hand.edits[-1].inverse())
    hand.load()
    assert set(labels.with_instance(number).tolist()) == before == inside(scene, track)


def test_what_others_painted_is_not_claimed() -> None:
    track = a_track()
    hand = PaintHand(PointBrush(), scene_with(track, cuboid(track)))
    scene = hand.scene
    scene.class_name = "person"
    hand.click(CAR)
    people = hand.painted_places("person")
    select(scene, track)
    assert people & inside(scene, track)
    stroke = claimed(scene, scene.painter)
    assert stroke is not None
    hand._stroke(stroke)
    assert hand.painted_places("person") == people
    assert hand.painted_places("car") == inside(scene, track) - people


def test_a_cuboid_without_points_of_its_own_moves_alone() -> None:
    track = a_track()
    hand = PaintHand(PointBrush(), scene_with(track, box := cuboid(track)))
    moved = change("Move Car", (box, replace(box, centre=(11.0, 0.5, 0.0))))
    assert followed(hand.scene, hand.scene.painter, moved) is None


def test_a_stroke_over_what_somebody_else_has_changed_is_known_to_be_void() -> None:
    hand = PaintHand(PointBrush())
    hand.click(CAR)
    painter = hand.scene.painter
    painter.give(np.arange(50), "person", 0)
    stroke = painter.taken("Paint", "brush")
    assert stroke is not None
    (tile,) = tiles(hand)
    hand.apply(change("Theirs", (tile, replace(tile, blob="theirs"))))
    assert not all(each.is_current(hand.index) for each in stroke.runs)


gestures = st.lists(
    st.tuples(
        st.sampled_from(["car", "person", "rub out"]),
        st.floats(6, 14),
        st.floats(-3, 3),
        st.sampled_from([0, 1, 2**31 + 5]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15)
@given(gestures)
def test_undoing_every_stroke_gives_each_state_back(made: list[tuple[str, float, float, int]]) -> None:
    hand = PaintHand(PointBrush(), scene_with(), total=RUN + 100)
    labels = hand.scene.painter.labels
    assert labels is not None
    everything = np.arange(len(labels))

    def state() -> tuple[bytes, bytes]:
        return labels.classes_of(everything).tobytes(), labels.instances_of(everything).tobytes()

    states = [state()]
    for name, x, y, number in made:
        before = len(hand.edits)
        near = np.flatnonzero(np.hypot(*(hand.scene.points.xyz[:, :2] - (x, y)).T) < 1.5)
        hand.scene.painter.give(near, "" if name == "rub out" else name, number if name != "rub out" else 0)
        hand.scene.painter.end("Paint", "test")
        if len(hand.edits) > before:
            states.append(state())
    done = list(hand.edits)
    for edit, expected in zip(reversed(done), reversed(states[:-1]), strict=True):
        hand.apply(edit.inverse())
        hand.load()
        assert state() == expected


def test_instances_are_drawn_apart_and_small_numbers_as_they_are() -> None:
    small = np.arange(500, dtype=np.uint32)
    assert (drawn_instances(small) == small).all()
    numbers = np.array([0, 1, 2**31 + 7, 2**32 - 1, 65_535, 131_070], np.uint32)
    drawn = drawn_instances(numbers)
    assert drawn[0] == 0
    assert (drawn[1:] > 0).all()
    tracks = [instance_of_track(a_track().id) for _ in range(100)]
    assert len(set(tracks)) == 100
    assert min(tracks) >= 2**31


@pytest.mark.parametrize("entity", [a_track()])
def test_tiles_of_masks_are_no_labels_of_points(entity: Track) -> None:
    hand = PaintHand(PointBrush())
    mask = Tile(EntityId(a_track().id), EntityId(entity.id), LIDAR, 0, (0, 0), "x")
    hand.apply(creation("Mask", entity, mask))
    labels = hand.scene.painter.labels
    assert labels is not None
    assert not list(labels.wanting(hand.index))


def test_points_are_painted_on_a_cameras_picture_by_what_it_sees() -> None:
    rig = rig_with(camera())
    sight = sight_of(rig, rig.camera(FRONT), 0, 0.5)
    assert sight is not None
    hand = PaintHand(PointLasso(), side="space", view=sight)
    hand.scene.points = car_points((12.0, 0.0, 0.75))
    left, right, low, high = 1.4, -1.4, -0.3, 1.9
    hand.drag(*((10.0, y, z) for y, z in ((left, low), (right, low), (right, high), (left, high))))
    painted = hand.scene.points.xyz[sorted(hand.painted_places() & body(hand.scene))]
    assert len(painted) > 500
    assert painted[:, 0].max() < 13.9, "its far side is hidden behind the near one"
    assert painted[:, 0].min() < 10.1
