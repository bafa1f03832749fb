"""Paint what hangs together with the point under a click; the wheel says how closely."""

from __future__ import annotations

from plugins.pointcloud.painting.growing import region_of
from plugins.pointcloud.painting.painter import GAP_M, STEP_M, Painter
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.paint import WHEEL_STEP, Painting, title_of
from studio.domain.edit import Edit
from widgets.cloud.pointer import SpacePointer

PICK_PX = 10.0


class GrowRegion(Gesture):
    """Press on a point: what is joined to it gets the label, on release for good. Escape gives it up.

    While the button is held, the wheel changes the widest gap between neighbours, with Shift the highest
    step, and the region follows.
    """

    name = "grow"
    title = "Paint what hangs together"
    key = "Shift+R"

    def __init__(self) -> None:
        super().__init__()
        self._seed: int | None = None
        self._painter: Painter | None = None

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "left":
                self._press(pointer, scene)
            case "release" if self._seed is not None:
                self._seed = self._painter = None
                scene.painter.end(title_of(scene), self.name)
            case "cancel":
                self._forget()
        return None

    def wheel(self, pointer: SpacePointer, notches: float, scene: SpaceScene) -> bool:
        """Wider or narrower, now if a region is under way; whether the wheel was meant for that."""
        if self._seed is None and "ctrl" not in pointer.modifiers:
            return False
        settings, factor = scene.painter.settings, WHEEL_STEP**notches
        if "shift" in pointer.modifiers:
            settings.step_m = min(max(settings.step_m * factor, STEP_M[0]), STEP_M[1])
        else:
            settings.gap_m = min(max(settings.gap_m * factor, GAP_M[0]), GAP_M[1])
        scene.painter.on_settings()
        self._grow(scene)
        return True

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        self._forget()
        self._said = scene.painter.why_not(scene)
        if self._said:
            return
        self._seed = scene.painter.point_under(pointer, scene, PICK_PX)
        if self._seed is None:
            self._said = "There is no point under the pointer."
            return
        self._painter = scene.painter
        self._grow(scene)

    def _grow(self, scene: SpaceScene) -> None:
        painter = scene.painter
        gap, step = painter.settings.gap_m, painter.settings.step_m
        words = f"gap {gap:.2f} m, step {step:.2f} m"
        if self._seed is not None:
            painter.put_back()
            found = region_of(scene.points.xyz, self._seed, gap, step)
            painter.paint(found, scene)
            words = f"{len(found):,} points hang together: {words} (wheel)"
        self._said = words

    def back(self) -> bool:
        had = self._seed is not None
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return (Painting(),) if self._seed is not None else ()

    def _forget(self) -> None:
        if self._painter is not None:
            self._painter.put_back()
        self._seed = self._painter = None
