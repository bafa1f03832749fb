"""Draw cuboids from above, by drag and by clicks."""

import pytest

from plugins.pointcloud.tools.draw import DrawCuboidTool
from studio.domain.space import yaw_of
from tests.plugins.pointcloud.space_ground import SpaceHand, car_points, close, scene_with
from widgets.cloud.space_view import SpaceView


def test_a_drag_gives_the_footprint_and_the_points_in_it_the_height() -> None:
    scene = scene_with()
    scene.points = car_points((10.0, 0.0, 0.75), (4.0, 2.0, 1.5))
    hand = SpaceHand(DrawCuboidTool(), scene)
    hand.drag((7.9, -1.1, 0.0), (9.0, 0.0, 0.0), (12.1, 1.1, 0.0))
    (track,) = scene.index.tracks
    at = scene.placement(track)
    assert close(at.centre, (10.0, 0.0, 0.75), 0.1)
    assert close(at.size, (4.2, 2.2, 1.5), 0.1)
    assert scene.selection == {track}
    assert hand.edits[0].title == "Draw Car"


def test_two_clicks_draw_it_as_well() -> None:
    scene = scene_with()
    scene.points = car_points()
    hand = SpaceHand(DrawCuboidTool(), scene)
    hand.click((8.0, -1.0, 0.0))
    hand.at("hover", (11.0, 0.5, 0.0), button="none")
    hand.click((12.0, 1.0, 0.0))
    assert len(hand.edits) == 1


def test_the_longer_side_is_the_length() -> None:
    scene = scene_with()
    hand = SpaceHand(DrawCuboidTool(), scene)
    hand.drag((10.0, -3.0, 0.0), (11.0, 0.0, 0.0), (12.0, 3.0, 0.0))
    at = scene.placement(scene.index.tracks[0])
    assert close(at.size[:2], (6.0, 2.0))
    assert abs(yaw_of(at.rotation)) == pytest.approx(1.5707963)


def test_over_no_points_it_is_as_high_as_its_class_usually_is() -> None:
    scene = scene_with()
    SpaceHand(DrawCuboidTool(), scene).drag((10.0, 0.0, 0.0), (12.0, 1.0, 0.0), (14.0, 2.0, 0.0))
    assert scene.placement(scene.index.tracks[0]).size[2] == pytest.approx(1.6)


@pytest.mark.parametrize("end", [(10.1, 0.02, 0.0), (10.0, 0.0, 0.0)])
def test_a_slip_of_the_hand_draws_nothing(end) -> None:
    scene = scene_with()
    hand = SpaceHand(DrawCuboidTool(), scene)
    hand.drag((10.0, 0.0, 0.0), end)
    hand.at("cancel", end)
    assert hand.edits == []


def test_it_draws_in_perspective_on_the_ground() -> None:
    scene = scene_with()
    scene.points = car_points((10.0, 0.0, 0.75))
    view = SpaceView((800.0, 600.0), (10.0, 0.0, 0.0), 30.0, 0.5, -0.7)
    SpaceHand(DrawCuboidTool(), scene, "space", view).drag(
        (7.9, -1.1, 0.0), (9.0, 0.0, 0.0), (12.1, 1.1, 0.0)
    )
    at = scene.placement(scene.index.tracks[0])
    assert close(at.centre[:2], (10.0, 0.0), 0.05)


def test_in_a_side_view_it_says_where_to_draw() -> None:
    scene = scene_with()
    tool = DrawCuboidTool()
    hand = SpaceHand(tool, scene, "side")
    hand.drag((10.0, 0.0, 0.0), (14.0, 2.0, 0.0))
    assert hand.edits == []
    assert "top view" in tool.words()
    assert tool.words() == ""
