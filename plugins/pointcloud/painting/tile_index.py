"""Which tile holds the labels of which run of points, found without looking through the document."""

from __future__ import annotations

from collections.abc import Iterable

from studio.domain.document import Document
from studio.domain.entities import Tile
from studio.domain.ids import EntityId, StreamId

Frame = tuple[StreamId, int]


class TileIndex:
    """The tiles of a document that hold labels of points, kept in step by `refresh`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[EntityId, Tile] = {}
        self._at: dict[Frame, dict[EntityId, Tile]] = {}
        self.refresh(each.id for each in document if isinstance(each, Tile))

    def refresh(self, ids: Iterable[EntityId]) -> set[Frame]:
        """Entities were made, changed or removed; returns the frames whose labels may be others now."""
        changed: set[Frame] = set()
        for key in ids:
            before, now = self._known.pop(key, None), self._document.get(key)
            if before is not None:
                del self._at[before.stream, before.frame][key]
                changed.add((before.stream, before.frame))
            # tiles of something else are its mask
            if isinstance(now, Tile) and now.owner is None:
                self._known[key] = now
                self._at.setdefault((now.stream, now.frame), {})[key] = now
                changed.add((now.stream, now.frame))
        return changed

    def of(self, stream: StreamId, frame: int) -> dict[int, Tile]:
        """Run -> its tile. Of two for one run, which two people may make at once, everybody sees the same."""
        found: dict[int, Tile] = {}
        for each in sorted(self._at.get((stream, frame), {}).values(), key=lambda tile: tile.id):
            found.setdefault(each.index[0], each)
        return found

    def __bool__(self) -> bool:
        return bool(self._known)
