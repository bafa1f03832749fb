"""Select, move, resize and turn cuboids, in each view, without a window."""

import math

import pytest

from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.tools.reaching import cuboid_under, grips_of, ray_meets
from plugins.pointcloud.tools.select import SelectSpaceTool
from studio.domain.entities import Cuboid
from studio.domain.ids import EntityId
from studio.domain.space import Pose, turn, wrapped, yaw_of
from tests.plugins.pointcloud.space_ground import SpaceHand, a_track, close, cuboid, scene_with, select
from widgets.cloud.space_view import SpaceView, flat_view


@pytest.fixture
def track():
    return a_track()


def test_a_click_selects_and_a_click_beside_it_clears(track) -> None:
    scene = scene_with(track, cuboid(track))
    hand = SpaceHand(SelectSpaceTool(), scene)
    hand.click((10.5, 0.5, 0.0))
    assert scene.selection == {track.id}
    hand.click((25.0, 5.0, 0.0))
    assert scene.selection == frozenset()
    assert hand.edits == []


@pytest.mark.parametrize("held", ["shift", "ctrl"])
def test_shift_or_ctrl_adds_and_takes_away(track, held) -> None:
    other = a_track()
    scene = scene_with(track, cuboid(track), other, cuboid(other, centre=(10.0, 6.0, 0.0)))
    hand = SpaceHand(SelectSpaceTool(), scene)
    hand.click((10.0, 0.0, 0.0))
    hand.click((10.0, 6.0, 0.0), modifiers=frozenset({held}))
    assert scene.selection == {track.id, other.id}
    hand.click((10.0, 6.0, 0.0), modifiers=frozenset({held}))
    assert scene.selection == {track.id}


def test_a_drag_from_above_moves_across_and_keeps_the_height(track) -> None:
    scene = scene_with(track, cuboid(track, centre=(10.0, 0.0, 0.7)))
    hand = SpaceHand(SelectSpaceTool(), scene)
    hand.drag((10.5, 0.5, 0.0), (11.0, 1.0, 0.0), (13.5, 2.5, 0.0))
    (edit,) = hand.edits
    assert edit.title == "Move Car"
    assert close(scene.placement(track.id).centre, (13.0, 2.0, 0.7))


def test_a_drag_in_perspective_moves_along_the_ground(track) -> None:
    scene = scene_with(track, cuboid(track))
    view = SpaceView((800.0, 600.0), (10.0, 0.0, 0.0), 30.0, 0.3, math.radians(-40))
    hand = SpaceHand(SelectSpaceTool(), scene, "space", view)
    hand.drag((10.0, 0.0, 0.0), (10.5, 0.5, 0.0), (12.0, -3.0, 0.0))
    assert close(scene.placement(track.id).centre, (12.0, -3.0, 0.0), 1e-4)


@pytest.mark.parametrize("yaw", [0.0, 0.7, math.pi, -2.5])
def test_dragging_the_front_lengthens_and_the_rear_stays(track, yaw) -> None:
    scene = scene_with(track, cuboid(track, yaw=yaw))
    select(scene, track)
    at = scene.placement(track.id)
    front = next(grip.xyz for grip in grips_of(at) if grip.name == "front")
    rear = next(grip.xyz for grip in grips_of(at) if grip.name == "rear")
    ahead = (math.cos(yaw), math.sin(yaw))
    further = (front[0] + 1.5 * ahead[0], front[1] + 1.5 * ahead[1], front[2])
    SpaceHand(SelectSpaceTool(), scene).drag(front, further)
    after = scene.placement(track.id)
    assert close(after.size, (5.5, 2.0, 1.5))
    assert close(next(grip.xyz for grip in grips_of(after) if grip.name == "rear"), rear)


def test_a_face_never_passes_the_one_behind_it(track) -> None:
    scene = scene_with(track, cuboid(track))
    select(scene, track)
    SpaceHand(SelectSpaceTool(), scene).drag((12.0, 0.0, 0.0), (2.0, 0.0, 0.0))
    assert scene.placement(track.id).size[0] == pytest.approx(0.05)


def test_the_top_is_dragged_in_the_side_view(track) -> None:
    scene = scene_with(track, cuboid(track))
    select(scene, track)
    side = flat_view("side", Pose((10.0, 0.0, 0.0)), (800.0, 600.0), 12.0)
    SpaceHand(SelectSpaceTool(), scene, "side", side).drag((10.0, 0.0, 0.75), (10.0, 0.0, 1.25))
    after = scene.placement(track.id)
    assert close(after.size, (4.0, 2.0, 2.0))
    assert close(after.centre, (10.0, 0.0, 0.25))


def test_the_disc_turns_the_front_towards_the_pointer(track) -> None:
    scene = scene_with(track, cuboid(track))
    select(scene, track)
    disc = next(grip.xyz for grip in grips_of(scene.placement(track.id)) if grip.name == "turn")
    SpaceHand(SelectSpaceTool(), scene).drag(disc, (12.0, 2.0, 0.0), (10.0, 4.0, 0.0))
    assert yaw_of(scene.placement(track.id).rotation) == pytest.approx(math.pi / 2)


