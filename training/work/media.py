"""Reading an item's files, and keeping the tiles that Edits name."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from studio.domain.edit import Edit, new_blobs
from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName, ItemId, ProjectId, StreamId
from training.data import media as places
from training.data.media import Source
from training.store import blobs as rows
from training.store.engine import Transaction
from training.work import audit, suites
from training.work.access import Session
from training.work.reading import live_item

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.media")
MOST_WAITING = 512 * 1024 * 1024  # bytes of one item that were put and are named by nothing yet
WAITS_NS = 30 * 24 * 3600 * 10**9  # so long; a studio that was away for longer sends them again


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

    Until something names it, it counts against `MOST_WAITING`, and goes after `WAITS_NS`. Raises
    `blob.wrong_name`, `blob.too_many`, `node.disk_full`.
    """
    place = places.put_by_people(name)
    if hashlib.sha256(content).hexdigest() != name:
        raise AtelierError(
            "blob.wrong_name",
            "The file was refused: it is not what its name says.",
            hint="It was damaged on the way. It is sent again by itself.",
        )
    with node.store.read() as tx:
        stored = live_item(tx, item)
        suites.check_open(tx, item, who)
        if not rows.missing_of(tx, item, [place]):
            return
        if rows.bytes_waiting(tx, item) + len(content) > MOST_WAITING:
            raise AtelierError(
                "blob.too_many",
                "The change was refused: too much was painted on this item that no change came for.",
                detail=item,
                hint="Decide on the changes in the conflict tray; what nobody needs goes after a month.",
            )
        sealed = places.sealed_for(node.keys, tx, stored.project, content)
    node.blobs.put(stored.project, [sealed])

    def work(tx: Transaction) -> None:
        if not rows.missing_of(tx, item, [place]):
            return  # somebody else was quicker
        row = places.blob_row(item, stored.project, place, sealed, "", node.keys.item_sealer(tx, item))
        rows.put(tx, replace(row, waiting_ns=node.clock.now_ns()))
        audit.append(node, tx, who.user, "blob.put", item, bytes.fromhex(sealed.name))

    node.store.grouped(work)


def check_sent(tx: Transaction, item: ItemId, edit: Edit) -> None:
    """Raise `blob.unsent` where `edit` names content that `item` does not hold."""
    named = [places.put_by_people(name) for name in new_blobs(edit)]
    if named and (gone := rows.missing_of(tx, item, named)):
        raise AtelierError(
            "blob.unsent",
            "The change was refused: what it paints did not reach the node with it.",
            detail=f"{len(gone)} of {len(named)}, {min(gone)}",
            hint="It is sent again by itself. If it stays in the conflict tray, paint it once more.",
        )


def are_named(tx: Transaction, item: ItemId, edit: Edit) -> None:
    """What `edit` names stays as long as the item: it is part of its history, or of a draft."""
    rows.were_named(tx, item, [places.put_by_people(name) for name in new_blobs(edit)])


def drop_unnamed(node: Node) -> None:
    """Forget what was put long ago for an Edit that never came.

    At the start of a node alone: while it serves, the same bytes may be on their way into another item.
    """
    with node.store.write() as tx:
        for project, name in rows.drop_waiting(tx, node.clock.now_ns() - WAITS_NS):
            tx.after_commit(_delete, node, project, name)


def _delete(node: Node, project: ProjectId, name: BlobName) -> None:
    try:
        node.blobs.delete(project, name)
    except (AtelierError, OSError):
        LOG.exception("blob %s was not deleted", name)


def checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, the first of which was read: what cannot be opened raises here."""
    first = next(pieces, b"")
    return chain([first], pieces)
