"""A cuboid from a box on a picture: dragged by hand, or lifted from boxes that are there already."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import CameraSight, sight_of
from plugins.pointcloud.frame_points import FramePoints
from plugins.pointcloud.lifting import lift_all, lifted_edit, loose_boxes, loose_lines
from plugins.pointcloud.rig import Rig
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.frustum import ELSEWHERE, UNKNOWN, FrustumTool
from studio.domain.cameras import box_on_picture
from studio.domain.edit import creation
from studio.domain.entities import Box, Calibration, Cuboid, Track
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.space import corners, joined, turn, yaw_of
from studio.domain.values import XYZ
from tests.plugins.pointcloud.camera_ground import AHEAD, FRONT, CameraHand, camera, streams
from tests.plugins.pointcloud.space_ground import (
    SpaceHand,
    a_track,
    car_points,
    close,
    cuboid,
    scene_with,
)

CAR: tuple[XYZ, XYZ, float] = ((15.0, 1.0, 0.75), (4.2, 1.8, 1.5), 0.3)


def ground(*entities, points: FramePoints | None = None, bent=()):
    """A car of points before a camera, and a hand on the picture."""
    held = camera("brown_conrady" if bent else "pinhole", bent)
    scene = scene_with(held, *entities)
    scene.points = car_points(*CAR) if points is None else points
    scene.item = replace(scene.item, streams=(*scene.item.streams, streams()[1]))
    rig = Rig(scene.document, scene.item.streams, scene.index.timeline)
    sight = sight_of(rig, rig.cameras[0], 0, 1.0)
    assert sight is not None
    return scene, rig, sight, CameraHand(FrustumTool(), scene, sight)


def rect_of(sight: CameraSight, centre: XYZ, size: XYZ, yaw: float) -> Rect:
    assert sight.camera is not None
    rect = box_on_picture(corners(centre, size, turn(yaw)), sight.camera)
    assert rect is not None
    return rect


def box(track: Track, rect: Rect, stream: StreamId = FRONT, frame: int = 0) -> Box:
    return Box(ShapeId(new_id()), TrackId(track.id), stream, frame, rect)


def drag(hand: CameraHand, rect: Rect) -> None:
    hand.at("press", rect[:2])
    for share in (0.3, 0.7, 1.0):
        hand.at("move", (rect[0] + share * (rect[2] - rect[0]), rect[1] + share * (rect[3] - rect[1])))
    hand.at("release", rect[2:])


def stands(scene: SpaceScene, track: EntityId, at: tuple[XYZ, XYZ, float], within: float = 0.35) -> None:
    placed = scene.placement(track)
    assert placed is not None
    assert close(placed.centre, at[0], within)
    assert close(placed.size, at[1], within)
    off = abs(yaw_of(placed.rotation) - at[2]) % np.pi
    assert min(off, np.pi - off) < 0.1


@pytest.mark.parametrize("bent", [(), (-0.2, 0.03, 0.0, 0.0, 0.0)])
def test_a_box_that_is_dragged_around_a_car_on_a_picture_is_a_cuboid_around_its_points(bent) -> None:
    scene, _, sight, hand = ground(bent=bent)
    drag(hand, rect_of(sight, *CAR))
    (edit,) = hand.edits
    assert edit.tool == "box"
    (track,) = scene.selection
    assert scene.class_of(track) == "car"
    stands(scene, track, CAR)
    assert hand.tool.words().startswith("Fitted to")
    assert not [each for each in scene.document if isinstance(each, Box)]  # its box is computed


def test_two_clicks_do_what_a_drag_does_and_the_box_is_seen_meanwhile() -> None:
    scene, _, sight, hand = ground()
    left, top, right, bottom = rect_of(sight, *CAR)
    hand.at("press", (right, top))
    hand.at("release", (right, top))
    hand.at("hover", (left, bottom))
    (shown,) = hand.tool.preview()
    assert shown.xyxy == pytest.approx((left, top, right, bottom))
    assert shown.stream == FRONT
    hand.at("press", (left, bottom))
    hand.at("release", (left, bottom))
    stands(scene, next(iter(scene.selection)), CAR)


def test_where_nothing_was_measured_it_is_placed_by_the_usual_size_and_said() -> None:
    scene, _, sight, hand = ground(points=FramePoints())
    drag(hand, rect_of(sight, (30.0, 2.0, 0.8), (4.2, 1.8, 1.6), 0.07))
    placed = scene.placement(next(iter(scene.selection)))
    assert placed is not None
    assert placed.size == (4.2, 1.8, 1.6)
    assert close(placed.centre, (30.0, 2.0, 0.8), 2.5)
    assert "usual size" in hand.tool.words()


@pytest.mark.parametrize("how", ["slip", "escape", "right", "beside", "another picture"])
def test_a_slip_of_the_hand_and_what_is_cancelled_make_nothing(how) -> None:
    _, _, sight, hand = ground()
    left, top, right, bottom = rect_of(sight, *CAR)
    if how == "slip":
        drag(hand, (left, top, left + 60, top + 1))
    elif how == "beside":
        drag(hand, (-90.0, top, -10.0, bottom))
    else:
        hand.at("press", (left, top))
        hand.at("move", (right, bottom))
        if how == "escape":
            hand.at("cancel", (right, bottom))
        elif how == "right":
            assert hand.tool.back()
        else:
            hand.sight = replace(sight, picture=3)
            hand.at("press", (right, bottom))
        hand.at("release", (right, bottom))
    assert hand.edits == []
    assert hand.tool.preview() == () or how == "another picture"


def test_a_box_that_is_cut_off_over_nothing_tells_no_place() -> None:
    _, _, _, hand = ground(points=FramePoints())
    drag(hand, (10.0, 0.0, 200.0, 719.5))
    assert hand.edits == []
    assert hand.tool.words() == UNKNOWN


def test_in_a_view_without_a_picture_it_says_where_to_draw() -> None:
    scene, *_ = ground()
    hand = SpaceHand(FrustumTool(), scene)
    hand.drag((10.0, 0.0, 0.0), (14.0, 3.0, 0.0))
    assert hand.edits == []
    assert hand.tool.words() == ELSEWHERE


def test_a_click_on_a_box_that_has_no_cuboid_lifts_that_one() -> None:
    seen, other = a_track(), a_track("person")
    scene, _, sight, hand = ground(seen, other)
    rect = rect_of(sight, *CAR)
    scene.document.apply(creation("Model", box(seen, rect), box(other, (0.0, 0.0, 1200.0, 700.0))))
    middle = ((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2)
    hand.at("press", middle)
    hand.at("release", middle)
    (edit,) = hand.edits
    assert edit.title == "Lift 1 box into space"
    assert scene.selection == {seen.id}
    stands(scene, EntityId(seen.id), CAR)
    assert [each.track for each in loose_boxes(scene, FRONT, 0)] == [other.id]


def test_all_of_a_moment_are_lifted_by_one_edit_and_a_track_on_two_pictures_once() -> None:
    cars = [a_track(), a_track(), a_track(), a_track()]
    placed, far = cuboid(cars[2]), ((40.0, -3.0, 0.8), (4.2, 1.8, 1.6), 0.0)
    scene, rig, sight, _ = ground(*cars, placed)
    rear = replace(
        camera(), id=EntityId(new_id()), stream=StreamId("rear"), rotation=joined(turn(np.pi), AHEAD)
    )
    rear_stream = replace(streams()[1], id=StreamId("rear"))
    scene.document.apply(
        creation(
            "Boxes",
            rear,
            box(cars[0], rect_of(sight, *CAR)),
            box(cars[0], (600.0, 300.0, 700.0, 380.0), StreamId("rear")),
            box(cars[1], rect_of(sight, *far)),
            box(cars[2], (1.0, 1.0, 9.0, 9.0)),
            box(cars[3], (0.0, 0.0, 50.0, 719.0)),
            box(cars[3], (10.0, 10.0, 50.0, 50.0), frame=4),
        )
    )
    rig = Rig(scene.document, (*scene.item.streams, rear_stream), scene.index.timeline)
    found, failed = lift_all(scene, rig)
    assert {each.box.track for each in found} == {cars[0].id, cars[1].id}
    assert failed == 1
    edit = lifted_edit(scene, found)
    assert edit is not None
    made = [new for _, new in edit.changes.values() if isinstance(new, Cuboid)]
    assert len(made) == 2
    scene.document.apply(edit)
    scene.refresh(edit.changes)
    stands(scene, EntityId(cars[0].id), CAR)
    assert lift_all(scene, rig) == ([], 1)
    assert len(loose_lines(scene, rig, rig.cameras[0])) == 4  # the one that is left


def test_what_is_selected_is_lifted_alone_and_locked_and_hidden_ones_stay() -> None:
    cars = [a_track(), a_track(), a_track()]
    scene, rig, sight, _ = ground(*cars)
    scene.document.apply(creation("Boxes", *(box(each, rect_of(sight, *CAR)) for each in cars)))
    scene.selection = frozenset({EntityId(cars[0].id)})
    assert [each.box.track for each in lift_all(scene, rig)[0]] == [cars[0].id]
    scene.selection = frozenset()
    scene.locked, scene.hidden = frozenset({EntityId(cars[0].id)}), frozenset({EntityId(cars[1].id)})
    assert [each.box.track for each in lift_all(scene, rig)[0]] == [cars[2].id]


def test_without_a_calibration_boxes_tell_no_place() -> None:
    track = a_track()
    scene, _, _, _ = ground(track)
    scene.document.apply(creation("Box", box(track, (10.0, 10.0, 50.0, 50.0))))
    none = next(each for each in scene.document if isinstance(each, Calibration))
    scene.document.apply(creation("", none).inverse())
    rig = Rig(scene.document, scene.item.streams, scene.index.timeline)
    assert lift_all(scene, rig) == ([], 1)
