"""Points by numpy, where there is no OpenGL: the same pictures, slower."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from widgets.cloud.drawn import Look, Region
from widgets.cloud.held import HeldCloud, Places
from widgets.cloud.ramps import instance_palette, palette, ramp, rgb_of
from widgets.cloud.renderer import Counts, Shot, to_region
from widgets.cloud.shaders import MODES

CHUNK = 131_072  # points at a time, so that what is made of them stays in the processor's cache
DIMMED = 0.25
LARGEST = 12  # device pixels of a point
ROUND_FROM = 4  # device pixels


class SoftwareRenderer:
    """Needs nothing but the arrays."""

    is_lost = False

    def __init__(self, note: str) -> None:
        self.note = note

    def new_frame(self) -> SoftwareFrame:
        return SoftwareFrame()


class SoftwareFrame:
    """A picture with a depth for every pixel."""

    def __init__(self) -> None:
        self.drawn: Counts = {}
        self._shot: Shot | None = None
        self._pixels = np.zeros((1, 1), np.uint32)
        self._depth = np.zeros((1, 1), np.float32)

    def start(self, shot: Shot, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        width, height = (max(round(side * shot.ratio), 1) for side in shot.view.window)
        if self._pixels.shape != (height, width):
            self._pixels = np.zeros((height, width), np.uint32)
            self._depth = np.empty((height, width), np.float32)
        self._pixels.fill(0)
        self._depth.fill(np.inf)
        self._shot, self.drawn = shot, {}
        self.extend(clouds, counts)

    def extend(self, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        for cloud in clouds:
            start, stop = self.drawn.get(cloud.key, 0), counts.get(cloud.key, 0)
            for low in range(start, stop, CHUNK):
                self._splat(cloud, slice(low, min(low + CHUNK, stop)))
            self.drawn[cloud.key] = max(start, stop)

    def redraw(self, cloud: HeldCloud, places: NDArray[np.intp]) -> None:
        chosen = places[places < self.drawn.get(cloud.key, 0)]
        for low in range(0, len(chosen), CHUNK):
            self._splat(cloud, chosen[low : low + CHUNK])

    def image(self) -> QImage:
        height, width = self._pixels.shape
        packed = QImage.Format.Format_ARGB32_Premultiplied
        return QImage(self._pixels.data, width, height, 4 * width, packed)

    def depth(self) -> NDArray[np.float32]:
        if self._shot is None or not self._shot.view.flat:
            return self._depth.copy()
        return self._shot.view.metres_of(self._depth / 2 + np.float32(0.5))

    def _splat(self, cloud: HeldCloud, part: slice | Places) -> None:
        if self._shot is None:
            return
        shot = self._shot
        height, width = self._pixels.shape
        xyz = cloud.xyz[part]
        to_clip = (shot.view.clip_matrix() @ cloud.pose).astype(np.float32)
        clip = xyz @ to_clip[[0, 1, 3], :3].T + to_clip[[0, 1, 3], 3]
        deep = clip[:, 2]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            x = (clip[:, 0] / deep + 1) * (width / 2)
            y = (1 - clip[:, 1] / deep) * (height / 2)
            seen = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (deep > 0)
        shown = np.flatnonzero(seen)
        colors, is_shown = colors_of(shot, cloud, part, shown)
        shown, colors = shown[is_shown], colors[is_shown]
        if shot.view.flat:  # there all points are equally far by `w`
            depth = (xyz[shown] @ to_clip[2, :3] + to_clip[2, 3]).astype(np.float32)
        else:
            depth = deep[shown]
        order = np.argsort(-depth)  # the nearest last: of several on one pixel the last one stays
        shown = shown[order]
        sides = _sides(shot, cloud, deep[shown])
        half = (sides - 1) / np.float32(2)
        column, row = np.floor(x[shown] - half).astype(np.intp), np.floor(y[shown] - half).astype(np.intp)
        self._put(column, row, sides, depth[order], colors[order])

    def _put(
        self,
        left: Places,
        top: Places,
        sides: NDArray[np.int32],
        depth: NDArray[np.float32],
        colors: NDArray[np.uint32],
    ) -> None:
        """Squares of pixels, discs where they are large enough to be seen as such."""
        height, width = self._pixels.shape
        flat_depth, flat = self._depth.reshape(-1), self._pixels.reshape(-1)
        for side in np.unique(sides).tolist():
            mine = sides == side
            x, y, z, color = left[mine], top[mine], depth[mine], colors[mine]
            for dy, dx in _stamp(side):
                at = np.clip(y + dy, 0, height - 1) * width + np.clip(x + dx, 0, width - 1)
                nearer = z <= flat_depth[at]
                at = at[nearer]
                flat_depth[at] = z[nearer]
                flat[at] = color[nearer]


def _sides(shot: Shot, cloud: HeldCloud, deep: NDArray[np.float32]) -> NDArray[np.int32]:
    """(n,) device pixels of each point: as in the shader, those close to the eye are up to twice as large."""
    size = (cloud.point_size or shot.look.point_size) * shot.ratio
    near = 0.0 if shot.view.flat else shot.view.distance * 0.5
    grown = size * np.clip(near / np.maximum(deep, np.float32(1e-6)), 1.0, 2.0)
    return np.clip(np.round(grown), 1, LARGEST).astype(np.int32)


@cache
def _stamp(side: int) -> tuple[tuple[int, int], ...]:
    middle, reach = (side - 1) / 2, side * side / 4
    places = [(dy, dx) for dy in range(side) for dx in range(side)]
    if side < ROUND_FROM:
        return tuple(places)
    return tuple((dy, dx) for dy, dx in places if (dy - middle) ** 2 + (dx - middle) ** 2 <= reach)


def colors_of(
    shot: Shot, cloud: HeldCloud, part: slice | Places, chosen: Places
) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Of the points `chosen` within `part`: (n,) 0xffRRGGBB, and which of them are shown at all."""
    look = shot.look
    xyz = cloud.xyz[part][chosen]
    row = cloud.pose[2].astype(np.float32)
    height = xyz @ row[:3] + row[3]
    shown = np.ones(len(xyz), bool)
    if look.slab is not None:
        shown &= (height >= look.slab[0]) & (height <= look.slab[1])
    if (inside := _within(shot.region, cloud, xyz)) is not None:
        shown &= inside
    rgb, alpha = _base_colors(look, cloud, part, chosen, height)
    shown &= alpha
    if (inside := _within(look.crop, cloud, xyz)) is not None:
        if look.dim_outside:
            rgb[~inside] = (rgb[~inside] * DIMMED).astype(np.uint8)
        else:
            shown &= inside
    if (inside := _within(look.lit, cloud, xyz)) is not None:
        rgb[inside] = np.round(np.array(rgb_of(look.lit_color)) * 255).astype(np.uint8)
    wide = rgb.astype(np.uint32)
    packed = np.uint32(0xFF000000) | wide[:, 0] << np.uint32(16) | wide[:, 1] << np.uint32(8) | wide[:, 2]
    return packed, shown


