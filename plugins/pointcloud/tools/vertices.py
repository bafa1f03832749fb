"""The points of the one selected line: drag one, double-click to add or remove one."""

from __future__ import annotations

import math

import numpy as np

from plugins.pointcloud import lanes
from plugins.pointcloud.lanes import PlacedLine
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.reaching import CLICK_PX, GRIP_PX, moved_px, on_ground, slid
from studio.domain.edit import Edit
from studio.domain.ids import EntityId
from studio.domain.space import Floats, as_xyz
from studio.domain.values import XYZ
from widgets.cloud.pointer import SpacePointer

NEAR_PX = 6.0  # beside a line, that still means it


class VertexDrag:
    """One point in the hand, between a press and its release."""

    def __init__(self) -> None:
        self._held: tuple[PlacedLine, int, SpacePointer] | None = None
        self._now: tuple[XYZ, ...] | None = None

    @property
    def is_on(self) -> bool:
        return self._held is not None

    def press(self, pointer: SpacePointer, scene: SpaceScene) -> bool:
        """Take hold of a point of the selected line; whether there was one."""
        self.forget()
        line = scene.selected_line()
        at = vertex_under(line, pointer) if line is not None else None
        if line is not None and at is not None:
            self._held = (line, at, pointer)
        return self.is_on

    def move(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        if self._held is None:
            return
        line, at, start = self._held
        if self._now is None and moved_px(start, pointer) < CLICK_PX:
            return  # a click with an unsteady hand moves nothing
        place: XYZ | None
        if pointer.side in ("side", "front"):
            place = as_xyz(np.array(line.points[at]) + slid(start, pointer, line.points[at]))
        else:
            place = on_ground(scene, pointer)
        if place is not None:
            self._now = (*line.points[:at], place, *line.points[at + 1 :])

    def release(self, scene: SpaceScene) -> Edit | None:
        held, now = self._held, self._now
        self.forget()
        return changed(scene, held[0], now) if held is not None and now is not None else None

    def preview(self) -> tuple[object, ...]:
        if self._held is None or self._now is None:
            return ()
        return (PlacedLine(self._held[0].shape, self._now),)

    def words(self) -> str:
        return ""

    def forget(self) -> None:
        self._held = self._now = None


def double(pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
    """Remove the point of the selected line under the pointer, or put a new one into its line there."""
    line = scene.selected_line()
    if line is None:
        return None
    at = vertex_under(line, pointer)
    if at is not None:
        least = 3 if line.shape.closed else 2
        kept = (*line.points[:at], *line.points[at + 1 :])
        return changed(scene, line, kept) if len(kept) >= least else None
    segment = segment_under(line, pointer)
    place = on_ground(scene, pointer) if segment is not None else None
    if segment is None or place is None:
        return None
    return changed(scene, line, (*line.points[: segment + 1], place, *line.points[segment + 1 :]))


def changed(scene: SpaceScene, line: PlacedLine, points: tuple[XYZ, ...]) -> Edit | None:
    """The Edit that gives a line these points, as they lie at the visible frame."""
    new = scene.lanes.with_points(line, scene.frame, points)
    return lanes.moved(line.shape, new, scene.title_of_class(scene.class_of(EntityId(line.shape.track))))


def vertex_under(line: PlacedLine, pointer: SpacePointer) -> int | None:
    """The place of the nearest point within reach of the pointer."""
    places = _pixels(np.array(line.points), pointer)
    away = np.hypot(places[:, 0] - pointer.xy[0], places[:, 1] - pointer.xy[1])
    nearest = int(np.argmin(away))
    return nearest if away[nearest] <= GRIP_PX else None


def segment_under(line: PlacedLine, pointer: SpacePointer) -> int | None:
    """The place of the segment that the pointer is over: of the nearest within reach."""
    ends = line.segments()
    starts, stops = _pixels(ends[:, 0], pointer), _pixels(ends[:, 1], pointer)
    gaps = [_away(pointer.xy, a, b) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]
    best = min(range(len(gaps)), key=gaps.__getitem__)
    return best if gaps[best] <= NEAR_PX else None


def line_under(scene: SpaceScene, pointer: SpacePointer) -> EntityId | None:
    """The track of a line that the pointer is over; never a hidden or locked one."""
    for key, held in scene.lines_here.items():
        if key not in scene.hidden and key not in scene.locked:
            if any(segment_under(line, pointer) is not None for line in held):
                return key
    return None


def _pixels(points: Floats, pointer: SpacePointer) -> Floats:
    """(N, 2) where points are on the screen; what is behind the eye is nowhere near."""
    found = pointer.view.to_screen(points)
    if not pointer.view.flat:
        found = np.where(found[:, 2:] > 0, found, 1e9)
    pixels: Floats = np.nan_to_num(found[:, :2], nan=1e9, posinf=1e9, neginf=-1e9)
    return pixels


def _away(xy: tuple[float, float], first: list[float], second: list[float]) -> float:
    dx, dy = second[0] - first[0], second[1] - first[1]
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else ((xy[0] - first[0]) * dx + (xy[1] - first[1]) * dy) / length
    share = min(max(share, 0.0), 1.0)
    return math.hypot(xy[0] - first[0] - share * dx, xy[1] - first[1] - share * dy)
