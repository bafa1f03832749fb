"""Having a model look at items, some at a time, and keeping what it sees as layers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire.training import Model
from training.data.media import original
from training.evaluation import layers
from training.runs import predicting
from training.store import items, predictions
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.store.predictions import StoredPrediction
from training.work.running_job import RunningJob

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.predictions")
_ITEMS_A_STEP = 16  # some two seconds for a small detector on one processor
_UNREADABLE = ("media.", "blob.", "seal.", "item.erased")  # codes: the item is left out, the rest goes on


class Seeing:
    """Within a job: `model` looks at those of `wanted` that it has not seen yet."""

    def __init__(self, job: RunningJob, model: Model, wanted: Sequence[ItemId]) -> None:
        self._job = job
        self._model = model
        self._wanted = wanted

    def all(self) -> None:
        """Look at everything, in steps that each keep what they saw."""
        for start in range(0, len(self._wanted), _ITEMS_A_STEP):
            some = self._wanted[start : start + _ITEMS_A_STEP]
            self._job.progress(start, len(self._wanted), f"{self._model.name} looks at the items")
            self._job.step(f"{self._model.id} {start}", partial(see, self._job.node, self._model, some))
        self._job.progress(len(self._wanted), len(self._wanted))


def see(node: Node, model: Model, wanted: Sequence[ItemId]) -> int:
    """Make the layers of `model` that `wanted` lack; says how many. Items without a picture are left out."""
    with node.store.read() as tx:
        known = predictions.get(tx, model.id, wanted)
        fresh = [_item(tx, item) for item in wanted if item not in known]
    looked: list[tuple[StoredItem, bytes]] = []
    for stored in fresh:
        if stored is not None and stored.kind == "image":
            picture = picture_of(node, stored)
            if picture is not None:
                looked.append((stored, picture))
    if not looked:
        return 0
    found = list(predicting.predict(node, model.id, [picture for _, picture in looked]))
    with node.store.write() as tx:
        sealers = node.keys.item_sealers(tx, [stored.id for stored, _ in looked])
        made_ns = node.clock.now_ns()
        rows = []
        for (stored, _), answer in zip(looked, found, strict=True):
            if answer is None:
                LOG.warning("item %s was left out: the model cannot decode its picture", stored.id)
                continue
            seen = [(each.class_name, each.score, each.xyxy) for each in answer]
            layer = layers.layer_of(stored.id, model.id, stored.stream, seen, made_ns)
            data = layers.sealed(layer, sealers[stored.id])
            rows.append(
                StoredPrediction(stored.id, model.id, stored.project, len(layer.scores), made_ns, data)
            )
        return predictions.add(tx, rows) if rows else 0


def picture_of(node: Node, stored: StoredItem) -> bytes | None:
    """An item's picture as its file's bytes; None, with a word in the log, where it cannot be read."""
    try:
        with node.store.read() as tx:
            source = node.media.find(tx, stored.id, original(stored.stream, 0))
        return node.media.read(source)
    except AtelierError as error:
        if not error.code.startswith(_UNREADABLE):
            raise
        LOG.warning("item %s was left out: %s", stored.id, error.code)
        return None


def _item(tx: Transaction, item: ItemId) -> StoredItem | None:
    stored = items.get(tx, item)
    return None if stored is None or stored.erased else stored
