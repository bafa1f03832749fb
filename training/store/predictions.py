"""Layers of predictions: what one model sees on one item, written once and never changed."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Index, Table, select

from studio.domain.ids import ItemId, ModelId, ProjectId
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column

_AT_ONCE = 500

predictions = Table(
    "predictions",
    metadata,
    id_column("item", primary_key=True),
    id_column("model", primary_key=True),
    id_column("project"),
    number_column("shapes"),
    number_column("made_ns"),
    bytes_column("payload"),  # sealed with the item's key: entities and scores
    Index("ix_predictions_by_model", "model", "item"),
)


class StoredPrediction(Struct, frozen=True):
    """One layer, sealed."""

    item: ItemId
    model: ModelId
    project: ProjectId
    shapes: int
    made_ns: int
    payload: bytes


def add(tx: Transaction, rows: Sequence[StoredPrediction]) -> int:
    """Keep the layers that are not there yet, and say how many those were."""
    known = {
        row.item
        for start in range(0, len(rows), _AT_ONCE)
        for row in tx.execute(
            select(predictions.c.item).where(
                predictions.c.model == rows[0].model,
                predictions.c.item.in_([each.item for each in rows[start : start + _AT_ONCE]]),
            )
        )
    }
    names = StoredPrediction.__struct_fields__
    fresh = [{name: getattr(row, name) for name in names} for row in rows if row.item not in known]
    if fresh:
        tx.execute(predictions.insert(), fresh)
    return len(fresh)


def of_item(tx: Transaction, item: ItemId) -> list[StoredPrediction]:
    """Every model's layer on one item, the newest first."""
    chosen = select(predictions).where(predictions.c.item == item)
    return [StoredPrediction(*row) for row in tx.execute(chosen.order_by(predictions.c.made_ns.desc()))]


def get(tx: Transaction, model: ModelId, items: Sequence[ItemId]) -> dict[ItemId, StoredPrediction]:
    """The layers of one model on those of `items` that have one."""
    found: dict[ItemId, StoredPrediction] = {}
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        chosen = select(predictions).where(predictions.c.model == model, predictions.c.item.in_(some))
        found |= {ItemId(row.item): StoredPrediction(*row) for row in tx.execute(chosen)}
    return found


def drop_item(tx: Transaction, item: ItemId) -> None:
    """Forget every layer on an item that is erased."""
    tx.execute(predictions.delete().where(predictions.c.item == item))
