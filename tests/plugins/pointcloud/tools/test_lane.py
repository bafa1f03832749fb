"""Lines on the ground: drawn, kept as drafts, changed point by point, fixed in the world."""

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.tools.lane import LaneTool
from plugins.pointcloud.tools.select import SelectSpaceTool
from studio.domain.edit import change
from studio.domain.entities import EgoPose, Polyline3
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, new_id
from studio.domain.space import outward, turn
from studio.domain.values import XYZ
from tests.plugins.pointcloud.space_ground import SpaceHand, car_points, close, scene_with

WAY: tuple[XYZ, ...] = ((5.0, 2.0, 0.0), (10.0, 2.5, 0.0), (15.0, 4.0, 0.0))


def line_of(hand: SpaceHand) -> Polyline3:
    (shape,) = [each for each in hand.scene.document if isinstance(each, Polyline3)]
    return shape


def drew(*way: XYZ, end: XYZ | None = None, **scene: object) -> SpaceHand:
    hand = SpaceHand(LaneTool(), scene_with(*scene.get("entities", ())))  # type: ignore[misc]
    for place in way:
        hand.click(place)
    hand.at("double", end or way[-1])
    hand.tool = SelectSpaceTool()
    return hand


def driving() -> list[EgoPose]:
    """Two metres forward each frame, turning slowly."""
    return [
        EgoPose(EntityId(new_id()), frame * 100_000_000, (2.0 * frame, 0.0, 0.0), turn(0.05 * frame))
        for frame in range(11)
    ]


def test_clicks_on_the_ground_and_a_double_click_make_a_line_that_is_selected() -> None:
    hand = drew(*WAY)
    line = line_of(hand)
    assert close(line.points, WAY)
    assert not line.closed
    assert hand.scene.selection == {line.track}
    assert [row.title for row in hand.scene.rows()] == ["Car #1"]
    assert hand.edits[0].title == "Draw Car"


def test_it_lies_on_the_points_of_the_ground_not_on_the_level_of_the_car() -> None:
    scene = scene_with()
    scene.points = car_points((30.0, 20.0, 0.5))  # ground at -0.25
    hand = SpaceHand(LaneTool(), scene)
    for place in WAY:
        hand.click(place)
    hand.at("double", WAY[-1])
    assert np.allclose([z for _, _, z in line_of(hand).points], -0.25, atol=0.05)


def test_the_first_point_again_closes_an_area() -> None:
    hand = SpaceHand(LaneTool(), scene_with())
    for place in (*WAY, WAY[0]):
        hand.click(place)
    line = line_of(hand)
    assert line.closed
    assert len(line.points) == 3
    assert len(hand.scene.selected_lines()) == 3  # with the segment back to the start


def test_backspace_takes_back_a_point_and_escape_all() -> None:
    hand = SpaceHand(LaneTool(), scene_with())
    hand.click(WAY[0])
    hand.click(WAY[1])
    assert hand.tool.back()
    assert hand.tool.finish(hand.scene) is None  # one point is no line
    hand.click(WAY[2])
    assert hand.tool.preview()
    assert hand.tool.back()
    assert hand.tool.back()
    assert not hand.tool.back()
    assert hand.tool.preview() == ()


def test_a_draft_goes_on_where_it_was_left() -> None:
    hand = SpaceHand(LaneTool(), scene_with())
    assert hand.tool.draft() is None
    hand.click(WAY[0])
    hand.click(WAY[1])
    state = hand.tool.draft()
    assert state is not None
    other = SpaceHand(LaneTool(), scene_with())
    other.tool.resume(state)
    other.click(WAY[2])
    other.at("double", WAY[2])
    assert close(line_of(other).points, WAY)


@pytest.mark.parametrize("state", [b"", b"\xff", b"\x81\xa1x\x01"])
def test_a_draft_that_is_damaged_is_refused_and_what_is_drawn_stays(state: bytes) -> None:
    hand = SpaceHand(LaneTool(), scene_with())
    hand.click(WAY[0])
    before = hand.tool.draft()
    with pytest.raises(AtelierError) as caught:
        hand.tool.resume(state)
    assert caught.value.code == "draft.unreadable"
    assert hand.tool.draft() == before


