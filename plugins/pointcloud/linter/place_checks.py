"""Boxes where nothing can be: without points, off the ground, outside every picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter.drive import Drive, stretches
from plugins.pointcloud.linter.findings import Mend, SequenceFinding
from plugins.pointcloud.track_changes import TOOL, cut_out
from plugins.pointcloud.track_parts import pinned
from studio.domain.cameras import edges_on_picture
from studio.domain.edit import Changes, Edit
from studio.domain.ids import EntityId, TrackId
from studio.domain.space import CORNER_SIGNS, Floats

_HORIZON_M = 25.0
_AZIMUTHS = 90


def no_points(drive: Drive) -> Iterator[SequenceFinding]:
    """Stretches of a track in which not one point lies in its box."""
    if drive.counts is None:
        return
    empty = np.zeros_like(drive.ego.seen)
    for frame, rows in _frames(drive):
        count = drive.counts(
            frame,
            drive.ego.centres[frame, rows],
            drive.ego.sizes[frame, rows],
            drive.ego.rotations[frame, rows],
        )
        if count is not None:
            empty[frame, rows] = count == 0
    for row, track in enumerate(drive.tracks):
        for first, last in stretches(empty[:, row]):
            proposal, mend = _without(drive, track, first, last)
            yield SequenceFinding(
                "points.none",
                track,
                first,
                last,
                "has no point in its box.",
                "warning" if mend else "note",  # between frames with points it may be hidden
                proposal=proposal,
                mend=mend,
            )


def off_the_ground(drive: Drive) -> Iterator[SequenceFinding]:
    """Stretches of a track in which its box floats over the ground or is sunk in it."""
    if drive.ground is None:
        return
    gaps = np.full(drive.ego.seen.shape, np.nan)
    for frame, rows in _frames(drive):
        floors = _floors(drive, frame, rows)
        heights = drive.ground(frame, floors[:, :2])
        if heights is not None:
            gaps[frame, rows] = floors[:, 2] - heights
            high = rows[gaps[frame, rows] > drive.limits.floating_m]
            gaps[frame, [row for row in high.tolist() if _is_carried(drive, frame, row)]] = np.nan
    with np.errstate(invalid="ignore"):  # unknown ground: neither
        sides = (
            ("ground.floating", gaps > drive.limits.floating_m, "floats", "over the ground"),
            ("ground.buried", gaps < -drive.limits.buried_m, "is sunk", "into the ground"),
        )
    for rule, wrong, verb, where in sides:
        for row, track in enumerate(drive.tracks):
            for first, last in stretches(wrong[:, row]):
                held = {frame: float(gaps[frame, row]) for frame in range(first, last + 1)}
                worst = max(held.values(), key=abs)
                yield SequenceFinding(
                    rule,
                    track,
                    first,
                    last,
                    f"{verb} {abs(worst):.1f} m {where}.",
                    proposal="Put it on the ground",
                    mend=_grounding(track, held),
                )


def _is_carried(drive: Drive, frame: int, row: int) -> bool:
    """Whether something of one of its groups is lower and below it: a rider sits on no ground."""
    time_ns = drive.index.timeline.time_ns(frame)
    me = drive.tracks[row]
    mates = {
        member.entity
        for group in drive.groups.groups_of(EntityId(me), time_ns)
        for member in drive.groups.members_at(group, time_ns)
    }
    centres, sizes = drive.ego.centres[frame], drive.ego.sizes[frame]
    floors = centres[:, 2] - sizes[:, 2] / 2
    for other, track in enumerate(drive.tracks):
        if other != row and track in mates and drive.ego.seen[frame, other] and floors[other] < floors[row]:
            away = np.hypot(*(centres[other, :2] - centres[row, :2]))
            if away < (np.hypot(*sizes[other, :2]) + np.hypot(*sizes[row, :2])) / 2:
                return True
    return False


def outside_all_pictures(drive: Drive) -> Iterator[SequenceFinding]:
    """Stretches of a track in which no camera can see any of its box, where cameras look all around."""
    if drive.rig is None or not _look_all_around(drive):
        return
    outside = np.zeros_like(drive.ego.seen)
    for frame, rows in _frames(drive):
        corners = _corners(drive, frame, rows)
        seen = np.zeros(len(rows), bool)
        for camera in drive.rig.cameras:
            if camera.calibration is not None:
                there = drive.rig.at_its_time(camera, frame, corners.reshape(-1, 3)).reshape(corners.shape)
                seen |= _on_picture(edges_on_picture(there, camera.calibration), camera.calibration.size)
        outside[frame, rows] = ~seen
    for row, track in enumerate(drive.tracks):
        for first, last in stretches(outside[:, row]):
            proposal, mend = _without(drive, track, first, last)
            message = "lies outside every camera's picture."
            yield SequenceFinding("camera.outside", track, first, last, message, proposal=proposal, mend=mend)


def grounded(index: TrackIndex, track: TrackId, gaps: Mapping[int, float]) -> Edit | None:
    """The key frames among these frames lowered by their gaps (metres of air below); where none is among
    them, one is made at the frame that is furthest off.
    """
    frames = [frame for frame in gaps if index.key_frame(track, frame) is not None]
    changes: Changes = {}
    for frame in frames or [max(gaps, key=lambda each: abs(gaps[each]))]:
        shown = index.cuboid_at(track, frame)
        if shown is None:
            continue
        x, y, z = shown.centre
        new = pinned(shown, centre=(x, y, z - gaps[frame]))
        changes[new.id] = (index.key_frame(track, frame), replace(new, made="auto"))
    return Edit("Put on the ground", changes, tool=TOOL) if changes else None


def _frames(drive: Drive) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each frame at which anything is seen, with the rows of what is."""
    for frame in range(len(drive.ego.seen)):
        rows = np.flatnonzero(drive.ego.seen[frame])
        if len(rows):
            yield frame, rows


