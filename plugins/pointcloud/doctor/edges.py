"""Edges of things as the lidar and as the camera see them, and how well a calibration lays one on the other.

A point whose neighbour in the sweep lies far behind it is on the outline of a thing; there the picture should
have an edge across the same direction (after Levinson and Thrun 2013). What counts is how much stronger
the picture's edges are there than just beside: pictures full of edges, and points that lie where any picture
has more of them, gain nothing by that.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, sobel, uniform_filter
from scipy.spatial import cKDTree

from plugins.pointcloud.fitting import ground_of
from studio.domain.cameras import project
from studio.domain.entities import Calibration
from studio.domain.space import Floats
from studio.domain.values import XYZ

ENOUGH = 60  # outline points on a picture, below which it says nothing
_NEAREST_M, _FURTHEST_M = 2.5, 70.0
_JUMP, _JUMP_M = 0.1, 0.4  # share of the distance, and metres, that the neighbour behind an outline is away
_CLEAR_M = 0.3  # above the ground
_WIDTH = 800  # pixels that a picture is looked at with: beams are no finer
_BESIDE = 61  # pixels, of what counts as just beside
_SPREAD = {"coarse": (0.92, 24), "fine": (0.8, 10)}  # share that is left of an edge a pixel away, and how far


class View(NamedTuple):
    """A sweep and a picture of the same moment.

    points: (N, 3), metres, in the frame that the camera's pose is in, at the picture's time. grey: (height,
    width), 0 to 255, at the picture's full size. sensor: where the lidar stood in it.
    """

    points: Floats
    grey: NDArray[np.uint8]
    sensor: XYZ = (0.0, 0.0, 0.0)


class Outlines(NamedTuple):
    """(N, 3) places on outlines, (N, 3) as far away on their outer side, and (N,) what each counts."""

    inner: Floats
    outer: Floats
    weights: Floats


class Prepared(NamedTuple):
    """A view made ready: its outlines, and where its picture has edges across x and across y.

    edges: by how far they are spread; each (2, rows, columns), with mean 0 and variance 1. scale: pixels of
    the picture for one of theirs.
    """

    outlines: Outlines
    edges: dict[str, Floats]
    scale: float
    size: tuple[int, int]


def prepared(views: Sequence[View], outlines: Sequence[Outlines] = ()) -> list[Prepared]:
    """About a second for each sweep of 100,000 points, and 0.3 for each picture.

    outlines: those of the views' sweeps, where `outlines_of` was asked before: cameras share them.
    """
    found = []
    for place, view in enumerate(views):
        known = outlines[place] if outlines else outlines_of(view.points, view.sensor)
        edges, scale = picture_edges(view.grey)
        found.append(Prepared(known, edges, scale, (view.grey.shape[1], view.grey.shape[0])))
    return found


def edge_score(camera: Calibration, views: Sequence[Prepared], spread: str = "fine") -> float:
    """How much stronger the pictures' edges are under outlines than beside, in standard errors.

    0 is no better than chance, 4 is hardly chance. Raises `calibration.broken`.
    """
    total, weight = 0.0, 0.0
    for view in views:
        values, weights = _under_outlines(camera, view, spread)
        if len(values) >= ENOUGH:
            total += float(values @ weights)
            weight += float(weights @ weights)
    return total / math.sqrt(weight) if weight else 0.0


def _under_outlines(camera: Calibration, view: Prepared, spread: str) -> tuple[Floats, Floats]:
    """(n,) strengths of the picture's edges under the outlines that it shows, and (n,) what each counts."""
    inner = project(view.outlines.inner, camera) / view.scale
    outer = project(view.outlines.outer, camera) / view.scale
    edges = view.edges[spread]
    _, rows, columns = edges.shape
    with np.errstate(invalid="ignore"):
        seen = ((inner >= 0) & (inner < (columns, rows))).all(axis=1) & np.isfinite(outer).all(axis=1)
    inner, across = inner[seen], np.abs(outer[seen] - inner[seen])
    across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
    places = inner[:, ::-1].T - 0.5  # row, column of the middles of pixels
    strengths = [map_coordinates(each, places, order=1, mode="nearest") for each in edges]
    values: Floats = across[:, 0] * strengths[0] + across[:, 1] * strengths[1]
    return values, view.outlines.weights[seen]


