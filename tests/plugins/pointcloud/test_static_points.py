"""What stands still among sweeps that are laid over each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.static_points import BESIDE_M, is_still, movers, moving_at
from studio.domain.entities import EgoPose
from studio.domain.ids import EntityId, new_id
from studio.domain.space import NO_TURN, turn, within
from tests.plugins.pointcloud.space_ground import a_track, close, cuboid, scene_with

metres = st.floats(-20, 20)
placements = st.builds(
    lambda x, y, size, yaw: Placement((x, y, 0.0), size, turn(yaw)),
    metres,
    metres,
    st.tuples(st.floats(0.5, 8), st.floats(0.5, 3), st.floats(0.5, 3)),
    st.floats(-3, 3),
)


@given(st.lists(placements, max_size=4), st.integers(0, 9))
def test_what_lies_in_no_cuboid_that_moves_stands_still(moving, seed):
    points = np.random.default_rng(seed).uniform((-25, -25, -2), (25, 25, 2), (400, 3))
    hit = np.zeros(400, bool)
    for at in moving:
        hit |= within(points, at.centre, at.size, at.rotation, BESIDE_M)
    assert np.array_equal(is_still(points, moving), ~hit)


def test_what_is_parked_is_no_mover_though_the_car_drives_past_it():
    parked, driving, once = a_track(), a_track(), a_track()
    poses = [
        EgoPose(EntityId(new_id()), frame * 100_000_000, (float(frame), 0.0, 0.0), NO_TURN)
        for frame in range(11)
    ]
    scene = scene_with(
        parked,
        cuboid(parked, 0, centre=(10.0, 3.0, 0.0)),
        cuboid(parked, 10, centre=(0.0, 3.0, 0.0)),
        driving,
        cuboid(driving, 0, centre=(10.0, -3.0, 0.0)),
        cuboid(driving, 10, centre=(10.0, -3.0, 0.0)),
        once,
        cuboid(once, 4, centre=(5.0, 0.0, 0.0), ends_here=True),
        *poses,
    )
    found = movers(scene.index)
    assert found == {driving.id}
    (at,) = moving_at(scene.index, found, 5)
    assert close(at.centre, (10.0, -3.0, 0.0), 0.01)
