"""How many items of a snapshot may have no labels but a machine's, and which of them those are."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire.training import NewSnapshot
from training.data.provenance import labels_at
from training.store import keys as key_rows
from training.store.engine import Transaction
from training.store.items import StoredItem

if TYPE_CHECKING:
    from training.node import Node

_AT_ONCE = 200


class MachineShare:
    """Draws from the items whose labels are all a machine's as many as a recipe allows beside the others."""

    def __init__(self, node: Node, recipe: NewSnapshot) -> None:
        self._node = node
        self._recipe = recipe
        self._known: dict[tuple[ItemId, int], bool] = {}  # item and revision -> only by a machine

    @property
    def is_limited(self) -> bool:
        """Whether anything may have to be left out; otherwise nothing is looked at."""
        return self._recipe.share_of_machine_labels < 1.0

    def look_at(self, items: Sequence[StoredItem]) -> None:
        """Read the histories of `items` ahead, some at a time, so that nobody's save waits for it."""
        for start in range(0, len(items), _AT_ONCE):
            with self._node.store.read() as tx:
                self._look(tx, items[start : start + _AT_ONCE])

    def kept(self, tx: Transaction, found: list[StoredItem]) -> list[StoredItem]:
        """`found` without those that are too many, drawn by the seed; reads what has changed since."""
        if not self.is_limited:
            return found
        self._look(tx, [each for each in found if (each.id, each.revision) not in self._known])
        alone = [each for each in found if self._known[each.id, each.revision]]
        share = self._recipe.share_of_machine_labels
        most = math.floor((len(found) - len(alone)) * share / (1.0 - share) + 1e-9)
        chosen = {each.id for each in sorted(alone, key=self._lot)[:most]}
        if found and len(alone) == len(found) and not chosen:
            raise AtelierError(
                "snapshot.empty",
                "No snapshot was made: a machine made all labels of what matches, which its share forbids.",
                hint="Correct or draw some labels by hand, or allow a larger share of machine labels.",
            )
        return [each for each in found if each.id in chosen or not self._known[each.id, each.revision]]

    def _look(self, tx: Transaction, items: Sequence[StoredItem]) -> None:
        gone = key_rows.destroyed(tx, [each.id for each in items])  # erased while others were looked at
        there = [each for each in items if each.id not in gone]
        sealers = self._node.keys.item_sealers(tx, [each.id for each in there])
        for each in there:
            labels = labels_at(tx, each.id, each.revision, sealers[each.id])
            self._known[each.id, each.revision] = labels.only_by_machine

    def _lot(self, item: StoredItem) -> bytes:
        return hashlib.sha256(f"{self._recipe.seed} {item.id}".encode()).digest()