def test_with_shift_it_turns_in_steps_of_five_degrees(track) -> None:
    scene = scene_with(track, cuboid(track))
    select(scene, track)
    disc = next(grip.xyz for grip in grips_of(scene.placement(track.id)) if grip.name == "turn")
    end = (10.0 + 4 * math.cos(math.radians(32)), 4 * math.sin(math.radians(32)), 0.0)
    SpaceHand(SelectSpaceTool(), scene).drag(disc, end, modifiers=frozenset({"shift"}))
    assert math.degrees(yaw_of(scene.placement(track.id).rotation)) == pytest.approx(30.0)


def test_roll_is_turned_in_the_front_view_once_it_is_unlocked(track) -> None:
    scene = scene_with(track, cuboid(track))
    select(scene, track)
    side = flat_view("side", Pose((10.0, 0.0, 0.0)), (800.0, 600.0), 12.0)
    disc = next(grip.xyz for grip in grips_of(scene.placement(track.id)) if grip.name == "turn")
    scene.yaw_only = False
    SpaceHand(SelectSpaceTool(), scene, "side", side).drag(disc, (12.0, 0.0, 2.0))
    x, y, z, w = scene.placement(track.id).rotation
    assert (x, z) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.0, abs=1e-9))
    # upwards is a negative turn about y, which points to the left
    assert wrapped(2 * math.atan2(y, w)) == pytest.approx(-math.pi / 4)


def test_a_lost_grab_leaves_all_as_it_was(track) -> None:
    scene = scene_with(track, cuboid(track))
    tool = SelectSpaceTool()
    hand = SpaceHand(tool, scene)
    hand.at("press", (10.0, 0.0, 0.0))
    hand.at("move", (14.0, 0.0, 0.0))
    assert tool.preview() != ()
    hand.at("cancel", (14.0, 0.0, 0.0))
    hand.at("release", (14.0, 0.0, 0.0))
    assert (tool.preview(), hand.edits) == ((), [])


def test_moving_what_is_computed_makes_a_key_frame(track) -> None:
    first, last = cuboid(track, 0, (10.0, 0.0, 0.0)), cuboid(track, 10, (20.0, 0.0, 0.0))
    scene = scene_with(track, first, last)
    scene.go_to(5)
    SpaceHand(SelectSpaceTool(), scene).drag((15.0, 0.0, 0.0), (15.0, 1.0, 0.0), (15.0, 2.0, 0.0))
    made = scene.cuboid_at(track.id)
    assert isinstance(made, Cuboid)
    assert (made.frame, made.made) == (5, "hand")
    assert close(made.centre, (15.0, 2.0, 0.0), 1e-3)
    assert scene.document.get(first.id) == first


def test_a_new_size_is_that_of_the_whole_track(track) -> None:
    first, last = cuboid(track, 0, (10.0, 0.0, 0.0)), cuboid(track, 10, (10.0, 20.0, 0.0), yaw=math.pi / 2)
    scene = scene_with(track, first, last)
    select(scene, track)
    SpaceHand(SelectSpaceTool(), scene).drag((12.0, 0.0, 0.0), (13.0, 0.0, 0.0))
    other = scene.document.get(last.id)
    assert close(other.size, (5.0, 2.0, 1.5))
    assert close(other.centre, (10.0, 20.5, 0.0))  # its rear stays where it was, too


def test_locked_and_hidden_ones_cannot_be_taken(track) -> None:
    scene = scene_with(track, cuboid(track))
    hand = SpaceHand(SelectSpaceTool(), scene)
    scene.locked = frozenset({EntityId(track.id)})
    hand.drag((10.0, 0.0, 0.0), (14.0, 0.0, 0.0))
    scene.locked, scene.hidden = frozenset(), frozenset({EntityId(track.id)})
    hand.drag((10.0, 0.0, 0.0), (14.0, 0.0, 0.0))
    assert (hand.edits, scene.selection) == ([], frozenset())


def test_of_two_behind_each_other_the_nearer_one_is_meant() -> None:
    near, far = a_track(), a_track()
    scene = scene_with(near, cuboid(near, centre=(10.0, 0.0, 0.0)), far, cuboid(far, centre=(20.0, 0.0, 0.0)))
    view = SpaceView((800.0, 600.0), (10.0, 0.0, 0.0), 20.0, 0.0, 0.0)
    found = []

    class Look(SelectSpaceTool):
        def handle(self, pointer, scene):
            found.append(cuboid_under(scene, pointer))

    SpaceHand(Look(), scene, "space", view).at("hover", (10.0, 0.0, 0.0), button="none")
    assert found == [near.id]


def test_a_ray_meets_a_turned_cuboid_where_it_should() -> None:
    import numpy as np

    at = Placement((5.0, 0.0, 0.0), (2.0, 2.0, 2.0), turn(math.pi / 4))
    origin, ahead = np.zeros(3), np.array([1.0, 0.0, 0.0])
    size = np.array(at.size)
    pose = Pose(at.centre, at.rotation)
    assert ray_meets(pose, size, origin, ahead, False) == pytest.approx(5 - math.sqrt(2))
    assert ray_meets(pose, size, origin, -ahead, False) is None
    assert ray_meets(pose, size, origin, -ahead, True) is not None
    assert ray_meets(pose, size, np.array([0.0, 1.5, 0.0]), ahead, False) is None
