"""What stands in one sweep: the ground taken away, the rest parted into things, boxes fitted to them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from plugins.pointcloud.fitting.box import fit_cuboid
from plugins.pointcloud.fitting.clusters import widest_gap
from plugins.pointcloud.fitting.ground import CLEAR_M, Ground, ground_of
from plugins.pointcloud.proposer.guessing import (
    Guess,
    Outline,
    Sizes,
    Spans,
    best_of,
    fits,
    fits_upwards,
    spans_of,
)
from studio.domain.space import Floats, yaw_of
from studio.domain.values import XYZ

Indices = NDArray[np.intp]
_Made = tuple[tuple[float, ...], int, float, int]  # a row of `Found` by its columns

REACH_M = 70.0  # beyond which nothing is proposed
_GROUND_M = 3.0  # cells of the ground under a whole sweep: a tenth of the time of those of 1 m
_GRAIN_M = 0.2  # points nearer to each other than this count as one
_FLAT = 0.5  # a gap upwards counts as half as wide: a lidar's rings lie further apart than its shots
_SHARES = (1.0, 0.75, 0.55, 0.4)  # of the widest gap, at each of which things may fall apart
_BRIDGES = (2.2, 1.5)  # likewise, of what hangs on nothing
_COARSE_M = 0.4  # cells between which bridges are built
_SURE = 0.75  # a fit from which on nobody asks whether it is two things
_PARTED = 0.7  # what each further thing must be worth, where there may be one alone
_LEAST = 0.03  # a fit below which something is nothing that is known
_FEWEST = 5  # points
_UNDER_M = 0.3  # the highest shot, up to which the top of a thing may not be its top
_UPWARDS = 0.03  # rise that every lidar for driving looks at least: 2 degrees
_POLE_M = 2.2  # above the ground: what is as tall and thin is a pole, if it goes on for
_POLE_RUN_M = 0.4  # metres upwards
_POLE_FOOT_M = 0.6  # that its lowest points are above the ground, where a lorry's side has none
_POLE_ALONE_M = 1.5  # from anything else that is tall: the side of a lorry may look like a row of poles
_POLE_WIDE_M, _POLE_ROOM_M = 0.5, 0.12
_FAR_M = 4.0  # beyond which a point says how high a lidar looks
_LOWER = 0.8  # of the whole height that a thing may have which carries another
_SEAT_M = 0.2  # above the ground that one is carried at least
_SHORTER = 0.7  # of the length of what carries it
_ROW = 1.1  # times the longest known length, from which on something may be two things in a row
_CUT_M = 0.5
_BOTH = 0.9  # what two things that hang together are worth beside a single one


class Found(NamedTuple):
    """D things of one sweep, in the ego frame, the best first."""

    rows: Floats  # (D, 7) centre, size, yaw
    kinds: Indices  # (D,) places in the sizes that were given
    scores: Floats  # (D,) 0 to 1
    points: Indices  # (D,) how many each was fitted to


class _Thing(NamedTuple):
    """Some of what stands in a sweep, what it may be, and how high above the ground that begins."""

    members: Indices
    guess: Guess
    base: float = 0.0


def found_in(points: Floats, sizes: Sizes, sensor: XYZ = (0.0, 0.0, 0.0)) -> Found:
    """Propose a cuboid for everything in a sweep that may be of a known class.

    points: (N, 3) ego frame; `sensor` is where they were seen from. Things that hang together are parted
    where their parts fit known sizes better than the whole does.
    """
    near = np.isfinite(points).all(axis=1)
    near &= np.hypot(points[:, 0] - sensor[0], points[:, 1] - sensor[1]) < REACH_M
    some = np.asarray(points[near], np.float64)
    if not len(some) or not len(sizes.names):
        return _as_found([])
    steepest = _steepest(some, sensor)
    ground = _CoarseGround(some)
    height = ground.above(some)
    standing = (height > CLEAR_M) & (height < 1.25 * sizes.usual[:, 2].max() + 0.3)
    some, height = some[standing], height[standing]
    kept = ~_of_poles(some, height)
    some, height = some[kept], height[kept]
    if len(some) < _FEWEST:
        return _as_found([])
    made: list[_Made] = []
    for thing in _things(some, height, sizes, sensor, steepest):
        own = some[thing.members]
        length, width, tall = (float(each) for each in sizes.usual[thing.guess.kind])
        floor = ground.at(own[:, :2].mean(axis=0)) + thing.base
        fit = fit_cuboid(own, usual_size=(length, width, tall), ground_z=floor, sensor=sensor)
        highest = sensor[2] + steepest * float(np.hypot(*(own[:, :2] - sensor[:2]).T).max())
        if floor + fit.size[2] > highest - _UNDER_M and fit.size[2] < tall:
            fit = replace(fit, size=(*fit.size[:2], tall), centre=(*fit.centre[:2], floor + tall / 2))
        score = thing.guess.fit * len(own) / (len(own) + 8.0)
        row = (*fit.centre, *fit.size, yaw_of(fit.rotation))
        made.append((row, thing.guess.kind, score, len(own)))
    return _as_found(sorted(made, key=lambda each: -each[2]))


def _steepest(points: Floats, sensor: XYZ) -> float:
    """Metres upwards for each metre away, of the highest shots of a lidar that meet anything."""
    away = np.hypot(points[:, 0] - sensor[0], points[:, 1] - sensor[1])
    far = away > _FAR_M
    rise = (points[far, 2] - sensor[2]) / away[far]
    return max(float(np.percentile(rise, 99.9)), _UPWARDS) if len(rise) else math.inf


class _CoarseGround:
    """The ground in cells of `_GROUND_M`: the fitting's own, looked at from further away."""

    def __init__(self, points: Floats) -> None:
        self._ground: Ground = ground_of(points * (1 / _GROUND_M, 1 / _GROUND_M, 1.0))

    def at(self, xy: Floats) -> float:
        return float(self._ground.at(xy[None] / _GROUND_M)[0])

    def above(self, points: Floats) -> Floats:
        found: Floats = points[:, 2] - self._ground.at(points[:, :2] / _GROUND_M)
        return found


