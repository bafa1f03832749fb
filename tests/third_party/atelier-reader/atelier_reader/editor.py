"""The reader's editor: the text of an item, its tags above it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from atelier_reader.commands import COMMANDS
from studio.domain.contracts.editing import EditorHost
from studio.domain.document import Document
from studio.domain.edit import creation
from studio.domain.entities import Segment, Tag
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import Ontology
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item

DOUBTFUL = "doubtful"


class Reader(QWidget):
    """Shows the segments of a document in their order; one command tags it."""

    def __init__(self, host: EditorHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Reader")
        self._host = host
        self._document: Document | None = None
        self._read_only = True
        self._tags = QLabel(self)
        self._tags.setAccessibleName("Tags")
        self._text = QPlainTextEdit(self)
        self._text.setReadOnly(True)
        self._text.setAccessibleName("Text")
        for key in COMMANDS[0].keys:  # an editor listens to its keys itself, while it has the focus
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda: self.run(COMMANDS[0].name))
        rows = QVBoxLayout(self)
        rows.addWidget(self._tags)
        rows.addWidget(self._text)

    def open(self, item: Item, document: Document, ontology: Ontology, read_only: bool) -> None:
        self._document, self._read_only = document, read_only
        self._show()

    def document_changed(self, ids: frozenset[EntityId]) -> None:
        self._show()

    def set_selection(self, ids: frozenset[EntityId]) -> None:
        """Nothing of a text is marked."""

    def set_class(self, name: str) -> None:
        """Texts are tagged, not drawn on."""

    def set_predictions(self, predictions: tuple[Prediction, ...], threshold: float) -> None:
        """No model reads texts here."""

    def show_entity(self, key: EntityId) -> None:
        self._text.setFocus()

    def show_box(self, stream: StreamId, frame: int, xyxy: tuple[float, float, float, float]) -> None:
        """A text has no boxes."""

    def actions(self) -> tuple[str, ...]:
        return ("reader.doubtful",)

    def run(self, command: str) -> bool:
        if command != "reader.doubtful" or self._document is None or self._read_only:
            return False
        tag = Tag(id=EntityId(new_id()), class_name=DOUBTFUL)
        return self._host.apply(creation("Tag as doubtful", tag, tool="reader"))

    def resume_draft(self, tool: str, state: bytes) -> bool:
        return False

    def close_item(self) -> None:
        self._document = None
        self._text.clear()
        self._tags.clear()

    def _show(self) -> None:
        if self._document is None:
            return
        entities = self._document.entities.values()
        segments = sorted(
            (each for each in entities if isinstance(each, Segment)), key=lambda each: each.order
        )
        self._text.setPlainText("\n".join(segment.text for segment in segments))
        self._tags.setText(", ".join(each.class_name for each in entities if isinstance(each, Tag)))
