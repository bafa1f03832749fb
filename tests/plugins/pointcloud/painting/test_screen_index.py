"""What lies under a place of the screen is what projecting every point says, in every kind of view."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.painting.screen_index import ScreenIndex, seen_from
from studio.domain.space import Pose
from widgets.cloud.picking import is_inside
from widgets.cloud.space_view import SpaceView, flat_view

WINDOW = (640.0, 480.0)
VIEWS = [
    SpaceView(WINDOW, (5.0, 0.0, 0.0), 30.0, 0.4, math.radians(-25)),
    SpaceView(WINDOW, (0.0, 0.0, 0.0), 5.0, 2.0, math.radians(10)),
    flat_view("top", Pose(), WINDOW, 40.0),
    flat_view("side", Pose(), WINDOW, 25.0),
]


def cloud(count: int = 5000, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 12, (count, 3)).astype(np.float32)
    points[:: count // 10] = np.nan
    return points


@pytest.mark.parametrize("view", VIEWS)
def test_projecting_is_what_the_view_says(view: SpaceView) -> None:
    points = cloud()
    expected, found = view.to_screen(points), seen_from(view, points).T
    assert np.allclose(found[:, :2], expected[:, :2], atol=0.2, rtol=1e-4, equal_nan=True)
    order = np.argsort(expected[:, 2], kind="stable")
    depth = found[order, 2]
    depth = depth[~np.isnan(depth)]
    assert (np.diff(depth) > -1e-2).all(), "what is nearer has less depth"


@settings(max_examples=60)
@given(
    st.sampled_from(VIEWS),
    st.floats(-50, 700),
    st.floats(-50, 530),
    st.floats(1, 250),
)
def test_a_circle_holds_exactly_the_points_that_project_into_it(
    view: SpaceView, x: float, y: float, radius: float
) -> None:
    points = cloud()
    seen = seen_from(view, points).T
    with np.errstate(invalid="ignore"):
        off = np.hypot(seen[:, 0] - np.float32(x), seen[:, 1] - np.float32(y))
        window = ((seen[:, :2] >= 0) & (seen[:, :2] <= WINDOW)).all(axis=1)
        sure = window & (off <= radius - 1e-3)
        may = window & (off <= radius + 1e-3)
    found = ScreenIndex(view, points).within_circle((x, y), radius)
    assert set(np.flatnonzero(sure)) <= set(found) <= set(np.flatnonzero(may))
    assert (np.diff(found) > 0).all()


@settings(max_examples=40)
@given(
    st.sampled_from(VIEWS),
    st.lists(st.tuples(st.floats(0, 640), st.floats(0, 480)), min_size=0, max_size=8),
)
def test_an_outline_holds_exactly_the_points_that_project_into_it(
    view: SpaceView, corners: list[tuple[float, float]]
) -> None:
    points = cloud(2000)
    outline = np.array(corners).reshape(-1, 2)
    seen = seen_from(view, points).T
    with np.errstate(invalid="ignore"):
        window = ((seen[:, :2] >= 0) & (seen[:, :2] <= WINDOW)).all(axis=1)
    expected = np.zeros(len(points), bool)
    if len(outline) >= 3:
        expected[window] = is_inside(outline, seen[window, :2].astype(np.float64))
    assert set(ScreenIndex(view, points).within_polygon(outline)) == set(np.flatnonzero(expected))


def test_what_stands_behind_a_wall_is_not_seen() -> None:
    view = SpaceView(WINDOW, (0.0, 0.0, 0.0), 20.0, 0.0, 0.0)
    across = np.linspace(-3, 3, 60)
    y, z = (each.ravel() for each in np.meshgrid(across, across))
    wall = np.column_stack([np.zeros(len(y)), y, z])
    behind = np.column_stack([np.full(50, 4.0), np.linspace(-2, 2, 50), np.zeros(50)])
    points = np.concatenate([wall, behind]).astype(np.float32)
    index = ScreenIndex(view, points)
    middle = (WINDOW[0] / 2, WINDOW[1] / 2)
    assert len(wall) + 10 in index.within_circle(middle, 60.0)
    seen = index.within_circle(middle, 60.0, seen_only=True)
    assert len(seen)
    assert seen.max() < len(wall)
    assert set(seen) == {each for each in index.within_circle(middle, 60.0) if each < len(wall)}
    outline = np.array([[200.0, 100.0], [440.0, 100.0], [440.0, 380.0], [200.0, 380.0]])
    assert index.within_polygon(outline, seen_only=True).max() < len(wall)
    nearest = index.nearest(middle, 10.0, index.within_circle(middle, 10.0))
    assert nearest is not None
    assert nearest < len(wall)


def test_no_points_are_under_nothing() -> None:
    index = ScreenIndex(VIEWS[0], np.empty((0, 3), np.float32))
    assert not len(index.within_circle((100.0, 100.0), 50.0, seen_only=True))
    assert index.nearest((1.0, 1.0), 5.0, np.zeros(0, np.intp)) is None
