"""The frames of an item in time and in the world: the reference stream's clock and the ego frame's way."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from studio.domain.entities import EgoPose
from studio.domain.ids import StreamId
from studio.domain.space import Floats, Pose, chained, ego_pose, frame_time, inverse, matrix_of
from studio.domain.wire.projects import Stream

FRAME_S = 0.1  # between frames whose times are of no use


class Timeline:
    """Of the reference stream: the first of points, or the first of all. Made anew when ego poses change.

    clock_s: (N,) seconds from the first frame, strictly growing; where the stream's own times do not grow,
    frames are evenly spaced. translations (N, 3), rotations (N, 4) and matrices (N, 3, 3): the ego frame in
    the world at each frame.
    """

    def __init__(self, streams: Sequence[Stream], poses: Iterable[EgoPose] = ()) -> None:
        """Of no streams: a timeline without frames."""
        points = [each for each in streams if each.kind == "points"]
        reference = [*points, *streams, Stream(StreamId(""), "", "points", frames=0)][0]
        self._streams = {each.id: each for each in streams}
        self._reference = reference
        self.stream: StreamId = reference.id
        self.frames: int = reference.frames
        self.poses = sorted(poses, key=lambda each: each.time_ns)
        self.times_ns = times_of(reference)
        self.clock_s = _clock(reference, self.times_ns)
        held = [ego_pose(self.poses, int(time)) for time in self.times_ns]
        self.translations: Floats = np.array([each.translation for each in held], float).reshape(-1, 3)
        self.rotations: Floats = np.array([each.rotation for each in held], float).reshape(-1, 4)
        self.matrices: Floats = np.array([matrix_of(each.rotation) for each in held], float).reshape(-1, 3, 3)

    def time_ns(self, frame: int) -> int:
        """When a frame of the reference stream is, on the item's clock."""
        return frame_time(self._reference, frame)

    def end_ns(self, frame: int) -> int:
        """When the next frame begins: frame f lasts over [time_ns(f), end_ns(f))."""
        if frame + 1 < self.frames:
            return self.time_ns(frame + 1)
        step = self.time_ns(frame) - self.time_ns(frame - 1) if frame else round(FRAME_S * 1e9)
        return self.time_ns(frame) + max(step, 1)

    def pose(self, frame: int) -> Pose:
        """The ego frame in the world at a frame."""
        x, y, z = self.translations[frame].tolist()
        return Pose((x, y, z), tuple(self.rotations[frame].tolist()))

    def into_world(self, frame: int, pose: Pose) -> Pose:
        """A pose in the ego frame at a frame, in the world."""
        return chained(self.pose(frame), pose)

    def into_ego(self, frame: int, pose: Pose) -> Pose:
        """A pose in the world, in the ego frame at a frame."""
        return chained(inverse(self.pose(frame)), pose)

    def frame_at(self, time_ns: int) -> int:
        """The reference frame that is nearest to a time."""
        return int(np.argmin(np.abs(self.times_ns - time_ns))) if self.frames else 0

    def reference_frame(self, stream: StreamId | None, frame: int) -> int:
        """The reference frame beside which a frame of another stream is shown: the nearest in time."""
        other = self._streams.get(stream) if stream is not None else None
        if other is None or stream == self.stream:
            return frame
        return self.frame_at(frame_time(other, frame))


def times_of(stream: Stream) -> NDArray[np.int64]:
    """(N,) nanoseconds of each frame of a stream."""
    return np.array([frame_time(stream, frame) for frame in range(stream.frames)], np.int64)


def _clock(stream: Stream, times_ns: NDArray[np.int64]) -> Floats:
    # from the first: as float64 seconds, times since 1970 would be 200 ns apart
    seconds: Floats = (times_ns - times_ns[:1].sum()) / 1e9
    if np.all(np.diff(seconds) > 0):
        return seconds
    step_s = 1.0 / stream.rate_hz if stream.rate_hz else FRAME_S
    return np.arange(len(seconds), dtype=np.float64) * step_s
