"""The items of a snapshot as they were when it was frozen, whatever was edited since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from studio.domain.entities import AnyEntity
from studio.domain.ids import EntityId, ItemId, SnapshotId
from studio.domain.wire.projects import Stream
from training.data.sealing import Sealer
from training.store import documents, items, snapshots
from training.store import keys as key_rows
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.store.snapshots import Frozen
from training.work.heads import open_entity
from training.work.items import streams_of
from training.work.reading import opened

if TYPE_CHECKING:
    from training.node import Node

_AT_ONCE = 200


class FrozenItem(Struct, frozen=True):
    """One item of a snapshot. `kind` is that of its first stream."""

    item: ItemId
    name: str
    kind: str
    streams: tuple[Stream, ...]
    revision: int
    split: str
    group_key: str
    entities: tuple[AnyEntity, ...]


def frozen_items(node: Node, snapshot: SnapshotId, split: str = "") -> Iterator[FrozenItem]:
    """The items of `snapshot` (of one split), sorted by id. Items erased since are left out.

    Holds no transaction between items, so it may be read as slowly as wanted.
    """
    with node.store.read() as tx:
        listed = snapshots.frozen(tx, snapshot, split)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        with node.store.read() as tx:
            gone = key_rows.destroyed(tx, [each.item for each in some])
            kept = [each for each in some if each.item not in gone]
            stored = {each.id: each for each in items.several(tx, [each.item for each in kept])}
            sealers = node.keys.item_sealers(tx, stored)
            ready = [
                _frozen_item(tx, each, stored[each.item], sealers[each.item])
                for each in kept
                if each.item in stored
            ]
        yield from ready


def entities_at(
    tx: Transaction, item: ItemId, revision: int, now: int, sealer: Sealer
) -> tuple[AnyEntity, ...]:
    """The entities of an item, which is at revision `now`, as they were at `revision`.

    Costs the Edits that were made since: each is taken back, newest first.
    """
    entities: dict[EntityId, AnyEntity] = {
        head.entity: open_entity(item, head, sealer) for head in documents.all_heads(tx, item)
    }
    if now > revision:
        for later in reversed(documents.of_item(tx, item, revision, now - revision)):
            for key, (old, _) in opened(later, sealer).edit.changes.items():
                if old is None:
                    entities.pop(key, None)
                else:
                    entities[key] = old
    return tuple(entities[key] for key in sorted(entities))


def _frozen_item(tx: Transaction, frozen: Frozen, stored: StoredItem, sealer: Sealer) -> FrozenItem:
    return FrozenItem(
        item=frozen.item,
        name=stored.name,
        kind=stored.kind,
        streams=streams_of(stored, sealer),
        revision=frozen.revision,
        split=frozen.split,
        group_key=frozen.group_key,
        entities=entities_at(tx, frozen.item, frozen.revision, stored.revision, sealer),
    )
