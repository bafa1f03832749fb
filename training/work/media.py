"""Reading an item's files, and keeping the tiles that Edits name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, StreamId
from training.data import media as places
from training.data.media import Source
from training.store import blobs as rows
from training.work import audit, suites
from training.work.access import Session
from training.work.reading import live_item

if TYPE_CHECKING:
    from training.node import Node


def find(node: Node, item: ItemId, place: str, who: Session) -> Source:
    """The file at `place` of an item that this person may see. Raises `media.missing`, `suite.sealed`."""
    with node.store.read() as tx:
        live_item(tx, item)
        suites.check_open(tx, item, who)
        return node.media.find(tx, item, place)


def view(node: Node, item: ItemId, stream: StreamId, frame: int, rendition: str, first: Source) -> bytes:
    """One prepared rendition of a frame, `first` being the first run of what was prepared of it.

    Raises `media.missing`.
    """
    data = node.media.view(first, rendition)
    run = 0
    while data is None:
        run += 1
        with node.store.read() as tx:
            try:
                source = node.media.find(tx, item, places.views(stream, frame, run))
            except AtelierError as error:
                raise AtelierError(
                    "media.missing", "There is no such rendition of this picture.", detail=rendition[:80]
                ) from error
        data = node.media.view(source, rendition)
    return data


def put(node: Node, item: ItemId, name: str, content: bytes, who: Session) -> None:
    """Keep `content` under its SHA-256, for the Edit that will name it; the same again changes nothing.

    Raises `blob.wrong_name`, `node.disk_full`.
    """
    if hashlib.sha256(content).hexdigest() != name:
        raise AtelierError(
            "blob.wrong_name",
            "The file was refused: it is not what its name says.",
            hint="It was damaged on the way. It is sent again by itself.",
        )
    with node.store.read() as tx:
        stored = live_item(tx, item)
        suites.check_open(tx, item, who)
        sealed = places.sealed_for(node.keys, tx, stored.project, content)
    node.blobs.put(stored.project, [sealed])
    with node.store.write() as tx:
        place = places.put_by_people(name)
        sealer = node.keys.item_sealer(tx, item)
        rows.put(tx, places.blob_row(item, stored.project, place, sealed, "", sealer))
        audit.append(node, tx, who.user, "blob.put", item, bytes.fromhex(sealed.name))


def checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, the first of which was read: what cannot be opened raises here."""
    first = next(pieces, b"")
    return chain([first], pieces)
