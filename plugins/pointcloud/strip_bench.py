"""The film strip of the one selected track: each frame from above, from the side, and as a camera sees it.

All of it is under the hand: what is dragged in a crop becomes an Edit at its frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.camera_sight import sight_of, space_pointer
from plugins.pointcloud.frame_points import FramePoints
from plugins.pointcloud.interpolation import STATES
from plugins.pointcloud.picture_boxes import PictureBox, pinned_box
from plugins.pointcloud.rig import Camera
from plugins.pointcloud.space_scene import Placement, placement_of
from plugins.pointcloud.strip_pictures import StripPictures, best_sight
from plugins.pointcloud.sweeps import Sweeps
from plugins.pointcloud.tools.select import SelectSpaceTool
from studio.domain.contracts.editing import Pointer
from studio.domain.entities import Box, Cuboid
from studio.domain.ids import EntityId, TrackId
from studio.domain.space import CORNER_SIGNS, EDGES, Floats, Pose, as_xyz, corners, inward, outward
from widgets.cloud.drawn import LineStyle, cuboid_segments, one_style
from widgets.strip_cells import CellPointer, Crop, CropName, PictureCrop, SpaceCrop, State, StripCell
from widgets.track_strip import TrackStrip

BESIDE_M = 1.2  # around a cuboid, that its crops show
EDGE_PX = 6.0
FLAT: tuple[CropName, ...] = ("top", "side")
# what a crop shows to the right and up, as axes of the cuboid with their sign: from above the left is left
AXES: dict[str, tuple[tuple[int, float], tuple[int, float]]] = {
    "top": ((1, -1.0), (0, 1.0)),
    "side": ((0, 1.0), (2, 1.0)),
}


class _Drag(NamedTuple):
    """A press that goes on: on a face of the cuboid (axis, side), or in it, to move it."""

    start: CellPointer
    at: Placement
    face: tuple[int, float] | None


class StripBench(QObject):
    """Keeps the strip in step with the selection; what hands do in a crop becomes an Edit at its frame."""

    def __init__(self, bench: SpaceBench, sweeps: Sweeps, cameras: CameraBench, strip: TrackStrip) -> None:
        super().__init__(strip)
        self._bench = bench
        self._sweeps = sweeps
        self._cameras = cameras
        self._pictures = StripPictures(bench.host, self)
        self._pictures.ready.connect(self._picture_came)
        self._tool = (
            SelectSpaceTool()
        )  # of its own, for pictures: which tool is in hand elsewhere is no matter
        self.strip = strip
        self._track: TrackId | None = None
        self._waiting: set[int] = set()
        self._drag: _Drag | None = None
        self._now: Placement | None = None
        strip.crops_wanted.connect(self._wanted)
        strip.frame_wanted.connect(bench.go_to)
        strip.pointer.connect(self._pointed)
        sweeps.came.connect(self._came)

    def open(self) -> None:
        """Another item, or none."""
        self._pictures.forget()
        rig = self._cameras.rig
        sees = rig is not None and any(camera.calibration is not None for camera in rig.cameras)
        self.strip.set_shown((*FLAT, "camera") if sees else FLAT)

    def refresh(self) -> None:
        """The track has changed, by anybody: its crops are along its own axes, so they are made anew."""
        self._show(anew=True)

    def show_selection(self) -> None:
        """The track that is selected, where it is one alone."""
        self._show(anew=False)

    def show_frame(self) -> None:
        if (scene := self._bench.scene) is not None:
            self.strip.show_frame(scene.frame)

    def _show(self, anew: bool) -> None:
        scene = self._bench.scene
        keys = sorted(scene.selection) if scene is not None else []
        track = TrackId(keys[0]) if len(keys) == 1 else None
        if track == self._track and not anew:
            return
        same = track == self._track
        self._track, self._drag = track, None
        self._waiting.clear()
        if scene is None or track is None or not self.strip.isVisible():
            self.strip.set_track("Select one cuboid", "#78909c", ())
            self._track = None
            return
        sweep = scene.index.sweep()
        row = sweep.tracks.index(track) if track in sweep.tracks else None
        frames = np.flatnonzero(sweep.seen[:, row]).tolist() if row is not None else []
        cells = [StripCell(frame, _state(STATES[sweep.states[frame, row]])) for frame in frames]
        if same:
            self.strip.update_cells(cells, frames)
        else:
            key = EntityId(track)
            color = scene.style_of_class(scene.class_of(key)).color
            self.strip.set_track(scene.title_of(key), color, cells)
        self.strip.show_frame(scene.frame)

    # Crops

    def _wanted(self, frame: int) -> None:
        if self._sweeps.points_at(frame) is not None:
            self._give(frame)
        else:
            self._waiting.add(frame)
            self._sweeps.fetch(frame)

    def _came(self, frame: int) -> None:
        if frame in self._waiting:
            self._waiting.discard(frame)
            self._give(frame)

    def _give(self, frame: int) -> None:
        scene, xyz = self._bench.scene, self._sweeps.points_at(frame)
        found = scene.index.cuboid_at(self._track, frame) if scene is not None and self._track else None
        if found is None or xyz is None:
            self.strip.crops_failed(frame)
            return
        at = placement_of(found)
        near = FramePoints([xyz]).near(at.centre, float(np.linalg.norm(at.size)) / 2 + 2 * BESIDE_M)
        crops: dict[CropName, Crop] = {name: crop_of(near, at, name) for name in FLAT}
        if (picture := self._picture_crop(frame, at)) is not None:
            crops["camera"] = picture
        self.strip.set_crops(frame, crops)

    def _picture_crop(self, frame: int, at: Placement) -> PictureCrop | None:
        """What the best camera shows; its outline at once, its picture when that is here."""
        rig = self._cameras.rig
        seen = best_sight(rig, frame, at) if rig is not None else None
        if rig is None or seen is None:
            return None
        image = self._pictures.image(seen)
        if image is None:
            self._pictures.want(frame, seen)
        return PictureCrop(image or QImage(), seen.rect, self._on_picture(frame, seen.camera, at))

    def _picture_came(self, frame: int) -> None:
        scene, crops = self._bench.scene, dict(self.strip.crops.of(frame))
        found = scene.index.cuboid_at(self._track, frame) if scene is not None and self._track else None
        if found is not None and (picture := self._picture_crop(frame, placement_of(found))) is not None:
            crops["camera"] = picture
            self.strip.set_crops(frame, crops)

    def _on_picture(self, frame: int, camera: Camera, at: Placement, pinned: Box | None = None) -> Floats:
        """(M, 2, 2) the edges of a cuboid and its box in pixels of a camera's picture beside a frame."""
        scene, rig = self._bench.scene, self._cameras.rig
        assert scene is not None
        assert rig is not None
        placed = corners(at.centre, at.size, at.rotation)
        edges = rig.on_picture(camera, frame, one_style(cuboid_segments(placed), LineStyle())).ends
        own = pinned or pinned_box(
            scene, camera.id, rig.picture_of(camera, frame), EntityId(self._track or "")
        )
        rect = own.xyxy if own is not None else rig.box(camera, frame, placed, clip=False)
        if rect is None or camera.calibration is None:
            return edges.reshape(-1, 2, 2)
        box = PictureBox(EntityId(self._track or ""), rect, camera.calibration.size, own)
        return np.concatenate([edges.reshape(-1, 2, 2), box.lines().ends])

    # Hands

    def _pointed(self, pointer: CellPointer) -> None:
        scene, track = self._bench.scene, self._track
        if pointer.crop == "camera":
            self._pointed_in_picture(pointer)
        if scene is None or track is None or pointer.crop not in AXES:
            return
        match pointer.kind:
            case "press" if pointer.button == "left":
                found = scene.index.cuboid_at(track, pointer.frame)
                if found is not None:
                    at = placement_of(found)
                    self._drag, self._now = _Drag(pointer, at, face_under(at, pointer)), None
            case "move" if self._drag is not None:
                self._now = dragged(self._drag, pointer)
                self.strip.set_lines(
                    pointer.frame, pointer.crop, outline(self._now, self._drag.at, pointer.crop)
                )
            case "release" if self._drag is not None:
                drag, now = self._drag, self._now
                self._drag = self._now = None
                if now is not None and now != drag.at:
                    verb = "Move" if drag.face is None else "Resize"
                    key = EntityId(track)
                    title = f"{verb} {changes.what(scene, [key])}"
                    self._bench.apply(changes.put(scene, {key: now}, title, "strip", pointer.frame))
            case "cancel":
                self._drag = self._now = None

    def _pointed_in_picture(self, pointer: CellPointer) -> None:
        """As on the cameras' own pictures: sides of the box, handles, the cuboid itself."""
        if pointer.kind == "cancel":
            self._tool.back()
            self._picture_came(pointer.frame)
            return
        if pointer.kind == "press":
            self._bench.go_to(pointer.frame)  # tools work at the visible frame
        scene, rig, track = self._bench.scene, self._cameras.rig, self._track
        if scene is None or rig is None or track is None or scene.frame != pointer.frame:
            return
        at = scene.placement(EntityId(track))
        seen = best_sight(rig, pointer.frame, at) if at is not None else None
        sight = sight_of(rig, seen.camera, pointer.frame, 1 / pointer.scale) if seen is not None else None
        if seen is None or sight is None:
            return
        over = Pointer(pointer.kind, pointer.xy, 1 / pointer.scale, pointer.button, pointer.modifiers)
        if (made := space_pointer(sight, over)) is None:
            return
        edit = self._tool.handle(made, scene)
        self._tool.wanted_selection()  # a click beside it leaves the track: the strip is of it
        for shape in self._tool.preview():
            if isinstance(shape, Cuboid):
                lines = self._on_picture(pointer.frame, seen.camera, placement_of(shape))
                self.strip.set_lines(pointer.frame, "camera", lines)
            elif isinstance(shape, Box) and at is not None:
                lines = self._on_picture(pointer.frame, seen.camera, at, shape)
                self.strip.set_lines(pointer.frame, "camera", lines)
        if self._bench.apply(edit) and (said := self._tool.words()):
            self._bench.host.say(said)


