"""Sweeps of a lidar: what comes back of its shots, with noise, missing returns and exact truth."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.generator.rays import GROUND, NOTHING, Rays, cast
from plugins.pointcloud.generator.rig import Lidar
from plugins.pointcloud.generator.solids import Body
from studio.domain.space import Pose, matrix_of

_GROUND_REFLECTIVITY = 0.3
_WEAKEST = 0.012  # share of the light that must come back, at 60 m


class Sweep(NamedTuple):
    """One sweep, taken in one instant. bodies: (N,) which body each point lies on, GROUND for none."""

    cloud: Cloud
    bodies: NDArray[np.int32]


def sweep(
    rng: np.random.Generator,
    lidar: Lidar,
    rays: Rays,
    pose: Pose,
    bodies: Sequence[Body],
    poses: Sequence[Pose],
    labels: NDArray[np.uint16],
    ground: Ground,
    noise_m: float,
    dropout: float,
) -> Sweep:
    """Fire all shots of a lidar. `pose` and `poses` are in the world; labels: (B + 1,), the ground last.

    Light falls off with the square of the distance and with the slant of what it meets, so far ground and
    dark, slanting faces are lost first.
    """
    met = cast(rays, pose, bodies, poses, ground)
    back = np.flatnonzero((met.face != NOTHING) & (met.reach < lidar.range_m) & (met.reach > 0.5))
    face, reach, along = met.face[back], met.reach[back], rays.directions[:, back].T
    up = matrix_of(pose.rotation).T @ np.array([0.0, 0.0, 1.0])
    normals = np.vstack([met.faces.normals, up]).astype(np.float32)  # the last row is the ground's: face -1
    reflectivity = np.append(met.faces.reflectivity, _GROUND_REFLECTIVITY).astype(np.float32)
    slant = np.abs((normals[face] * along).sum(axis=1))
    light = reflectivity[face] * np.maximum(slant, 0.03)
    kept = rng.random(len(back)) < (1 - dropout) * np.minimum(light * (60 / reach) ** 2 / _WEAKEST, 1.0)
    face, reach, along, light = face[kept], reach[kept], along[kept], light[kept]
    measured = reach + rng.normal(0.0, noise_m, len(reach)).astype(np.float32)
    owner = np.append(met.faces.owner, GROUND).astype(np.int32)[face]
    intensity = np.clip(light * rng.uniform(0.85, 1.15, len(light)), 0.0, 1.0)
    rings = (back[kept] // len(lidar.azimuths)).astype(np.uint16)
    cloud = Cloud(
        (along * measured[:, None]).astype(np.float32),
        fields={"intensity": intensity.astype(np.float32), "ring": rings, "label": labels[owner]},
    )
    return Sweep(cloud, owner)
