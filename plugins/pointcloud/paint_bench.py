"""Where labels of points meet the document, the views and the panel: loading, colours, strokes as Edits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from plugins.pointcloud.bench import NO_BLOBS, Accompanied, SpaceBench
from plugins.pointcloud.object_points import ObjectPoints
from plugins.pointcloud.paint_panel import PaintPanel
from plugins.pointcloud.painting.following import claimed, followed
from plugins.pointcloud.painting.frame_labels import CloudLabels, FrameLabels, Places, drawn_instances
from plugins.pointcloud.painting.painter import Painter
from plugins.pointcloud.painting.strokes import Coded, Stroke, coded, distrust, painted, were_painted
from plugins.pointcloud.painting.tile_index import TileIndex
from plugins.pointcloud.point_labels import decoded
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.sweeps import Sweeps
from plugins.pointcloud.tools.paint import resized_brush
from plugins.pointcloud.view_commands import ViewCommands
from plugins.pointcloud.views import Views
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import Cuboid
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId
from widgets.cloud.brush_cursor import brush_cursor
from widgets.cloud.drawn import PALETTE, Mode
from widgets.cloud.picking import lies_in
from widgets.cloud.ramps import UNLABELLED as GREY
from widgets.cloud.ramps import rgb_of
from widgets.cloud.space_view import Side

PAINT_TOOLS = ("brush", "lasso", "polygon", "grow", "ground")
BRUSHES = ("brush", "ground")
FEW_RUNS = 8  # whose points are looked for, rather than all of them coloured anew
KEPT_BYTES = 64 * 1024 * 1024  # of blobs that undo and stepping through frames ask for again
COUNT_MS = 150  # after the last stroke, that its points are counted


class PaintBench(QObject):
    """Labels of the visible frame's points. `table` is what the editor runs by name."""

    def __init__(
        self, bench: SpaceBench, sweeps: Sweeps, views: Views, looks: ViewCommands, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._bench, self._sweeps, self._views, self._looks = bench, sweeps, views, looks
        self.painter = Painter()
        self.panel = PaintPanel(self.painter.settings)
        self._index = TileIndex(Document())
        self._item = ItemId("")
        self._labels: FrameLabels | None = None  # those of the painter, also while they are still loaded
        self._shades = np.zeros(1, np.uint8)  # by place in the table of classes: its place in the palette
        self._wanted: set[str] = set()  # blobs that are on their way
        self._taken: list[tuple[CloudLabels, int]] = []  # runs that came and do not have their colours yet
        self._coloured: FrameLabels | None = None  # whose points have their colours
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._tool = ""
        self._is_active = False  # the item has labels of points, or a paint tool was taken
        self._everywhere = ObjectPoints(bench, sweeps, self)
        self._everywhere.labelled.connect(self._see_labels)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(COUNT_MS)
        self._counting.timeout.connect(self._count)
        self.painter.on_painted = self._show
        self.painter.on_stroke = self._stroke
        self.painter.on_settings = self._resized
        self.painter.is_shown = self._is_shown
        self.panel.changed.connect(self._settings_changed)
        bench.accompany = self._accompany
        sweeps.redrawn.connect(self._show_all)
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.paint.by": self._turn_by,
            "pointcloud.paint.erase": partial(self._turn, "erase"),
            "pointcloud.paint.only_unlabelled": partial(self._turn, "only_unlabelled"),
            "pointcloud.paint.seen_only": partial(self._turn, "seen_only"),
            "pointcloud.paint.keep_class": self._turn_kept,
            "pointcloud.paint.larger": lambda: self._resize(1.0),
            "pointcloud.paint.smaller": lambda: self._resize(-1.0),
            "pointcloud.paint.cuboid": self._claim,
            "pointcloud.paint.everywhere": self._everywhere.turn,
        }

    # The item and its frames

    def open(self) -> None:
        """Another item, or none."""
        scene = self._bench.scene
        self._everywhere.stop()
        self._wanted.clear()
        self._recent.clear()
        self._labels = self._coloured = self.painter.labels = None
        self._taken, self.painter.trouble = [], ""
        self.painter.close()
        self._index = TileIndex(scene.document if scene is not None else Document())
        self._is_active = bool(self._index)
        if scene is not None:
            self._item = scene.item.id
            scene.painter = self.painter
            self.panel.show_classes([(each.name, each.title or each.name) for each in scene.ontology.classes])
            if self._is_active:
                self._colour_by_labels()
        self._count()

    def points_there(self) -> None:
        """All points of the visible frame have come: their labels are next."""
        self._end_stroke()
        self._labels, self.painter.labels = FrameLabels(self._sweeps.drawn()), None
        self._taken, self.painter.trouble = [], ""
        self._wanted.clear()
        self._look_anew()
        self._load()

    def frame_leaves(self) -> None:
        """Other points are on their way."""
        self._end_stroke()
        self._labels = self.painter.labels = None

    def _end_stroke(self) -> None:
        """What a stroke under way has painted so far is kept: it is of the frame that is left."""
        if self.painter.is_painting:
            self.painter.end("Paint points", self._tool)

    def document_changed(self, ids: Iterable[EntityId]) -> None:
        """Entities were made, changed or removed, by anybody."""
        if self._index.refresh(ids):
            self._activate()
            self._load()

    def tool_taken(self, name: str) -> bool:
        """Whether it is one of ours. Colours follow it: who paints wants to see what is painted."""
        self._tool = name
        if self.is_in_hand:
            self._see_labels()
            self._count()
            self._show_brush()
        return self.is_in_hand

    @property
    def is_in_hand(self) -> bool:
        """Whether a tool that paints points is."""
        return self._tool in PAINT_TOOLS

    def _show_brush(self) -> None:
        """How far the brush in hand reaches."""
        if self._tool in BRUSHES:
            self._views.set_cursor(brush_cursor(round(self.painter.settings.radius_px)))

    def _see_labels(self) -> None:
        """Colour the points by what they are labelled with."""
        self._is_active = True
        self._colour_by_labels()
        self._show_all()

    def _activate(self) -> None:
        if not self._is_active:
            self._is_active = True
            self._show_all()

    def _load(self) -> None:
        """Take from the tiles what is not held, as far as their blobs are here; ask for the others.

        Nothing is painted until all is known: what is not known would be lost.
        """
        labels = self._labels
        if labels is None:
            return
        missing: set[str] = set()
        for cloud, run, tile in list(labels.wanting(self._index)):
            name = tile.blob if tile is not None else ""
            if name and name not in self._recent:
                missing.add(name)
            elif self._take(labels, cloud, run, name):
                self._taken.append((cloud, run))
        self.painter.labels = None if missing or self.painter.trouble else labels
        if missing:
            asked = missing - self._wanted
            self._wanted |= asked
            for name in asked:
                self._bench.host.blob(name, partial(self._came, self._index, name))
            return
        taken, self._taken = self._taken, []
        if self._coloured is labels and len(taken) <= FEW_RUNS:
            for cloud, run in taken:
                self._show(labels.drawn_in(cloud, run))
        else:
            self._coloured = labels
            self._show_all()
        self._counting.start()

    def _came(self, index: TileIndex, name: str, blob: bytes) -> None:
        if index is not self._index:
            return  # of an item that is not open any more
        if not blob:  # why is said already; it is asked for again when the frame is looked at again
            self.painter.trouble = "Labels of these points cannot be fetched now, so nothing is painted."
            self.painter.labels = None
            return
        self._wanted.discard(name)
        self._remember(name, blob)
        self._load()

    def _remember(self, name: str, blob: bytes) -> None:
        self._recent[name] = blob
        self._recent.move_to_end(name)
        size = sum(len(each) for each in self._recent.values())
        while size > KEPT_BYTES and len(self._recent) > 1:
            size -= len(self._recent.popitem(last=False)[1])

    def _take(self, labels: FrameLabels, cloud: CloudLabels, run: int, name: str) -> bool:
        """Whether a tile could be read, and is of as many points as there are."""
        try:
            if labels.take(cloud, run, name, decoded(self._recent[name]) if name else None):
                self.painter.forget(cloud, run)
                return True
            said = "The labels of these points are of another number of points, so nothing is painted."
        except AtelierError as error:
            cloud.held[run] = name  # it is not asked for again
            said = error.message
        self.painter.trouble = said
        self._bench.host.say(said)
        return False

    # Colours

    def _show_all(self) -> None:
        """Put the labels on all points that are drawn."""
        labels = self._labels
        if labels is None or not self._is_active:
            return
        self._shade(labels)
        for cloud in labels.clouds:
            drawn = self._views.scene.clouds.get(cloud.stream)
            if drawn is not None and len(drawn) == len(cloud.order):
                self._put(cloud, cloud.order, slice(None))

    def _show(self, places: Places) -> None:
        """These points have other labels."""
        labels = self._labels
        if labels is None:
            return
        self._shade(labels)
        for number, cloud in enumerate(labels.clouds):
            start, stop = int(labels.starts[number]), int(labels.starts[number + 1])
            mine = places[(places >= start) & (places < stop)]
            if len(mine) and cloud.stream in self._views.scene.clouds:
                self._put(cloud, cloud.order[mine - start], mine - start)

    def _put(self, cloud: CloudLabels, held: NDArray[np.uint32], drawn: Places | slice) -> None:
        """held: places in the file of the points at the places `drawn` of the cloud."""
        scene = self._views.scene
        scene.set_labels(cloud.stream, self._shades[cloud.class_of[held]], drawn, "label")
        scene.set_labels(cloud.stream, drawn_instances(cloud.instance_of[held]), drawn, "instance")

    def _look_anew(self) -> None:
        """Nothing is left to colour by where the item before had labels and this one has none."""
        scene = self._views.scene
        fields = {name for cloud in scene.clouds.values() for name in cloud.fields}
        if not self._is_active and scene.look.mode in ("label", "instance") and scene.look.mode not in fields:
            scene.set_look(self._looks.look_in("height"))

    def _shade(self, labels: FrameLabels) -> None:
        """Classes of the labelling template have their own colours, others made-up ones behind them."""
        scene = self._bench.scene
        if scene is None or len(self._shades) == len(labels.classes):
            return
        own = {each.name: at + 1 for at, each in enumerate(scene.ontology.classes)}
        shades = [own.get(name, len(own) + at) if at else 0 for at, name in enumerate(labels.classes)]
        self._shades = np.minimum(np.array(shades), PALETTE - 1).astype(np.uint8)

    def _colour_by_labels(self) -> None:
        scene = self._bench.scene
        if scene is None:
            return
        mode: Mode = "instance" if self.painter.settings.by == "instance" else "label"
        colors = [rgb_of(scene.style_of_class(each.name).color) for each in scene.ontology.classes]
        table = np.array([GREY, *((*(round(255 * part) for part in each), 255) for each in colors)], np.uint8)
        self._shades = np.zeros(0, np.uint8)
        look = self._looks.look_in(mode)
        self._views.scene.set_look(replace(look, palette=table[:PALETTE].tobytes()))

    def _is_shown(self, side: Side, points: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of these points a view draws: not what is above the ceiling, beside the slab, cut away."""
        look = self._views.scene.look
        shown = np.ones(len(points), bool)
        if look.slab is not None:
            shown &= (points[:, 2] >= look.slab[0]) & (points[:, 2] <= look.slab[1])
        for region in (self._views.region_of(side), None if look.dim_outside else look.crop):
            if region is not None:
                shown &= lies_in(region, points.astype(np.float64))
        return shown

    # Strokes

    def _stroke(self, stroke: Stroke) -> None:
        self._bench.host.compute(lambda: coded(stroke), partial(self._coded, stroke))

    def _coded(self, stroke: Stroke, blobs: Coded) -> None:
        """A stroke's blobs are there: make its Edit, unless somebody else has painted the same run since."""
        if not all(each.is_current(self._index) for each in stroke.runs):
            self._drop(
                stroke, "Somebody else has painted these points meanwhile: your stroke was taken back."
            )
            return
        edit = painted(stroke, blobs, self._index, self._item)
        for name, blob in blobs:
            self._remember(name, blob)
        were_painted(stroke, blobs)  # before the Edit is heard of, which would load what is held already
        if edit and not self._bench.apply(edit, dict(blobs)):
            self._drop(stroke, "")
        self._counting.start()

    def _drop(self, stroke: Stroke, why: str) -> None:
        distrust(stroke.runs)
        self._load()
        if why:
            self._bench.host.say(why)

    def _accompany(self, edit: Edit) -> Accompanied:
        """What an Edit does to the points of the cuboids that it moves goes with it."""
        scene = self._bench.scene
        stroke: Stroke | None = None
        if scene is not None and any(isinstance(new, Cuboid) for _, new in edit.changes.values()):
            stroke = followed(scene, self.painter, edit)
        if stroke is None:
            return edit, NO_BLOBS, lambda stood: None
        blobs = coded(stroke)
        for name, blob in blobs:
            self._remember(name, blob)
        more = painted(stroke, blobs, self._index, self._item)
        were_painted(stroke, blobs)

        def told(stood: bool) -> None:
            if not stood:
                self._drop(stroke, "")
            self._counting.start()

        held: Mapping[str, bytes] = dict(blobs)
        return edit.then(more), held, told

    def _claim(self) -> bool:
        """The points inside the selected cuboids become their instances."""
        scene = self._bench.scene
        if scene is None or self._bench.read_only:
            return False
        if self.painter.labels is None or not scene.movable():
            self._bench.host.say("Select the cuboid whose points are labelled.")
            return False
        self._see_labels()
        stroke = claimed(scene, self.painter)
        if stroke is None:
            self._bench.host.say("No point without a label lies inside.")
            return False
        self._stroke(stroke)
        self._bench.host.say(f"{stroke.points:,} points are labelled; they follow their cuboid from now on.")
        return True

    # Settings

    def _turn_by(self) -> bool:
        settings = self.painter.settings
        settings.by = "class" if settings.by == "instance" else "instance"
        what = "the class in hand" if settings.by == "class" else "the one selected object"
        return self._settled(f"Points are painted as {what}.")

    def _turn(self, name: str) -> bool:
        settings = self.painter.settings
        setattr(settings, name, not getattr(settings, name))
        said = {
            "erase": ("Labels are rubbed out.", "Labels are painted."),
            "only_unlabelled": ("What has a label keeps it.", "What has a label is painted over."),
            "seen_only": ("Only points in front are painted.", "Points behind others are painted, too."),
        }[name]
        return self._settled(said[0] if getattr(settings, name) else said[1])

    def _turn_kept(self) -> bool:
        """Lock the class in hand: its points keep it; or let it go."""
        scene, settings = self._bench.scene, self.painter.settings
        if scene is None or not scene.class_name:
            return False
        settings.kept = settings.kept ^ {scene.class_name}
        title = scene.title_of_class(scene.class_name)
        kept = scene.class_name in settings.kept
        return self._settled(f"{title}: its points {'keep their label' if kept else 'may be painted over'}.")

    def _resize(self, notches: float) -> bool:
        self._bench.host.say(resized_brush(self.painter, notches))
        return True

    def _settled(self, said: str) -> bool:
        self.panel.show_settings()
        self._settings_changed()
        self._bench.host.say(said)
        return True

    def _resized(self) -> None:
        self.panel.show_settings()
        self._show_brush()

    def _settings_changed(self) -> None:
        self._show_brush()
        if self._views.scene.look.mode in ("label", "instance"):
            self._colour_by_labels()
            self._show_all()

    def _count(self) -> None:
        labels, scene = self.painter.labels, self._bench.scene
        if labels is None or scene is None:
            self.panel.show_counts([], 0)
            return
        counts = labels.counts()
        total = sum(counts.values())
        named = sorted((count, name) for name, count in counts.items() if name)
        rows = [(_title(scene, name), count) for count, name in reversed(named)]
        self.panel.show_counts(rows, total)


def _title(scene: SpaceScene, name: str) -> str:
    return scene.title_of_class(name)
