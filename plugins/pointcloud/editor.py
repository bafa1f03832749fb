"""The point-cloud editor: the one place where views, cameras, tools and document meet."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from plugins.pointcloud.answers import answers
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.commands import BY_NAME, COMMANDS, HINTS
from plugins.pointcloud.cuboid_commands import CuboidCommands
from plugins.pointcloud.doctor_panel import DoctorCommands, DoctorPanel, LowScroll
from plugins.pointcloud.gestures import Gestures
from plugins.pointcloud.group_panel import GroupCommands, GroupPanel
from plugins.pointcloud.info_panel import InfoPanel
from plugins.pointcloud.keymap import COMMAND_KEYS, arrow, attribute_keys, class_keys
from plugins.pointcloud.layer_panel import LayerPanel
from plugins.pointcloud.lint_panel import LintPanel
from plugins.pointcloud.look_commands import LookCommands
from plugins.pointcloud.look_panel import LookPanel
from plugins.pointcloud.neighbours import Neighbours
from plugins.pointcloud.paint_bench import PAINT_TOOLS, PaintBench
from plugins.pointcloud.picture_points import PicturePoints
from plugins.pointcloud.proposals import ProposalCommands
from plugins.pointcloud.sequence_commands import SequenceCommands
from plugins.pointcloud.sequence_panel import SequencePanel
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.static_points import movers, moving_at
from plugins.pointcloud.strip_bench import StripBench
from plugins.pointcloud.sweeps import Sweeps
from plugins.pointcloud.tools.reaching import scene_ground
from plugins.pointcloud.torn_views import TornViews
from plugins.pointcloud.view_commands import ViewCommands
from plugins.pointcloud.views import Views
from plugins.workbench import BenchedEditor
from studio.domain.contracts.editing import EditorHost
from studio.domain.document import Document
from studio.domain.entities import Calibration, CoordinateSystem, EgoPose, Shape, Tile
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, StreamId, TrackId
from studio.domain.ontology import Ontology
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item
from widgets.camera_strip import CameraStrip
from widgets.click_focus import leave_keys
from widgets.cloud.drawn import LineSet, Region, joined_lines
from widgets.fix_queue import FixQueue
from widgets.hint_bar import Hint, HintBar
from widgets.panel_keys import PanelKeys
from widgets.side_panel import SidePanel
from widgets.timeline import Timeline
from widgets.track_strip import TrackStrip

TOOLS = ("select", "draw", "click", "three", "box", "lane", *PAINT_TOOLS)


class PointCloudEditor(BenchedEditor[SpaceScene], QWidget):  # type: ignore[misc]  # `actions` is another in Qt
    """An Editor (see `studio.domain.contracts.editing`) for clouds of points with cameras beside them."""

    own_commands = COMMANDS
    bench: SpaceBench
    gestures: Gestures

    def __init__(self, host: EditorHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Point-cloud editor")
        self.bench = SpaceBench(host)
        self.views = Views()
        self.sweeps = Sweeps(host, self.views.scene, self)
        self.cameras = CameraBench(self.bench, self.views.scene, CameraStrip())
        self.over_pictures = PicturePoints(self.cameras, self.views.scene, self)
        tools = [(name, BY_NAME[f"pointcloud.tool.{name}"]) for name in TOOLS]
        self.panel = SidePanel(tools, BY_NAME["pointcloud.accept_all"])
        self.info = InfoPanel()
        self.panel.add_part("Cuboid", self.info)
        self.groups = GroupCommands(self.bench, GroupPanel(), self._recoloured)
        self.neighbours = Neighbours(self.bench, lambda: self.groups.index, self._show_ghosts)
        self.lint = LintPanel(self.bench, self.sweeps, self.cameras, self.groups, self.neighbours, FixQueue())
        pages = QTabWidget()
        pages.setDocumentMode(True)
        pages.setAccessibleName("Groups, findings and cameras")
        pages.addTab(self.groups.panel, "Groups")
        pages.addTab(self.lint.queue, "Check")
        self.doctor = DoctorCommands(self.bench, self.sweeps, self.cameras, DoctorPanel())
        pages.addTab(LowScroll(self.doctor.panel), "Calibration")
        self.panel.add_part("", pages)
        self.hints = HintBar()
        self.gestures = Gestures(self.bench, self.views)
        self._answers = answers(self.bench, self.panel)
        self._cuboids = CuboidCommands(self.bench, self.views)
        self._looks = ViewCommands(self.bench, self.views, self.sweeps, self._show_all)
        self.torn = TornViews(self.bench, self.views, self.cameras)
        self.looks = LookCommands(self.bench, self.views, self._looks, LookPanel(self))
        self.torn.fill = self.looks.fill_menu
        self.layers = LayerPanel(self.sweeps)
        self.layers.filled.connect(self.looks.panel.adjustSize)
        self.looks.panel.add_section(self.layers)
        self.timeline = Timeline()
        self.sequence = SequenceCommands(self.bench, self.sweeps, self.timeline.transport, self)
        self.strip = StripBench(self.bench, self.sweeps, self.cameras, TrackStrip())
        self._below = QTabWidget()
        self._below.setDocumentMode(True)
        self._below.setAccessibleName("Timeline and film strip")
        self._below.addTab(self.timeline, "Timeline")
        self._below.addTab(self.strip.strip, "Film strip")
        self._below.currentChanged.connect(self._below_turned)
        self._below_heights = [180, 330]  # of the timeline, and of a strip with three crops a frame
        self._rows = SequencePanel(self.bench, self.sweeps, self.groups, self.timeline)
        self.cameras.tried.connect(self.over_pictures.refresh)
        self.timeline.key_frame_wanted.connect(self.sequence.step_key)
        self._movers: frozenset[TrackId] | None = None  # the tracks that do not stay where they are
        self.sweeps.moving_at = self._moving_at
        self._fresh = False  # the first sweep of an item is looked at whole
        self.paint = PaintBench(self.bench, self.sweeps, self.views, self._looks, self)
        self._pages = pages
        pages.addTab(LowScroll(self.paint.panel), "Paint")
        self._commands: dict[str, Callable[[], bool]] = {
            **self.paint.table,
            **self.gestures.table,
            **self._cuboids.table,
            **self._looks.table,
            **self.looks.table,
            **self.sequence.table,
            **self.groups.table,
            **self.neighbours.table,
            **self.torn.table,
            "pointcloud.lift": self.cameras.lift,
            "pointcloud.points_on_pictures": self.over_pictures.turn_over,
            "pointcloud.colours_of_pictures": self.over_pictures.turn_coloured,
            **ProposalCommands(self.bench, self.sweeps, self._show_all, self).table,
        }
        self._lay_out()
        self._connect()
        self.gestures.take("select")
        self._show_all()

    def _lay_out(self) -> None:
        across = QSplitter(Qt.Orientation.Horizontal)
        self._down = down = QSplitter(Qt.Orientation.Vertical)
        down.addWidget(self.views)
        down.addWidget(self.cameras.strip)
        down.addWidget(self._below)
        down.setStretchFactor(0, 3)
        down.setStretchFactor(1, 1)
        down.setSizes([540, 210, self._below_heights[0]])
        self._below.setMinimumHeight(90)
        for number in range(3):
            down.setCollapsible(number, number == 2)
        self.cameras.strip.setMinimumHeight(70)
        across.addWidget(down)
        across.addWidget(self.panel)
        across.setStretchFactor(0, 1)
        across.setCollapsible(0, False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(across, 1)
        layout.addWidget(self.hints)
        self.setFocusProxy(self.views)

    def _below_turned(self, tab: int) -> None:
        """The film strip has need of more height than the timeline; each keeps what a person gave it."""
        views, cameras, below = self._down.sizes()
        self._below_heights[1 - tab] = below
        more = self._below_heights[tab] - below
        self._down.setSizes([views - more, cameras, below + more])
        self.strip.refresh()

    def _connect(self) -> None:
        self.bench.on_change = self.document_changed
        self.bench.on_select = self._show_all
        self.bench.on_frame = self._frame_changed
        self.views.set_key_taker(self._key)
        self.views.pointer.connect(self.gestures.handle)
        self.views.set_wheel_taker(self.gestures.wheel)
        self.cameras.pointer.connect(self.gestures.handle)
        self.gestures.previewed.connect(self.cameras.show_preview)
        self.cameras.strip.set_key_taker(self._key)
        self.looks.panel.key_taker = self._key
        lists = (self.panel.classes.tree, self.panel.objects, self.lint.queue.table)
        PanelKeys((*lists, self.groups.panel.tree, self.timeline.grid, self.strip.strip), self._key, self)
        for beside in (self.panel, self._below):
            leave_keys(beside)
        self.gestures.taken.connect(self._tool_taken)
        self.sweeps.settled.connect(self._points_there)
        self.sweeps.layers_changed.connect(self._points_there)
        self.sweeps.failed.connect(self.views.space.say)
        self.hints.triggered.connect(self.run)
        self.panel.commanded.connect(self.run)
        self.panel.objects.selection_made.connect(self.bench.select)
        self.panel.objects.ticked.connect(self._cuboids.looks.tick)
        self.panel.objects.activated_key.connect(self.show_entity)
        self.panel.threshold_changed.connect(self._set_threshold)
        self.info.changed.connect(lambda change: self._with_scene(change))

    def _with_scene(self, change: Callable[[SpaceScene], object]) -> None:
        if (scene := self.scene) is not None:
            self.bench.apply(change(scene))  # type: ignore[arg-type]  # an Edit or nothing

    # The Editor's contract

    def open(self, item: Item, document: Document, ontology: Ontology, read_only: bool) -> None:
        """Show an item. Raises `item.no_points`; then what was open stays."""
        scene = SpaceScene(item, document, ontology)
        self.gestures.leave()
        earlier = self.scene
        self.bench.read_only = read_only
        self.bench.scene = scene
        scene.sweep_at = self.sweeps.points_at
        self.bench.predictions.set((), self.bench.predictions.threshold)
        self.bench.predictions.set_proposed(None)
        self.panel.show_ontology(ontology, {name: key for key, name in class_keys(ontology).items()})
        self._answers.set_class(earlier.class_name if earlier is not None else "")
        self._movers = None
        self.sweeps.open(item, document, scene.index.timeline)
        self.paint.open()
        self.cameras.open()
        self.torn.open()
        self.looks.open()
        self.layers.refresh()
        self.strip.open()
        self.groups.open()
        self.neighbours.open()
        self.doctor.open()
        self._rows.open()
        self._below.setVisible(scene.index.timeline.frames > 1)
        self.lint.open()
        self._fresh = True
        self.views.space.say("Loading the points…")
        self._frame_changed()

    def document_changed(self, ids: frozenset[EntityId]) -> None:
        """Entities that were made, changed or removed, by anybody."""
        scene = self.scene
        if scene is None:
            return
        before = scene.selection
        scene.refresh(ids)
        self.paint.document_changed(ids)
        if any(isinstance(scene.document.get(key), EgoPose | CoordinateSystem) for key in ids):
            self.sweeps.place_anew()
        self.cameras.refresh(ids)
        if any(isinstance(scene.document.get(key), Calibration | EgoPose) for key in ids):
            self.over_pictures.refresh()
            self.doctor.refresh()
        self._movers = None
        self.sweeps.tracks_changed()
        self.groups.refresh(ids)
        self._rows.refresh()
        self.strip.refresh()
        if before != scene.selection:
            self.bench.host.select(scene.selection)
        self._show_all()

    def set_selection(self, ids: frozenset[EntityId]) -> None:
        """Show these as selected; shapes stand for their tracks."""
        scene = self.scene
        if scene is not None and (tracks := scene.tracks_of(ids)) != scene.selection:
            scene.selection = tracks
            self._show_all()

    def set_class(self, name: str) -> None:
        """The class that new cuboids get; an unknown one leaves it as it is."""
        self._answers.set_class(name)

    def set_predictions(self, predictions: tuple[Prediction, ...], threshold: float) -> None:
        self.bench.predictions.set(predictions, threshold)
        self._show_predictions()

    def show_entity(self, key: EntityId) -> None:
        """Go to the frame and place of an entity and mark it."""
        scene = self.scene
        entity = scene.document.get(key) if scene is not None else None
        if scene is None or entity is None:
            return
        tracks = scene.tracks_of([key])
        if isinstance(entity, Tile):  # of labels of points: where a stroke was taken back
            self.bench.go_to(scene.index.timeline.reference_frame(entity.stream, entity.frame))
            return
        if isinstance(entity, Shape) and (frame := getattr(entity, "frame", None)) is not None:
            self.bench.go_to(scene.index.timeline.reference_frame(entity.stream, frame))
        elif tracks and not any(scene.whereabouts(each) for each in tracks):
            runs = [run for each in tracks for run in scene.index.runs(each)]  # type: ignore[arg-type]
            if runs:
                self.bench.go_to(min(runs)[0])
        self.bench.select(tracks)
        places = [at for each in sorted(tracks) if (at := scene.whereabouts(each)) is not None]
        if places:
            self.views.show_place(places[0])

    def show_box(self, stream: StreamId, frame: int, xyxy: Rect) -> None:
        """Go to a frame where there may be no entity (a false positive); xyxy is from above, metres."""
        if (scene := self.scene) is not None:
            self.bench.go_to(scene.index.timeline.reference_frame(stream, frame))

    def close_item(self) -> None:
        """Nothing is open."""
        self.sequence.stop()
        self.gestures.leave()
        self.bench.scene = None
        self.paint.open()
        self.bench.predictions.set((), self.bench.predictions.threshold)
        self.sweeps.forget()
        self.cameras.open()
        self.groups.open()
        self.neighbours.open()
        self._rows.open()
        self.lint.open()
        self.doctor.open()
        self.views.space.say("")
        self.views.show_target(None, None)
        self._show_all()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.looks.panel.hide()  # a window of its own would stay

    def _moving_at(self, frame: int) -> list[Placement]:
        """The cuboids at a frame that go somewhere in the world; which do is found out once for all."""
        scene = self.scene
        if scene is None:
            return []
        if self._movers is None:
            self._movers = movers(scene.index)
        return moving_at(scene.index, self._movers, frame)

    # Keys

    def _key(self, key: str, only_ask: bool) -> bool:
        """Whether a view's key is ours; unless only asked, do it."""
        scene = self.scene
        if scene is None:
            return False
        if (move := arrow(key)) is not None:
            if self.gestures.cross is None and not scene.movable():
                return False  # they turn and pan the view
            return only_ask or self.gestures.arrow(*move)
        if (command := COMMAND_KEYS.get(key)) is not None:
            return self.gestures.would(command) if only_ask else self.run(command)
        if name := attribute_keys(scene.ontology, self._answers.class_of_selection()).get(key):
            return only_ask or self._answers.step(name)
        if name := class_keys(scene.ontology).get(key):
            return only_ask or self._answers.choose_class(name)
        return False

    def _tool_taken(self, name: str) -> None:
        self.panel.show_tool(name)
        if self.paint.tool_taken(name):
            self._pages.setCurrentIndex(self._pages.count() - 1)
        self._show_lit()
        self.cameras.show_handles(name == "select")
        hints = [BY_NAME[each] for each in HINTS[name]]
        self.hints.set_hints([Hint(each.name, each.keys[0], each.title) for each in hints])

    def _set_threshold(self, threshold: float) -> None:
        self.bench.predictions.threshold = threshold
        self._show_predictions()

    # Showing

    def _frame_changed(self) -> None:
        scene = self.scene
        if scene is None:
            return
        self.gestures.frame_left()
        self.paint.frame_leaves()
        self.sweeps.show(scene.frame)
        self.neighbours.show_frame()
        self.cameras.show_frame()
        self._rows.show_frame()
        self.groups.show_answers()
        self.strip.show_frame()
        if self.sweeps.is_settled:
            self._points_there()
        self._show_all()

    def _points_there(self) -> None:
        """Every point of the frame has come."""
        scene = self.scene
        if scene is None:
            return
        scene.points = self.sweeps.points()
        self.paint.points_there()
        self.over_pictures.refresh()
        self.views.scene.set_ground(scene_ground(scene) if len(scene.points) else None)
        self.views.space.say("" if len(scene.points) else "This frame has no points.")
        if self._fresh:
            self._fresh = False
            self.views.scene.set_look(self._looks.look_at_new_item())
            self.views.fit()
        self._show_all()

    def _show_all(self) -> None:
        scene, cloud = self.scene, self.views.scene
        rows = scene.rows() if scene is not None else ()
        cloud.set_lines(scene.lines_at_rest() if scene is not None else LineSet(), "rest")
        self._show_ghosts()
        cloud.set_words(
            texts=scene.texts() if scene is not None and self._looks.names else (),
            marks=scene.marks() if scene is not None else (),
        )
        self.panel.objects.set_rows(rows)
        self.panel.objects.set_selection(scene.selection if scene is not None else frozenset())
        words = scene.words() if scene is not None else "No points"
        for view in self.views.all:
            view.describe(words)
        if scene is not None:
            keys = scene.selected_here()
            one = keys[0] if len(keys) == 1 else None
            self.views.show_target(one, scene.placement(one) if one is not None else None)
        self.cameras.show_selection()
        self._rows.show_selection()
        self.groups.show_selection()
        self.strip.show_selection()
        self._show_lit()
        self.info.show_scene(scene)
        self._answers.show()
        self._show_predictions()
        self.gestures.show()

    def _recoloured(self) -> None:
        self._rows.refresh()
        self.strip.refresh()
        self._show_all()

    def _show_ghosts(self) -> None:
        """The ways of tracks, what the clips beside end and begin with, and what radars say of speeds."""
        scene = self.scene
        paths = scene.path_lines() if scene is not None and self._looks.paths else LineSet()
        lines = [paths, self.neighbours.ghost_lines(), self.sweeps.arrows()]
        self.views.scene.set_lines(joined_lines(lines), "ghosts")

    def _show_lit(self) -> None:
        """The points inside the one selected cuboid stand out, unless points are painted: then labels do.

        The crop box goes with what it is around.
        """
        self._looks.follow()
        scene = self.scene
        keys = scene.movable() if scene is not None else []
        is_one = len(keys) == 1 and not self.paint.is_in_hand
        at = scene.placement(keys[0]) if scene is not None and is_one else None
        lit = Region(at.centre, at.size, at.rotation) if at is not None else None
        self.views.scene.set_look(replace(self.views.scene.look, lit=lit))

    def _show_predictions(self) -> None:
        scene, layer = self.scene, self.bench.predictions
        shown = layer.shown(scene) if scene is not None and not layer.is_empty else []
        if scene is not None:
            self.views.scene.set_lines(scene.lines_of([each.cuboid for each in shown]), "predictions")
        self.panel.show_predictions(len(shown), layer.threshold, not layer.is_empty)