def _of_poles(points: Floats, height: Floats) -> NDArray[np.bool_]:
    """(N,) which points belong to poles: what stands beside one would seem to be as tall."""
    tall = np.flatnonzero(height > _POLE_M)
    out = np.zeros(len(points), bool)
    if len(tall) < 2:
        return out
    pairs = cKDTree(points[tall, :2]).query_pairs(_POLE_ALONE_M, output_type="ndarray")
    for group in _groups(_connected(pairs, len(tall)), np.arange(len(tall))):
        low, high = points[tall[group], :2].min(axis=0), points[tall[group], :2].max(axis=0)
        if (high - low < _POLE_WIDE_M).all() and np.ptp(height[tall[group]]) > _POLE_RUN_M:
            near = (points[:, :2] > low - _POLE_ROOM_M) & (points[:, :2] < high + _POLE_ROOM_M)
            within = near.all(axis=1)
            if height[within].min() < _POLE_FOOT_M:
                out |= within
    return out


def _things(points: Floats, height: Floats, sizes: Sizes, sensor: XYZ, steepest: float) -> list[_Thing]:
    """What stands there, by the places of its points. steepest: the rise of the lidar's highest shots."""
    grains, grain_of = _grains(points)
    order = np.argsort(grain_of, kind="stable")
    starts = np.searchsorted(grain_of[order], np.arange(len(grains) + 1))
    own = grains - (*sensor[:2], 0.0)
    first = order[starts[:-1]]  # a point of each grain
    highest = sensor[2] + np.hypot(own[:, 0], own[:, 1]) * steepest - (points[first, 2] - height[first])
    tree = _Tree(
        own,
        spans_of(points[order], starts[:-1]),
        np.maximum.reduceat(height[order], starts[:-1]),
        highest,
        np.diff(starts),
        _parted(grains, sensor),
        sizes,
    )
    found = [
        thing
        for members in _groups(tree.parts[0], np.arange(len(grains)))
        for thing in tree.explained(members, 0)[1]
    ]
    return [
        each._replace(
            members=np.concatenate([order[starts[grain] : starts[grain + 1]] for grain in each.members])
        )
        for each in found
    ]


