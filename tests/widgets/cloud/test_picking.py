"""What lies under a pointer, compared with looking at each point by itself."""

import numpy as np
import pytest

from studio.domain.space import corners, turn
from widgets.cloud.drawn import CloudLayer, LineStyle, Look, Region, cuboid_segments, joined_lines, one_style
from widgets.cloud.held import HeldCloud
from widgets.cloud.lines import nearest_line
from widgets.cloud.picking import nearest_point, within_circle, within_polygon
from widgets.cloud.space_view import SpaceView

VIEW = SpaceView((800.0, 600.0), (0.0, 0.0, 0.0), 60.0, 0.3, -0.6)


def cloud(count: int = 5000, **fields: np.ndarray) -> HeldCloud:
    rng = np.random.default_rng(5)
    xyz = (rng.normal(size=(count, 3)) * (15, 15, 2)).astype(np.float32)
    pose = np.eye(4)
    pose[:3, 3] = 1.0, 2.0, 0.5
    return HeldCloud(CloudLayer("lidar", xyz, fields, pose))


@pytest.mark.parametrize("flat", [False, True])
def test_every_point_is_found_where_it_is_drawn(flat):
    view = VIEW.zoomed(1.0, (0.0, 0.0)) if not flat else SpaceView((800.0, 600.0), distance=60.0, flat=True)
    held = cloud(40)
    for index, point in enumerate(held.placed(slice(None))):
        x, y, _ = view.to_screen(point)[0]
        pick = nearest_point(view, [held], (x, y), Look(), radius=1.0)
        assert pick is not None
        assert pick.xyz == pytest.approx(tuple(held.placed(slice(pick.index, pick.index + 1))[0]))
        assert pick.distance < 1.0
        if pick.index != index:  # another lies before it on the same ray
            assert view.local(np.array(pick.xyz))[2] < view.local(point)[2]


def test_what_is_not_drawn_is_not_picked():
    held = HeldCloud(CloudLayer("a", np.array([[0, 0, 0], [0, 0, 5]], np.float32)))
    at = tuple(VIEW.to_screen(np.zeros((1, 3)))[0, :2])
    assert nearest_point(VIEW, [held], at, Look()).index == 0
    assert nearest_point(VIEW, [held], at, Look(slab=(1.0, 9.0))) is None
    assert nearest_point(VIEW, [held], at, Look(crop=Region((0, 0, 5), (1, 1, 1)))) is None
    assert (
        nearest_point(VIEW, [held], at, Look(crop=Region((0, 0, 5), (1, 1, 1)), dim_outside=True)).index == 0
    )
    assert nearest_point(VIEW, [held], at, Look(), Region((0, 0, 5), (1, 1, 1))) is None
    assert nearest_point(VIEW, [held], at, Look(), drawn={"a": 0}) is None


def test_a_hidden_class_is_not_picked():
    held = HeldCloud(CloudLayer("a", np.zeros((1, 3), np.float32), {"label": np.array([2])}))
    at = tuple(VIEW.to_screen(np.zeros((1, 3)))[0, :2])
    shown, hidden = bytes([9, 9, 9, 255]), bytes([9, 9, 9, 0])
    assert nearest_point(VIEW, [held], at, Look("label", palette=shown * 3)) is not None
    assert nearest_point(VIEW, [held], at, Look("label", palette=shown * 2 + hidden)) is None
    assert nearest_point(VIEW, [held], at, Look("height", palette=shown * 2 + hidden)) is not None


def test_a_brush_and_a_lasso_take_what_lies_within_them():
    held = cloud(90_000)
    seen = VIEW.to_screen(held.placed(slice(None)))
    off = np.hypot(seen[:, 0] - 380, seen[:, 1] - 310)
    assert set(within_circle(VIEW, held, (380.0, 310.0), 30.0)) ^ set(np.flatnonzero(off <= 30)) <= set(
        np.flatnonzero(np.abs(off - 30) < 0.01)  # float32 decides at the very edge
    )
    square = np.array([[300, 200], [500, 200], [500, 330], [300, 330]])
    inside = ((seen[:, :2] > (300, 200)) & (seen[:, :2] < (500, 330))).all(axis=1)
    differs = set(within_polygon(VIEW, held, square)) ^ set(np.flatnonzero(inside))
    assert len(differs) <= 3
    assert inside.sum() > 1000
    assert len(within_polygon(VIEW, held, square[:2])) == 0


def test_a_lasso_with_a_dent_leaves_the_dent_out():
    held = cloud(20_000)
    dented = np.array([[300.0, 200], [500, 200], [500, 400], [400, 250], [300, 400]])
    in_the_dent = VIEW.to_screen(held.placed(within_polygon(VIEW, held, dented)))
    assert not ((np.abs(in_the_dent[:, 0] - 400) < 20) & (in_the_dent[:, 1] > 330)).any()


def test_the_nearest_line_names_what_it_belongs_to():
    boxes = [((0.0, 0.0, 0.0), "near"), ((20.0, 5.0, 0.0), "far")]
    sets = [
        one_style(cuboid_segments(corners(at, (4.0, 2.0, 2.0), turn(0.2))[None]), LineStyle(), key)
        for at, key in boxes
    ]
    lines = joined_lines([*sets, one_style(np.zeros((1, 2, 3)), LineStyle("#ff0000"))])
    for at, key in boxes:
        corner = corners(at, (4.0, 2.0, 2.0), turn(0.2))[4]
        assert nearest_line(VIEW, lines, tuple(VIEW.to_screen(corner)[0, :2]), 2.0) == key
    assert nearest_line(VIEW, lines, (5.0, 5.0)) is None
    assert nearest_line(VIEW, one_style(np.zeros((1, 2, 3)), LineStyle()), (400.0, 300.0)) is None
