"""Which labels a machine made and nobody has changed since: read from what the Edits say of themselves."""

from __future__ import annotations

from msgspec import Struct

from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, Shape, Tag
from studio.domain.ids import EntityId, ItemId
from training.data.sealing import Sealer
from training.store import documents
from training.store.engine import Transaction
from training.work.reading import opened

_AT_ONCE = 500  # revisions
_MACHINES = ("model:", "rule:")


class Labels(Struct, frozen=True):
    """The shapes and tags of an item at a revision: how many, and which of them a machine made."""

    count: int
    by_machine: frozenset[EntityId]

    @property
    def only_by_machine(self) -> bool:
        """Whether there are labels, and all of them are a machine's."""
        return bool(self.count) and len(self.by_machine) == self.count


def labels_at(tx: Transaction, item: ItemId, revision: int, sealer: Sealer) -> Labels:
    """What each label of `item` goes back to, as it stood at `revision`.

    A shape is a machine's where both it and its track were made by a model or a rule and neither was changed
    by anybody else since; what an importer brought counts as people's. Costs every Edit up to `revision`.
    """
    entities: dict[EntityId, AnyEntity] = {}
    by_machine: set[EntityId] = set()
    after = 0
    while after < revision:
        some = documents.of_item(tx, item, after, min(_AT_ONCE, revision - after))
        if not some:
            break
        for each in some:
            _follow(opened(each, sealer).edit, entities, by_machine)
        after = some[-1].revision
    labels = [each for each in entities.values() if isinstance(each, Shape | Tag)]
    machines = frozenset(
        each.id
        for each in labels
        if each.id in by_machine and (not isinstance(each, Shape) or each.track in by_machine)
    )
    return Labels(len(labels), machines)


def _follow(edit: Edit, entities: dict[EntityId, AnyEntity], by_machine: set[EntityId]) -> None:
    is_machine = edit.made_by.startswith(_MACHINES)
    for key, (old, new) in edit.changes.items():
        if new is None:
            entities.pop(key, None)
        else:
            entities[key] = new
        if new is None or not is_machine:
            by_machine.discard(key)
        elif old is None:
            by_machine.add(key)
