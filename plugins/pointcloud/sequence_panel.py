"""The timeline below the views: a lane for each group, a row for each track, made as they come into sight."""

from __future__ import annotations

from itertools import chain

import numpy as np
from PySide6.QtCore import QObject, QTimer

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.group_panel import GroupCommands
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.entities import Group, Member
from studio.domain.ids import EntityId, GroupId, TrackId
from studio.domain.intervals import common
from widgets.class_styles import UNKNOWN
from widgets.timeline import Timeline
from widgets.timeline_grid import RowPress
from widgets.timeline_rows import AUTO, HAND, MODEL, TimeBar, TimelineRow

MADE = {"hand": HAND, "auto": AUTO, "model": MODEL}
LANE_COLOR = "#7a869a"
LATEST_MS = 1500  # after which a frame counts as shown though its points have not come


class SequencePanel(QObject):
    """Keeps a timeline in step with scene, groups and frame; what hands do on it is carried out."""

    def __init__(self, bench: SpaceBench, sweeps: Sweeps, groups: GroupCommands, timeline: Timeline) -> None:
        super().__init__(timeline)
        self._bench = bench
        self._sweeps = sweeps
        self._groups = groups
        self.timeline = timeline
        self._open: set[str] = set()  # groups whose members are shown
        self._lanes: list[tuple[str, int, str]] = []  # of groups: (key of a track or group, depth, member)
        self._tracks: list[TrackId] = []  # rows below the lanes
        self._made_of: object = None  # what both were made of
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(LATEST_MS)
        self._late.timeout.connect(self._shown)
        sweeps.settled.connect(self._shown)
        timeline.frame_wanted.connect(bench.go_to)
        timeline.grid.rows_wanted.connect(self._give)
        timeline.grid.row_pressed.connect(self._pressed)
        timeline.grid.row_opened.connect(self._pressed)
        timeline.grid.fold_wanted.connect(self._fold)

    def open(self) -> None:
        """Another item, or none."""
        scene = self._bench.scene
        self._open.clear()
        self.timeline.transport.pause()
        frames = scene.index.timeline.frames if scene is not None else 0
        if scene is not None:
            self.timeline.set_frames(frames, scene.index.timeline.times_ns.tolist())
        self.refresh()

    def refresh(self) -> None:
        """Tracks, key frames or groups have changed."""
        scene = self._bench.scene
        # most Edits leave all tracks and groups where they are
        made_of = scene and (
            id(scene),
            scene.index.generation,
            self._groups.generation,
            frozenset(self._open),
        )
        if made_of != self._made_of:
            self._made_of = made_of
            self._lanes, self._tracks = self._all_lanes(), scene.index.tracks if scene is not None else []
        self.timeline.grid.set_total(len(self._lanes) + len(self._tracks))
        self.show_selection()

    def show_frame(self) -> None:
        """The visible frame is another: it counts as shown once its points are there."""
        if self._sweeps.is_settled:
            self._shown()
        else:
            self._late.start()

    def show_selection(self) -> None:
        """The rows of what is selected; the first of another selection comes into sight."""
        scene, grid = self._bench.scene, self.timeline.grid
        chosen = frozenset(scene.selection) if scene is not None else frozenset()
        is_other = chosen != grid.selected
        grid.set_selected(chosen)
        if is_other:
            rows = chain(
                (row for row, (key, _, _) in enumerate(self._lanes) if key in chosen),
                (row for row, key in enumerate(self._tracks, len(self._lanes)) if key in chosen),
            )
            if (first := next(rows, None)) is not None:
                grid.show_row(first)

    def _shown(self) -> None:
        self._late.stop()
        if (scene := self._bench.scene) is not None:
            self.timeline.set_frame(scene.frame)

    # Rows

    def _all_lanes(self) -> list[tuple[str, int, str]]:
        scene, index = self._bench.scene, self._groups.index
        if scene is None or index is None:
            return []
        found: list[tuple[str, int, str]] = []
        waiting = [(group.id, 0, "") for group in reversed(index.roots())]
        while waiting:
            key, depth, member = waiting.pop()
            found.append((key, depth, member))
            if key in self._open and index.group(GroupId(key)) is not None:
                waiting += [
                    (EntityId(each.entity), depth + 1, each.id)
                    for each in reversed(index.members(GroupId(key)))
                ]
        return found

    def _give(self, offset: int, count: int) -> None:
        lanes, below = self._lanes[offset : offset + count], max(offset - len(self._lanes), 0)
        tracks = self._tracks[below : below + count - len(lanes)]
        some = [*lanes, *((track, 0, "") for track in tracks)]
        self.timeline.grid.set_rows(offset, [self._row(*line) for line in some])

    def _row(self, key: str, depth: int, member: str) -> TimelineRow:
        scene, index = self._bench.scene, self._groups.index
        assert scene is not None
        assert index is not None
        entity = scene.document.get(EntityId(key))
        if isinstance(entity, Group):
            return self._lane(entity, depth)
        color = scene.color_of(EntityId(key)) if scene.class_of(EntityId(key)) else UNKNOWN.color
        title = scene.title_of(EntityId(key))
        if member:
            return TimelineRow(member, title, color, bars=self._membership(member), depth=depth)
        keys = scene.index.key_frames(TrackId(key))
        bars = tuple(TimeBar(first, stop, "between") for first, stop in scene.index.runs(TrackId(key)))
        return TimelineRow(
            key,
            title,
            color,
            np.array([each.frame for each in keys], np.int32),
            np.array([MADE[each.made] for each in keys], np.uint8),
            bars,
            depth,
        )

    def _lane(self, group: Group, depth: int) -> TimelineRow:
        index = self._groups.index
        assert index is not None
        count = index.count(group.id)
        bars = tuple(
            TimeBar(first, stop, "member", "always" if (first, stop) == self._all_frames() else "")
            for first, stop in self._frames_of(index.lane(group.id))
        )
        fold = ("open" if group.id in self._open else "closed") if count else ""
        title = group.name or group.class_name
        return TimelineRow(
            group.id,
            title,
            self._groups.colours.of_group(group.id) or LANE_COLOR,
            bars=bars,
            depth=depth,
            fold=fold,  # type: ignore[arg-type]
            is_lane=True,
            note=f"{count:,}",
        )

    def _membership(self, member: str) -> tuple[TimeBar, ...]:
        scene = self._bench.scene
        held = scene.document.get(EntityId(member)) if scene is not None else None
        if not isinstance(held, Member):
            return ()
        spans = self._frames_of(held.intervals) if held.intervals else [self._all_frames()]
        return tuple(TimeBar(first, stop, "member", held.role) for first, stop in spans)

    def _all_frames(self) -> tuple[int, int]:
        scene = self._bench.scene
        return 0, scene.index.timeline.frames if scene is not None else 0

    def _frames_of(self, intervals: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
        """The runs of frames that half-open times cover."""
        scene = self._bench.scene
        if scene is None or not scene.index.timeline.frames:
            return []
        line = scene.index.timeline
        whole = ((line.time_ns(0), line.end_ns(line.frames - 1)),)
        found = []
        for start, end in common(intervals, whole):
            first = int(np.searchsorted(line.times_ns, start))
            stop = int(np.searchsorted(line.times_ns, end))
            if stop > first:
                found.append((first, stop))
        return found

    # Hands

    def _pressed(self, press: RowPress) -> None:
        scene, index = self._bench.scene, self._groups.index
        if scene is None or index is None:
            return
        group = index.group(GroupId(press.key))
        if group is not None:
            tracks = scene.tracks_of(index.closure(group.id))
        else:
            held = scene.document.get(EntityId(press.key))
            tracks = scene.tracks_of([held.entity if isinstance(held, Member) else EntityId(press.key)])
        if press.modifiers & {"ctrl", "shift"}:
            tracks = scene.selection ^ tracks
        self._bench.select(tracks)
        if press.frame is not None:
            self._bench.go_to(press.frame)

    def _fold(self, key: str) -> None:
        self._open ^= {key}
        self.refresh()
