"""The cameras beside the views: their pictures, what is projected onto them, and hands on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_sight import sight_of, space_pointer
from plugins.pointcloud.lifting import lift_all, lifted_edit, loose_lines
from plugins.pointcloud.picture_boxes import PictureBox, picture_box
from plugins.pointcloud.rig import Camera, Rig
from plugins.pointcloud.tools.picture_grips import picture_grips
from plugins.pointcloud.tools.reaching import seen_grips
from studio.domain.contracts.editing import Pointer
from studio.domain.entities import Box, Calibration, Cuboid
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import corners
from studio.domain.wording import counted
from widgets.camera_strip import CameraStrip
from widgets.cloud.drawn import LineSet, LineStyle, joined_lines
from widgets.cloud.scene import CloudScene

GRIP_PX, CORNER_PX = 4.0, 2.5  # half a side, screen pixels
GRIP_STYLE = LineStyle("#ffffff", 2.0)
SHOWN = ("rest", "predictions", "hover", "active", "preview")


class CameraBench(QObject):
    """Keeps the strip in step with scene and frame. `pointer` carries what hands do on pictures."""

    pointer = Signal(object)  # a SpacePointer
    tried = Signal()  # another calibration is tried out, or none any more

    def __init__(self, bench: SpaceBench, scene: CloudScene, strip: CameraStrip) -> None:
        super().__init__(strip)
        self._bench = bench
        self._scene = scene
        self.strip = strip
        self.rig: Rig | None = None
        self.follow = True  # the camera that sees most of the selection comes to the front by itself
        self._turn = 0
        self._wanted: dict[StreamId, str] = {}  # the picture that each camera is to show
        self._followed: EntityId | None = None
        self._in_hand: tuple[Box, ...] = ()
        self._handles = True
        self._moving = False  # a cuboid is in the hand
        strip.pointer.connect(self._pointed)
        # handles are as large on the screen at every zoom
        strip.zoomed.connect(lambda: self._project("active"))
        scene.lines_changed.connect(self._project)

    @property
    def frame(self) -> int | None:
        """The visible frame of the reference stream."""
        return self._bench.scene.frame if self._bench.scene is not None else None

    def open(self) -> None:
        """Another item, or none."""
        self._turn += 1
        self._followed = None
        opened = self._bench.scene
        self.rig = (
            Rig(opened.document, opened.item.streams, opened.index.timeline) if opened is not None else None
        )
        cameras = self.rig.cameras if self.rig is not None else ()
        self.strip.set_cameras({each.id: _title(each) for each in cameras})
        self.strip.setVisible(bool(cameras))
        self.strip.bring_to_front(None)

    def refresh(self, ids: frozenset[EntityId]) -> None:
        """Entities that changed: calibrations and poses move the lines."""
        scene = self._bench.scene
        if self.rig is not None and scene is not None and self.rig.refresh(ids, scene.index.timeline):
            self.project_all()

    def try_out(self, camera: StreamId, calibration: Calibration | None) -> None:
        """Draw as another calibration of a camera sees it; with None as the document has it."""
        if self.rig is not None:
            self.rig.try_out(camera, calibration)
            self.project_all()
            self.tried.emit()

    def show_frame(self) -> None:
        """The pictures beside the visible sweep."""
        scene, rig = self._bench.scene, self.rig
        if scene is None or rig is None:
            return
        for camera in rig.cameras:
            frame = rig.picture_of(camera, scene.frame)
            # with the item: the next one's cameras have the same names, and its pictures other contents
            key = f"{scene.item.id} {camera.id} {frame}"
            self._wanted[camera.id] = key
            if not self.strip.is_shown(camera.id, key):
                self._bench.host.media(camera.id, frame, "original", self._taker(camera.id, key))
        self.project_all()

    def _taker(self, camera: StreamId, key: str) -> Callable[[bytes], None]:
        turn = self._turn

        def take(data: bytes) -> None:
            # what comes late, for another item or frame, is dropped
            if turn == self._turn and self._wanted.get(camera) == key and camera in self.strip.cameras:
                if data:
                    self.strip.put_picture(camera, key, data)
                else:
                    self.strip.put_none(camera, "No picture at this moment")

        return take

    def project_all(self) -> None:
        """Everything that the views draw, on every picture."""
        for name in SHOWN:
            self._project(name)

    def _project(self, name: str) -> None:
        scene, rig = self._bench.scene, self.rig
        if scene is None or rig is None or name not in SHOWN:
            return
        lines = self._scene.lines[name]
        found: dict[str, LineSet] = {}
        for camera in rig.cameras:
            projected = rig.on_picture(camera, scene.frame, lines)
            if name == "rest":
                projected = joined_lines([projected, loose_lines(scene, rig, camera)])
            if name == "active":
                parts = (self._box(camera), self._boxes_in_hand(camera), self._grips(camera))
                projected = joined_lines([projected, *parts])
            found[camera.id] = projected
        self.strip.set_lines(found, name)

    def show_handles(self, shown: bool) -> None:
        """Whether the one selected cuboid can be taken hold of: not while another tool is in hand."""
        if shown != self._handles:
            self._handles = shown
            self._project("active")

    def show_preview(self, shapes: tuple[object, ...]) -> None:
        """What is being made or moved: a box that is pinned or drawn is shown on its picture alone.

        While a cuboid is in the hand, it has neither handles nor box where it was.
        """
        boxes = tuple(each for each in shapes if isinstance(each, Box))
        moving = any(isinstance(each, Cuboid) for each in shapes)
        if (boxes, moving) != (self._in_hand, self._moving):
            self._in_hand, self._moving = boxes, moving
            self._project("active")

    def _box(self, camera: Camera) -> LineSet:
        """The box of the one selected cuboid: computed and dotted, or pinned."""
        scene, rig = self._bench.scene, self.rig
        keys = scene.movable() if scene is not None and not self._moving else []
        sight = sight_of(rig, camera, scene.frame, 1.0) if scene is not None and rig is not None else None
        if scene is None or sight is None or len(keys) != 1 or sight.camera is None:
            return LineSet()
        for each in self._in_hand:
            if each.stream == camera.id and each.track == keys[0]:
                return LineSet()  # that which is being pinned stands for it
        box = picture_box(scene, sight, keys[0])
        return box.lines() if box is not None else LineSet()

    def _boxes_in_hand(self, camera: Camera) -> LineSet:
        """What is being pinned or drawn on this picture."""
        size = camera.calibration.size if camera.calibration is not None else (0, 0)
        drawn = [
            PictureBox(EntityId(each.track), each.xyxy, size, each).lines()
            for each in self._in_hand
            if each.stream == camera.id
        ]
        return joined_lines(drawn)

    def lift(self) -> bool:
        """Boxes on the pictures of this moment that have no cuboid yet get one: of the selection, or all."""
        scene, rig = self._bench.scene, self.rig
        if scene is None or rig is None:
            return False
        found, failed = lift_all(scene, rig)
        said = counted(failed, "box tells", "boxes tell") + " no place in space" if failed else ""
        if not found:
            self._bench.host.say(said or "No box on these pictures is without a cuboid.")
            return False
        if not self._bench.apply(lifted_edit(scene, found)):
            return False
        guessed = sum(not each.points for each in found)
        by_size = f"{guessed:,} of them by the usual size alone, for want of points" if guessed else ""
        words = (f"{counted(len(found), 'cuboid')} made", by_size, said)
        self._bench.host.say("; ".join(each for each in words if each) + ".")
        return True

    def _grips(self, camera: Camera) -> LineSet:
        """Squares in the middle of the selected cuboid's faces, smaller ones at its corners and edges."""
        scene, rig = self._bench.scene, self.rig
        keys = scene.movable() if scene is not None and self._handles and not self._moving else []
        if scene is None or rig is None or len(keys) != 1 or (at := scene.placement(keys[0])) is None:
            return LineSet()
        zoom = max(self.strip.cameras[camera.id].view.scale, 1e-6)
        sight = sight_of(rig, camera, scene.frame, zoom)
        if sight is None:
            return LineSet()
        faces, others = seen_grips(at, sight), picture_grips(at, sight)
        if not faces and not others:
            return LineSet()
        at_all = [*(grip.xyz for grip in faces), *(grip.xyz for grip in others)]
        places = sight.to_screen(np.array(at_all))[:, :2] / zoom
        half = np.repeat([GRIP_PX / zoom, CORNER_PX / zoom], [len(faces), len(others)])
        wide, high = camera.calibration.size if camera.calibration is not None else (0, 0)
        on = ((places >= 0) & (places <= (wide, high))).all(axis=1)
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        rings = places[on, None] + square * half[on, None, None]
        ends = np.stack([rings, np.roll(rings, -1, axis=1)], axis=2).reshape(-1, 2, 2)
        return LineSet(ends, np.zeros(len(ends), np.int32), (GRIP_STYLE,))

    def show_selection(self) -> None:
        """Mark the camera that sees most of the selection; a new selection brings it to the front."""
        scene, rig = self._bench.scene, self.rig
        if scene is None or rig is None:
            return
        keys = scene.selected_here()
        if len(keys) != 1 or (at := scene.placement(keys[0])) is None:
            self.strip.set_mark(None)
            self._followed = None
            return
        best = rig.best(scene.frame, corners(at.centre, at.size, at.rotation))
        self.strip.set_mark(best)
        if self.follow and best is not None and self._followed != keys[0] and len(rig.cameras) > 1:
            self.strip.bring_to_front(best)
        self._followed = keys[0]

    def _pointed(self, name: str, pointer: Pointer) -> None:
        scene, rig = self._bench.scene, self.rig
        camera = rig.camera(StreamId(name)) if rig is not None else None
        if scene is None or rig is None or camera is None:
            return
        sight = sight_of(rig, camera, scene.frame, pointer.scale)
        if sight is not None and (made := space_pointer(sight, pointer)) is not None:
            self.pointer.emit(made)


def _title(camera: Camera) -> str:
    name = camera.stream.name or camera.id
    return name if camera.calibration is not None else f"{name}: not calibrated"
