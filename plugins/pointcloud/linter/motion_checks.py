"""Sizes that drift, headings that flip, and motion that nothing on wheels or feet can make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.linter.drive import Drive, stretches
from plugins.pointcloud.linter.findings import Mend, SequenceFinding
from plugins.pointcloud.motion import wrapped_angles
from plugins.pointcloud.propagation import heading_from_neighbours
from plugins.pointcloud.track_changes import (
    flipped,
    key_frame_removed,
    same_size_for_track,
    usual_size,
)
from plugins.pointcloud.track_joins import split
from studio.domain.entities import Cuboid
from studio.domain.ids import TrackId
from studio.domain.space import Floats

_SLOW = 0.5  # metres per second below which motion says nothing of the heading
_CLEARLY = 0.1  # of the key frames, from half: by so many more, most of them are right


class _Way(NamedTuple):
    """The key frames of one run of a track, in the world."""

    keys: list[Cuboid]
    places: Floats  # (K, 2)
    yaw: Floats  # (K,)
    time_s: Floats  # (K,)

    @property
    def speeds(self) -> Floats:
        """(K - 1,) metres per second from each to the next."""
        found: Floats = np.linalg.norm(np.diff(self.places, axis=0), axis=1) / np.diff(self.time_s)
        return found

    @property
    def turns(self) -> Floats:
        """(K - 1,) radians, the short way."""
        return wrapped_angles(np.diff(self.yaw))


def size_drift(drive: Drive, track: TrackId) -> Iterator[SequenceFinding]:
    """One finding a track, at the key frame that is furthest from its usual size."""
    keys, limits = drive.index.key_frames(track), drive.limits
    usual = np.array(usual_size(keys))
    off = np.abs(np.array([each.size for each in keys]) - usual)
    excess = (off / np.maximum(usual * limits.size_drift, limits.size_drift_m)).max(axis=1)
    worst = int(np.argmax(excess))
    if excess[worst] > 1:
        share = (off[worst] / np.maximum(usual, 1e-9)).max()
        yield SequenceFinding(
            "size.drift",
            track,
            keys[worst].frame,
            keys[worst].frame,
            f"is {share:.0%} off its usual size here.",
            proposal="Set its usual size in all frames",
            mend=lambda index: same_size_for_track(index, track),
        )


def heading_flip(drive: Drive, track: TrackId) -> Iterator[SequenceFinding]:
    """One finding for each stretch of key frames that face the wrong way."""
    for way in _ways(drive, track):
        wrong = _facing_back(drive, way)
        for first, last in stretches(wrong):
            frames = [each.frame for each in way.keys[first : last + 1]]
            whole = len(frames) == len(way.keys)
            yield SequenceFinding(
                "heading.flip",
                track,
                frames[0],
                frames[-1],
                f"drives backwards at {way.speeds.max() * 3.6:.0f} km/h."
                if whole
                else "faces the other way here, as if turned half around.",
                "warning" if whole else "error",
                proposal="Flip its heading in these frames",
                mend=_flip(track, frames),
            )


def impossible_motion(drive: Drive, track: TrackId, excused: frozenset[int]) -> Iterator[SequenceFinding]:
    """Key frames reached too fast, or with too quick a turn. `excused`: frames explained otherwise."""
    limits = drive.limits
    for way in _ways(drive, track):
        if len(way.keys) < 2:
            continue
        length, apart_s = way.keys[0].size[0], way.time_s[2:] - way.time_s[:-2]
        most = limits.fastest_of(length)
        fast = way.speeds > most
        past = np.linalg.norm(way.places[2:] - way.places[:-2], axis=1) / apart_s
        found = [_too_fast(track, way, *each) for each in _culprits(fast, past <= most)]
        most = limits.turn_rate if length >= limits.tiny_m else limits.turn_rate_foot
        quick = np.abs(way.turns) / np.diff(way.time_s) > most
        quick &= ~fast & (np.abs(way.turns) < limits.flip_rad)
        past = np.abs(wrapped_angles(way.yaw[2:] - way.yaw[:-2])) / apart_s
        found += [_too_quick(track, way, *each) for each in _culprits(quick, past <= most)]
        yield from (each for each in found if each.frame not in excused)


def _too_fast(track: TrackId, way: _Way, key: int, alone: bool) -> SequenceFinding:
    frame, speed = way.keys[key].frame, _around(way.speeds, key)
    mend: Mend = (
        (lambda index: key_frame_removed(index, track, frame))
        if alone
        else (lambda index: split(index, track, frame))
    )
    return SequenceFinding(
        "speed.impossible",
        track,
        frame,
        frame,
        f"would have to move at {speed * 3.6:,.0f} km/h to be here.",
        "error",
        proposal="Remove this key frame" if alone else "Split the track here",
        mend=mend,
    )


def _too_quick(track: TrackId, way: _Way, key: int, alone: bool) -> SequenceFinding:
    frame, rate = way.keys[key].frame, _around(np.abs(way.turns) / np.diff(way.time_s), key)
    return SequenceFinding(
        "yaw_rate.impossible",
        track,
        frame,
        frame,
        f"would have to turn by {np.degrees(rate):,.0f} degrees a second here.",
        proposal="Take its heading from the key frames around" if alone else "",
        mend=(lambda index: heading_from_neighbours(index, track, frame)) if alone else None,
    )


def _around(values: Floats, key: int) -> float:
    """The larger of the values of the two steps at a key frame."""
    return float(values[max(key - 1, 0) : key + 1].max())


def _culprits(bad: NDArray[np.bool_], past: NDArray[np.bool_]) -> Iterator[tuple[int, bool]]:
    """The key frames that make steps bad, and whether each alone does: without it all would be well.

    bad: (K - 1,) of the steps; past: (K - 2,) whether the step over each inner key frame is good.
    """
    for first, last in stretches(bad):
        if last == first + 1 and past[first]:
            yield first + 1, True
        elif last == first and len(bad) > 1 and first in (0, len(bad) - 1):
            yield (0 if first == 0 else first + 1), True
        else:
            yield from ((step + 1, False) for step in range(first, last + 1))


def _facing_back(drive: Drive, way: _Way) -> NDArray[np.bool_]:
    """(K,) which key frames face the wrong way: those whose side of a flip goes against the motion."""
    limits = drive.limits
    if len(way.keys) < 2:
        return np.zeros(len(way.keys), bool)
    apart_s = np.diff(way.time_s)
    flips = (np.abs(way.turns) >= limits.flip_rad) & (apart_s <= limits.flip_within_s)
    side = np.concatenate([[False], np.cumsum(flips) % 2 == 1])
    along = _along(way, limits.fastest_of(way.keys[0].size[0]))
    if not flips.any():
        backs = np.median(along) < -limits.fastest_reverse
        return np.full(len(way.keys), backs and len(way.keys) > 2)
    votes = np.where(side, -along, along)
    votes = votes[np.abs(votes) > _SLOW]
    share = float(side.mean())
    # what is too fast to reverse is told by its motion; of what may reverse most are right, if clearly
    fast = len(votes) > 0 and float(np.median(np.abs(votes))) > limits.fastest_reverse
    if len(votes) and (fast or abs(share - 0.5) < _CLEARLY):
        return side if votes.sum() > 0 else ~side
    return side if share <= 0.5 else ~side


def _along(way: _Way, fastest: float) -> Floats:
    """(K,) speed along the heading of each key frame, from the steps around it that are possible at all."""
    steps = np.diff(way.places, axis=0) / np.diff(way.time_s)[:, None]
    steps[way.speeds > fastest] = 0.0
    near = np.concatenate([steps[:1], (steps[1:] + steps[:-1]) / 2, steps[-1:]])
    found: Floats = near[:, 0] * np.cos(way.yaw) + near[:, 1] * np.sin(way.yaw)
    return found


def _ways(drive: Drive, track: TrackId) -> Iterator[_Way]:
    """The key frames of each run of a track."""
    row = drive.tracks.index(track)
    keys = drive.index.key_frames(track)
    for first, stop in drive.index.runs(track):
        held = [each for each in keys if first <= each.frame < stop]
        frames = [each.frame for each in held]
        yield _Way(held, drive.world.centres[frames, row, :2], drive.yaw[frames, row], drive.clock_s[frames])


def _flip(track: TrackId, frames: list[int]) -> Mend:
    return lambda index: flipped(index, track, frames)
