"""What the sequence linter finds, and the limits by which it judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.edit import Edit
from studio.domain.ids import TrackId

Severity = Literal["error", "warning", "note"]  # cannot be right; is hardly right; worth a look
Mend = Callable[[TrackIndex], Edit | None]  # made when it is wanted: other mends may have come before


class SequenceFinding(Struct, frozen=True):
    """Something about a track over the frames [frame, until] that a person should look at."""

    rule: str
    track: TrackId
    frame: int
    until: int
    message: str  # goes on from the track's title: "floats 0.4 m over the ground."
    severity: Severity = "warning"
    others: tuple[TrackId, ...] = ()  # tracks that it is about as well
    proposal: str = ""  # what `mend` would do, for its button; empty where nothing sensible can be proposed
    mend: Mend | None = None


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """By what the linter judges. Metres, seconds, radians; shares are of 1."""

    size_drift: float = 0.05  # of a side, from the track's usual one
    size_drift_m: float = 0.03  # and at least so much
    flip_rad: float = 2.44  # 140 degrees: from here on a change of heading is a flip and no turn
    flip_within_s: float = 2.5  # over a longer time it may be a U-turn
    fastest_reverse: float = 4.0  # metres per second; who is faster does not drive backwards
    fastest: float = 70.0  # metres per second, of what is longer than `small_m`
    fastest_cycle: float = 25.0  # of what is between `tiny_m` and `small_m` long
    fastest_foot: float = 11.0  # of what is shorter than `tiny_m`
    small_m: float = 2.5
    tiny_m: float = 1.2
    turn_rate: float = 2.0  # radians per second, of what is longer than `tiny_m`
    turn_rate_foot: float = 7.0
    jump_m: float = 1.0  # off its motion from one frame to the next, from which two may have been swapped
    broken_within_s: float = 0.65  # between the end of one track and the start of another that carries it on
    broken_m: float = 1.2  # between where the first would be and where the second is
    floating_m: float = 0.35  # of air under a box
    buried_m: float = 0.35  # of a box under the ground
    camera_share: float = 0.9  # of the horizon that cameras must see for `camera.outside` to be looked at
    gap_frames: int = 6  # a gap up to so long is hardly meant
    gap_s: float = 1.0
    overlap: float = 0.15  # of the smaller box's volume
    same: float = 0.6  # intersection over union from which two boxes are taken for one thing
    seam_m: float = 1.5  # off its motion over the seam between two items
    seam_s: float = 2.0  # between two items, beyond which nothing is expected over the seam

    def fastest_of(self, length: float) -> float:
        """Metres per second that a thing of this length may have."""
        if length < self.tiny_m:
            return self.fastest_foot
        return self.fastest_cycle if length < self.small_m else self.fastest