def _without(drive: Drive, track: TrackId, first: int, last: int) -> tuple[str, Mend | None]:
    """At its start or end the track is cut by the stretch; in the middle it may be hidden, and stays."""
    runs = drive.index.runs(track)
    if any(start == first or stop == last + 1 for start, stop in runs):
        return "Cut these frames out of the track", lambda index: cut_out(index, track, first, last + 1)
    return "", None


def _grounding(track: TrackId, gaps: Mapping[int, float]) -> Mend:
    return lambda index: grounded(index, track, gaps)


def _axes(rotations: Floats) -> Floats:
    """(N, 3, 3): columns are the turned axes of (N, 4) unit quaternions."""
    x, y, z, w = rotations.T
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], axis=1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], axis=1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=1),
        ],
        axis=1,
    )


def _corners(drive: Drive, frame: int, rows: NDArray[np.intp]) -> Floats:
    """(N, 8, 3), ego frame."""
    own = CORNER_SIGNS[None] * (drive.ego.sizes[frame, rows, None] / 2)
    turned: Floats = own @ _axes(drive.ego.rotations[frame, rows]).transpose(0, 2, 1)
    return turned + drive.ego.centres[frame, rows, None]


def _floors(drive: Drive, frame: int, rows: NDArray[np.intp]) -> Floats:
    """(N, 3) the middle of each box's floor, ego frame."""
    up = _axes(drive.ego.rotations[frame, rows])[:, :, 2]
    floors: Floats = drive.ego.centres[frame, rows] - up * drive.ego.sizes[frame, rows, 2:] / 2
    return floors


def _on_picture(lines: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(M,) whether the box around (M, 12, 2, 2) edges lies on the picture at all."""
    points = lines.reshape(len(lines), -1, 2)
    known = ~np.isnan(points[..., 0])  # an edge is seen with both ends, or not at all
    low = np.where(known[..., None], points, np.inf).min(axis=1)
    high = np.where(known[..., None], points, -np.inf).max(axis=1)
    found: NDArray[np.bool_] = ((high > 0) & (low < np.array(size))).all(axis=1) & known.any(axis=1)
    return found


def _look_all_around(drive: Drive) -> bool:
    """Whether the cameras together see most of the horizon: what they leave out is nobody's fault."""
    assert drive.rig is not None
    angles = np.linspace(-np.pi, np.pi, _AZIMUTHS, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(_AZIMUTHS)], axis=1) * _HORIZON_M
    # a small upright box at each place, so that cameras which look up or down a little count too
    boxes = ring[:, None] + CORNER_SIGNS[None] * np.array([0.5, 0.5, 1.5])
    seen: NDArray[np.bool_] = np.zeros(_AZIMUTHS, bool)
    for camera in drive.rig.cameras:
        if camera.calibration is not None:
            seen |= _on_picture(edges_on_picture(boxes, camera.calibration), camera.calibration.size)
    return bool(seen.mean() >= drive.limits.camera_share)
