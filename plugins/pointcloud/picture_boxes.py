"""The box of a cuboid on a camera's picture: computed, never stored, until a person pins one of their own.

No Qt. Boxes are in pixels of the full-size picture.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import CameraSight, frustum_lines
from plugins.pointcloud.linkage import solving
from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.cameras import box_on_picture
from studio.domain.edit import Changes, Edit, change, creation
from studio.domain.entities import Box, Calibration
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.space import corners
from studio.domain.values import XY
from widgets.cloud.drawn import LineSet, LineStyle
from widgets.cloud.pointer import SpacePointer

Side = Literal["left", "top", "right", "bottom"]
SIDES: tuple[Side, ...] = ("left", "top", "right", "bottom")  # in the order of a box's numbers
REACH_PX = 6.0  # screen pixels around a side
SMALLEST_PX = 2.0  # of a box
COMPUTED = LineStyle("#ffd54f", 1.2, "dot", 0.9)
PINNED = LineStyle("#ffd54f", 2.0, "solid")


class PictureBox(Struct, frozen=True):
    """rect is amodal, it may reach beyond the picture; `pinned` is the person's own, where there is one."""

    track: EntityId
    rect: Rect
    size: tuple[int, int]  # of the picture
    pinned: Box | None = None

    def lines(self) -> LineSet:
        """Its outline, as far as it lies on the picture."""
        left, top, right, bottom = self.clipped()
        ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        ends = np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)
        style = PINNED if self.pinned is not None else COMPUTED
        return LineSet(ends, np.zeros(4, np.int32), (style,))

    def clipped(self) -> Rect:
        """The part that lies on the picture."""
        wide, high = self.size
        left, top, right, bottom = self.rect
        return (
            min(max(left, 0.0), wide),
            min(max(top, 0.0), high),
            min(max(right, 0.0), wide),
            min(max(bottom, 0.0), high),
        )

    def side_at(self, xy: XY, reach: float) -> Side | None:
        """The side within `reach` picture pixels; not one that lies beyond the picture."""
        x, y = xy
        left, top, right, bottom = self.clipped()
        if not (left - reach <= x <= right + reach and top - reach <= y <= bottom + reach):
            return None
        gaps = (abs(x - left), abs(y - top), abs(x - right), abs(y - bottom))
        best = min(range(4), key=gaps.__getitem__)
        return SIDES[best] if gaps[best] <= reach and self.rect[best] == self.clipped()[best] else None

    def with_side(self, side: Side, xy: XY) -> Rect:
        """The box with one side brought to a place; it never turns inside out."""
        left, top, right, bottom = self.rect
        x, y = xy
        match side:
            case "left":
                return min(x, right - SMALLEST_PX), top, right, bottom
            case "top":
                return left, min(y, bottom - SMALLEST_PX), right, bottom
            case "right":
                return left, top, max(x, left + SMALLEST_PX), bottom
        return left, top, right, max(y, top + SMALLEST_PX)


def camera_of(sight: CameraSight) -> Calibration:
    """The calibration as it stands in the ego frame of the visible sweep."""
    assert sight.camera is not None
    return replace(sight.camera, translation=sight.stands.translation, rotation=sight.stands.rotation)


def picture_box(scene: SpaceScene, sight: CameraSight, track: EntityId) -> PictureBox | None:
    """The box of a track on the picture that a camera shows; None where it sees nothing of it."""
    camera = camera_of(sight)
    pinned = pinned_box(scene, camera.stream, sight.picture, track)
    if pinned is not None:
        return PictureBox(track, pinned.xyxy, camera.size, pinned)
    at = scene.placement(track)
    if at is None:
        return None
    rect = box_on_picture(corners(at.centre, at.size, at.rotation), camera, clip=False)
    return PictureBox(track, rect, camera.size) if rect is not None else None


def frustum_of(scene: SpaceScene, track: EntityId | None, pointer: SpacePointer) -> LineSet:
    """What the box of a track on the picture that is pointed at shows of the scene, as far as it reaches."""
    at = scene.placement(track) if track is not None else None
    if track is None or at is None or not isinstance(pointer.view, CameraSight):
        return LineSet()
    box = picture_box(scene, pointer.view, track)
    if box is None:
        return LineSet()
    away = corners(at.centre, at.size, at.rotation) - pointer.view.eye()
    return frustum_lines(pointer.view, box.clipped(), float(np.linalg.norm(away, axis=1).max()))


def pinned_box(scene: SpaceScene, stream: StreamId, picture: int, track: EntityId) -> Box | None:
    """A person's own box of a track on a picture."""
    for shape in scene.document.shapes_at(stream, picture):
        if isinstance(shape, Box) and shape.track == track:
            return shape
    return None


def followed(at: Placement, sight: CameraSight, rect: Rect) -> tuple[Placement, float]:
    """The cuboid that a moved box is around (least squares), and how many pixels a side stays off."""
    return solving.move_rect(at, camera_of(sight), rect)


def shown_on(box: PictureBox, sight: CameraSight) -> Box:
    """The box as an entity of the picture: the pinned one, or a new one."""
    if box.pinned is not None:
        return replace(box.pinned, xyxy=box.clipped())
    stream = camera_of(sight).stream
    return Box(ShapeId(new_id()), TrackId(box.track), stream, sight.picture, box.clipped())


def pinned_at(scene: SpaceScene, before: PictureBox, box: Box) -> Edit | None:
    """The person's own box on this picture from now on; the cuboid stays."""
    title = f"Pin the box of {scene.title_of_class(scene.class_of(before.track))} on a picture"
    if before.pinned is None:
        return creation(title, box, tool="select")
    return change(title, (before.pinned, box), tool="select") if box != before.pinned else None


def unpinned(scene: SpaceScene) -> Edit | None:
    """The selected tracks without the boxes that were pinned on the pictures beside the visible sweep."""
    line = scene.index.timeline
    gone: Changes = {}
    for shape in scene.document:
        if isinstance(shape, Box) and shape.track in scene.selection - scene.locked:
            if line.reference_frame(shape.stream, shape.frame) == scene.frame:
                gone[shape.id] = (shape, None)
    return Edit("Compute the boxes on pictures again", gone, tool="keys") if gone else None
