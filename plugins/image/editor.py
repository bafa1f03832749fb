"""The image editor: the one place where canvas, tools and document meet."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from plugins.image.answers import answers
from plugins.image.bench import Bench
from plugins.image.commands import BY_NAME, COMMANDS, HINTS
from plugins.image.gestures import Gestures
from plugins.image.keymap import COMMAND_KEYS, arrow, attribute_keys, class_keys
from plugins.image.object_commands import ObjectCommands
from plugins.image.pictures import PictureLoader
from plugins.image.ring import Ring
from plugins.image.scene import Scene
from plugins.image.view_commands import ViewCommands
from plugins.workbench import BenchedEditor
from studio.domain.contracts.editing import EditorHost
from studio.domain.document import Document
from studio.domain.entities import Shape
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, StreamId
from studio.domain.ontology import Ontology
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item, Stream
from widgets.canvas.drawables import Drawables
from widgets.click_focus import leave_keys
from widgets.hint_bar import Hint, HintBar
from widgets.image_canvas import ImageCanvas
from widgets.panel_keys import PanelKeys
from widgets.side_panel import SidePanel
from widgets.tone_panel import TonePanel

TOOLS = ("select", "box", "polygon")


class ImageEditor(BenchedEditor[Scene], QWidget):  # type: ignore[misc]  # `actions` is another in Qt
    """An Editor (see `studio.domain.contracts.editing`) for pictures."""

    own_commands = COMMANDS
    bench: Bench
    gestures: Gestures

    def __init__(self, host: EditorHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Image editor")
        self.bench = Bench(host)
        self._item: Item | None = None
        self.canvas = ImageCanvas()
        tools = [(name, BY_NAME[f"image.tool.{name}"]) for name in TOOLS]
        self.panel = SidePanel(tools, BY_NAME["image.accept_all"])
        self.tone = TonePanel()
        self.panel.add_section("Brightness and contrast", self.tone)
        self.hints = HintBar()
        self._ring = Ring(self.canvas)
        self.pictures = PictureLoader(host, self)
        self.gestures = Gestures(self.bench, self.canvas, self._ring)
        self._answers = answers(self.bench, self.panel)
        self._objects = ObjectCommands(self.bench, self.canvas)
        self._commands: dict[str, Callable[[], bool]] = {
            **self.gestures.table,
            **self._objects.table,
            **ViewCommands(self.bench, self.canvas).table,
        }
        self._lay_out()
        self._connect()
        self.gestures.take("select")
        self._show_all()

    def _lay_out(self) -> None:
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(self.canvas)
        across.addWidget(self.panel)
        across.setStretchFactor(0, 1)
        across.setCollapsible(0, False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(across, 1)
        layout.addWidget(self.hints)
        self.setFocusProxy(self.canvas)

    def _connect(self) -> None:
        self.bench.on_change = self.document_changed
        self.bench.on_select = self._show_all
        self.canvas.hand.key_taker = self._key
        PanelKeys((self.panel.classes.tree, self.panel.objects), self._key, self)
        leave_keys(self.panel)
        self.canvas.pointer.connect(self.gestures.handle)
        self.gestures.taken.connect(self._tool_taken)
        self.pictures.arrived.connect(self.canvas.picture_arrived)
        self.pictures.unreadable.connect(lambda: self.canvas.say("This picture cannot be shown."))
        self.hints.triggered.connect(self.run)
        self.panel.commanded.connect(self.run)
        self.panel.objects.selection_made.connect(self.bench.select)
        self.panel.objects.ticked.connect(self._objects.looks.tick)
        self.panel.objects.activated_key.connect(self.show_entity)
        self.panel.threshold_changed.connect(self._set_threshold)
        self.tone.changed.connect(self.canvas.set_tone)

    # The Editor's contract

    def open(self, item: Item, document: Document, ontology: Ontology, read_only: bool) -> None:
        """Show an item. Raises `item.no_picture`; then what was open stays."""
        stream = next((each for each in item.streams if each.kind == "image"), None)
        if stream is None:
            raise AtelierError(
                "item.no_picture", "This item has no picture to show.", detail=item.id, hint="Open another."
            )
        self.gestures.leave()
        earlier = self.scene
        self._item = item
        self.bench.read_only = read_only
        self.bench.scene = Scene(document, ontology, stream.id, _size(stream))
        self.bench.predictions.set((), self.bench.predictions.threshold)
        self.panel.show_ontology(ontology, {name: key for key, name in class_keys(ontology).items()})
        self.set_class(earlier.class_name if earlier is not None else "")
        self._ring.clear()
        self._show_picture(stream, 0)
        self._show_all()

    def document_changed(self, ids: frozenset[EntityId]) -> None:
        """Entities that were made, changed or removed, by anybody."""
        if self.scene is not None:
            before = self.scene.selection
            self.scene.refresh(ids)
            if before != self.scene.selection:
                self.bench.host.select(self.scene.selection)
            self._show_all()

    def set_selection(self, ids: frozenset[EntityId]) -> None:
        """Show these as selected; tracks stand for their shapes."""
        if self.scene is not None and (shapes := self.scene.shapes_of(ids)) != self.scene.selection:
            self.scene.selection = shapes
            self._show_all()

    def set_class(self, name: str) -> None:
        """The class that new objects get; an unknown one leaves it as it is."""
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
        if isinstance(entity, Shape):
            self._go_to(entity.stream, getattr(entity, "frame", None) or 0)
        self.bench.select(scene.shapes_of([key]))
        if (place := scene.place_of(entity)) is not None:
            self.canvas.set_view(self.canvas.view.showing(place))

    def show_box(self, stream: StreamId, frame: int, xyxy: Rect) -> None:
        """Go to a place where there may be no entity (a false positive); a ring pulses around it."""
        if self.scene is not None:
            self._go_to(stream, frame)
            self.canvas.set_view(self.canvas.view.showing(xyxy))
            self._ring.show_at(xyxy)

    def close_item(self) -> None:
        """Nothing is open; an unfinished gesture stays a draft."""
        self.gestures.leave()
        self._item = self.bench.scene = None
        self.bench.predictions.set((), self.bench.predictions.threshold)
        self.pictures.forget()
        self._ring.clear()
        self.canvas.show_picture(None)
        self._show_all()

    def _key(self, key: str, only_ask: bool) -> bool:
        """Whether the canvas' key is ours; unless only asked, do it."""
        scene = self.scene
        if scene is None:
            return False
        if (move := arrow(key)) is not None:
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
        hints = [BY_NAME[each] for each in HINTS[name]]
        self.hints.set_hints([Hint(each.name, each.keys[0], each.title) for each in hints])

    def _set_threshold(self, threshold: float) -> None:
        self.bench.predictions.threshold = threshold
        self._show_predictions()

    # Showing

    def _go_to(self, stream: StreamId, frame: int) -> None:
        scene, item = self.scene, self._item
        if scene is None or item is None or (scene.stream, scene.frame) == (stream, frame):
            return
        found = next((each for each in item.streams if each.id == stream and each.kind == "image"), None)
        if found is not None and frame < found.frames:
            scene.go_to(stream, frame, _size(found))
            self._show_picture(found, frame)
            self._show_all()

    def _show_picture(self, stream: Stream, frame: int) -> None:
        self.canvas.say("")
        self.canvas.show_picture(self.pictures.load(stream, frame))

    def _show_all(self) -> None:
        scene = self.scene
        rows = scene.rows() if scene is not None else ()
        self.canvas.set_shapes(scene.at_rest() if scene is not None else Drawables())
        self.panel.objects.set_rows(rows)
        self.panel.objects.set_selection(scene.selection if scene is not None else frozenset())
        self._ring.set_pins(scene.marks() if scene is not None else ())
        self.canvas.describe(scene.words() if scene is not None else "No picture")
        self._answers.show()
        self._show_predictions()
        self.gestures.show()

    def _show_predictions(self) -> None:
        scene, layer = self.scene, self.bench.predictions
        drawn = layer.drawn(scene) if scene is not None and not layer.is_empty else Drawables()
        self.canvas.set_predictions(drawn)
        self.panel.show_predictions(len(drawn), layer.threshold, not layer.is_empty)


def _size(stream: Stream) -> tuple[float, float]:
    return float(max(stream.width, 1)), float(max(stream.height, 1))