class _Tree(NamedTuple):
    """Grains, seen from the sensor at x, y 0, and what they fall apart into at ever smaller gaps."""

    grains: Floats  # (G, 3)
    spans: Spans
    tops: Floats  # (G,) above the ground
    highest: Floats  # (G,) above the ground that the lidar sees there
    counts: Indices  # (G,) points
    parts: list[Indices]  # (G,) at each gap
    sizes: Sizes

    def explained(self, members: Indices, level: int) -> tuple[float, list[_Thing]]:
        """The worth of the best way to see these grains as things, and these things."""
        points = int(self.counts[members].sum())
        if points < _FEWEST:
            return 0.0, []
        things = self._as_one(members)
        best = (things[0].guess.fit * points if things else 0.0, things)
        if (things and things[0].guess.fit >= _SURE) or level + 1 >= len(self.parts):
            return best
        groups = _groups(self.parts[level + 1], members)
        if len(groups) == 1:
            return self.explained(members, level + 1)
        apart = [self.explained(group, level + 1) for group in groups]
        worth = sum(each for each, _ in apart)
        parts = [thing for _, held in apart for thing in held]
        if worth * _PARTED ** (self._evenly(parts) - 1) <= best[0]:
            return best
        return worth, parts

    def _evenly(self, things: Sequence[_Thing]) -> float:
        """How many things these are, where splinters beside something large hardly count."""
        points = np.array([float(self.counts[each.members].sum()) for each in things])
        return float(points.sum() ** 2 / (points**2).sum()) if len(points) else 1.0

    def _as_one(self, members: Indices) -> list[_Thing]:
        """One thing, one that carries another, or two in a row; nothing where none is of any known size."""
        seen = self.spans.of(members)
        sight = self._sight(members)
        top = float(self.tops[members].max())
        from_above = fits(seen, sight, self.sizes)
        whole = best_of(from_above * fits_upwards(top, float(self.highest[members].max()), self.sizes))
        best = [_Thing(members, whole)] if whole.fit >= _LEAST else []
        if whole.fit >= _SURE:
            return best
        for more in (self._carried(members, from_above, sight, top), self._in_a_row(members, seen)):
            if more and more[0].guess.fit > (best[0].guess.fit if best else 0.0):
                best = more
        return best

    def _sight(self, members: Indices) -> float:
        x, y = self.grains[members, :2].mean(axis=0)
        return math.atan2(float(y), float(x))

    def _in_a_row(self, members: Indices, seen: Outline) -> list[_Thing]:
        """Two things behind each other that hang together, as a tractor and its trailer do."""
        longest = float(self.sizes.usual[:, 0].max())
        if not _ROW * longest < seen.long < 2.2 * longest:
            return []
        places = self.grains[members, 0] * math.cos(seen.along) + self.grains[members, 1] * math.sin(
            seen.along
        )
        low = float(places.min())
        best: list[_Thing] = []
        for cut in np.arange(_CUT_M, seen.long - _CUT_M, _CUT_M):
            halves = [members[places <= low + cut], members[places > low + cut]]
            if min(len(half) for half in halves) < 2:
                continue
            made = [_Thing(half, self._guess(half)) for half in halves]
            worth = _BOTH * min(each.guess.fit for each in made)
            if worth > (best[0].guess.fit if best else _LEAST):
                best = [each._replace(guess=Guess(each.guess.kind, worth)) for each in made]
        return best

    def _guess(self, members: Indices) -> Guess:
        seen = self.spans.of(members)
        top, highest = float(self.tops[members].max()), float(self.highest[members].max())
        return best_of(fits(seen, self._sight(members), self.sizes) * fits_upwards(top, highest, self.sizes))

    def _carried(self, members: Indices, from_above: Floats, sight: float, top: float) -> list[_Thing]:
        """A low thing and who sits on it: both reach to their own heights, the upper one above the ground."""
        low = np.where(self.sizes.usual[:, 2] < _LOWER * top, from_above, 0.0)
        below = best_of(low)
        high = members[self.tops[members] > self.sizes.usual[below.kind, 2]]
        if below.fit < _LEAST or not len(high) or self.counts[high].sum() < _FEWEST:
            return []
        hovers = top - self.sizes.usual[:, 2]
        length, _, height = self.sizes.usual[below.kind]
        seated = (hovers > _SEAT_M) & (hovers < height) & (self.sizes.usual[:, 0] < _SHORTER * length)
        above = best_of(np.where(seated, fits(self.spans.of(high), sight, self.sizes), 0.0))
        if above.fit < _LEAST:
            return []
        both = _BOTH * min(below.fit, above.fit)
        base = float(hovers[above.kind])
        upper = members[self.tops[members] > base + 0.5 * self.sizes.usual[above.kind, 2]]
        lower = members[self.tops[members] <= self.sizes.usual[below.kind, 2] + _GRAIN_M]
        if not len(lower):
            return []
        return [_Thing(lower, Guess(below.kind, both)), _Thing(upper, Guess(above.kind, both), base)]


