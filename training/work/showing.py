"""Items as models are shown them: what they are made of, and how their files are read when wanted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from studio.domain.contracts.training import Shown
from studio.domain.entities import AnyEntity
from studio.domain.ids import EntityId, ItemId, StreamId
from studio.domain.wire.projects import Stream
from training.data import media as places
from training.work import media

if TYPE_CHECKING:
    from training.node import Node


def shown(
    node: Node,
    item: ItemId,
    name: str,
    streams: tuple[Stream, ...],
    entities: tuple[AnyEntity, ...],
    weights: Mapping[EntityId, float] | None = None,
) -> Shown:
    """An item with these entities; holds no transaction, so it may be looked at as slowly as wanted."""
    return Shown(
        name, streams, entities, partial(original, node, item), partial(rendition, node, item), weights or {}
    )


def original(node: Node, item: ItemId, stream: StreamId, frame: int) -> bytes:
    """A frame's own file. Raises `media.missing`, `media.changed`, `blob.missing`, `seal.broken`."""
    with node.store.read() as tx:
        source = node.media.find(tx, item, places.original(stream, frame))
    return node.media.read(source)


def rendition(node: Node, item: ItemId, stream: StreamId, frame: int, name: str) -> bytes:
    """What was prepared of a frame. Raises `media.missing`, `blob.missing`, `seal.broken`."""
    with node.store.read() as tx:
        first = node.media.find(tx, item, places.views(stream, frame))
    return media.view(node, item, stream, frame, name, first)
