"""The image editor: the one place where canvas, tools and document meet."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from plugins.image import changes
from plugins.image.bench import Bench
from plugins.image.commands import BY_NAME, COMMANDS, HINTS
from plugins.image.drafts import DraftKeeper
from plugins.image.keyboard_hand import KeyboardHand
from plugins.image.keymap import COMMAND_KEYS, arrow, attribute_keys, class_keys
from plugins.image.object_commands import ObjectCommands
from plugins.image.pictures import PictureLoader
from plugins.image.ring import Ring
from plugins.image.scene import Scene, is_flat_frame
from plugins.image.side_panel import SidePanel
from plugins.image.tools.box import BoxTool
from plugins.image.tools.polygon import PolygonTool
from plugins.image.tools.seeing import PictureTool, under
from plugins.image.tools.select import SelectTool
from plugins.image.view_commands import ViewCommands
from studio.domain.contracts.editing import EditorHost, Pointer
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import Shape
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, StreamId
from studio.domain.ontology import Ontology
from studio.domain.values import Value
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item, Stream
from widgets.canvas.drawables import Drawables
from widgets.form_fields import fields_of_attributes, stepped
from widgets.hint_bar import Hint, HintBar
from widgets.image_canvas import ImageCanvas

PAN = 40.0  # screen pixels that an arrow key pans by


class ImageEditor(QWidget):
    """An Editor (see `studio.domain.contracts.editing`) for pictures."""

    def __init__(self, host: EditorHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Image editor")
        self.bench = Bench(host)
        self._item: Item | None = None
        self._select = SelectTool()
        self._tools: dict[str, PictureTool] = {
            tool.name: tool for tool in (self._select, BoxTool(), PolygonTool())
        }
        self.tool: PictureTool = self._select
        self.hand = KeyboardHand()
        self.canvas = ImageCanvas()
        self.panel = SidePanel()
        self.hints = HintBar()
        self._ring = Ring(self.canvas)
        self._was_drawn = False  # whether the last gesture shown had a preview
        self.pictures = PictureLoader(host, self)
        self._drafts = DraftKeeper(host, lambda: self.tool, self)
        self._objects = ObjectCommands(self.bench, self.canvas)
        self._commands: dict[str, Callable[[], bool]] = {
            "image.tool.select": lambda: self._take_tool("select"),
            "image.tool.box": lambda: self._take_tool("box"),
            "image.tool.polygon": lambda: self._take_tool("polygon"),
            "image.keyboard": self._take_up_hand,
            "image.finish": self._finish,
            "image.cancel": self._cancel,
            "image.back": self._back,
            "image.under": self._next_under,
            **self._objects.table,
            **ViewCommands(self.bench, self.canvas).table,
        }
        self._lay_out()
        self._connect()
        self._take_tool("select")
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
        self.canvas.pointer.connect(self._on_pointer)
        self.pictures.arrived.connect(self.canvas.picture_arrived)
        self.pictures.unreadable.connect(lambda: self.canvas.say("This picture cannot be shown."))
        self.hints.triggered.connect(self.run)
        self.panel.commanded.connect(self.run)
        self.panel.classes.chosen.connect(self._choose_class)
        self.panel.objects.selection_made.connect(self.bench.select)
        self.panel.objects.ticked.connect(self._objects.tick)
        self.panel.objects.activated_key.connect(self.show_entity)
        self.panel.form.changed.connect(self._answer)
        self.panel.threshold_changed.connect(self._set_threshold)
        self.panel.tone.changed.connect(self.canvas.set_tone)

    @property
    def scene(self) -> Scene | None:
        """What is open, None between items."""
        return self.bench.scene

    # The Editor's contract

    def open(self, item: Item, document: Document, ontology: Ontology, read_only: bool) -> None:
        """Show an item. Raises `item.no_picture`; then what was open stays."""
        stream = next((each for each in item.streams if each.kind == "image"), None)
        if stream is None:
            raise AtelierError(
                "item.no_picture", "This item has no picture to show.", detail=item.id, hint="Open another."
            )
        self._leave_gesture()
        earlier = self.scene
        self._item = item
        self.bench.read_only = read_only
        self.bench.scene = Scene(document, ontology, stream.id, _size(stream))
        self.bench.predictions.set((), self.bench.predictions.threshold)
        self.panel.show_ontology(ontology)
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
        scene = self.scene
        if scene is not None:
            if scene.ontology.class_type(name) is not None:
                scene.class_name = name
            self.panel.classes.set_current(scene.class_name)

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

    def actions(self) -> tuple[str, ...]:  # type: ignore[override]  # the contract's word; Qt's is not virtual
        """Names of the editor's own commands."""
        return tuple(command.name for command in COMMANDS)

    def run(self, command: str) -> bool:
        """Carry out a command; whether it did anything."""
        act = self._commands.get(command)
        return act is not None and self.scene is not None and act()

    def resume_draft(self, tool: str, state: bytes) -> bool:
        """Go on with an unfinished gesture; whether that could be."""
        if self.scene is None or tool not in self._tools or self.bench.read_only:
            return False
        self._take_tool(tool)
        try:
            self.tool.resume(state)
        except AtelierError as error:
            self.bench.host.say(str(error))
            return False
        self._show_gesture()
        return True

    def close_item(self) -> None:
        """Nothing is open; an unfinished gesture stays a draft."""
        self._leave_gesture()
        self._item = self.bench.scene = None
        self.bench.predictions.set((), self.bench.predictions.threshold)
        self.pictures.forget()
        self._ring.clear()
        self.canvas.show_picture(None)
        self._show_all()

    # Hands

    def _on_pointer(self, pointer: Pointer) -> None:
        scene = self.scene
        if scene is None:
            return
        if pointer.kind == "press":
            self._ring.clear()
            if pointer.device != "key":
                self._put_down_hand()
        edit = self.tool.handle(pointer, scene)
        self._conclude(edit)
        if pointer.kind == "hover" and self.tool is self._select:
            found = under(scene, pointer) if not self.tool.preview() else []
            shapes = [scene.document.get(key) for key in found[:1] if key not in scene.selection]
            self.canvas.set_hover(scene.drawn(shapes))

    def _conclude(self, edit: Edit | None) -> None:
        """Apply what a tool completed, then select what it wishes."""
        stood = edit is None or self.bench.apply(edit)
        wanted = self.tool.wanted_selection()
        if wanted is not None and stood:
            self.bench.select(wanted)
        if edit is not None or wanted is not None or self.tool.preview() or self._was_drawn:
            self._show_gesture()

    def _key(self, key: str, only_ask: bool) -> bool:
        """Whether the canvas' key is ours; unless only asked, do it."""
        scene = self.scene
        if scene is None:
            return False
        if (move := arrow(key)) is not None:
            return only_ask or self._arrow(*move)
        if (command := COMMAND_KEYS.get(key)) is not None:
            return self._would(command) if only_ask else self.run(command)
        if name := attribute_keys(scene.ontology, self._class_of_selection()).get(key):
            return only_ask or self._step_attribute(name)
        if name := class_keys(scene.ontology).get(key):
            return only_ask or self._choose_class(name)
        return False

    def _would(self, command: str) -> bool:
        """Whether a key that others want as well (a dialog's Enter, the focus' Tab) has a use here now."""
        busy = bool(self.tool.preview()) or self.hand.xy is not None
        match command:
            case "image.cancel":
                selected = self.scene is not None and bool(self.scene.selection)
                return busy or selected or self._ring.is_shown
            case "image.under":
                return self._look_under() is not None
            case "image.finish" | "image.back":
                return busy
        return True

    def _arrow(self, dx: float, dy: float, resizes: bool) -> bool:
        scene = self.scene
        if scene is None:
            return False
        if (pointer := self.hand.moved(dx, dy, scene.size, self.canvas.view.scale)) is not None:
            self.canvas.set_keyboard_cursor(pointer.xy)
            self.canvas.bring_into_sight((*pointer.xy, *pointer.xy))
            self._on_pointer(pointer)
        elif scene.selection:
            self.bench.apply((changes.resized_by if resizes else changes.nudged)(scene, dx, dy))
        else:
            self.canvas.set_view(self.canvas.view.panned((-dx * PAN, -dy * PAN)))
        return True

    # Tools

    def _take_tool(self, name: str) -> bool:
        if self.tool is not self._tools[name]:
            self._cancel_gesture()
        self.tool = self._tools[name]
        self.panel.show_tool(name)
        drawing = name != "select"
        self.canvas.hand.set_cursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)
        hints = [BY_NAME[each] for each in HINTS[name]]
        self.hints.set_hints([Hint(each.name, each.keys[0], each.title) for each in hints])
        if not drawing:
            self._put_down_hand()
        return True

    def _take_up_hand(self) -> bool:
        if self.tool is self._select:
            self._take_tool("box")
        view = self.canvas.view
        middle = view.to_picture((view.window[0] / 2, view.window[1] / 2))
        self.hand.take_up(self.canvas.mouse_in_picture() or middle)
        self._arrow(0.0, 0.0, resizes=False)
        self.canvas.setFocus()
        return True

    def _put_down_hand(self) -> None:
        self.hand.put_down()
        self.canvas.set_keyboard_cursor(None)

    def _finish(self) -> bool:
        scene = self.scene
        if scene is None:
            return False
        closes = self.tool.name == "polygon" and self.hand.xy is None
        if closes or not self.hand.xy:
            edit = self.tool.finish(scene)
            self._conclude(edit)
            return edit is not None
        for pointer in self.hand.clicked(self.canvas.view.scale):
            self._on_pointer(pointer)
        return True

    def _cancel(self) -> bool:
        """Escape: first the gesture, then the keyboard's cross, then the selection."""
        if self.tool.preview():
            self._cancel_gesture()
        elif self.hand.xy is not None:
            self._put_down_hand()
        elif self._ring.is_shown:
            self._ring.clear()
        else:
            self.bench.select(frozenset())
        return True

    def _cancel_gesture(self) -> None:
        if self.scene is not None:
            self.tool.handle(Pointer("cancel", (0.0, 0.0), device="key"), self.scene)
        self._show_gesture()

    def _leave_gesture(self) -> None:
        self._drafts.leave()
        if self.scene is not None:
            self.tool.handle(Pointer("cancel", (0.0, 0.0), device="key"), self.scene)
        self._put_down_hand()

    def _back(self) -> bool:
        did = self.tool.back()
        self._show_gesture()
        return did

    def _look_under(self) -> frozenset[EntityId] | None:
        scene = self.scene
        return self._select.next_under(scene) if scene is not None and self.tool is self._select else None

    def _next_under(self) -> bool:
        if (found := self._look_under()) is None:
            return False
        self.bench.select(found)
        return True

    # Classes and attributes

    def _choose_class(self, name: str) -> bool:
        """The class of new objects, and of what is selected."""
        self.set_class(name)
        if self.scene is not None and self.scene.selection:
            self.bench.apply(changes.reclassed(self.scene, name))
        return True

    def _class_of_selection(self) -> str:
        """The one class of what is selected, or nothing."""
        scene = self.scene
        names = {scene.class_of(key) for key in scene.selection} if scene is not None else set()
        return names.pop() if len(names) == 1 else ""

    def _answer(self, name: str, value: Value | None) -> None:
        if self.scene is not None:
            self.bench.apply(changes.answered(self.scene, name, value))

    def _step_attribute(self, name: str) -> bool:
        field = next((each for each in self.panel.form.fields if each.name == name), None)
        if field is None:
            return False
        if field.kind in ("text", "choices"):
            self.panel.form.focus(name)
        else:
            self._answer(name, stepped(field, self._values().get(name)))
        return True

    def _values(self) -> dict[str, Value]:
        """The attributes that all selected objects share with one value."""
        scene = self.scene
        each: list[dict[str, Value]] = []
        for key in scene.selection if scene is not None else ():
            shape = scene.document.get(key) if scene is not None else None
            if scene is not None and isinstance(shape, Shape):
                track = scene.document.get(shape.track)
                held = dict(getattr(track, "attributes", ())) | dict(getattr(shape, "attributes", ()))
                each.append(held)
        first = each[0] if each else {}
        return {name: value for name, value in first.items() if all(o.get(name) == value for o in each)}

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
        self._show_form()
        self._show_predictions()
        self._show_gesture()

    def _show_form(self) -> None:
        scene, name = self.scene, self._class_of_selection()
        asked = scene.ontology.attributes_of(name) if scene is not None and name else ()
        self.panel.show_form(f"Attributes of {scene.title_of_class(name)}" if scene and asked else "")
        if asked:
            self.panel.form.set_fields(fields_of_attributes(asked))
            self.panel.form.set_values(self._values())
            self.panel.form.setEnabled(not self.bench.read_only)

    def _show_predictions(self) -> None:
        scene, layer = self.scene, self.bench.predictions
        drawn = layer.drawn(scene) if scene is not None and not layer.is_empty else Drawables()
        self.canvas.set_predictions(drawn)
        self.panel.show_predictions(len(drawn), layer.threshold, not layer.is_empty)

    def _show_gesture(self) -> None:
        """What is selected and what is being made, drawn live."""
        scene = self.scene
        shown = self.tool.preview() if scene is not None else ()
        self._was_drawn = bool(shown)
        self._drafts.look()
        if scene is None:
            self.canvas.set_active(Drawables())
            self.canvas.set_preview(Drawables())
        elif self.tool is self._select and shown and not is_flat_frame(shown[0]):
            self.canvas.set_active(scene.drawn(shown))
            self.canvas.set_preview(Drawables())
        else:
            grips = len(scene.selection) <= 50 and self.tool is self._select and not self.bench.read_only
            self.canvas.set_active(scene.selected(), grips)
            framing = bool(shown) and self.tool is self._select
            self.canvas.set_preview(scene.drawn(shown, scene.class_name, framing))


def _size(stream: Stream) -> tuple[float, float]:
    return float(max(stream.width, 1)), float(max(stream.height, 1))
