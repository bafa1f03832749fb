"""The polygon tool, by synthetic pointers."""

import pytest

from plugins.image.tools.polygon import PolygonTool
from studio.domain.contracts.editing import Pointer
from studio.domain.entities import Track
from studio.domain.errors import AtelierError
from tests.plugins.image.ground import click, created, gesture, outlines_of, pointer, scene_with

POINTS = ((10.0, 10.0), (40.0, 10.0), (40.0, 40.0))


def drawn(tool, scene, points=POINTS):
    for point in points:
        assert click(tool, scene, point) == []


def test_enter_closes_three_points_and_not_two():
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene, POINTS[:2])
    assert tool.finish(scene) is None
    drawn(tool, scene, POINTS[2:])
    assert outlines_of([tool.finish(scene)]) == [POINTS]
    assert tool.preview() == ()


def test_a_click_on_the_first_point_closes():
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene)
    assert outlines_of(click(tool, scene, (12, 11))) == [POINTS]


def test_a_double_click_sets_the_last_point_once():
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene, POINTS[:2])
    events = [pointer("press", POINTS[2]), pointer("release", POINTS[2])]
    assert outlines_of(gesture(tool, scene, [*events, events[0], pointer("double", POINTS[2])])) == [POINTS]


def test_points_are_taken_back_one_by_one():
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene)
    assert [tool.back() for _ in range(4)] == [True, True, True, False]
    assert tool.draft() is None


def test_a_draft_goes_on_in_another_tool_with_its_class():
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene)
    later = PolygonTool()
    later.resume(tool.draft())
    scene.class_name = "person"
    click(later, scene, (10, 40))
    edit = later.finish(scene)
    assert outlines_of([edit]) == [(*POINTS, (10, 40))]
    assert [entity.class_name for entity in created([edit]) if isinstance(entity, Track)] == ["car"]


def test_a_lost_grab_keeps_the_points_and_escape_drops_them():
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene)
    tool.handle(Pointer("cancel", (0, 0)), scene)
    assert tool.draft() is not None
    tool.handle(Pointer("cancel", (0, 0), device="key"), scene)
    assert tool.draft() is None


@pytest.mark.parametrize("state", [b"", b"\xc1", b"\x81\xa6points\x90", b"\x80"])
def test_a_draft_that_cannot_be_read_leaves_what_is_drawn(state):
    tool, scene = PolygonTool(), scene_with()
    drawn(tool, scene)
    with pytest.raises(AtelierError) as refused:
        tool.resume(state)
    assert refused.value.code == "draft.unreadable"
    assert outlines_of([tool.finish(scene)]) == [POINTS]
