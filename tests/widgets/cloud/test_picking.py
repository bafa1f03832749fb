"""What lies under a pointer, compared with looking at each point by itself."""

import numpy as np
import pytest

from studio.domain.space import corners, turn
from widgets.cloud.drawn import CloudLayer, LineStyle, Look, Region, cuboid_segments, joined_lines, one_style
from widgets.cloud.held import HeldCloud
from widgets.cloud.lines import nearest_line
from widgets.cloud.picking import is_inside, nearest_point
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


def test_a_polygon_with_a_dent_leaves_the_dent_out():
    points = np.random.default_rng(5).uniform((250, 150), (550, 450), (20_000, 2))
    dented = np.array([[300.0, 200], [500, 200], [500, 400], [400, 250], [300, 400]])
    inside = points[is_inside(dented, points)]
    assert not ((np.abs(inside[:, 0] - 400) < 20) & (inside[:, 1] > 330)).any()
    # the square less the dent, which is a triangle as wide and 150 high
    assert len(inside) / len(points) == pytest.approx((200 * 200 - 200 * 150 / 2) / 300**2, abs=0.01)


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
