"""What paint tools share: how they paint, which points may be painted, the stroke under way. No Qt.

Points change at once, in the arrays and on the screen; a stroke that has ended goes to `on_stroke`, which
makes its Edit. A stroke that is given up puts back what was.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from plugins.pointcloud.painting.frame_labels import CloudLabels, FrameLabels, Places, instance_of_track
from plugins.pointcloud.painting.screen_index import ScreenIndex
from plugins.pointcloud.painting.strokes import PaintedRun, Stroke
from plugins.pointcloud.point_labels import RUN, UNLABELLED
from studio.domain.entities import Track
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import XY, Side

if TYPE_CHECKING:
    from plugins.pointcloud.space_scene import SpaceScene

RADIUS_PX = (4.0, 200.0)
GAP_M = (0.05, 3.0)
STEP_M = (0.05, 3.0)


class PaintSettings(Struct):
    """How it is painted; none of it is in the document."""

    by: Literal["class", "instance"] = "class"
    erase: bool = False
    only_unlabelled: bool = False  # what has a class keeps it
    kept: frozenset[str] = frozenset()  # classes whose points keep theirs
    seen_only: bool = True  # in perspective: not what stands behind other points
    radius_px: float = 20.0
    gap_m: float = 0.4  # between neighbours of a region
    step_m: float = 0.4  # of height, between neighbours of a region


class _Before(Struct, frozen=True):
    """What points of one cloud had before they were painted."""

    cloud: CloudLabels
    places: Places
    class_of: NDArray[np.uint16]
    instance_of: NDArray[np.uint32]


def _everything(side: Side, points: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.ones(len(points), bool)


class Painter:
    """Paints over the visible frame. `labels` is None until its points and their labels are there."""

    def __init__(self) -> None:
        self.settings = PaintSettings()
        self.labels: FrameLabels | None = None
        self.trouble = ""  # why the labels that there are cannot be known
        self.is_shown: Callable[[Side, NDArray[np.float32] | NDArray[np.float64]], NDArray[np.bool_]] = (
            _everything
        )
        self.on_painted: Callable[[Places], None] = lambda places: None
        self.on_settings: Callable[[], None] = lambda: None
        self.on_stroke: Callable[[Stroke], None] = lambda stroke: None
        self._screen: ScreenIndex | None = None
        self._beside: ThreadPoolExecutor | None = None  # begun with the first hover
        self._coming: Future[ScreenIndex] | None = None
        self._before: list[_Before] = []
        self._touched: list[Places] = []  # by place among the drawn points

    # What a hand reaches

    def screen(self, pointer: SpacePointer, scene: SpaceScene) -> ScreenIndex:
        """The visible frame's points as the view under the pointer shows them."""
        points = scene.points.xyz
        if self._coming is not None:
            self._screen, self._coming = self._coming.result(), None
        if self._screen is None or not self._screen.is_of(pointer.view, points):
            self._screen = ScreenIndex(pointer.view, points)
        return self._screen

    def look_ahead(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        """A hand hovers where it may paint next: have what it reaches ready, beside the GUI."""
        points, view = scene.points.xyz, pointer.view
        if self._coming is not None:
            if not self._coming.done():
                return
            self._screen, self._coming = self._coming.result(), None
        if self._screen is None or not self._screen.is_of(view, points):
            self._beside = self._beside or ThreadPoolExecutor(1, "screen")
            self._coming = self._beside.submit(ScreenIndex, view, points)

    def close(self) -> None:
        """Nothing is prepared any more."""
        self._screen = self._coming = None

    def brushed(self, xy: XY, pointer: SpacePointer, scene: SpaceScene) -> Places:
        """The drawn points under the brush at a place of the pointer's view."""
        found = self.screen(pointer, scene).within_circle(
            xy, self.settings.radius_px, self._looks_at_surfaces(pointer)
        )
        return self.shown(found, pointer, scene)

    def outlined(self, outline: NDArray[np.float64], pointer: SpacePointer, scene: SpaceScene) -> Places:
        """The drawn points inside a (K, 2) polygon of pixels."""
        found = self.screen(pointer, scene).within_polygon(outline, self._looks_at_surfaces(pointer))
        return self.shown(found, pointer, scene)

    def point_under(self, pointer: SpacePointer, scene: SpaceScene, radius_px: float) -> int | None:
        """The drawn point that a click means; None for none."""
        screen = self.screen(pointer, scene)
        near = self.shown(screen.within_circle(pointer.xy, radius_px), pointer, scene)
        return screen.nearest(pointer.xy, radius_px, near)

    def shown(self, places: Places, pointer: SpacePointer, scene: SpaceScene) -> Places:
        """Those of them that the view draws at all: not what is cut away."""
        return places[self.is_shown(pointer.side, scene.points.xyz[places])]

    def _looks_at_surfaces(self, pointer: SpacePointer) -> bool:
        return self.settings.seen_only and not pointer.view.flat

    # Painting

    def why_not(self, scene: SpaceScene, rubs: bool = False) -> str:
        """Why nothing can be painted now, for the status bar; empty where it can."""
        if self.labels is None or len(self.labels) != len(scene.points):
            return self.trouble or "The points and their labels are still on their way."
        if not (self.settings.erase or rubs) and self.target(scene) is None:
            if self.settings.by == "instance":
                return "Select the one object whose points are painted."
            return "The labelling template has no class to paint."
        return ""

    def target(self, scene: SpaceScene) -> tuple[str, int] | None:
        """Class and instance that are painted: of the one selected track, or the class alone; or None."""
        if self.settings.by == "class":
            return (scene.class_name, 0) if scene.class_name else None
        tracks = [each for key in scene.selection if isinstance(each := scene.document.get(key), Track)]
        return (tracks[0].class_name, instance_of_track(tracks[0].id)) if len(tracks) == 1 else None

    def paint(self, places: Places, scene: SpaceScene, rubs: bool = False) -> int:
        """Give these drawn points what is painted, where the locks allow it; how many are others now.

        rubs: take their labels, whatever the settings say.
        """
        target = (UNLABELLED, 0) if self.settings.erase or rubs else self.target(scene)
        return self.give(places, *target) if target is not None else 0

    def give(self, places: Places, class_name: str, instance: int, *, despite_locks: bool = False) -> int:
        """Give drawn points a class and an instance; how many are others now.

        Painting by class leaves the instances of points that have the class already.
        """
        labels = self.labels
        if labels is None or not len(places):
            return 0
        number = labels.number_of(class_name)
        classes, instances = labels.classes_of(places), labels.instances_of(places)
        wanted = classes != number
        if instance or class_name == UNLABELLED:
            wanted |= instances != instance
        if not despite_locks:
            wanted &= self._may_change(labels, classes, class_name)
        places = places[wanted]
        for cloud, held in labels.split(places):
            self._before.append(_Before(cloud, held, cloud.class_of[held], cloud.instance_of[held]))
            cloud.put(held, number, instance)
        if len(places):
            self._touched.append(places)
            self.on_painted(places)
        return len(places)

    def _may_change(
        self, labels: FrameLabels, classes: NDArray[np.uint16], class_name: str
    ) -> NDArray[np.bool_]:
        kept = [number for number, name in enumerate(labels.classes) if name in self.settings.kept]
        free: NDArray[np.bool_] = ~np.isin(classes, kept)
        if self.settings.only_unlabelled and class_name != UNLABELLED:
            free &= classes == 0
        return free

    @property
    def is_painting(self) -> bool:
        """Whether a stroke is under way that has changed something."""
        return bool(self._before)

    def put_back(self) -> None:
        """Give the stroke up: every point has again what it had."""
        touched, self._touched = self._touched, []
        for each in reversed(self._before):
            each.cloud.put(each.places, each.class_of, each.instance_of)
        self._before = []
        if touched:
            self.on_painted(np.unique(np.concatenate(touched)))

    def forget(self, cloud: CloudLabels, run: int) -> None:
        """A run was taken from its tile during a stroke: what it had before is not put back any more."""
        kept: list[_Before] = []
        for each in self._before:
            mine = each.places // RUN != run if each.cloud is cloud else np.ones(len(each.places), bool)
            if mine.any():
                held = (each.places[mine], each.class_of[mine], each.instance_of[mine])
                kept.append(_Before(each.cloud, *held))
        self._before = kept

    def end(self, title: str, tool: str) -> None:
        """The stroke is done: what it left goes to `on_stroke`."""
        stroke = self.taken(title, tool)
        if stroke is not None:
            self.on_stroke(stroke)

    def taken(self, title: str, tool: str) -> Stroke | None:
        """The stroke that is done, for whoever makes an Edit of it; None where it changed nothing."""
        labels, before, self._before, self._touched = self.labels, self._before, [], []
        if labels is None or not before:
            return None
        runs: list[PaintedRun] = []
        for cloud in labels.clouds:
            mine = [each.places for each in before if each.cloud is cloud]
            if not mine:
                continue
            changed = {int(run) for run in np.unique(np.concatenate(mine) // RUN)}
            if cloud.runs - 1 not in cloud.held:
                changed.add(cloud.runs - 1)  # only its length says how many points there are
            runs += [
                PaintedRun(cloud, run, cloud.loads.get(run, 0), labels.copied(cloud, run))
                for run in sorted(changed)
            ]
        points = len(np.unique(np.concatenate([each.places for each in before])))
        return Stroke(title, tool, tuple(runs), points)

    def words(self, scene: SpaceScene) -> str:
        """What is painted, for titles: "Car", "Car #2", "nothing"."""
        if self.settings.erase:
            return "nothing"
        if self.settings.by == "instance" and len(scene.selection) == 1:
            return scene.title_of(next(iter(scene.selection)))
        return scene.title_of_class(scene.class_name)
