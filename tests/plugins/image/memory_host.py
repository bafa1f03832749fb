"""A host over a document in memory: what the Label page is to an editor, without a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage

from studio.domain.contracts.editing import Neighbour
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.ids import EntityId, ItemId, ProjectId, StreamId, new_id
from studio.domain.wire.projects import Item, Stream
from tests.plugins.image.ground import STREAM

WIDTH, HEIGHT = 400, 300


class MemoryHost:
    """Applies at once, answers at once, remembers what it was told."""

    def __init__(self) -> None:
        self.document = Document()
        self.edits: list[Edit] = []
        self.blobs: dict[str, bytes] = {}
        self.selected: frozenset[EntityId] = frozenset()
        self.drafts: list[tuple[str, bytes | None]] = []
        self.settings: dict[tuple[str, bool], str] = {}
        self.said: list[str] = []
        self.asked: list[str] = []
        self.pictures: dict[str, bytes] = {"original": png(WIDTH, HEIGHT)}
        self.refuses = False

    def apply(self, edit: Edit, blobs: Mapping[str, bytes] = MappingProxyType({})) -> bool:
        if self.refuses:
            return False
        self.blobs.update(blobs)
        self.edits.append(self.document.apply(edit))
        return True

    def blob(self, name: str, done: Callable[[bytes], None]) -> None:
        done(self.blobs.get(name, b""))

    def compute(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        done(work())

    def select(self, ids: frozenset[EntityId]) -> None:
        self.selected = ids

    def media(self, stream: StreamId, frame: int, rendition: str, done: Callable[[bytes], None]) -> None:
        self.asked.append(rendition)
        if rendition in self.pictures:
            done(self.pictures[rendition])

    def beside(self, by: int, done: Callable[[Neighbour | None], None]) -> None:
        done(None)

    def say(self, text: str) -> None:
        self.said.append(text)

    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None:
        self.drafts.append((tool, state))

    def setting(self, name: str, *, here: bool = False) -> str:
        return self.settings.get((name, here), "")

    def keep_setting(self, name: str, text: str, *, here: bool = False) -> None:
        self.settings[name, here] = text


def png(width: int, height: int, color: str = "#336699") -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def item_of(width: int = WIDTH, height: int = HEIGHT, levels: int = 0) -> Item:
    stream = Stream(STREAM, "image", "image", width=width, height=height, levels=levels)
    return Item(ItemId(new_id()), ProjectId(new_id()), "photo.png", "new", 0, 1, (stream,))