def _base_colors(
    look: Look, cloud: HeldCloud, part: slice | Places, chosen: Places, height: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(n, 3) colours before dimming and light, and which are not transparent."""
    held = height if look.mode == "height" else cloud.field(look.mode)
    every = np.ones(len(chosen), bool)
    if held is None or cloud.color:  # plain, or the cloud has no such field
        plain = np.round(np.array(rgb_of(cloud.color or look.plain)) * 255).astype(np.uint8)
        return np.tile(plain, (len(chosen), 1)), every
    values = height if look.mode == "height" else held[part][chosen]
    match MODES[look.mode]:
        case 2:
            table = instance_palette() if look.mode == "instance" else palette(look.palette)
            found = table[values.astype(np.intp) % len(table)]
            return found[:, :3].copy(), found[:, 3] > 0
        case 3:
            return values[:, :3].copy(), every
        case _:
            share = (values.astype(np.float32) - look.low) / ((look.high - look.low) or 1e-9)
            return ramp(look.ramp)[(np.clip(share, 0, 1) * 255 + 0.5).astype(np.intp), :3], every


def _within(region: Region | None, cloud: HeldCloud, xyz: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    matrix = to_region(region, cloud)
    if matrix is None:
        return None
    narrow = matrix.astype(np.float32)
    inside: NDArray[np.bool_] = (np.abs(xyz @ narrow[:3, :3].T + narrow[:3, 3]) <= 1).all(axis=1)
    return inside
