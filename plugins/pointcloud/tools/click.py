"""A cuboid by one click: the points that stand there are gathered, and a box is fitted around them."""

from __future__ import annotations

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.fitting import Fit, one_click
from plugins.pointcloud.moving import turned_as_it_moves
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.reaching import CLICK_PX, moved_px, on_ground
from studio.domain.edit import Edit
from studio.domain.entities import Track
from studio.domain.ids import EntityId
from studio.domain.values import XYZ
from widgets.cloud.pointer import SpacePointer


class OneClickTool(Gesture):
    """Click a point of what is to be labelled, in any view. Where nothing stands, it says so."""

    name = "click"
    title = "Cuboid by one click"
    key = "C"

    def __init__(self) -> None:
        super().__init__()
        self._pressed: SpacePointer | None = None

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "left":
                self._pressed = pointer
            case "release" if self._pressed is not None:
                pressed, self._pressed = self._pressed, None
                if moved_px(pressed, pointer) < CLICK_PX:
                    return self._clicked(pointer, scene)
            case "cancel":
                self._pressed = None
        return None

    def _clicked(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        seed, points = place_meant(pointer, scene), scene.points
        usual = scene.usual_size(scene.class_name)

        def fitted(yaw: float | None = None) -> Fit | None:
            return one_click(points.xyz, seed, points.sensor, usual, yaw) if seed is not None else None

        found = fitted()
        if found is None:
            self._said = (
                "Nothing stands clear of the ground there. Click nearer to it, or draw a box around it (B)."
            )
            return None
        at, self._said = turned_as_it_moves(scene, found, fitted)
        edit = changes.drawn(scene, at, self.name)
        self._made = frozenset(EntityId(new.id) for _, new in edit.changes.values() if isinstance(new, Track))
        return edit


def place_meant(pointer: SpacePointer, scene: SpaceScene) -> XYZ | None:
    """The point under a pointer, or where the ray meets the ground."""
    return scene.points.under(pointer.view, pointer.xy) or on_ground(scene, pointer)
