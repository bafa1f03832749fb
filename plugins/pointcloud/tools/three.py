"""A cuboid by three clicks: the middle of its rear, the middle of its front, and one side."""

from __future__ import annotations

import math

import numpy as np

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.tools.draw import heights
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.reaching import CLICK_PX, moved_px, on_ground
from studio.domain.edit import Edit, creation
from studio.domain.entities import Cuboid, Track
from studio.domain.ids import EntityId
from studio.domain.space import turn
from studio.domain.values import XYZ
from widgets.cloud.pointer import SpacePointer

SLIP_M = 0.15


class ThreeClicksTool(Gesture):
    """The first two clicks give length and heading, the third the width. A right click goes one back."""

    name = "three"
    title = "Cuboid by three clicks"
    key = "E"

    def __init__(self) -> None:
        super().__init__()
        self._places: list[XYZ] = []
        self._pressed: SpacePointer | None = None
        self._drawn: tuple[Track, Cuboid] | None = None

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "right":
                self.back()
            case "press" if pointer.button == "left":
                self._pressed = pointer
            case "move" | "hover" if self._places:
                self._follow(pointer, scene)
            case "release" if self._pressed is not None:
                pressed, self._pressed = self._pressed, None
                if moved_px(pressed, pointer) < CLICK_PX:
                    return self._clicked(pointer, scene)
            case "cancel":
                self._forget()
        return None

    def _clicked(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        if pointer.side in ("side", "front"):
            self._said = "Click in the top view or in the perspective view."
            return None
        at = on_ground(scene, pointer)
        if at is None:
            return None
        self._places.append(at)
        self._follow(pointer, scene)
        self._said = ("", "Now the middle of its front.", "Now one of its sides.", "")[len(self._places)]
        return self.finish(scene) if len(self._places) == 3 else None

    def _follow(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        here = on_ground(scene, pointer)
        places = [*self._places, *([here] if here is not None and len(self._places) < 3 else [])]
        if len(places) < 2:
            return
        at = by_three(scene, places[0], places[1], places[2] if len(places) > 2 else None)
        track, old = self._drawn or changes.new_cuboid(scene, at)
        new = changes.new_cuboid(scene, at)[1]
        self._drawn = (
            track,
            Cuboid(
                old.id,
                old.track,
                old.stream,
                old.frame,
                new.centre,
                new.size,
                new.rotation,
                "ego",
                old.attributes,
            ),
        )

    def finish(self, scene: SpaceScene) -> Edit | None:
        """After two clicks the width is the class's usual one."""
        drawn, count = self._drawn, len(self._places)
        self._forget()
        if drawn is None or count < 2 or min(drawn[1].size[:2]) < SLIP_M:
            return None
        self._made = frozenset({EntityId(drawn[0].id)})
        long, wide, high = drawn[1].size
        # what the second click has asked for must not stay there to be read
        self._said = f"{long:.1f} m long, {wide:.1f} m wide, {high:.1f} m high."
        return creation(f"Draw {scene.title_of_class(drawn[0].class_name)}", *drawn, tool=self.name)

    def back(self) -> bool:
        if not self._places:
            return False
        self._places.pop()
        self._drawn = None
        return True

    def preview(self) -> tuple[object, ...]:
        return (self._drawn[1],) if self._drawn is not None else ()

    def _forget(self) -> None:
        self._places.clear()
        self._pressed = self._drawn = None


def by_three(scene: SpaceScene, rear: XYZ, front: XYZ, side: XYZ | None) -> Placement:
    """Rear and front are the middles of those edges on the ground; the width reaches to `side`, both ways."""
    ahead = np.array(front[:2]) - np.array(rear[:2])
    length = max(float(np.hypot(*ahead)), changes.SMALLEST_M)
    yaw = math.atan2(float(ahead[1]), float(ahead[0]))
    usual = scene.usual_size(scene.class_name)
    width = usual[1] if usual is not None else length * 0.45
    if side is not None:
        beside = np.array(side[:2]) - np.array(rear[:2])
        width = 2 * abs(float(beside @ np.array([-math.sin(yaw), math.cos(yaw)])))
    width = max(width, changes.SMALLEST_M)
    middle = (np.array(rear) + np.array(front)) / 2
    bottom, top = heights(scene, middle, length, width, yaw)
    centre = (float(middle[0]), float(middle[1]), (bottom + top) / 2)
    return Placement(centre, (length, width, top - bottom), turn(yaw))
