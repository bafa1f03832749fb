"""The box tool, by synthetic pointers."""

import pytest

from plugins.image.tools.box import BoxTool
from studio.domain.contracts.editing import Pointer
from studio.domain.entities import Track
from tests.plugins.image.ground import boxes_of, click, created, drag, gesture, pointer, scene_with


@pytest.mark.parametrize(
    ("end", "drawn"),
    [
        ((40, 30), [(10, 10, 40, 30)]),
        ((2, 4), [(2, 4, 10, 10)]),
        ((11, 10), []),
        ((30, 11), []),
        ((300, -50), [(10, 0, 100, 10)]),
    ],
)
def test_a_drag_draws_one_box_on_the_picture_and_a_slip_draws_none(end, drawn):
    assert boxes_of(drag(BoxTool(), scene_with(), (10, 10), end)) == drawn


def test_two_clicks_draw_the_same_box_as_a_drag():
    tool, scene = BoxTool(), scene_with()
    assert click(tool, scene, (10, 10)) == []
    gesture(tool, scene, [pointer("hover", (25, 20), button="none")])
    assert tool.preview() != ()
    assert boxes_of(click(tool, scene, (40, 30))) == [(10, 10, 40, 30)]


def test_a_drag_after_a_lone_click_draws_what_was_dragged():
    tool, scene = BoxTool(), scene_with()
    click(tool, scene, (5, 5))
    assert boxes_of(drag(tool, scene, (50, 50), (70, 75))) == [(50, 50, 70, 75)]


def test_escape_or_a_lost_grab_draws_nothing():
    tool, scene = BoxTool(), scene_with()
    events = [pointer("press", (10, 10)), pointer("move", (40, 30)), Pointer("cancel", (0, 0))]
    assert gesture(tool, scene, [*events, pointer("release", (40, 30))]) == []
    assert tool.preview() == ()


def test_the_right_button_takes_back_the_first_corner():
    tool, scene = BoxTool(), scene_with()
    click(tool, scene, (10, 10))
    gesture(tool, scene, [pointer("press", (20, 20), button="right")])
    assert click(tool, scene, (40, 30)) == []


def test_ctrl_draws_from_the_centre_and_shift_a_square():
    assert boxes_of(drag(BoxTool(), scene_with(), (50, 40), (60, 45), "ctrl")) == [(40, 35, 60, 45)]
    assert boxes_of(drag(BoxTool(), scene_with(), (10, 10), (40, 20), "shift")) == [(10, 10, 40, 40)]


def test_a_new_box_has_a_track_with_the_ontologys_defaults_and_is_selected():
    scene = scene_with()
    (edit,) = drag(BoxTool(), scene, (10, 10), (40, 30))
    (track,) = (entity for entity in created([edit]) if isinstance(entity, Track))
    assert (track.class_name, track.attributes) == ("car", (("color", "red"),))
    assert (edit.title, edit.tool) == ("Draw Car", "box")
    assert scene.selection == frozenset(scene.index.keys)


def test_a_slip_is_measured_on_the_picture_and_a_click_on_the_screen():
    assert boxes_of(drag(BoxTool(), scene_with(), (10, 10), (12.5, 12.5), scale=16)) == [(10, 10, 12.5, 12.5)]
    assert boxes_of(drag(BoxTool(), scene_with(), (10, 10), (18, 18), scale=0.1)) == []