def test_a_line_of_another_frame_is_not_mixed_with_this_one() -> None:
    hand = SpaceHand(LaneTool(), scene_with(*driving()))
    hand.click(WAY[0])
    hand.scene.go_to(3)
    hand.click(WAY[1])
    assert "begun at frame 1" in hand.tool.words()
    assert hand.tool.finish(hand.scene) is None
    assert "begun at frame 1" in hand.tool.words()
    hand.scene.go_to(0)
    hand.click(WAY[1])
    assert hand.tool.finish(hand.scene) is not None


def test_it_stays_where_it_is_in_the_world_while_the_car_drives_on() -> None:
    hand = drew(*WAY, entities=driving())
    track = EntityId(line_of(hand).track)
    hand.scene.go_to(5)
    (seen,) = hand.scene.lines_here[track]
    pose = hand.scene.index.timeline.pose(5)
    assert close(outward(pose, np.array(seen.points)), WAY)
    assert not close(seen.points, WAY, 0.5)


def test_without_poses_it_is_seen_at_its_own_frame_alone() -> None:
    hand = drew(*WAY)
    hand.scene.go_to(1)
    assert hand.scene.lines_here == {}
    assert hand.scene.rows() == ()


def test_a_point_that_is_dragged_at_another_frame_goes_there_and_the_others_keep_their_numbers() -> None:
    hand = drew(*WAY, entities=driving())
    before = line_of(hand)
    hand.scene.go_to(4)
    seen = hand.scene.selected_line()
    assert seen is not None
    end: XYZ = (seen.points[1][0] + 1.0, seen.points[1][1] - 2.0, seen.points[1][2])
    hand.drag(seen.points[1], seen.points[1], end)
    after = line_of(hand)
    assert after.points[0] == before.points[0]
    assert after.points[2] == before.points[2]
    moved = hand.scene.selected_line()
    assert moved is not None
    assert close(moved.points[1], end, 0.05)
    assert hand.edits[-1].title == "Change the shape of Car"


def test_a_click_on_a_point_with_an_unsteady_hand_moves_nothing() -> None:
    hand = drew(*WAY)
    before = line_of(hand)
    edits = len(hand.edits)
    x, y, z = WAY[1]
    aside = 2.0 * hand.view.scale  # two pixels
    hand.drag(WAY[1], (x + aside, y, z), (x + aside, y, z))
    assert line_of(hand) == before
    assert len(hand.edits) == edits


def test_a_double_click_puts_a_point_in_and_takes_one_out() -> None:
    hand = drew(*WAY)
    between: XYZ = (7.5, 2.25, 0.0)
    hand.at("double", between)
    assert close(line_of(hand).points[1], between, 0.05)
    hand.at("double", between)
    assert close(line_of(hand).points, WAY)
    hand.at("double", WAY[1])
    hand.at("double", WAY[0])  # two points are the least
    assert close(line_of(hand).points, (WAY[0], WAY[2]))


def test_a_click_beside_it_selects_it_and_a_locked_one_is_left_alone() -> None:
    hand = drew(*WAY)
    track = EntityId(line_of(hand).track)
    hand.scene.selection = frozenset()
    hand.click((7.5, 2.25, 0.0))
    assert hand.scene.selection == {track}
    hand.scene.selection = frozenset()
    hand.scene.locked = frozenset({track})
    hand.click((7.5, 2.25, 0.0))
    assert hand.scene.selection == frozenset()


def test_deleting_its_track_removes_it_and_undo_brings_it_back() -> None:
    hand = drew(*WAY)
    edit = changes.deleted(hand.scene)
    assert edit is not None
    done = hand.scene.document.apply(edit)
    hand.scene.refresh(edit.changes)
    assert hand.scene.lines_here == {}
    back = done.inverse()
    hand.scene.document.apply(back)
    hand.scene.refresh(back.changes)
    assert close(line_of(hand).points, WAY)
    assert len(hand.scene.lines_here) == 1


def test_a_line_in_the_world_system_is_placed_by_the_pose() -> None:
    hand = drew(*WAY, entities=driving())
    old = line_of(hand)
    edit = change("Into the world", (old, replace(old, coordinate_system="world", points=WAY)))
    hand.scene.document.apply(edit)
    hand.scene.refresh(edit.changes)
    hand.scene.go_to(3)
    seen = hand.scene.selected_line()
    assert seen is not None
    pose = hand.scene.index.timeline.pose(3)
    assert close(outward(pose, np.array(seen.points)), WAY)
