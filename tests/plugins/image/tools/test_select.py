"""The select tool, by synthetic pointers."""

import pytest
from msgspec.structs import replace

from plugins.image.tools.select import SelectTool
from studio.domain.edit import creation
from studio.domain.entities import Polygon
from studio.domain.ids import ShapeId, TrackId, new_id
from tests.plugins.image.ground import (
    STREAM,
    box_at,
    box_of,
    click,
    drag,
    gesture,
    keys_of,
    pointer,
    scene_with,
)


def test_a_click_takes_the_smallest_shape_and_a_click_beside_takes_none():
    scene = scene_with((0, 0, 90, 70), (20, 20, 40, 40))
    tool = SelectTool()
    assert click(tool, scene, (30, 30)) == []
    assert scene.selection == {keys_of(scene)[1]}
    click(tool, scene, (95, 75))
    assert scene.selection == frozenset()


def test_a_drag_moves_by_one_edit_and_is_taken_back_by_its_inverse():
    scene = scene_with((20, 20, 40, 40))
    before = box_at(scene, 0)
    (edit,) = drag(SelectTool(), scene, (30, 30), (35, 33))
    assert box_at(scene, 0).xyxy == (25, 23, 45, 43)
    assert (edit.title, edit.tool) == ("Move Car", "select")
    scene.document.apply(edit.inverse())
    scene.refresh(edit.changes)
    assert box_at(scene, 0) == before


def test_moving_several_keeps_all_of_them_on_the_picture():
    scene = scene_with((20, 20, 40, 40), (60, 50, 90, 70))
    scene.selection = frozenset(keys_of(scene))
    drag(SelectTool(), scene, (30, 30), (80, 70))
    assert [box_at(scene, n).xyxy for n in (0, 1)] == [(30, 30, 50, 50), (70, 60, 100, 80)]


def test_shift_keeps_a_move_on_one_axis():
    scene = scene_with((20, 20, 40, 40))
    drag(SelectTool(), scene, (30, 30), (40, 34), "shift")
    assert box_at(scene, 0).xyxy == (30, 20, 50, 40)
    drag(SelectTool(), scene, (40, 30), (43, 45), "shift")
    assert box_at(scene, 0).xyxy == (30, 35, 50, 55)


def test_shift_and_click_adds_and_takes_away_and_a_plain_click_leaves_one():
    scene, tool = scene_with((0, 0, 20, 20), (30, 30, 50, 50)), SelectTool()
    first, second = keys_of(scene)
    seen = []
    for at, held in (((10, 10), ()), ((40, 40), ("shift",)), ((10, 10), ("shift",)), ((10, 10), ("shift",))):
        click(tool, scene, at, *held)
        seen.append(scene.selection)
    assert seen == [{first}, {first, second}, {second}, {first, second}]
    click(tool, scene, (40, 40))
    assert scene.selection == {second}


@pytest.mark.parametrize(
    ("grip", "to", "held", "after"),
    [
        ((20, 20), (10, 15), (), (10, 15, 40, 40)),
        ((40, 30), (55, 30), (), (20, 20, 55, 40)),
        ((30, 40), (33, 44), (), (20, 20, 40, 44)),
        ((40, 40), (10, 12), (), (10, 12, 20, 20)),
        ((40, 40), (45, 44), ("ctrl",), (15, 16, 45, 44)),
        ((40, 40), (60, 45), ("shift",), (20, 20, 60, 60)),
        ((40, 40), (400, 400), (), (20, 20, 100, 80)),
    ],
)
def test_a_grip_resizes(grip, to, held, after):
    scene = scene_with((20, 20, 40, 40))
    scene.selection = frozenset(keys_of(scene))
    (edit,) = drag(SelectTool(), scene, grip, to, *held)
    assert box_at(scene, 0).xyxy == pytest.approx(after)
    assert edit.title == "Resize Car"


def test_grips_are_as_wide_on_the_screen_at_every_zoom():
    for scale, reached in ((1.0, True), (4.0, False)):
        scene = scene_with((10, 10, 50, 50))
        scene.selection = frozenset(keys_of(scene))
        edits = drag(SelectTool(), scene, (55, 55), (65, 65), scale=scale)
        assert bool(edits) is reached


def test_click_move_click_on_a_grip_resizes_as_a_drag_does():
    scene, tool = scene_with((20, 20, 40, 40)), SelectTool()
    scene.selection = frozenset(keys_of(scene))
    assert click(tool, scene, (40, 40)) == []
    gesture(tool, scene, [pointer("hover", (50, 50), button="none")])
    click(tool, scene, (50, 50))
    assert box_at(scene, 0).xyxy == (20, 20, 50, 50)


def test_a_box_that_is_small_on_the_screen_can_still_be_moved():
    scene = scene_with((20, 20, 30, 30))
    scene.selection = frozenset(keys_of(scene))
    (edit,) = drag(SelectTool(), scene, (25, 25), (35, 30))
    assert (edit.title, box_at(scene, 0).xyxy) == ("Move Car", (30, 25, 40, 35))


def test_a_dragged_frame_selects_what_lies_in_it():
    scene = scene_with((20, 20, 40, 40), (60, 50, 90, 70), (45, 10, 50, 14))
    assert drag(SelectTool(), scene, (5, 5), (55, 45)) == []
    assert scene.selection == {keys_of(scene)[0], keys_of(scene)[2]}


def test_tab_goes_through_what_lies_under_the_pointer():
    scene, tool = scene_with((0, 0, 90, 70), (20, 20, 60, 60), (25, 25, 40, 40)), SelectTool()
    click(tool, scene, (30, 30))
    seen = []
    for _ in range(3):
        seen.append(min(scene.selection))
        scene.selection = tool.next_under(scene)
    assert seen == keys_of(scene)[::-1]
    assert scene.selection == {seen[0]}


def test_locked_and_hidden_shapes_are_not_picked():
    scene = scene_with((20, 20, 40, 40), (25, 25, 35, 35))
    scene.locked = frozenset(keys_of(scene)[1:])
    click(SelectTool(), scene, (30, 30))
    assert scene.selection == {keys_of(scene)[0]}
    scene.hidden = frozenset(keys_of(scene)[:1])
    click(SelectTool(), scene, (30, 30))
    assert scene.selection == frozenset()


def test_a_point_of_a_polygon_is_dragged_and_one_is_added_on_its_edge():
    scene = scene_with()
    track, _ = box_of((0, 0, 1, 1))
    outline = ((10.0, 10.0), (50.0, 10.0), (50.0, 50.0))
    polygon = Polygon(ShapeId(new_id()), TrackId(track.id), STREAM, 0, outline)
    made = creation("Draw", track, polygon)
    scene.document.apply(made)
    scene.refresh(made.changes)
    scene.selection = frozenset({polygon.id})
    tool = SelectTool()
    drag(tool, scene, (50, 50), (60, 60))
    assert scene.document.get(polygon.id) == replace(polygon, outline=(*outline[:2], (60.0, 60.0)))
    gesture(tool, scene, [pointer("double", (30, 10))])
    assert scene.document.get(polygon.id).outline == (outline[0], (30, 10), outline[1], (60, 60))


def test_a_lost_grab_puts_everything_back():
    scene, tool = scene_with((20, 20, 40, 40)), SelectTool()
    events = [pointer("press", (30, 30)), pointer("move", (60, 60)), pointer("cancel", (0, 0))]
    assert gesture(tool, scene, [*events, pointer("release", (60, 60))]) == []
    assert tool.preview() == ()