def crop_of(points: Floats, at: Placement, name: CropName) -> SpaceCrop:
    """(N, 3) ego points around a cuboid as one of its own flat views shows them."""
    local = inward(Pose(at.centre, at.rotation), points)
    (right, right_sign), (up, up_sign) = AXES[name]
    hidden = 3 - right - up
    reach = np.array(at.size) / 2 + BESIDE_M
    seen = local[(np.abs(local) <= reach).all(axis=1) & (np.abs(local[:, hidden]) <= reach[hidden])]
    flat = np.column_stack([seen[:, right] * right_sign, seen[:, up] * up_sign])
    return SpaceCrop(
        flat.astype(np.float32),
        None,
        (float(reach[right]), float(reach[up])),
        outline(at, at, name),
    )


def outline(at: Placement, around: Placement, name: CropName) -> Floats:
    """(12, 2, 2) the edges of a cuboid, metres, in a crop along the axes of the cuboid `around`."""
    boxes = outward(Pose(at.centre, at.rotation), CORNER_SIGNS * (np.array(at.size) / 2))
    local = inward(Pose(around.centre, around.rotation), boxes)
    (right, right_sign), (up, up_sign) = AXES[name]
    flat = np.column_stack([local[:, right] * right_sign, local[:, up] * up_sign])
    found: Floats = flat[EDGES]
    return found


