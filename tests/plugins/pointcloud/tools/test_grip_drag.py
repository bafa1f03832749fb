"""Handles of a cuboid on a camera's picture: faces, edges, corners, the disc, and the cuboid itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import CameraSight
from plugins.pointcloud.linkage import Grip, grip_place
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.tools.picture_grips import CORNERS, EDGES, picture_grips
from plugins.pointcloud.tools.reaching import FACES, grips_of
from studio.domain.edit import Edit, change
from studio.domain.entities import Track
from studio.domain.ids import EntityId
from studio.domain.space import Pose, inward, matrix_of, wrapped, yaw_of
from studio.domain.values import XYZ
from tests.plugins.pointcloud.camera_ground import CameraHand
from tests.plugins.pointcloud.space_ground import close
from tests.plugins.pointcloud.test_picture_boxes import ground

MODELS = [
    ("pinhole", ()),
    ("brown_conrady", (-0.2, 0.03, 0.0, 0.0, 0.0)),
    ("kannala_brandt", (0.02, 0, 0, 0)),
]
Ground = tuple[EntityId, SpaceScene, CameraSight, CameraHand]


def near_car(model: str = "pinhole", bent: tuple[float, ...] = (), **more: object) -> Ground:
    """A car that is close enough for its corners to be taken hold of."""
    track, scene, sight, hand = ground(model=model, bent=bent, size=(4.0, 1.8, 1.5), **more)
    scene.document.apply(moved_to(scene, track, (8.0, 0.5, 0.6)))
    scene.refresh({each.id for each in scene.document})
    return track.id, scene, sight, hand


def moved_to(scene: SpaceScene, track: Track, centre: XYZ) -> Edit:
    held = scene.index.key_frame(track.id, 0)
    return change("Nearer", (held, replace(held, centre=centre)))


def placement(ground: Ground) -> Placement:
    found = ground[1].placement(ground[0])
    assert found is not None
    return found


def drag(hand: CameraHand, start: tuple[float, float], by: tuple[float, float], *held: str) -> None:
    end = (start[0] + by[0], start[1] + by[1])
    hand.at("press", start)
    hand.at("move", (start[0] + by[0] / 2, start[1] + by[1] / 2), frozenset(held))
    hand.at("move", end, frozenset(held))
    assert hand.tool.preview()
    hand.at("release", end, frozenset(held))


def shown(ground: Ground, kind: tuple[Grip, ...]) -> list[Grip]:
    return [each.grip for each in picture_grips(placement(ground), ground[2]) if each.grip in kind]


@pytest.mark.parametrize(("model", "bent"), MODELS)
def test_a_corner_goes_where_the_hand_takes_it_and_the_opposite_corner_stays(model, bent) -> None:
    made = near_car(model, bent)
    hand, before = made[3], placement(made)
    floor = [grip for grip in shown(made, CORNERS) if grip[2] < 0]
    assert floor
    for grip in floor[:2]:
        start = hand.pixel(tuple(grip_place(placement(made), grip)))
        behind = tuple(-each if axis < 2 else each for axis, each in enumerate(grip))
        stays = grip_place(placement(made), behind)
        drag(hand, start, (14.0, 9.0))
        after = placement(made)
        assert np.hypot(*np.subtract(hand.pixel(tuple(grip_place(after, grip))), start) - (14, 9)) < 1.0
        assert close(tuple(grip_place(after, behind)), tuple(stays), 0.02)
        assert after.size[2] == pytest.approx(before.size[2])
        assert "within" in hand.tool.words()
    assert len(hand.edits) == 2


def test_the_middle_of_an_edge_takes_its_two_faces_along() -> None:
    made = near_car()
    hand, before = made[3], placement(made)
    edges = shown(made, EDGES)
    assert edges
    grip = edges[0]
    start = hand.pixel(tuple(grip_place(before, grip)))
    drag(hand, start, (10.0, -12.0))
    after = placement(made)
    assert np.hypot(*np.subtract(hand.pixel(tuple(grip_place(after, grip))), start) - (10, -12)) < 1.0
    opposite = tuple(-each for each in grip)
    assert close(tuple(grip_place(after, opposite)), tuple(grip_place(before, opposite)), 0.02)
    for axis in range(3):
        assert (abs(after.size[axis] - before.size[axis]) < 1e-6) == (grip[axis] == 0)


def test_a_face_goes_along_its_own_axis_and_with_ctrl_the_one_behind_it_too() -> None:
    for ctrl in (False, True):
        made = near_car()
        hand, before = made[3], placement(made)
        axis, side = FACES["top"]
        start = hand.pixel(next(each.xyz for each in grips_of(before) if each.name == "top"))
        drag(hand, start, (0.0, -20.0), *(["ctrl"] if ctrl else []))
        after = placement(made)
        grown = after.size[2] - before.size[2]
        assert grown > 0.1
        own = inward(Pose(before.centre, before.rotation), np.array([after.centre]))[0]
        assert np.allclose(own, [0, 0, 0.0 if ctrl else side * grown / 2], atol=1e-6)
        assert (after.size[0], after.size[1]) == pytest.approx((before.size[0], before.size[1]))
        assert axis == 2


def test_the_disc_turns_it_until_its_front_is_under_the_hand() -> None:
    made = near_car()
    hand, before = made[3], placement(made)
    disc = next(each.xyz for each in grips_of(before) if each.name == "turn")
    start = hand.pixel(disc)
    drag(hand, start, (30.0, 0.0))
    after = placement(made)
    assert after.centre == before.centre
    assert abs(wrapped(yaw_of(after.rotation) - yaw_of(before.rotation))) > 0.05
    ahead = float(np.linalg.norm(np.subtract(disc, before.centre)))
    tip = np.array(after.centre) + matrix_of(after.rotation)[:, 0] * ahead
    assert np.hypot(*np.subtract(hand.pixel(tuple(tip)), (start[0] + 30, start[1]))) < 12
    drag(hand, hand.pixel(tuple(tip)), (-25.0, 0.0), "shift")
    steps = math.degrees(yaw_of(placement(made).rotation)) / 5
    assert steps == pytest.approx(round(steps), abs=1e-6)


def test_a_click_on_a_handle_changes_nothing() -> None:
    made = near_car()
    hand = made[3]
    start = hand.pixel(tuple(grip_place(placement(made), shown(made, CORNERS)[0])))
    hand.at("press", start)
    hand.at("move", (start[0] + 2, start[1]))
    hand.at("release", (start[0] + 2, start[1]))
    assert hand.edits == []
    assert hand.tool.words() == ""


def test_the_cuboid_itself_keeps_its_height_from_above_and_its_distance_at_the_horizon() -> None:
    made = near_car()
    hand, before = made[3], placement(made)
    start = hand.pixel((before.centre[0], before.centre[1], before.centre[2] + 0.1))
    drag(hand, start, (40.0, 0.0))
    level = placement(made)
    assert level.centre[2] == pytest.approx(before.centre[2])
    assert level.centre[1] < before.centre[1] - 0.2
    assert level.size == before.size
    start = hand.pixel((level.centre[0], level.centre[1], level.centre[2] + 0.1))
    drag(hand, start, (0.0, -150.0))  # above the horizon
    above = placement(made)
    eye = made[2].eye()
    gaps = [float(np.linalg.norm(np.array(each.centre) - eye)) for each in (level, above)]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-3)
    assert above.centre[2] > level.centre[2] + 0.5


def test_what_is_small_has_no_corners_to_take_hold_of() -> None:
    track, scene, sight, _ = ground()
    scene.document.apply(moved_to(scene, track, (60.0, 1.0, 0.5)))
    scene.refresh({each.id for each in scene.document})
    at = scene.placement(track.id)
    assert at is not None
    assert picture_grips(at, sight) == []
