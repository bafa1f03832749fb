"""A side of the box on a camera's picture in the hand: the cuboid follows; with Alt the box is pinned."""

from __future__ import annotations

from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.camera_sight import CameraSight
from plugins.pointcloud.picture_boxes import (
    REACH_PX,
    PictureBox,
    Side,
    followed,
    picture_box,
    pinned_at,
    shown_on,
)
from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.edit import Edit
from studio.domain.entities import Box, Cuboid
from studio.domain.values import XY
from widgets.cloud.pointer import SpacePointer


class BoxDrag:
    """Between a press on a side of the box and its release.

    A box that is pinned already is changed itself; the cuboid follows only a computed one.
    """

    def __init__(self) -> None:
        self._held: tuple[PictureBox, Side, CameraSight] | None = None
        self._pins = False
        self._at: Placement | None = None  # where the cuboid follows to
        self._off_px = 0.0
        self._shown: tuple[Box | Cuboid, ...] = ()
        self._said = ""

    @property
    def is_on(self) -> bool:
        return self._held is not None

    def press(self, pointer: SpacePointer, scene: SpaceScene) -> bool:
        """Take hold of a side of the one selected cuboid's box; whether there was one."""
        self.forget()
        if (found := box_under(scene, pointer)) is not None:
            self._held = found
            self._pins = found[0].pinned is not None or "alt" in pointer.modifiers
        return self.is_on

    def move(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        if self._held is None:
            return
        box, side, sight = self._held
        moved = replace(box, rect=box.with_side(side, _pixel(pointer)))
        held = changes.key_frame(scene, box.track)
        if self._pins:
            self._shown = (shown_on(moved, sight),)
        elif held is not None:
            self._at, self._off_px = followed(changes.placement_of(held[1]), sight, moved.rect)
            at = self._at
            self._shown = (replace(held[1], centre=at.centre, size=at.size, rotation=at.rotation),)

    def release(self, scene: SpaceScene) -> Edit | None:
        held, shown, at, off_px = self._held, self._shown, self._at, self._off_px
        self.forget()
        if held is None or not shown:
            return None
        box = held[0]
        if at is None:
            self._said = "The box on this picture is pinned: it no longer follows the cuboid."
            return pinned_at(scene, box, shown[0]) if isinstance(shown[0], Box) else None
        self._said = f"The cuboid follows the box within {off_px:.1f} pixels."
        title = f"Fit {changes.what(scene, [box.track])} to its box on a picture"
        return changes.put(scene, {box.track: at}, title, "select")

    def preview(self) -> tuple[object, ...]:
        """The cuboid that follows, or the box that is pinned."""
        return self._shown

    def words(self) -> str:
        said, self._said = self._said, ""
        return said

    def forget(self) -> None:
        self._held = self._at = None
        self._shown, self._off_px, self._pins = (), 0.0, False


def box_under(scene: SpaceScene, pointer: SpacePointer) -> tuple[PictureBox, Side, CameraSight] | None:
    """The box of the one selected cuboid, and its side that the pointer is over."""
    keys = scene.movable()
    if not isinstance(pointer.view, CameraSight) or len(keys) != 1:
        return None
    box = picture_box(scene, pointer.view, keys[0])
    if box is None:
        return None
    side = box.side_at(_pixel(pointer), REACH_PX / pointer.view.zoom)
    return (box, side, pointer.view) if side is not None else None


def _pixel(pointer: SpacePointer) -> XY:
    assert isinstance(pointer.view, CameraSight)
    return pointer.xy[0] / pointer.view.zoom, pointer.xy[1] / pointer.view.zoom
