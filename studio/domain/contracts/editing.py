"""Pointers, tools and editors: how a hand becomes an Edit, without Qt."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.ids import EntityId, StreamId
from studio.domain.ontology import Ontology
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item

PointerKind = Literal["press", "move", "release", "cancel", "hover", "double", "wheel"]
Modifier = Literal["shift", "ctrl", "alt"]


class Pointer(Struct, frozen=True):
    """One event of a mouse, pen, finger or other device, in the canvas' own coordinates."""

    kind: PointerKind
    xy: tuple[float, float]  # picture pixels, (0, 0) at the outer corner of the first
    scale: float = 1.0  # screen pixels for one picture pixel, so that a grip is as wide at every zoom
    button: Literal["none", "left", "middle", "right"] = "none"
    modifiers: frozenset[Modifier] = frozenset()
    device: Literal["mouse", "pen", "eraser", "touch", "key"] = "mouse"
    pressure: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)
    wheel: float = 0.0
    time_ns: int = 0


class ToolContext(Protocol):
    """What a tool may look at; it changes nothing through it."""

    document: Document
    ontology: Ontology
    stream: StreamId
    frame: int
    size: tuple[float, float]  # of the picture, pixels
    class_name: str  # the one that new objects get
    selection: frozenset[EntityId]


class Tool(Protocol):
    """A small state machine: pointer events and keys in, Edits out."""

    name: str
    title: str
    key: str

    def handle(self, pointer: Pointer, context: ToolContext) -> Edit | None:
        """The Edit that this event completes, or None."""

    def preview(self) -> tuple[object, ...]:
        """Shapes to paint that are not in the document yet."""

    def draft(self) -> bytes | None:
        """The unfinished gesture as MessagePack, or None; journalled each second while there is one."""

    def resume(self, draft: bytes) -> None:
        """Go on with a gesture that was kept as a draft."""


class Neighbour(Struct, frozen=True):
    """An item beside the open one in its sequence, to look at: as the node held it when it was asked."""

    item: Item
    document: Document


class EditorHost(Protocol):
    """The few things that an editor is handed; never the window.

    `apply` makes an Edit (titles it in the undo menu, journals, sends), with the content of what its tiles
    name, by SHA-256; `blob` asks for such content in the background, empty where there is none; `compute`
    carries out work beside the GUI thread and calls back with its result on it, in the order asked: an undo,
    or leaving the item, waits for it. `select` changes the selection;
    `media` asks for a rendition of a frame in the background and calls back with its bytes on the GUI
    thread, empty where the frame has none; `beside` asks likewise for the item after (1) or before (-1) the
    open one in its sequence, None where there is none; `say` shows a short line in the status bar;
    `keep_draft` journals an unfinished gesture. `setting` is a small text that `keep_setting` kept, empty for
    none: the person's for this project, or with `here` this machine's (where windows stand).
    """

    def apply(self, edit: Edit, blobs: Mapping[str, bytes] = ...) -> bool: ...
    def blob(self, name: str, done: Callable[[bytes], None]) -> None: ...
    def compute(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None: ...
    def select(self, ids: frozenset[EntityId]) -> None: ...
    def media(self, stream: StreamId, frame: int, rendition: str, done: Callable[[bytes], None]) -> None: ...
    def beside(self, by: int, done: Callable[[Neighbour | None], None]) -> None: ...
    def say(self, text: str) -> None: ...
    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None: ...
    def setting(self, name: str, *, here: bool = False) -> str: ...
    def keep_setting(self, name: str, text: str, *, here: bool = False) -> None: ...


class Editor(Protocol):
    """A modality's editor: a QWidget made with `(host, parent)`; the page feeds it and frames it."""

    def open(self, item: Item, document: Document, ontology: Ontology, read_only: bool) -> None:
        """Show an item. The document is live: `document_changed` tells when it has moved on."""

    def document_changed(self, ids: frozenset[EntityId]) -> None:
        """Entities that were made, changed or removed, by anybody."""

    def set_selection(self, ids: frozenset[EntityId]) -> None: ...
    def set_class(self, name: str) -> None: ...
    def set_predictions(self, predictions: tuple[Prediction, ...], threshold: float) -> None: ...
    def show_entity(self, key: EntityId) -> None:
        """Go to the frame and place of an entity and mark it."""

    def show_box(self, stream: StreamId, frame: int, xyxy: tuple[float, float, float, float]) -> None:
        """Go to a place where there may be no entity (a false positive)."""

    def actions(self) -> tuple[str, ...]:
        """Names of the editor's own commands, for the hint bar."""

    def run(self, command: str) -> bool:
        """Carry out one of them; whether it did anything."""

    def resume_draft(self, tool: str, state: bytes) -> bool: ...
    def close_item(self) -> None: ...
