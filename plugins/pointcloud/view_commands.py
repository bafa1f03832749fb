"""What keys and menus do with the views: nothing of it is an Edit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.sweeps import Sweeps
from plugins.pointcloud.views import Views
from studio.domain.ids import EntityId
from studio.domain.space import as_xyz
from widgets.cloud.drawn import Look, Mode, Region

MODES: tuple[Mode, ...] = ("height", "intensity", "rgb", "label", "instance", "ring", "time", "plain")
RANGES: dict[str, tuple[float, float]] = {"intensity": (0.0, 1.0), "ring": (0.0, 64.0), "time": (-0.1, 0.1)}
REACHES = (0, 2, 5, 10)  # sweeps each way that are laid over the visible one
CEILING_M = 3.0  # above the ground, from which on points are hidden
DEPTH_M = 1000.0  # under it, that a slab without a floor reaches
DEEP_M = 2000.0  # of a crop box made from above: everything over and under it is in it
BESIDE_M = 3.0  # around a cuboid that is looked at alone
POINT_SIZES = (1.0, 8.0)  # logical pixels


class ViewCommands:
    """`table` is what the editor runs by name."""

    def __init__(self, bench: SpaceBench, views: Views, sweeps: Sweeps, changed: Callable[[], None]) -> None:
        self._bench = bench
        self._views = views
        self._sweeps = sweeps
        self.paths = False
        self._followed: EntityId | None = None  # the cuboid that the crop box goes with
        self._crop = ""
        self._changed = changed
        self.names = True
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.whole": self.show_whole,
            "pointcloud.to_selection": self.to_selection,
            "pointcloud.colour": self.next_colouring,
            "pointcloud.larger_points": lambda: self.resize_points(1.0),
            "pointcloud.smaller_points": lambda: self.resize_points(-1.0),
            "pointcloud.names": self.turn_names,
            "pointcloud.around": self.next_reach,
            "pointcloud.focus": self.turn_focus,
            "pointcloud.crop_top": lambda: self.crop_to("top"),
            "pointcloud.ceiling": self.turn_ceiling,
            "pointcloud.paths": self.turn_paths,
            "pointcloud.yaw_only": self.turn_yaw_only,
            "pointcloud.one_size": self.turn_one_size,
        }

    def show_whole(self) -> bool:
        self._views.fit()
        return True

    def to_selection(self) -> bool:
        scene = self._bench.scene
        keys = scene.selection if scene is not None else ()
        places = [at for key in keys if scene is not None and (at := scene.whereabouts(key))]
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

    def look_at_new_item(self) -> Look:
        """The look at an item that has just come: what is high stays hidden, over its own ground."""
        look = self.look_in(self._views.scene.look.mode)
        self._followed = None
        return replace(look, crop=None, slab=self._slab() if look.slab is not None else None)

    def _slab(self) -> tuple[float, float] | None:
        ground = self._views.scene.ground_z
        return None if ground is None else (ground - DEPTH_M, ground + CEILING_M)

    def _heights(self) -> tuple[float, float]:
        bounds = self._views.scene.bounds()
        ground = self._views.scene.ground_z
        if bounds is None:
            return -2.0, 4.0
        low = bounds[0][2] if ground is None else ground - 0.3
        return low, max(min(bounds[1][2], low + 5.0), low + 1.0)

    def resize_points(self, by: float) -> bool:
        self.set_point_size(self._views.scene.look.point_size + by)
        return True

    def set_point_size(self, pixels: float) -> None:
        """Logical pixels of every point."""
        size = min(max(pixels, POINT_SIZES[0]), POINT_SIZES[1])
        self._views.scene.set_look(replace(self._views.scene.look, point_size=size))

    def set_slab(self, heights: tuple[float, float] | None) -> None:
        """Only the points between two heights above the ground; None shows all."""
        ground = self._views.scene.ground_z or 0.0
        slab = (ground + heights[0], ground + heights[1]) if heights is not None else None
        self._views.scene.set_look(replace(self._views.scene.look, slab=slab))

    def set_dim(self, dim: bool) -> None:
        """Whether what is outside the crop box is dark rather than hidden."""
        self._views.scene.set_look(replace(self._views.scene.look, dim_outside=dim))

    def next_reach(self) -> bool:
        """More sweeps laid over each other; in the end the visible one alone again."""
        held = self._sweeps.reach
        reach = REACHES[(REACHES.index(held) + 1) % len(REACHES)] if held in REACHES else 0
        self._sweeps.set_reach(reach)
        said = f"{reach} sweeps before and after are shown, too." if reach else "This sweep alone is shown."
        self._bench.host.say(said)
        return True

    @property
    def crop(self) -> str:
        """What the crop box is: "selection", "top", "saved", or "" where there is none."""
        return self._crop if self._views.scene.look.crop is not None else ""

    def turn_focus(self) -> bool:
        """Only the points around the one selected cuboid, or all of them again."""
        return self.crop_to("" if self._views.scene.look.crop is not None else "selection")

    def crop_to(self, way: str) -> bool:
        """Only the points around the selected cuboid, those of the top view's part, or all of them."""
        if way == "selection":
            return self._focus()
        self._followed, self._crop = None, way
        region = self._seen_from_above() if way == "top" else None
        self._views.scene.set_look(replace(self._views.scene.look, crop=region))
        return True

    def _seen_from_above(self) -> Region:
        view = self._views.top.view
        wide, high = (side * view.scale for side in view.window)
        x, y, _ = view.centre
        return Region((x, y, self._views.scene.ground_z or 0.0), (high, wide, DEEP_M), view.base)

    def show_look(self, look: Look) -> None:
        """A look that was kept: its crop box stays where it is."""
        self._followed, self._crop = None, "saved"
        self._views.scene.set_look(look)

    def _focus(self) -> bool:
        scene = self._bench.scene
        keys = scene.movable() if scene is not None else []
        if len(keys) != 1:
            self._bench.host.say("Select one cuboid.")
            return False
        self._followed, self._crop = keys[0], "selection"
        self.follow()
        return True

    def follow(self) -> None:
        """The crop box goes from frame to frame with the cuboid that it is around, where that is seen."""
        scene = self._bench.scene
        if self._followed is None or scene is None or (at := scene.placement(self._followed)) is None:
            return
        wide = as_xyz(np.array(at.size) + 2 * BESIDE_M)
        look = self._views.scene.look
        self._views.scene.set_look(replace(look, crop=Region(at.centre, wide, at.rotation)))

    def turn_ceiling(self) -> bool:
        """Without the points that are high above the ground, or with them again."""
        look = self._views.scene.look
        self._views.scene.set_look(replace(look, slab=None if look.slab is not None else self._slab()))
        return True

    def turn_paths(self) -> bool:
        self.paths = not self.paths
        shown = "The ways of what is selected, or of all, are shown." if self.paths else "Ways are not shown."
        self._bench.host.say(shown)
        self._changed()
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
