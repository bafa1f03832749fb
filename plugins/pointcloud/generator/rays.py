"""Casting rays at bodies: what each ray meets first, how far away, and on which face."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.generator.solids import Body
from studio.domain.space import Floats, Pose, chained, inverse, inward, matrix_of, outward

Singles = NDArray[np.float32]
GROUND, NOTHING = -1, -2
_BUNDLE = 8  # rays that are passed over together


class Faces(NamedTuple):
    """Every face of every body, F of them, in the sensor's axes."""

    normals: Floats  # (F, 3)
    colours: NDArray[np.uint8]  # (F, 3)
    reflectivity: Floats  # (F,)
    owner: NDArray[np.int32]  # (F,) the body's place among those that were cast at


class Met(NamedTuple):
    """For each of N rays: metres to what it meets (infinite: nothing) and which face that is.

    face: (N,) an index into `faces`, or GROUND, or NOTHING.
    """

    reach: Singles
    face: NDArray[np.int32]
    faces: Faces


class Rays(NamedTuple):
    """Rays of a sensor in its own axes, and the cones around each `_BUNDLE` neighbours of them."""

    directions: Singles  # (3, N), of length 1
    middles: Floats  # (3, K)
    spreads: Floats  # (K,) radians


def bundled(directions: Singles) -> Rays:
    """Rays, ready to be cast. directions: (3, N), neighbours beside each other."""
    starts = np.arange(0, directions.shape[1], _BUNDLE)
    middles = np.add.reduceat(directions.astype(np.float64), starts, axis=1)
    middles /= np.linalg.norm(middles, axis=0)
    near = (directions * np.repeat(middles, _BUNDLE, axis=1)[:, : directions.shape[1]]).sum(axis=0)
    spreads = np.arccos(np.clip(np.minimum.reduceat(near, starts), -1.0, 1.0))
    return Rays(np.ascontiguousarray(directions), middles, spreads)


def cast(rays: Rays, sensor: Pose, bodies: Sequence[Body], poses: Sequence[Pose], ground: Ground) -> Met:
    """What rays from a sensor meet. `sensor` and `poses` (one a body) are in the world."""
    directions = rays.directions
    reach = ground.met(sensor.translation, applied(matrix_of(sensor.rotation), directions))
    face: NDArray[np.int32] = np.where(np.isfinite(reach), GROUND, NOTHING).astype(np.int32)
    normals: list[Floats] = []
    owners: list[int] = []
    looks: list[tuple[int, int, int, float]] = []
    count = 0
    to_sensor = inverse(sensor)
    for owner, (body, pose) in enumerate(zip(bodies, poses, strict=True)):
        here = chained(to_sensor, pose)
        turned = matrix_of(here.rotation)
        for solid in body.solids:
            normals.append(solid.normals @ turned.T)
            owners += [owner] * len(solid.offsets)
            looks += [(*solid.colour, solid.reflectivity)] * len(solid.offsets)
        near = _rays_near(rays, body, here)
        for solid in body.solids:
            if len(near):
                _meet(directions, near, solid.normals, solid.offsets, here, turned, count, reach, face)
            count += len(solid.offsets)
    table = np.array(looks).reshape(-1, 4)
    faces = Faces(
        np.concatenate(normals) if normals else np.zeros((0, 3)),
        table[:, :3].astype(np.uint8),
        table[:, 3],
        np.array(owners, np.int32),
    )
    return Met(reach, face, faces)


def applied(matrix: Floats, directions: Singles) -> Singles:
    """(P, 3) times (3, N). Not by BLAS: its threads take twice the time for so thin a product."""
    product: Singles = np.einsum("pi,in->pn", matrix.astype(np.float32), directions)
    return product


def _rays_near(rays: Rays, body: Body, here: Pose) -> NDArray[np.intp]:
    """Indices of the rays that may meet a body: of bundles whose cone meets that of the ball around it."""
    centre = outward(here, np.array([body.centre]))[0]
    radius = math.hypot(*body.size) / 2 + 0.01
    away = float(np.linalg.norm(centre))
    if away <= radius:
        return np.arange(rays.directions.shape[1])
    between = np.arccos(np.clip(centre @ rays.middles / away, -1.0, 1.0))
    bundles = np.flatnonzero(between <= rays.spreads + (math.asin(radius / away) + 1e-4))
    found: NDArray[np.intp] = (bundles[:, None] * _BUNDLE + np.arange(_BUNDLE)).ravel()
    return found[: np.searchsorted(found, rays.directions.shape[1])]


def _meet(
    directions: Singles,
    near: NDArray[np.intp],
    normals: Floats,
    offsets: Floats,
    here: Pose,
    turned: Floats,
    first: int,
    reach: Singles,
    face: NDArray[np.int32],
) -> None:
    """Put into `reach` and `face` where the rays `near` enter a solid whose faces begin at `first`."""
    origin = inward(here, np.zeros((1, 3)))[0]
    beyond = (offsets - normals @ origin).astype(np.float32)[:, None]
    across = applied(normals @ turned.T, directions[:, near])  # (P, M)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = beyond / across
    came = np.where(across < 0, along, np.float32(-np.inf))
    entry = came.max(axis=0)
    left = np.where(across > 0, along, np.float32(np.inf)).min(axis=0)
    passes = ~((across == 0) & (beyond < 0)).any(axis=0)
    meets = np.flatnonzero(passes & (entry <= left) & (entry > 0) & (entry < reach[near]))
    hit = near[meets]
    reach[hit] = entry[meets]
    face[hit] = first + came[:, meets].argmax(axis=0)
