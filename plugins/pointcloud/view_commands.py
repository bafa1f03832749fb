"""What keys and menus do with the views: nothing of it is an Edit."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.views import Views
from widgets.cloud.drawn import Look, Mode

MODES: tuple[Mode, ...] = ("height", "intensity", "rgb", "label", "ring", "time", "plain")
RANGES: dict[str, tuple[float, float]] = {"intensity": (0.0, 1.0), "ring": (0.0, 64.0), "time": (-0.1, 0.1)}
POINT_SIZES = (1.0, 8.0)  # logical pixels


class ViewCommands:
    """`table` is what the editor runs by name."""

    def __init__(self, bench: SpaceBench, views: Views, changed: Callable[[], None]) -> None:
        self._bench = bench
        self._views = views
        self._changed = changed
        self.names = True
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.whole": self.show_whole,
            "pointcloud.to_selection": self.to_selection,
            "pointcloud.colour": self.next_colouring,
            "pointcloud.larger_points": lambda: self.resize_points(1.0),
            "pointcloud.smaller_points": lambda: self.resize_points(-1.0),
            "pointcloud.names": self.turn_names,
            "pointcloud.yaw_only": self.turn_yaw_only,
            "pointcloud.one_size": self.turn_one_size,
        }

    def show_whole(self) -> bool:
        self._views.fit()
        return True

    def to_selection(self) -> bool:
        scene = self._bench.scene
        places = [at for key in scene.selection if (at := scene.placement(key))] if scene is not None else []
        if not places:
            self._bench.host.say("Nothing is selected.")
            return False
        self._views.show_place(places[0])
        return True

    def modes(self) -> list[Mode]:
        """The colourings that the clouds of this frame have something for."""
        fields = {name for cloud in self._views.scene.clouds.values() for name in cloud.fields}
        return [mode for mode in MODES if mode in fields or mode in ("height", "plain")]

    def next_colouring(self) -> bool:
        modes, now = self.modes(), self._views.scene.look.mode
        self.colour_by(modes[(modes.index(now) + 1) % len(modes)] if now in modes else modes[0])
        return True

    def colour_by(self, mode: Mode) -> None:
        """Another colouring: no point is sent again."""
        self._views.scene.set_look(self.look_in(mode))
        self._bench.host.say(f"Coloured by {mode}.")
        self._changed()

    def look_in(self, mode: Mode) -> Look:
        """The look with another colouring, over the range that its values have."""
        look = self._views.scene.look
        if mode == "height":
            low, high = self._heights()
        else:
            low, high = RANGES.get(mode, (look.low, look.high))
        return replace(look, mode=mode, low=low, high=high)

    def _heights(self) -> tuple[float, float]:
        bounds = self._views.scene.bounds()
        ground = self._views.scene.ground_z
        if bounds is None:
            return -2.0, 4.0
        low = bounds[0][2] if ground is None else ground - 0.3
        return low, max(min(bounds[1][2], low + 5.0), low + 1.0)

    def resize_points(self, by: float) -> bool:
        look = self._views.scene.look
        size = min(max(look.point_size + by, POINT_SIZES[0]), POINT_SIZES[1])
        self._views.scene.set_look(replace(look, point_size=size))
        return True

    def turn_names(self) -> bool:
        self.names = not self.names
        self._changed()
        return True

    def turn_yaw_only(self) -> bool:
        scene = self._bench.scene
        if scene is None:
            return False
        scene.yaw_only = not scene.yaw_only
        what = "about the upright axis alone" if scene.yaw_only else "about all three axes"
        self._bench.host.say(f"Cuboids turn {what}.")
        self._changed()
        return True

    def turn_one_size(self) -> bool:
        scene = self._bench.scene
        if scene is None:
            return False
        scene.one_size = not scene.one_size
        what = "is that of the whole track" if scene.one_size else "holds at its own key frame only"
        self._bench.host.say(f"A new size {what}.")
        self._changed()
        return True