def face_under(at: Placement, pointer: CellPointer) -> tuple[int, float] | None:
    """The face whose edge is under a pointer, as axis and side of the cuboid; None within, to move it."""
    best: tuple[float, tuple[int, float]] | None = None
    for place, (axis, sign) in zip(pointer.xy, AXES[pointer.crop], strict=True):
        for side in (1.0, -1.0):
            gap = abs(place - sign * side * at.size[axis] / 2) / max(pointer.scale, 1e-9)
            if gap <= EDGE_PX and (best is None or gap < best[0]):
                best = (gap, (axis, side))
    return best[1] if best is not None else None


def dragged(drag: _Drag, pointer: CellPointer) -> Placement:
    """The cuboid where a hand has taken it: moved along two of its axes, or one face of it."""
    by = np.zeros(3)
    for number, (axis, sign) in enumerate(AXES[drag.start.crop]):
        by[axis] = sign * (pointer.xy[number] - drag.start.xy[number])
    if drag.face is None:
        return changes.moved_own(drag.at, as_xyz(by))
    axis, side = drag.face
    size = list(drag.at.size)
    size[axis] = max(size[axis] + side * float(by[axis]), changes.SMALLEST_M)
    shift = np.zeros(3)
    shift[axis] = side * (size[axis] - drag.at.size[axis]) / 2
    return replace(changes.moved_own(drag.at, as_xyz(shift)), size=(size[0], size[1], size[2]))


def _state(name: str) -> State:
    return "between" if name == "held" else name  # type: ignore[return-value]
