"""Freezing what is trained and judged on: a recipe, and exactly what it found."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, SnapshotId, new_id
from studio.domain.wire.training import NewSnapshot, Snapshot
from training.data.splits import TRAIN, VALIDATION, Drawn, draw
from training.store import blobs, item_search, lineage, projects, suites
from training.store import items as item_rows
from training.store import snapshots as rows
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.store.snapshots import Frozen
from training.work import audit
from training.work.access import Session
from training.work.machine_share import MachineShare

if TYPE_CHECKING:
    from training.node import Node

_SPLITS = (TRAIN, VALIDATION, "test")


def new_snapshot(node: Node, project: ProjectId, recipe: NewSnapshot, who: Session) -> Snapshot:
    """Freeze what `recipe` finds now. The same recipe on the same state gives the same digest.

    Items that nobody has labelled or accepted yet are left out, and so are, where the recipe says so, the
    items of sealed suites. Raises `snapshot.empty`, `snapshot.bad_recipe`, `snapshot.split_conflict`.
    """
    _check(recipe)
    share = MachineShare(node, recipe)
    with node.store.read() as tx:
        looked_at = _found(tx, project, recipe) if share.is_limited else []
    share.look_at(looked_at)
    with node.store.write() as tx:
        found = share.kept(tx, _found(tx, project, recipe))
        if not found:
            raise AtelierError(
                "snapshot.empty",
                "No snapshot was made: no labelled item matches.",
                hint="Label or accept some items first, or widen the filter.",
            )
        names = blobs.names_of_items(tx, [each.id for each in found])
        drawn = [Drawn(each.id, each.name, each.group_key or each.sequence, names[each.id]) for each in found]
        splits = draw(drawn, recipe.validation_share, recipe.seed, recipe.fixed)
        frozen = [
            Frozen(
                each.id,
                each.revision,
                hashlib.sha256(canonical.encode(names[each.id])).digest(),
                *splits[each.id],
            )
            for each in sorted(found, key=lambda each: each.id)
        ]
        ontology = projects.ontology(tx, project)
        version, weight = ontology.version if ontology else 0, recipe.weight_of_machine_labels
        snapshot = Snapshot(
            id=SnapshotId(new_id()),
            project=project,
            name=recipe.name.strip() or f"Snapshot {len(rows.of_project(tx, project)) + 1}",
            digest=canonical.digest((version, frozen) if weight == 1.0 else (version, frozen, weight)),
            ontology_version=version,
            items=len(frozen),
            splits=tuple(sorted(Counter(each.split for each in frozen).items())),
            classes=_classes(tx, [each.id for each in found]),
            created_ns=node.clock.now_ns(),
            author=who.name,
            recipe=recipe,
        )
        rows.add(tx, snapshot, frozen)
        for origin in sorted({each.origin for each in found if each.origin}):
            lineage.add(tx, project, ("snapshot", snapshot.id), ("import", origin), snapshot.created_ns)
        audit.append(node, tx, who.user, "snapshot.new", snapshot.id, snapshot.digest)
        tx.emit("project", project, subject=snapshot.id)
    return snapshot


def of_project(node: Node, project: ProjectId) -> tuple[Snapshot, ...]:
    """A project's snapshots, newest first."""
    with node.store.read() as tx:
        return tuple(rows.of_project(tx, project))


def _check(recipe: NewSnapshot) -> None:
    if not 0.0 <= recipe.validation_share < 1.0:
        raise _bad("The share for validation is at least 0 and less than 1.")
    if not 0.0 <= recipe.weight_of_machine_labels <= 1.0:
        raise _bad("The weight of machine labels is between 0 and 1.")
    if not 0.0 <= recipe.share_of_machine_labels <= 1.0:
        raise _bad("The share of items with only machine labels is between 0 and 1.")
    for text, split in recipe.fixed:
        if split not in _SPLITS or not text:
            raise _bad(f"A fixed split is one of {', '.join(_SPLITS)}, for a text in the item's name.")


def _bad(message: str) -> AtelierError:
    return AtelierError("snapshot.bad_recipe", message, hint="Change it and make the snapshot again.")


def _found(tx: Transaction, project: ProjectId, recipe: NewSnapshot) -> list[StoredItem]:
    wanted = item_search.matching(tx, project, recipe.query)
    if recipe.leave_out_suites:
        sealed = suites.items_of_project(tx, project)
        # a copy of a sealed picture under another name would give the suite away as well
        shown = {name for names in blobs.names_of_items(tx, list(sealed)).values() for name in names}
        media = blobs.names_of_items(tx, wanted)
        wanted = [item for item in wanted if item not in sealed and not shown.intersection(media[item])]
    return [each for each in item_rows.several(tx, wanted) if each.revision or each.state == "accepted"]


def _classes(tx: Transaction, found: Sequence[ItemId]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(item_rows.class_counts(tx, found).items()))
