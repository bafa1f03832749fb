"""Points coloured from pictures, and points laid over a picture by their depth."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.cameras import pose_of, project_from_camera
from studio.domain.entities import Calibration
from studio.domain.space import Floats, inward

HIDES_PX = 6  # a point hides what is behind it in cells of this size: sweeps are thin, things are not
_BEHIND = 0.04  # share of the depth, and metres, that a point may be behind the foremost one there
_BEHIND_M = 0.3


class Overlay(NamedTuple):
    """Points on a picture, the farthest first, as they are painted.

    pixels: (M, 2); depths: (M,) metres from the camera; places: (M,) which of the points each one is.
    """

    pixels: Floats
    depths: Floats
    places: NDArray[np.intp]


def overlay(points_ego: Floats, camera: Calibration, hide: bool = False) -> Overlay:
    """The points that a camera sees, with `hide` without those that others hide.

    points_ego: (N, 3), at the picture's moment. Raises `calibration.broken`.
    """
    local = inward(pose_of(camera), points_ego)
    pixels = project_from_camera(local, camera)
    with np.errstate(invalid="ignore"):
        seen = np.flatnonzero(((pixels >= 0) & (pixels < np.array(camera.size))).all(axis=1))
    depths = np.linalg.norm(local[seen], axis=1)
    if hide:
        shown = ~_is_hidden(pixels[seen], depths, camera)
        seen, depths = seen[shown], depths[shown]
    order = np.argsort(-depths, kind="stable")
    return Overlay(pixels[seen[order]], depths[order], seen[order])


def coloured(
    points_ego: Floats, pictures: Iterable[tuple[Calibration, NDArray[np.uint8]]]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(N, 3) red, green, blue of points, and (N,) whether any picture shows them; black where none does.

    pictures: (height, width, 3). Where several show a point, the one that has it nearest to its middle. The
    nearest pixel is taken; what others hide is left out. Raises `calibration.broken`.
    """
    colours = np.zeros((len(points_ego), 3), np.uint8)
    nearest = np.full(len(points_ego), np.inf)
    for camera, picture in pictures:
        laid = overlay(points_ego, camera, hide=True)
        size = np.array(camera.size)
        off = np.hypot(*((laid.pixels - size / 2) / size).T)
        better = off < nearest[laid.places]
        places, pixels = laid.places[better], laid.pixels[better]
        # a picture may have been made smaller than the size that its calibration is for
        scale = np.array([picture.shape[1], picture.shape[0]]) / size
        column, row = np.minimum(
            (pixels * scale).astype(np.intp), [picture.shape[1] - 1, picture.shape[0] - 1]
        ).T
        colours[places] = picture[row, column, :3]
        nearest[places] = off[better]
    return colours, np.isfinite(nearest)


def _is_hidden(pixels: Floats, depths: Floats, camera: Calibration) -> NDArray[np.bool_]:
    """(M,) which points lie behind others, by the foremost point in the cells just above each one.

    What stands before a point reaches above it on the picture; the ground before it, which is nearer too and
    hides nothing, lies below.
    """
    columns, rows = (int(each) // HIDES_PX + 1 for each in camera.size)
    column, row = (pixels / HIDES_PX).astype(np.intp).T
    foremost = np.full((rows + 2, columns + 2), np.inf)
    np.minimum.at(foremost, (row + 2, column + 1), depths)
    above = np.min([foremost[i : rows + i, j : columns + j] for i in range(2) for j in range(3)], axis=0)
    found: NDArray[np.bool_] = depths > above[row, column] * (1 + _BEHIND) + _BEHIND_M
    return found