def outlines_of(points: Floats, sensor: XYZ) -> Outlines:
    """Where things stand out before what is behind them, as seen from the sensor."""
    away = points - np.array(sensor)
    distance = np.linalg.norm(away, axis=1)
    kept = (distance > _NEAREST_M) & (distance < 1.5 * _FURTHEST_M)
    points, away, distance = points[kept], away[kept], distance[kept]
    if len(points) < ENOUGH:
        return Outlines(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))
    standing = ground_of(points).above(points) > _CLEAR_M
    directions = away / distance[:, None]
    angles = np.column_stack([np.arctan2(away[:, 1], away[:, 0]), np.arcsin(directions[:, 2])])
    found = []
    # rings are dense along and sparse across: each way is looked at in a metric of its own, and counts less
    # where a beam more or less is a large step
    for along, weight in ((0, 1.0), (1, 0.5)):
        for beyond in _neighbours(angles, along):
            behind = np.where(beyond >= 0, distance[beyond] - distance, 0.0)
            chosen = np.flatnonzero(
                (behind > np.maximum(_JUMP_M, _JUMP * distance)) & standing & (distance < _FURTHEST_M)
            )
            other = directions[beyond[chosen]]
            middle = directions[chosen] + other  # the outline is somewhere between the two beams
            middle /= np.linalg.norm(middle, axis=1, keepdims=True)
            reach = distance[chosen, None]
            strength = weight * np.sqrt(np.minimum(behind[chosen], 4.0))
            found.append((np.array(sensor) + middle * reach, np.array(sensor) + other * reach, strength))
    inner, outer, weights = (np.concatenate(each) for each in zip(*found, strict=True))
    return Outlines(inner, outer, weights)


def _neighbours(angles: Floats, along: int) -> list[NDArray[np.intp]]:
    """For each point the next one on either side along an angle, -1 where there is none.

    angles: (N, 2) azimuth and elevation.
    """
    metric = np.array([1.0, 4.0]) if along == 0 else np.array([4.0, 1.0])
    tree = cKDTree(angles * metric)
    apart, near = tree.query(angles * metric, k=6, distance_upper_bound=0.12)
    held, near = np.isfinite(apart[:, 1:]), np.where(np.isfinite(apart[:, 1:]), near[:, 1:], 0)
    ahead = angles[near, along] - angles[:, along, None]
    aside = angles[near, 1 - along] - angles[:, 1 - along, None]
    held &= np.abs(aside) < 0.5 * np.abs(ahead) + 2e-4
    step = float(np.median(np.abs(ahead[held]))) if held.any() else 0.0
    found = []
    for sign in (-1, 1):
        gaps = np.where(held & (ahead * sign > 0) & (np.abs(ahead) < 3 * step), np.abs(ahead), np.inf)
        nearest = np.argmin(gaps, axis=1)
        rows = np.arange(len(angles))
        found.append(np.where(np.isfinite(gaps[rows, nearest]), near[rows, nearest], -1))
    return found


def picture_edges(grey: NDArray[np.uint8]) -> tuple[dict[str, Floats], float]:
    """Where a picture has edges across x and across y, for each spread, and its pixels for one of theirs.

    Strong and weak ones count alike where all around are: a car in the shade has an outline too.
    """
    scale = grey.shape[1] / _WIDTH
    small = _reduced(grey.astype(np.float64), scale)
    small = gaussian_filter(small, 1.0)
    across_x, across_y = np.abs(sobel(small, axis=1)), np.abs(sobel(small, axis=0))
    both = np.hypot(across_x, across_y)
    around = gaussian_filter(both, 20.0) + 0.5 * both.mean() + 1e-9
    found: dict[str, Floats] = {}
    for name, (kept, reach) in _SPREAD.items():
        parts = []
        for strength, beside in ((across_x / around, (9, _BESIDE)), (across_y / around, (_BESIDE, 9))):
            level = np.minimum(strength / max(float(np.quantile(strength, 0.98)), 1e-9), 1.0)
            spread = _spread(level, kept, reach)
            above = spread - uniform_filter(spread, beside)
            parts.append(above / max(float(above.std()), 1e-9))
        found[name] = np.array(parts)
    return found, scale


def _reduced(grey: Floats, scale: float) -> Floats:
    """A picture at `_WIDTH` pixels across; a smaller one is stretched."""
    if scale > 1:
        grey = gaussian_filter(grey, scale / 2)
    rows = max(round(grey.shape[0] / scale), 2)
    y, x = (np.arange(rows) + 0.5) * scale - 0.5, (np.arange(_WIDTH) + 0.5) * scale - 0.5
    found: Floats = map_coordinates(grey, np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest")
    return found


def _spread(level: Floats, kept: float, reach: int) -> Floats:
    """Each pixel the most of what edges around it send there, `kept` of it at each step."""
    for _ in range(reach):
        padded = np.pad(level, 1)
        beside = np.maximum.reduce([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
        level = np.maximum(level, kept * beside)
    return level
