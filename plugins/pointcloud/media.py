"""Point clouds: checked whole, and prepared once into a small picture and the pieces that the canvas loads.

Runs in the node's limited worker; native decoders are never called in the node or the window.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plugins.pointcloud.cloud import HEAD, Cloud, head_of, pieces_of
from plugins.pointcloud.points.reading import kind_of, read_points
from plugins.pointcloud.points.source import HEAD_BYTES
from studio.domain.contracts.formats import Budget
from studio.domain.ids import StreamId
from studio.domain.wire.projects import Stream

THUMB = 256
QUALITY = 90
GROUND = (18, 21, 27)  # behind the points
_SPREAD = (2.0, 98.0)  # percentiles of places and heights that a small picture shows
_LEAST_M = 1.0  # that it shows of the world
# colours of heights from low to high: turbo's (Mikhailov 2019), a little lighter at its ends
_HEIGHTS = np.array(
    [
        [70, 80, 180],
        [65, 130, 235],
        [40, 185, 220],
        [50, 220, 150],
        [130, 235, 80],
        [205, 220, 60],
        [250, 175, 55],
        [240, 100, 50],
        [215, 60, 50],
    ],
    np.float64,
)


class PointMedia:
    """The point-cloud plug-in's `media` part."""

    def __init__(self) -> None:
        # reading is most of the cost, and the renditions of a file follow upon its probe
        self._held: tuple[tuple[int, ...], Cloud] | None = None

    def probe(self, path: Path, budget: Budget) -> Stream:
        """How many points have a place, and the kind by content. Raises `cloud.*`."""
        cloud = self._cloud(path, budget)
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES), path.stat().st_size)
        return Stream(
            id=StreamId("points"),
            name="points",
            kind="points",
            points=len(cloud.xyz),
            media_type=kind.media_type if kind else "application/octet-stream",
        )

    def renditions(self, path: Path, stream: Stream, budget: Budget) -> Iterator[tuple[str, bytes]]:
        """`thumb` (256 px, from above, coloured by height), `cloud` (its `Head`), then `cloud-0`, …"""
        cloud = self._cloud(path, budget)
        self._held = None
        yield "thumb", thumbnail(cloud)
        yield HEAD, head_of(cloud)
        for number, piece in enumerate(pieces_of(cloud)):
            yield f"{HEAD}-{number}", piece

    def _cloud(self, path: Path, budget: Budget) -> Cloud:
        found = os.stat(path)
        key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if self._held is None or self._held[0] != key:
            self._held = None  # never two at once
            self._held = key, read_points(path, "", budget)
        return self._held[1]


def thumbnail(cloud: Cloud) -> bytes:
    """A JPEG of the cloud from above, x to the right and y up, as far as most of its points reach."""
    xyz = cloud.xyz[:: max(1, len(cloud.xyz) // 400_000)]
    low, high = np.percentile(xyz, _SPREAD, axis=0)
    side = max(float((high - low)[:2].max()) * 1.1, _LEAST_M)
    corner = (low + high)[:2] / 2 - side / 2
    at = np.floor((xyz[:, :2] - corner) / side * THUMB).astype(np.int64)
    seen = ((at >= 0) & (at < THUMB)).all(axis=1)
    at, z = at[seen], xyz[seen, 2]
    # the highest point of a pixel is what one would see from above
    upward = np.argsort(z, kind="stable")
    pixels: NDArray[np.uint8] = np.full((THUMB, THUMB, 3), GROUND, np.uint8)
    colours = height_colours(z[upward], float(low[2]), float(high[2]))
    columns, rows = at[upward, 0], THUMB - 1 - at[upward, 1]
    if len(z) < THUMB * THUMB // 4:  # a sweep is sparse far out: its points are two pixels wide
        for column, row in ((1, 0), (0, 1), (1, 1)):
            pixels[np.minimum(rows + row, THUMB - 1), np.minimum(columns + column, THUMB - 1)] = colours
    pixels[rows, columns] = colours
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def height_colours(z: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    """(N,) heights -> (N, 3) colours, between `low` and `high` metres."""
    share = np.clip((np.asarray(z, np.float64) - low) / max(high - low, 1e-6), 0, 1) * (len(_HEIGHTS) - 1)
    stops = np.arange(len(_HEIGHTS))
    found = np.column_stack([np.interp(share, stops, _HEIGHTS[:, channel]) for channel in range(3)])
    return found.astype(np.uint8)
