"""A host over a document in memory with clouds to show: what the Label page is to the editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from plugins.pointcloud.cloud import Cloud, prepared
from studio.domain.contracts.editing import Neighbour
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity
from studio.domain.ids import EntityId, StreamId


class SpaceHost:
    """Applies at once, answers at once, remembers what it was told."""

    def __init__(self, cloud: Cloud, *entities: AnyEntity) -> None:
        self.document = Document(entities)
        self.edits: list[Edit] = []
        self.blobs: dict[str, bytes] = {}
        self.selected: frozenset[EntityId] = frozenset()
        self.said: list[str] = []
        self.drafts: list[tuple[str, bytes | None]] = []
        self.settings: dict[tuple[str, bool], str] = {}
        self.asked: list[tuple[str, int, str]] = []
        self.neighbours: dict[int, Neighbour] = {}
        self.pictures: dict[StreamId, bytes] = {}
        self._head, self._pieces = prepared(cloud)

    def apply(self, edit: Edit, blobs: Mapping[str, bytes] = MappingProxyType({})) -> bool:
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
        self.asked.append((stream, frame, rendition))
        if stream in self.pictures:
            done(self.pictures[stream])
        elif rendition == "cloud":
            done(self._head)
        elif rendition.startswith("cloud-"):
            done(self._pieces[int(rendition.removeprefix("cloud-"))])

    def beside(self, by: int, done: Callable[[Neighbour | None], None]) -> None:
        self.asked.append((StreamId("beside"), by, ""))
        done(self.neighbours.get(by))

    def say(self, text: str) -> None:
        self.said.append(text)

    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None:
        self.drafts.append((tool, state))

    def setting(self, name: str, *, here: bool = False) -> str:
        return self.settings.get((name, here), "")

    def keep_setting(self, name: str, text: str, *, here: bool = False) -> None:
        self.settings[name, here] = text
