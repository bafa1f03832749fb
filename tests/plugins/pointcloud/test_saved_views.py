"""Views kept under names: what comes back is what was kept, and none is there twice."""

import math

from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.saved_views import (
    MOST,
    SavedView,
    decoded,
    encoded,
    looked_at,
    saved,
    with_view,
    without_view,
)
from studio.domain.space import Pose, turn
from widgets.cloud.drawn import Look, Region
from widgets.cloud.space_view import SpaceView, flat_view

metres = st.floats(-1e4, 1e4)
places = st.tuples(metres, metres, metres)
regions = st.builds(
    lambda centre, size, yaw: Region(centre, size, turn(yaw)), places, places, st.floats(-math.pi, math.pi)
)
looks = st.builds(
    Look,
    mode=st.sampled_from(["height", "intensity", "label"]),
    point_size=st.floats(1, 8),
    slab=st.none() | st.tuples(metres, metres),
    crop=st.none() | regions,
    dim_outside=st.booleans(),
)
views = st.builds(
    lambda name, centre, distance, look: saved(
        name,
        {
            "space": SpaceView(centre=centre, distance=distance, pivot=centre),
            "top": flat_view("top", Pose(centre), distance=distance),
        },
        look,
    ),
    st.text(min_size=1, max_size=20),
    places,
    st.floats(0.1, 1e4),
    looks,
)


def a_view(name: str, look: Look | None = None) -> SavedView:
    return saved(name, {"space": SpaceView()}, look or Look())


@given(st.lists(views, max_size=4))
def test_what_is_kept_comes_back_as_it_was(held):
    assert decoded(encoded(held)) == tuple(held)


def test_a_text_that_is_not_ours_is_no_view():
    for text in ("", "{", "[1]", '[{"name": "a"}]', "null"):
        assert decoded(text) == ()


def test_a_view_of_the_same_name_takes_the_place_of_the_earlier_one():
    held = with_view(with_view((), a_view("A")), a_view("B"))
    again = with_view(held, a_view(" A ", Look(point_size=5.0)))
    assert [each.name for each in again] == ["A", "B"]
    assert again[0].look.point_size == 5.0
    assert [each.name for each in without_view(again, "A")] == ["B"]


def test_there_are_never_more_than_can_be_kept():
    held: tuple[SavedView, ...] = ()
    for number in range(MOST + 5):
        held = with_view(held, a_view(str(number)))
    assert len(held) == MOST
    assert held[-1].name == str(MOST + 4)


def test_what_the_scene_lights_up_is_the_scenes_own():
    lit = Region(size=(4.0, 2.0, 1.5))
    kept = a_view("A", Look(lit=lit, point_size=3.0))
    assert kept.look.lit is None
    assert looked_at(kept, Look(lit=lit)).lit == lit
    assert looked_at(kept, Look(lit=lit)).point_size == 3.0
