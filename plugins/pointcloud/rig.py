"""The cameras of an item as they see the visible frame: which picture, from where, and what stands in it.

A camera's picture is of another moment than the sweep: what stands still in the world is moved by the ego
pose between the two before it is projected. No Qt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from plugins.pointcloud.timeline import Timeline
from studio.domain.cameras import (
    box_on_picture,
    clipped_near,
    intrinsic_matrix,
    pose_of,
    project_from_camera,
)
from studio.domain.document import Document
from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import (
    Floats,
    Pose,
    chained,
    ego_pose,
    frame_near,
    frame_time,
    inverse,
    inward,
    outward,
)
from studio.domain.wire.projects import Stream
from widgets.cloud.drawn import LineSet

BENT_PIECES = 6


class Camera(Struct, frozen=True):
    """A stream of pictures and how it projects; `calibration` is None where the item does not say."""

    stream: Stream
    calibration: Calibration | None

    @property
    def id(self) -> StreamId:
        return self.stream.id


class Rig:
    """The cameras of one item, in the order of its streams. `refresh` with the ids that changed."""

    def __init__(self, document: Document, streams: Sequence[Stream], timeline: Timeline) -> None:
        self._document = document
        self._streams = [each for each in streams if each.kind == "image"]
        self._timeline = timeline
        self.cameras: tuple[Camera, ...] = ()
        self._known: set[EntityId] = set()
        self._shifts: dict[tuple[StreamId, int], Pose] = {}  # asked for at every step of a drag
        self._tried: dict[StreamId, Calibration] = {}
        self.rebuild(timeline)

    def rebuild(self, timeline: Timeline) -> None:
        """Everything anew from the document."""
        self._timeline = timeline
        self._shifts.clear()
        found = {each.stream: each for each in self._document if isinstance(each, Calibration)}
        self._known = {each.id for each in found.values()}
        held = {**found, **self._tried}
        self.cameras = tuple(Camera(each, _usable(held.get(each.id), each)) for each in self._streams)

    def try_out(self, camera: StreamId, calibration: Calibration | None) -> None:
        """See through another calibration than the document's; with None the document's holds for all."""
        self._tried = {camera: calibration} if calibration is not None else {}
        self.rebuild(self._timeline)

    def refresh(self, ids: Iterable[EntityId], timeline: Timeline) -> bool:
        """Take in what changed; whether any camera or ego pose did."""
        moved = timeline is not self._timeline
        changed = any(key in self._known or isinstance(self._document.get(key), Calibration) for key in ids)
        if changed or moved:
            self.rebuild(timeline)
        return changed or moved

    def camera(self, stream: StreamId) -> Camera | None:
        return next((each for each in self.cameras if each.id == stream), None)

    def picture_of(self, camera: Camera, frame: int) -> int:
        """The camera's own frame beside a frame of the reference stream: the nearest in time."""
        if not camera.stream.times_ns and camera.stream.frames == self._timeline.frames:
            return frame
        return frame_near(camera.stream, self._timeline.time_ns(frame))

    def shift(self, camera: Camera, frame: int) -> Pose:
        """From the ego frame at a reference frame to the ego frame when the camera's picture was taken."""
        key = (camera.id, frame)
        if key not in self._shifts:
            self._shifts[key] = self._shift(camera, frame)
        return self._shifts[key]

    def _shift(self, camera: Camera, frame: int) -> Pose:
        if not self._timeline.poses or not camera.stream.times_ns:
            return Pose()
        taken = frame_time(camera.stream, self.picture_of(camera, frame))
        return chained(inverse(ego_pose(self._timeline.poses, taken)), self._timeline.pose(frame))

    def at_its_time(self, camera: Camera, frame: int, points: Floats) -> Floats:
        """(N, 3) ego points of a reference frame, in the ego frame of the camera's moment."""
        return outward(self.shift(camera, frame), points)

    def on_picture(self, camera: Camera, frame: int, lines: LineSet) -> LineSet:
        """Lines of the scene (ego frame at `frame`) as the camera sees them, in pixels, without the others.

        Under a lens that bends them, lines are drawn in several pieces.
        """
        if camera.calibration is None or not len(lines):
            return LineSet()
        held = camera.calibration
        fisheye, pieces = held.model == "kannala_brandt", 1 if held.model == "pinhole" else BENT_PIECES
        local = inward(pose_of(held), self.at_its_time(camera, frame, lines.ends.reshape(-1, 3)))
        local = local.reshape(-1, 2, 3)
        # most of a scene is behind a camera: what is goes before anything is projected
        before = np.flatnonzero((local[:, :, 2] > (-np.inf if fisheye else 0.0)).any(axis=1))
        local = local[before]
        shares = np.linspace(0.0, 1.0, pieces + 1)[:, None]
        along = local[:, :1] + shares * (local[:, 1:] - local[:, :1])  # (N, pieces + 1, 3)
        ends = np.stack([along[:, :-1], along[:, 1:]], axis=2).reshape(-1, 2, 3)
        if not fisheye:
            ends = clipped_near(ends)
        pixels = project_from_camera(ends.reshape(-1, 3), held).reshape(-1, 2, 2)
        kept = np.flatnonzero(_is_near(pixels, held))
        from_line = before[kept // pieces]
        keys = lines.key_of[from_line] if len(lines.key_of) else lines.key_of
        return LineSet(pixels[kept], lines.style_of[from_line], lines.styles, keys, lines.keys)

    def box(self, camera: Camera, frame: int, corners: Floats, clip: bool = True) -> Rect | None:
        """The computed box of a cuboid's (8, 3) corners on the picture, amodal without `clip`."""
        if camera.calibration is None:
            return None
        return box_on_picture(self.at_its_time(camera, frame, corners), camera.calibration, clip)

    def best(self, frame: int, corners: Floats) -> StreamId | None:
        """The camera that sees most of a cuboid: by area on the picture, less where it is cut off."""
        ranked = []
        for camera in self.cameras:
            whole, seen = self.box(camera, frame, corners, clip=False), self.box(camera, frame, corners)
            if whole is not None and seen is not None and (area := _area(whole)) > 0:
                size = camera.calibration.size if camera.calibration is not None else (1, 1)
                share = _area(seen) / area
                ranked.append((share * min(area / max(size[0] * size[1], 1), 1.0), camera.id))
        return max(ranked)[1] if ranked else None


def _usable(calibration: Calibration | None, stream: Stream) -> Calibration | None:
    if calibration is None:
        return None
    try:
        intrinsic_matrix(calibration)
    except AtelierError:
        return None  # the picture is shown without lines; the linter names the calibration
    if not calibration.size[0] and stream.width:
        return replace(calibration, size=(stream.width, stream.height))
    return calibration


def _is_near(pixels: Floats, camera: Calibration) -> NDArray[np.bool_]:
    """(N,) which of (N, 2, 2) segments may be seen: what is far outside is not drawn, nor overflows."""
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    width, height = camera.size if all(camera.size) else (1e5, 1e5)
    with np.errstate(invalid="ignore"):  # no number: neither behind the camera nor beyond its lens is seen
        beside = (high[:, 0] < 0) | (low[:, 0] > width) | (high[:, 1] < 0) | (low[:, 1] > height)
        found: NDArray[np.bool_] = ~beside & (np.abs(pixels) < 20 * max(width, height)).all(axis=(1, 2))
    return found


def _area(rect: Rect) -> float:
    return max(rect[2] - rect[0], 0.0) * max(rect[3] - rect[1], 0.0)
