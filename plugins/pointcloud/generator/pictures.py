"""Pictures of a scene: flat shading, one ray a pixel, so that every edge stands where the geometry has it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.generator.rays import GROUND, NOTHING, Met, Rays, Singles, applied, bundled, cast
from plugins.pointcloud.generator.solids import Body
from studio.domain.cameras import rays_in_camera
from studio.domain.entities import Calibration
from studio.domain.space import Floats, Pose, matrix_of

Picture = NDArray[np.uint8]  # (H, W, 3), RGB

_SUN = np.array([0.35, 0.45, 0.82])
_HAZE = np.array([196.0, 206.0, 216.0], np.float32)
_ZENITH = np.array([112.0, 150.0, 200.0], np.float32)
_EDGES = (7.3, 12.5)  # metres from the middle of the road: asphalt, pavement, grass
_GROUND = np.array([[92, 93, 96], [150, 146, 140], [98, 122, 72], [228, 228, 220]], np.float32)  # and lines
_HAZE_M = 260.0  # distance at which two thirds of a colour are lost


class Lens(NamedTuple):
    """The ray of each pixel of a camera, in the camera's axes."""

    pixels: NDArray[np.intp]  # (N,) row by row, those at which the lens shows anything
    rays: Rays


def lens_of(camera: Calibration) -> Lens:
    """The rays through the middles of all pixels. Raises `calibration.broken`."""
    width, height = camera.size
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    directions = rays_in_camera(np.column_stack([columns.ravel(), rows.ravel()]), camera)
    pixels = np.flatnonzero(~np.isnan(directions[:, 0]))
    return Lens(pixels, bundled(directions[pixels].T.astype(np.float32)))


def picture(
    lens: Lens,
    size: tuple[int, int],
    camera: Pose,
    bodies: Sequence[Body],
    poses: Sequence[Pose],
    ground: Ground,
) -> Picture:
    """What a camera sees. `camera` and `poses` are in the world; size is width, height."""
    width, height = size
    met = cast(lens.rays, camera, bodies, poses, ground)
    out = np.zeros((width * height, 3), np.uint8)
    out[lens.pixels] = _colours(met, lens.rays.directions, matrix_of(camera.rotation), camera)
    return out.reshape(height, width, 3)


def _colours(met: Met, directions: Singles, turned: Floats, camera: Pose) -> Picture:
    """(N, 3)"""
    x, y, z = applied(turned, directions)
    colours = np.empty((directions.shape[1], 3), np.float32)
    sky = np.flatnonzero(met.face == NOTHING)
    colours[sky] = _HAZE + (_ZENITH - _HAZE) * np.sqrt(np.clip(z[sky, None], 0.0, 1.0))
    lit = np.clip(met.faces.normals @ turned.T @ (_SUN / np.linalg.norm(_SUN)), 0.0, 1.0)
    shaded = (met.faces.colours * (0.45 + 0.55 * lit[:, None])).astype(np.float32)
    solid = np.flatnonzero(met.face >= 0)
    colours[solid] = shaded[met.face[solid]]
    below = np.flatnonzero(met.face == GROUND)
    away = met.reach[below]
    eye_x, eye_y, _ = camera.translation
    colours[below] = _ground_colours(eye_x + x[below] * away, eye_y + y[below] * away)
    touched = np.concatenate([solid, below])
    left = np.exp(-met.reach[touched, None] / np.float32(_HAZE_M))
    colours[touched] = _HAZE + (colours[touched] - _HAZE) * left
    return np.clip(colours, 0.0, 255.0).astype(np.uint8)


def _ground_colours(x: Singles, y: Singles) -> Singles:
    """(N, 3) of a road along the world's x, with lines between its lanes, pavements and grass."""
    lateral = np.abs(y - np.float32(1.8))
    kind = np.digitize(lateral, _EDGES)
    dashed = (np.abs((lateral + 1.8) % 3.6 - 1.8) < 0.07) & (lateral < 5.0) & (x % 9.0 < 3.0)
    kind[dashed | (np.abs(lateral - 7.1) < 0.08)] = 3
    cells = np.floor(x * 1.7).astype(np.int32) * 73_856_093 ^ np.floor(y * 1.7).astype(np.int32) * 19_349_663
    grain = ((cells ^ cells >> 13) & 15).astype(np.float32) - np.float32(7.5)
    noisy: Singles = _GROUND[kind] + np.float32(0.7) * grain[:, None]
    return noisy
