"""Which class something may be of, by how large what is seen of it is."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.space import Floats
from studio.domain.values import XYZ

# shares of the usual size that are one standard deviation off
_TOO_LONG, _TOO_WIDE = 0.12, 0.2
_LACKS_ACROSS, _LACKS_ALONG = 0.25, 1.2  # across the line of sight a side is seen to its end, along it hardly
_TALL, _LOW = 0.16, 0.25
_SMALL_M = 0.2  # added to the usual size: noise and folds weigh more on what is small
_WAYS = 32
_MOST = 7.0  # that a lacking side costs: something may stand before it


class Guess(NamedTuple):
    """The place of a class among those that were given, and how well it fits, 0 to 1."""

    kind: int
    fit: float


class Sizes(NamedTuple):
    """Usual sizes of classes, as arrays."""

    names: tuple[str, ...]
    usual: Floats  # (C, 3) length, width, height


class Outline(NamedTuple):
    """The smallest of some rectangles around points, seen from above.

    `along` is the direction of its longer side, radians; sides in metres.
    """

    long: float
    short: float
    along: float


def sizes_of(sizes: Mapping[str, XYZ]) -> Sizes:
    """Of a mapping from class to length, width and height in metres."""
    return Sizes(tuple(sizes), np.array(list(sizes.values()), np.float64).reshape(-1, 3))


class Spans(NamedTuple):
    """How far N things reach in each of `_WAYS` directions of half a turn: (N, W) from low to high."""

    low: Floats
    high: Floats

    def of(self, members: NDArray[np.intp]) -> Outline:
        """The outline around some of them together."""
        wide = self.high[members].max(axis=0) - self.low[members].min(axis=0)
        half = _WAYS // 2
        best = int(np.argmin((wide[:half] + 0.1) * (wide[half:] + 0.1)))
        one, two, along = float(wide[best]), float(wide[best + half]), best * math.pi / _WAYS
        return Outline(one, two, along) if one >= two else Outline(two, one, along + math.pi / 2)


def spans_of(points: Floats, starts: NDArray[np.intp]) -> Spans:
    """Of things whose points lie beside each other in (P, 3), each from its place in `starts` on."""
    angles = np.arange(_WAYS) * math.pi / _WAYS
    along = points[:, :1] * np.cos(angles) + points[:, 1:2] * np.sin(angles)
    return Spans(np.minimum.reduceat(along, starts), np.maximum.reduceat(along, starts))


def fits(seen: Outline, sight: float, sizes: Sizes) -> Floats:
    """(C,) how well each class fits what is seen from above, along a line of sight (radians); 1 is wholly.

    Both ways round are tried: what is seen of a thing from behind is its width.
    """
    length, width, _ = sizes.usual.T
    across = abs(math.sin(seen.along - sight)), abs(math.cos(seen.along - sight))
    off = np.minimum(
        _off(seen.long, length, across[0], _TOO_LONG) + _off(seen.short, width, across[1], _TOO_WIDE),
        _off(seen.long, width, across[0], _TOO_WIDE) + _off(seen.short, length, across[1], _TOO_LONG),
    )
    found: Floats = np.exp(-0.5 * off)
    return found


def fits_upwards(top: float, highest: float, sizes: Sizes) -> Floats:
    """(C,) how well each class fits what reaches `top` metres above where it stands.

    Above `highest`, as far as is known, the lidar would not have seen it.
    """
    height = np.minimum(sizes.usual[:, 2], max(highest, top, _SMALL_M))
    off = (top - height) / height
    found: Floats = np.exp(-0.5 * (off / np.where(off > 0, _TALL, _LOW)) ** 2)
    return found


def best_of(fit: Floats) -> Guess:
    """The class that fits best."""
    kind = int(np.argmax(fit))
    return Guess(kind, float(fit[kind]))


def _off(seen: float, usual: Floats, across: float, too_much: float) -> Floats:
    """(C,) squares of how many standard deviations one side is off."""
    off = (seen - usual) / (usual + _SMALL_M)
    lacking = np.maximum(-off, 0.0) ** 2
    cost = lacking * (across**2 / _LACKS_ACROSS**2 + (1 - across**2) / _LACKS_ALONG**2)
    found: Floats = (np.maximum(off, 0.0) / too_much) ** 2 + np.minimum(cost, _MOST)
    return found
