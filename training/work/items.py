"""Items: made by imports, summed up for lists, moved from state to state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.ids import EntityId, ImportId, ItemId, ProjectId, StreamId, new_id
from studio.domain.wire.projects import AssetFacts, Item, ItemState, Stream
from training.data.sealing import Sealer
from training.store import items, projects, sidecars
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.work.reading import live_item

if TYPE_CHECKING:
    from training.node import Node


class _Sealed(Struct, frozen=True):
    streams: tuple[Stream, ...]
    facts: AssetFacts


class Carried(Struct, frozen=True):
    """What a format carries of an item beyond the model, for the export that hands it back.

    `order` is that of the entities in their file: a format may point at its own by number (the contours of
    an OpenLABEL polygon do), and ids say nothing about it.
    """

    sidecar: bytes = b""
    order: tuple[EntityId, ...] = ()


def create(
    node: Node,
    tx: Transaction,
    project: ProjectId,
    name: str,
    streams: tuple[Stream, ...],
    *,
    item: ItemId | None = None,
    facts: AssetFacts = AssetFacts(),
    origin: ImportId | None = None,
    group_key: str = "",
    sequence: str = "",
    split_hint: str = "",
    ontology_version: int = 0,
    state: ItemState = "new",
    carried: Carried = Carried(),
) -> StoredItem:
    """Make an item, with a key of its own; unique by (origin, name). Emits no event: imports make many.

    `name` is the source path: data, never a path of ours.
    """
    item = item or ItemId(new_id())
    sealer = node.keys.new_item(tx, item, project)
    payload = sealer.seal(canonical.encode(_Sealed(streams, facts)), _aad(item))
    first = streams[0] if streams else Stream(StreamId(""), "", "image")
    stored = StoredItem(
        id=item,
        project=project,
        name=name,
        name_key=name.casefold(),
        state=state,
        revision=0,
        ontology_version=ontology_version,
        imported_ns=node.clock.now_ns(),
        entities=0,
        shapes=0,
        remarks=0,
        unsure=False,
        origin=origin,
        group_key=group_key,
        sequence=sequence,
        split_hint=split_hint,
        stream=first.id,
        kind=first.kind,
        width=first.width,
        height=first.height,
        payload=payload,
        fence=0,
        erased=False,
    )
    items.add(tx, stored)
    if carried.sidecar:
        sidecars.put(tx, item, sealer.seal(canonical.encode(carried), _sidecar_aad(item)))
    projects.count(tx, project, {("state", state): 1})
    return stored


def read(node: Node, item: ItemId) -> Item:
    """An item with its streams and facts."""
    with node.store.read() as tx:
        return read_in(node, tx, item)


def read_in(node: Node, tx: Transaction, item: ItemId) -> Item:
    """As `read`, in a transaction of the caller's."""
    stored = live_item(tx, item)
    sealed = _opened(stored, node.keys.item_sealer(tx, item))
    return Item(
        id=stored.id,
        project=stored.project,
        name=stored.name,
        state=stored.state,
        revision=stored.revision,
        ontology_version=stored.ontology_version,
        streams=sealed.streams,
        facts=sealed.facts,
        origin=stored.origin,
        group_key=stored.group_key,
        sequence=stored.sequence,
        imported_ns=stored.imported_ns,
    )


def streams_of(stored: StoredItem, sealer: Sealer) -> tuple[Stream, ...]:
    """What an item is made of. Raises `seal.broken`."""
    return _opened(stored, sealer).streams


def carried_of(tx: Transaction, item: ItemId, sealer: Sealer) -> Carried:
    """What the item's format carried beyond the model, or nothing. Raises `seal.broken`."""
    sealed = sidecars.get(tx, item)
    if sealed is None:
        return Carried()
    return canonical.decode_lenient(sealer.open(sealed, _sidecar_aad(item)), Carried)


def set_state(tx: Transaction, stored: StoredItem, state: ItemState) -> StoredItem:
    """Move an item to another state, in its row and in the project's counts; studios are told."""
    if stored.state == state:
        return stored
    items.set_fields(tx, stored.id, state=state)
    projects.count(tx, stored.project, {("state", stored.state): -1, ("state", state): 1})
    tx.emit("item", stored.project, stored.id, state, stored.revision)
    return replace(stored, state=state)


def set_unsure(tx: Transaction, stored: StoredItem, unsure: bool) -> None:
    """Note whether somebody is unsure about an item."""
    if stored.unsure != unsure:
        items.set_fields(tx, stored.id, unsure=unsure)
        projects.count(tx, stored.project, {("unsure", ""): 1 if unsure else -1})
        tx.emit("item", stored.project, stored.id, "unsure", stored.revision)


def forget(tx: Transaction, stored: StoredItem) -> None:
    """Take an erased item out of every list and count; its row stays as a tombstone without a name."""
    classes, tags = items.drop_summary(tx, stored.id)
    projects.count(
        tx,
        stored.project,
        {
            ("state", stored.state): -1,
            ("remarks", ""): -stored.remarks,
            ("unsure", ""): -int(stored.unsure),
            **{("class", name): -count for name, count in classes.items()},
            **{("class_items", name): -1 for name in classes},
            **{("tag", name): -1 for name in tags},
        },
    )
    items.set_fields(
        tx,
        stored.id,
        name=f"erased {stored.id}",
        name_key="",
        group_key="",
        sequence="",
        payload=b"",
        erased=True,
    )
    tx.emit("items", stored.project)


def _opened(stored: StoredItem, sealer: Sealer) -> _Sealed:
    return canonical.decode_lenient(sealer.open(stored.payload, _aad(stored.id)), _Sealed)


def _aad(item: ItemId) -> bytes:
    return f"item {item}".encode()


def _sidecar_aad(item: ItemId) -> bytes:
    return f"sidecar {item}".encode()
