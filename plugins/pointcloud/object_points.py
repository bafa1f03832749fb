"""Labels the points in the selected tracks' cuboids at every frame, one after the other, as one Edit."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.painting.following import gathered
from plugins.pointcloud.painting.frame_labels import FrameLabels
from plugins.pointcloud.painting.painter import Painter
from plugins.pointcloud.painting.strokes import Coded, PaintedRun, Stroke, coded, painted
from plugins.pointcloud.painting.tile_index import TileIndex
from plugins.pointcloud.point_labels import PointLabels, decoded, unlabelled
from plugins.pointcloud.space_scene import SpaceScene, placement_of
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, TrackId
from studio.domain.space import within

TITLE = "Label points in cuboids"
NOTHING: PointLabels = unlabelled(0)  # what was coded is not held any longer


class ObjectPoints(QObject):
    """Goes through the frames as their sweeps and tiles come; `stop` or another start ends it."""

    labelled = Signal()

    def __init__(self, bench: SpaceBench, sweeps: Sweeps, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._sweeps = bench, sweeps
        self._index: TileIndex | None = None  # None: it does not run
        self._tracks: tuple[EntityId, ...] = ()
        self._left: list[int] = []
        self._count = 0
        self._passed_over = 0
        self._points = 0
        self._blobs: dict[str, bytes] = {}  # of the frame that is next
        self._made: list[tuple[PaintedRun, tuple[str, bytes]]] = []
        sweeps.came.connect(self._came)

    def turn(self) -> bool:
        """Begin with the selected tracks, or end what is under way."""
        scene = self._bench.scene
        if self._index is not None:
            self.stop()
            self._bench.host.say("Stopped. Nothing was labelled.")
            return True
        if scene is None or self._bench.read_only:
            return False
        self._tracks = tuple(sorted(scene.selection - scene.locked))
        frames = range(scene.index.timeline.frames)
        self._left = [each for each in frames if any(_seen(scene, track, each) for track in self._tracks)]
        if not self._left:
            self._bench.host.say("Select the objects whose points are labelled.")
            return False
        self._index = TileIndex(scene.document)
        self._count = len(self._left)
        self._go_on()
        return True

    def stop(self) -> None:
        """Nothing is made of what was done so far."""
        self._index = None
        self._left, self._made, self._blobs = [], [], {}
        self._points = self._passed_over = 0

    def _came(self, frame: int) -> None:
        if self._index is not None and self._left and self._left[0] == frame:
            self._go_on()

    def _go_on(self) -> None:
        """As far as what is here allows; what is missing is asked for, and calls back."""
        while self._index is not None and self._left:
            frame = self._left[0]
            if not self._sweeps.has_come(frame):
                self._sweeps.fetch(frame)
                return
            tiles = self._index.of(self._sweeps.streams[0].id, frame).values()
            missing = {each.blob for each in tiles} - self._blobs.keys()
            if missing:
                for name in missing:
                    self._bench.host.blob(name, partial(self._blob_came, self._index, name))
                return
            self._label(frame)
            self._left.pop(0)
            self._blobs = {}
            self._bench.host.say(f"Labelling points: {self._count - len(self._left)} of {self._count} frames")
        if self._index is not None:
            self._finish()

    def _blob_came(self, index: TileIndex, name: str, blob: bytes) -> None:
        if index is not self._index or not self._left:
            return
        if not blob:
            self.stop()
            self._bench.host.say("Labels of points cannot be fetched now. Nothing was labelled.")
            return
        self._blobs[name] = blob
        tiles = index.of(self._sweeps.streams[0].id, self._left[0]).values()
        if {each.blob for each in tiles} <= self._blobs.keys():
            self._go_on()

    def _label(self, frame: int) -> None:
        scene, drawn, xyz = self._bench.scene, self._sweeps.drawn_at(frame), self._sweeps.points_at(frame)
        if scene is None or drawn is None or xyz is None or self._index is None:
            return
        labels, painter = FrameLabels([drawn]), Painter()
        for cloud, run, tile in list(labels.wanting(self._index)):
            try:
                known = tile is None or labels.take(cloud, run, tile.blob, decoded(self._blobs[tile.blob]))
            except AtelierError:
                known = False
            if not known:
                self._passed_over += 1
                return
        painter.labels = labels
        for track in self._tracks:
            found = scene.index.cuboid_at(TrackId(track), frame)
            if found is not None:
                at = placement_of(found)
                inside = np.flatnonzero(within(xyz, at.centre, at.size, at.rotation))
                gathered(scene.document, painter, track, inside)
        stroke = painter.taken(TITLE, "points_of_object")
        if stroke is not None:
            self._points += stroke.points
            runs = (each._replace(labels=NOTHING) for each in stroke.runs)
            self._made += zip(runs, coded(stroke), strict=True)

    def _finish(self) -> None:
        """One Edit of all frames, unless somebody has painted one of their runs meanwhile."""
        scene, made, points = self._bench.scene, self._made, self._points
        index, count, passed_over = self._index, self._count, self._passed_over
        self.stop()
        if scene is None or index is None:
            return
        if not made:
            self._bench.host.say(f"The points of {count:,} frames are labelled already.")
            return
        index = TileIndex(scene.document)
        stroke = Stroke(TITLE, "points_of_object", tuple(run for run, _ in made), points)
        blobs: Coded = [each for _, each in made]
        if not all(each.is_current(index) for each in stroke.runs):
            self._bench.host.say("Points were painted meanwhile, so nothing was labelled. Do it once more.")
            return
        if self._bench.apply(painted(stroke, blobs, index, scene.item.id), dict(blobs)):
            left = (
                f" {passed_over} frames were passed over: their labels cannot be read." if passed_over else ""
            )
            self.labelled.emit()
            self._bench.host.say(f"{points:,} points of {count:,} frames are labelled.{left}")


def _seen(scene: SpaceScene, track: EntityId, frame: int) -> bool:
    return scene.index.cuboid_at(TrackId(track), frame) is not None
