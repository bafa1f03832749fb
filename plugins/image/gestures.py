"""The tool in hand: what pointers and keys do with it, and how its gesture is drawn and kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from plugins.image import changes
from plugins.image.bench import Bench
from plugins.image.keyboard_hand import KeyboardHand
from plugins.image.ring import Ring
from plugins.image.scene import is_flat_frame
from plugins.image.tools.box import BoxTool
from plugins.image.tools.polygon import PolygonTool
from plugins.image.tools.seeing import PictureTool, under
from plugins.image.tools.select import SelectTool
from studio.domain.contracts.editing import Pointer
from studio.domain.edit import Edit
from studio.domain.ids import EntityId
from widgets.canvas.drawables import Drawables
from widgets.draft_keeper import DraftKeeper
from widgets.image_canvas import ImageCanvas

PAN = 40.0  # screen pixels that an arrow key pans by
MANY = 50  # more selected shapes than this get no grips


class Gestures(QObject):
    """One tool at a time; `taken` tells which. `table` is what the editor runs by name."""

    taken = Signal(str)

    def __init__(self, bench: Bench, canvas: ImageCanvas, ring: Ring) -> None:
        super().__init__(canvas)
        self._bench = bench
        self._canvas = canvas
        self._ring = ring
        self._select = SelectTool()
        self._tools: dict[str, PictureTool] = {
            tool.name: tool for tool in (self._select, BoxTool(), PolygonTool())
        }
        self.tool: PictureTool = self._select
        self.hand = KeyboardHand()
        self._drafts = DraftKeeper(bench.host, lambda: self.tool, self)
        self._was_drawn = False  # whether the last gesture shown had a preview
        self.table: dict[str, Callable[[], bool]] = {
            "image.tool.select": lambda: self.take("select"),
            "image.tool.box": lambda: self.take("box"),
            "image.tool.polygon": lambda: self.take("polygon"),
            "image.keyboard": self.take_up_hand,
            "image.finish": self.finish,
            "image.cancel": self.cancel,
            "image.back": self.back,
            "image.under": self.next_under,
        }

    def take(self, name: str) -> bool:
        """Another tool; an unfinished gesture of the last one is thrown away."""
        if self.tool is not self._tools[name]:
            self._drop()
        self.tool = self._tools[name]
        drawing = self.tool is not self._select
        self._canvas.hand.set_cursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)
        if not drawing:
            self._put_down_hand()
        self.taken.emit(name)
        return True

    def resume(self, tool: str, state: bytes) -> bool:
        """Go on with a draft. Raises `draft.unreadable`."""
        if tool not in self._tools:
            return False
        self.take(tool)
        self.tool.resume(state)
        self.show()
        return True

    def leave(self) -> None:
        """The item is closed: what is unfinished stays a draft."""
        self._drafts.leave()
        if self._bench.scene is not None:
            self.tool.handle(_escape(), self._bench.scene)
        self._put_down_hand()

    # Pointers and keys

    def handle(self, pointer: Pointer) -> None:
        """A pointer of the canvas, or one that keys stand for."""
        scene = self._bench.scene
        if scene is None:
            return
        if pointer.kind == "press":
            self._ring.clear()
            if pointer.device != "key":
                self._put_down_hand()
        self._conclude(self.tool.handle(pointer, scene))
        if pointer.kind == "hover" and self.tool is self._select:
            found = under(scene, pointer) if not self.tool.preview() else []
            shapes = [scene.document.get(key) for key in found[:1] if key not in scene.selection]
            self._canvas.set_hover(scene.drawn(shapes))

    def _conclude(self, edit: Edit | None) -> None:
        """Apply what the tool completed, then select what it wishes."""
        stood = edit is None or self._bench.apply(edit)
        wanted = self.tool.wanted_selection()
        if wanted is not None and stood:
            self._bench.select(wanted)
        if edit is not None or wanted is not None or self.tool.preview() or self._was_drawn:
            self.show()

    def arrow(self, dx: float, dy: float, resizes: bool) -> bool:
        """Arrow keys: the keyboard's cross, what is selected, or the view; dx and dy in picture pixels."""
        scene = self._bench.scene
        if scene is None:
            return False
        if (pointer := self.hand.moved(dx, dy, scene.size, self._canvas.view.scale)) is not None:
            self._canvas.set_keyboard_cursor(pointer.xy)
            self._canvas.bring_into_sight((*pointer.xy, *pointer.xy))
            self.handle(pointer)
        elif scene.selection:
            self._bench.apply((changes.resized_by if resizes else changes.nudged)(scene, dx, dy))
        else:
            self._canvas.set_view(self._canvas.view.panned((-dx * PAN, -dy * PAN)))
        return True

    def would(self, command: str) -> bool:
        """Whether a key that others want as well (a dialog's Enter, the focus' Tab) has a use here now."""
        scene = self._bench.scene
        busy = bool(self.tool.preview()) or self.hand.xy is not None
        match command:
            case "image.cancel":
                return busy or (scene is not None and bool(scene.selection)) or self._ring.is_shown
            case "image.under":
                return self._look_under() is not None
            case "image.finish" | "image.back":
                return busy
        return True

    def take_up_hand(self) -> bool:
        """Draw with the keyboard, from where the mouse pointer is or from the middle."""
        if self.tool is self._select:
            self.take("box")
        view = self._canvas.view
        middle = view.to_picture((view.window[0] / 2, view.window[1] / 2))
        self.hand.take_up(self._canvas.mouse_in_picture() or middle)
        self.arrow(0.0, 0.0, resizes=False)
        self._canvas.setFocus()
        return True

    def _put_down_hand(self) -> None:
        self.hand.put_down()
        self._canvas.set_keyboard_cursor(None)

    def finish(self) -> bool:
        """Enter: a click of the keyboard's cross, or else the end of the gesture."""
        scene = self._bench.scene
        if scene is None:
            return False
        if self.hand.xy is not None:
            for pointer in self.hand.clicked(self._canvas.view.scale):
                self.handle(pointer)
            return True
        edit = self.tool.finish(scene)
        self._conclude(edit)
        return edit is not None

    def cancel(self) -> bool:
        """Escape: first the gesture, then the keyboard's cross, the ring, and the selection."""
        if self.tool.preview():
            self._drop()
        elif self.hand.xy is not None:
            self._put_down_hand()
        elif self._ring.is_shown:
            self._ring.clear()
        else:
            self._bench.select(frozenset())
        return True

    def _drop(self) -> None:
        if self._bench.scene is not None:
            self.tool.handle(_escape(), self._bench.scene)
        self.show()

    def back(self) -> bool:
        did = self.tool.back()
        self.show()
        return did

    def _look_under(self) -> frozenset[EntityId] | None:
        scene = self._bench.scene
        return self._select.next_under(scene) if scene is not None and self.tool is self._select else None

    def next_under(self) -> bool:
        if (found := self._look_under()) is None:
            return False
        self._bench.select(found)
        return True

    def show(self) -> None:
        """What is selected and what is being made, drawn live."""
        scene = self._bench.scene
        shown = self.tool.preview() if scene is not None else ()
        self._was_drawn = bool(shown)
        self._drafts.look()
        if scene is None:
            self._canvas.set_active(Drawables())
            self._canvas.set_preview(Drawables())
        elif self.tool is self._select and shown and not is_flat_frame(shown[0]):
            self._canvas.set_active(scene.drawn(shown))
            self._canvas.set_preview(Drawables())
        else:
            selects = self.tool is self._select
            grips = selects and len(scene.selection) <= MANY and not self._bench.read_only
            self._canvas.set_active(scene.selected(), grips)
            self._canvas.set_preview(scene.drawn(shown, scene.class_name, framing=bool(shown) and selects))


def _escape() -> Pointer:
    return Pointer("cancel", (0.0, 0.0), device="key")
