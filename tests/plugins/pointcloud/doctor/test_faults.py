"""Each mistake is taken back by one of what is tried; nudges go where they say."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.doctor import WAYS, Kind, Way, nudge, nudged, suspects
from plugins.pointcloud.doctor.faults import is_plausible, scaled
from plugins.pointcloud.generator.rig import LOOKING
from studio.domain.cameras import pose_of, project, rays_in_camera
from studio.domain.entities import Calibration
from studio.domain.ids import StreamId
from studio.domain.space import Pose, as_matrix, as_xyz, inverse, joined, outward, turn, undone
from tests.studio.domain.space_strategies import AHEAD, CAMERA, angles, floats

SIZE = (1600, 900)


def front(
    yaw: float = 0.0, pitch: float = 0.0, place: tuple[float, float, float] = (1.7, 0.1, 1.5)
) -> Calibration:
    """A camera of a car."""
    return Calibration(
        CAMERA,
        StreamId("front"),
        "pinhole",
        SIZE,
        (1200.0, 0, 810, 0, 1200, 440, 0, 0, 1),
        translation=place,
        rotation=joined(turn(yaw, pitch), AHEAD),
    )


def _inverted(camera: Calibration) -> Calibration:
    pose = inverse(pose_of(camera))
    return replace(camera, translation=pose.translation, rotation=pose.rotation)


def _in_other_axes(camera: Calibration) -> Calibration:
    """Written down in axes of the car that are x right, y ahead, as nuScenes' lidar has them."""
    turned = turn(math.pi / 2)
    moved = outward(Pose((0, 0, 0), turned), np.array([camera.translation]))[0]
    return replace(camera, translation=as_xyz(moved), rotation=joined(turned, camera.rotation))


def _times(camera: Calibration, factor: float) -> Calibration:
    x, y, z = camera.translation
    return replace(camera, translation=(x * factor, y * factor, z * factor))


MISTAKES: dict[str, tuple[Kind, Callable[[Calibration], Calibration]]] = {
    "inverted": ("inverted", _inverted),
    "transposed": ("transposed", lambda camera: replace(camera, rotation=undone(camera.rotation))),
    "in a car's axes": (
        "axes",
        lambda camera: replace(camera, rotation=joined(camera.rotation, undone(LOOKING))),
    ),
    "y up, z backwards": (
        "axes",
        lambda camera: replace(camera, rotation=joined(camera.rotation, turn(0, 0, math.pi))),
    ),
    "x right, y ahead": ("axes", _in_other_axes),
    "millimetres": ("millimetres", lambda camera: _times(camera, 1000)),
    "for half the size": ("size", lambda camera: scaled(camera, 0.5, (800, 450))),
    "lens for half the size": ("size", lambda camera: replace(scaled(camera, 0.5, SIZE), size=SIZE)),
}
cars = st.builds(front, angles, floats(-0.3, 0.3), st.tuples(floats(0.1, 3), floats(-1, 1), floats(0.3, 2)))


@pytest.mark.parametrize("name", MISTAKES)
@given(cars)
def test_one_of_what_is_tried_takes_the_mistake_back(name: str, camera: Calibration) -> None:
    kind, mistaken = MISTAKES[name]
    points = np.random.default_rng(0).normal(0, 20, (100, 3))
    wanted = project(points, camera)
    mended = [each.mended for each in suspects(mistaken(camera), SIZE) if each.kind == kind]
    assert any(
        each.size == SIZE and np.allclose(project(points, each), wanted, rtol=1e-6, equal_nan=True)
        for each in mended
    )


def test_a_camera_upside_down_or_far_away_stands_on_no_car() -> None:
    assert is_plausible(front(), SIZE)
    assert is_plausible(front(2.5, 0.5), SIZE)
    for name in ("inverted", "transposed", "in a car's axes", "y up, z backwards", "millimetres"):
        assert not is_plausible(MISTAKES[name][1](front()), SIZE), name
    assert not is_plausible(scaled(front(), 0.5, SIZE), SIZE)


def test_every_suspicion_is_a_sentence_and_the_first_is_that_nothing_is_wrong() -> None:
    found = suspects(front(), SIZE)
    assert found[0].kind == "fine"
    assert found[0].mended == front()
    assert all(each.what.endswith(".") and each.what[0].isupper() for each in found)


@given(cars, st.sampled_from(WAYS), floats(-0.3, 0.3))
def test_a_nudge_and_its_opposite_are_nothing(camera: Calibration, way: Way, amount: float) -> None:
    back = nudge(nudge(camera, way, amount), way, -amount)
    assert np.allclose(as_matrix(pose_of(back)), as_matrix(pose_of(camera)), atol=1e-12)


def test_nudges_go_where_they_say() -> None:
    camera = front()
    middle = np.array([[810.0, 440.0]])

    def looks(changed: Calibration) -> list[float]:
        ray = outward(Pose((0, 0, 0), changed.rotation), rays_in_camera(middle, changed))[0]
        return [float(each) for each in ray]

    assert nudge(camera, "x", 0.5).translation == pytest.approx((2.2, 0.1, 1.5))
    assert nudge(camera, "y", 0.5).translation == pytest.approx((1.7, 0.6, 1.5))
    assert nudge(camera, "z", 0.5).translation == pytest.approx((1.7, 0.1, 2.0))
    assert looks(nudge(camera, "pan", 0.1)) == pytest.approx([math.cos(0.1), -math.sin(0.1), 0.0])
    assert looks(nudge(camera, "tilt", 0.1)) == pytest.approx([math.cos(0.1), 0.0, math.sin(0.1)])
    right = np.array([[20.0, -5.0, 1.5]])
    assert project(right, nudge(camera, "roll", 0.1))[0, 1] < project(right, camera)[0, 1]
    both = nudged(camera, {"pan": 0.1, "x": 0.2})
    assert both == nudge(nudge(camera, "x", 0.2), "pan", 0.1)