def _grains(points: Floats) -> tuple[Floats, Indices]:
    """One point for each small cube that holds any, and the cube of each point."""
    cubes = np.floor((points - points.min(axis=0)) / _GRAIN_M).astype(np.int64)
    sides = cubes.max(axis=0) + 1
    keys = (cubes[:, 0] * sides[1] + cubes[:, 1]) * sides[2] + cubes[:, 2]
    _, first, grain_of = np.unique(keys, return_index=True, return_inverse=True)
    return points[first], grain_of


def _parted(grains: Floats, sensor: XYZ) -> list[Indices]:
    """(G,) which thing each grain belongs to, at each share of the widest gap."""
    distance = np.hypot(grains[:, 0] - sensor[0], grains[:, 1] - sensor[1])
    widest = np.array([widest_gap(each) for each in distance.tolist()])
    pairs = _pairs(grains * (1.0, 1.0, _FLAT), widest)
    first, second = grains[pairs[:, 0]], grains[pairs[:, 1]]
    lengths = np.linalg.norm((first - second) * (1.0, 1.0, _FLAT), axis=1)
    shares = lengths / np.minimum(widest[pairs[:, 0]], widest[pairs[:, 1]])
    parts = [_connected(pairs[shares <= share], len(grains)) for share in _SHARES]
    return [*(_bridged(grains, widest, parts[0], share) for share in _BRIDGES), *parts]


def _bridged(grains: Floats, widest: Floats, parts: Indices, share: float) -> Indices:
    """Parts joined over wider gaps: a roof that is seen over a bonnet or through windows hangs on nothing."""
    _, some = np.unique(np.floor(grains[:, :2] / _COARSE_M), axis=0, return_index=True)
    pairs = cKDTree(grains[some, :2]).query_pairs(share * float(widest.max()), output_type="ndarray")
    first, second = some[pairs[:, 0]], some[pairs[:, 1]]
    lengths = np.linalg.norm(grains[first, :2] - grains[second, :2], axis=1)
    near = lengths <= share * np.minimum(widest[first], widest[second]) + _COARSE_M
    links = np.column_stack([parts[first[near]], parts[second[near]]])
    return _connected(links, int(parts.max()) + 1)[parts]


def _connected(links: Indices, count: int) -> Indices:
    graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), (count, count))
    found: Indices = connected_components(graph, directed=False)[1].astype(np.intp)
    return found


def _pairs(grains: Floats, widest: Floats) -> Indices:
    """(M, 2) pairs that the gaps of both may join; near ones are looked for less far: they are dense."""
    found: list[Indices] = []
    for low, high in ((0.0, 0.6), (0.6, 0.9), (0.9, np.inf)):
        some = np.flatnonzero((widest >= low - 0.1) & (widest < high))
        if len(some):
            pairs = cKDTree(grains[some]).query_pairs(float(widest[some].max()), output_type="ndarray")
            found.append(some[pairs])
    return np.concatenate(found) if found else np.zeros((0, 2), np.intp)


def _groups(parts: Indices, members: Indices) -> list[Indices]:
    own = parts[members]
    order = np.argsort(own, kind="stable")
    cuts = np.flatnonzero(np.diff(own[order])) + 1
    return np.split(members[order], cuts)


def _as_found(made: Sequence[_Made]) -> Found:
    return Found(
        np.array([each[0] for each in made], np.float64).reshape(-1, 7),
        np.array([each[1] for each in made], np.intp),
        np.array([each[2] for each in made], np.float64),
        np.array([each[3] for each in made], np.intp),
    )
