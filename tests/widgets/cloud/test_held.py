"""Clouds in memory: pieces, changed fields, and what has to be sent."""

import numpy as np
import pytest

from widgets.cloud.drawn import CloudLayer
from widgets.cloud.held import HeldCloud


def layer(count: int, expected: int = 0) -> CloudLayer:
    rng = np.random.default_rng(count)
    fields = {"intensity": rng.random(count), "rgb": rng.integers(0, 255, (count, 3), np.uint8)}
    return CloudLayer("lidar", rng.normal(size=(count, 3)).astype(np.float32), fields, expected=expected)


@pytest.mark.parametrize("expected", [0, 100, 1000])
def test_pieces_make_the_same_cloud_as_all_at_once(expected):
    whole = layer(300)
    first = CloudLayer(
        "lidar", whole.xyz[:50], {k: v[:50] for k, v in whole.fields.items()}, expected=expected
    )
    held = HeldCloud(first)
    for low in range(50, 300, 70):
        part = slice(low, low + 70)
        held.append(whole.xyz[part], {k: v[part] for k, v in whole.fields.items()})
    at_once = HeldCloud(whole)
    assert np.array_equal(held.xyz, at_once.xyz)
    for name in ("intensity", "rgb"):
        assert np.array_equal(held.field(name), at_once.field(name))
    assert len(held) == 300
    assert held.room >= 300


def test_a_changed_field_names_the_places_that_differ_and_what_to_send():
    held = HeldCloud(layer(100))
    assert held.put("label", 0, slice(None)).tolist() == []
    assert held.put("label", 7, np.array([40, 12, 40, 60])).tolist() == [40, 12, 40, 60]
    assert held.put("label", np.array([7, 3]), np.array([12, 20])).tolist() == [20]
    assert held.unsent == {"label": (12, 61)}
    assert np.flatnonzero(held.field("label")).tolist() == [12, 20, 40, 60]


def test_a_field_that_does_not_come_with_a_piece_is_nothing_there():
    held = HeldCloud(layer(100))
    held.append(np.zeros((50, 3), np.float32), {})
    assert held.field("intensity")[100:].tolist() == [0] * 50


def test_a_cloud_is_known_by_its_arrays():
    given = layer(20)
    held = HeldCloud(given)
    assert held.is_of(CloudLayer("lidar", given.xyz, dict(given.fields), pose=np.eye(4) * 2))
    assert not held.is_of(layer(20))
    held.append(given.xyz, {})
    assert not held.is_of(given)


def test_points_stand_in_the_scene_by_the_clouds_pose():
    pose = np.eye(4)
    pose[:3, 3] = 1e6, 2.0, 3.0
    held = HeldCloud(CloudLayer("a", np.ones((2, 3), np.float32), pose=pose))
    assert held.placed(slice(0, 1)).tolist() == [[1e6 + 1, 3.0, 4.0]]
