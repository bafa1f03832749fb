"""The clips beside the open one: their last or first frames as ghosts, the seam, and what goes on over it.

They are fetched once an edge of the item comes into sight, by the host, off the GUI thread: entities alone.
No Qt.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter import Ghost, Limits, SequenceFinding, ghosts, group_findings, seam_findings
from plugins.pointcloud.seam_changes import Clip, carried_over, nearest, seconds_between, taken_over
from plugins.pointcloud.space_scene import SEGMENTS, SpaceScene
from studio.domain.contracts.editing import Neighbour
from studio.domain.edit import Edit
from studio.domain.groups import GroupIndex
from studio.domain.ids import TrackId
from studio.domain.space import corners
from widgets.cloud.drawn import LineSet, LineStyle, cuboid_segments

NEAR = 10  # frames from an edge, at which the clip beyond it is shown
SHOWN = 3  # frames of it
_FAINT = 0.9  # of the nearest frame; half as much with each further one


class Neighbours:
    """`table` is what the editor runs by name; `changed` is called when what there is to show has."""

    def __init__(
        self, bench: SpaceBench, groups: Callable[[], GroupIndex | None], changed: Callable[[], None]
    ) -> None:
        self._bench = bench
        self._groups = groups
        self._changed = changed
        self._turn = 0  # of items: what still comes for another is dropped
        self._beside: dict[int, Clip | None] = {}
        self._waiting: dict[int, list[Callable[[], None]]] = {}  # for what was asked for and has not come
        self.shown = True
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.ghosts": self.turn_ghosts,
            "pointcloud.go_on": self.go_on,
        }

    def open(self) -> None:
        """Another item, or none."""
        self._turn += 1
        self._beside.clear()
        self._waiting.clear()

    def show_frame(self) -> None:
        """Ask for the clip beyond an edge that is in sight."""
        scene = self._bench.scene
        if scene is None or not self.shown:
            return
        for by in (-1, 1):
            if self._is_in_sight(scene, by):
                self._want(by)

    def clip(self, by: int) -> Clip | None:
        """The clip before (-1) or after (1), where it has come."""
        return self._beside.get(by)

    def turn_ghosts(self) -> bool:
        """With the ghosts of the clips beside, or without."""
        self.shown = not self.shown
        scene = self._bench.scene
        if self.shown and scene is not None and not scene.item.sequence:
            self._bench.host.say("This item is no clip of a sequence: nothing is beside it.")
        self.show_frame()
        self._changed()
        return True

    def ghost_lines(self) -> LineSet:
        """The last frames of the clip before, or the first of the one after, in the ego frame here."""
        scene = self._bench.scene
        if scene is None or not self.shown:
            return LineSet()
        found: list[tuple[Ghost, float]] = []
        for by in (-1, 1):
            if (clip := self.clip(by)) is not None and self._is_in_sight(scene, by):
                edge = clip.index.timeline.frames - 1 if by < 0 else 0
                held = ghosts(clip.index, scene.index, scene.frame, SHOWN, from_end=by < 0)
                found += [(each, _FAINT / 2 ** abs(each.frame - edge)) for each in held]
        return _lines(scene, found)

    def look_at_seam(self, then: Callable[[list[SequenceFinding]], None], *, afresh: bool) -> None:
        """Say what does not go on over the seam from the clip before; nothing where there is none.

        afresh: somebody may have worked on it since it was fetched.
        """

        def came() -> None:
            here, before = self._here(), self.clip(-1)
            if here is None or before is None:
                then([])
                return
            found = seam_findings(before.index, here.index)
            then([*found, *group_findings(before, here)])

        self._want(-1, came, afresh=afresh)

    def go_on(self) -> bool:
        """Selected tracks are those of the clip before; without a selection, all that it ends with begin."""
        scene = self._bench.scene
        if scene is None:
            return False
        if not scene.item.sequence:
            self._bench.host.say("This item is no clip of a sequence: nothing is before it.")
            return False
        chosen = [TrackId(key) for key in sorted(scene.selection - scene.locked)]
        self._want(-1, lambda: self._go_on(chosen))
        return True

    def _go_on(self, chosen: list[TrackId]) -> None:
        here, before = self._here(), self.clip(-1)
        host = self._bench.host
        if here is None:
            return
        if before is None or seconds_between(before.index, here.index) > Limits().seam_s:
            host.say("No clip ends where this one begins.")
        elif not chosen:
            if not self._bench.apply(carried_over(here, before)):
                host.say("Everything that the clip before ends with is here already.")
        else:
            whole: Edit | None = None
            for track in chosen:
                edge = nearest(here.index, track, before.index) if track in here.index.tracks else None
                if edge is not None and (edit := taken_over(here, track, before, edge)) is not None:
                    whole = whole.then(edit) if whole is not None else edit
            if not self._bench.apply(replace(whole, title="Go on from the clip before") if whole else None):
                host.say("Nothing of the clip before was heading for what is selected.")

    # Fetching

    def _is_in_sight(self, scene: SpaceScene, by: int) -> bool:
        frames = scene.index.timeline.frames
        return scene.frame < NEAR if by < 0 else scene.frame >= frames - NEAR

    def _here(self) -> Clip | None:
        scene, groups = self._bench.scene, self._groups()
        return Clip(scene.index, groups) if scene is not None and groups is not None else None

    def _want(self, by: int, then: Callable[[], None] | None = None, *, afresh: bool = False) -> None:
        scene = self._bench.scene
        if scene is None or not scene.item.sequence or (by in self._beside and not afresh):
            if then is not None:
                then()
            return
        is_asked = by in self._waiting
        self._waiting.setdefault(by, []).extend([then] if then is not None else [])
        if is_asked:
            return
        turn = self._turn

        def came(found: Neighbour | None) -> None:
            if turn == self._turn:
                self._beside[by] = _clip(found) if found is not None else None
                for each in self._waiting.pop(by):
                    each()
                self._changed()

        self._bench.host.beside(by, came)


def _clip(found: Neighbour) -> Clip:
    return Clip(TrackIndex(found.document, found.item.streams), GroupIndex(found.document))


def _lines(scene: SpaceScene, found: list[tuple[Ghost, float]]) -> LineSet:
    """Dotted, in the colours of their classes; nothing of it can be picked."""
    if not found:
        return LineSet()
    boxes = np.array([corners(each.centre, each.size, each.rotation) for each, _ in found])
    styles: dict[LineStyle, int] = {}
    style_of = []
    for ghost, alpha in found:
        style = LineStyle(scene.style_of_class(ghost.class_name).color, 1.5, "dot", alpha)
        style_of.append(styles.setdefault(style, len(styles)))
    each = np.repeat(np.arange(len(found), dtype=np.int32), SEGMENTS)
    return LineSet(
        cuboid_segments(boxes),
        np.array(style_of, np.int32)[each],
        tuple(styles),
        np.full(len(each), -1, np.int32),
    )
