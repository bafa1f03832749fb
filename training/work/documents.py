"""Saving annotations: one Edit at a time, all of it or nothing, exactly once."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from studio.domain import canonical
from studio.domain.document import LARGEST_DOCUMENT
from studio.domain.edit import Edit, check_entity, rebase
from studio.domain.entities import SCHEMA, references
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, EntityId, ItemId, OperationId, ProjectId, UserId, is_id, new_id
from studio.domain.references import check_references
from studio.domain.wire.documents import Draft, Saved, SaveEdit
from training.data.sealing import Sealer
from training.store import documents as rows
from training.store import items, projects
from training.store.documents import Head, StoredRevision
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.work import audit, drafts, leases, media, tasks
from training.work.access import Session
from training.work.heads import StoredHeads, entity_aad
from training.work.reading import Kept, live_item, opened, revision_aad
from training.work.summaries import change_of

if TYPE_CHECKING:
    from training.node import Node


LARGEST_DRAFT = 4_000_000  # bytes of a draft's state, as its message has it


def save_edit(node: Node, item: ItemId, save: SaveEdit, who: Session) -> Saved:
    """Make `save` the item's next revision, or nothing. The same operation again gets the same answer.

    Durable when it returns. Raises `operation.reused`, `lease.lost` (the Edit is then kept as a draft),
    `document.stale`, `document.dangling`, `document.too_large`, `entity.malformed`, `ontology.unknown`,
    `blob.unsent` where it names content that was not put before.
    """
    if not is_id(save.operation):
        raise AtelierError(
            "entity.malformed", "An operation's id is not a UUIDv7.", detail=save.operation[:80]
        )
    request = canonical.digest(save)

    def work(tx: Transaction) -> Saved | AtelierError:
        stored = live_item(tx, item)
        sealer = node.keys.item_sealer(tx, item)
        if (earlier := rows.by_operation(tx, save.operation)) is not None:
            return _answer_again(earlier, item, request, who, sealer)
        if not leases.check(node, tx, item, save.fence, who):
            # an error would take the draft back with it, so it is handed out as the transaction's answer
            draft = _as_draft(item, save, node.clock.now_ns())
            if len(draft.state) > LARGEST_DRAFT:
                return _lost("on your own machine")
            drafts.keep(node, tx, who.user, draft, sealer)
            media.are_named(tx, item, save.edit)
            return _lost("as a draft")
        if save.ontology_version > stored.ontology_version:
            _check_ontology_version(tx, stored.project, save.ontology_version)
        media.check_sent(tx, item, save.edit)
        saved = append(
            node,
            tx,
            stored,
            save.edit,
            who.user,
            operation=save.operation,
            base=save.base,
            ontology_version=save.ontology_version,
            undoes=save.undoes,
            batch=save.batch,
            request=request,
            sealer=sealer,
        )
        media.are_named(tx, item, save.edit)
        tasks.item_was_edited(node, tx, stored, who)
        return saved

    outcome = node.store.grouped(work)
    if isinstance(outcome, AtelierError):
        raise outcome
    return outcome


def append(
    node: Node,
    tx: Transaction,
    stored: StoredItem,
    edit: Edit,
    author: UserId,
    *,
    operation: OperationId | None = None,
    base: int | None = None,
    ontology_version: int = 0,
    undoes: OperationId | None = None,
    batch: BatchId | None = None,
    request: bytes = b"",
    sealer: Sealer | None = None,
) -> Saved:
    """Write `edit` as the next revision of `stored` in the caller's transaction: heads, links, revision,
    summary, audit entry, event.

    For imports, accepted predictions and reverts as for people's saves: there is no second way. `stored`
    must be what the item's row holds now. Raises as `Document.apply` does.
    """
    item = stored.id
    sealer = sealer or node.keys.item_sealer(tx, item)
    heads = StoredHeads(tx, item, sealer)
    heads.load(edit)
    fitted = rebase(edit, heads.of(edit.changes))
    for _, new in fitted.changes.values():
        if new is not None:
            check_entity(new, is_id)
    check_references(fitted, heads)
    summary = change_of(fitted, heads)
    if stored.entities + summary.entities > LARGEST_DOCUMENT:
        raise AtelierError(
            "document.too_large",
            f"One item holds at most {LARGEST_DOCUMENT:,} objects. Nothing was changed.",
            hint="Cut the recording into shorter items of one sequence.",
        )
    _put_heads(tx, item, fitted, sealer)
    revision = stored.revision + 1
    operation = operation or OperationId(new_id())
    time_ns = node.clock.now_ns()
    kept = Kept(os.urandom(16), request, fitted)
    data = canonical.encode(kept)
    rows.append(
        tx,
        StoredRevision(
            item=item,
            revision=revision,
            operation=operation,
            author=author,
            time_ns=time_ns,
            base=stored.revision if base is None else base,
            schema=SCHEMA,
            undoes=undoes,
            batch=batch,
            payload=sealer.seal(data, revision_aad(item, revision)),
        ),
    )
    turned = items.add_classes(tx, stored.project, item, summary.classes)
    turned_tags = items.add_tags(tx, stored.project, item, summary.tags)
    items.set_fields(
        tx,
        item,
        revision=revision,
        ontology_version=max(stored.ontology_version, ontology_version),
        entities=stored.entities + summary.entities,
        shapes=stored.shapes + summary.shapes,
        remarks=stored.remarks + summary.remarks,
    )
    projects.count(
        tx,
        stored.project,
        {
            **{("class", name): by for name, by in summary.classes.items()},
            **{("class_items", name): by for name, by in turned.items()},
            **{("tag", name): by for name, by in turned_tags.items()},
            ("remarks", ""): summary.remarks,
        },
    )
    audit.append(node, tx, author, "document.edit", f"{item} {revision}", hashlib.sha256(data).digest())
    tx.emit("document", stored.project, item, operation, revision)
    return Saved(operation, revision, fitted)


def _put_heads(tx: Transaction, item: ItemId, edit: Edit, sealer: Sealer) -> None:
    removed: list[EntityId] = []
    made: list[Head] = []
    changed: list[Head] = []
    unlinked: list[EntityId] = []
    linked: list[tuple[EntityId, EntityId]] = []
    for key, (old, new) in edit.changes.items():
        before = {target for _, target in references(old)} if old is not None else set()
        after = {target for _, target in references(new)} if new is not None else set()
        if before != after:
            if before:
                unlinked.append(key)
            linked += [(key, target) for target in after]
        if new is None:
            removed.append(key)
            continue
        sealed = sealer.seal(canonical.encode(new), entity_aad(item, key))
        head = Head(key, str(new.__struct_config__.tag), sealed)
        (made if old is None else changed).append(head)
    rows.put_heads(tx, item, removed, made, changed, unlinked, linked)


def _answer_again(
    earlier: StoredRevision, item: ItemId, request: bytes, who: Session, sealer: Sealer
) -> Saved:
    reused = AtelierError(
        "operation.reused",
        "The change was refused: its operation id already stands for another change.",
        detail=earlier.operation,
        hint="Update the program that sent it.",
    )
    if earlier.item != item or earlier.author != who.user:
        raise reused
    kept = opened(earlier, sealer)
    if kept.request != request:
        raise reused
    return Saved(earlier.operation, earlier.revision, kept.edit)


def _as_draft(item: ItemId, save: SaveEdit, time_ns: int) -> Draft:
    return Draft(save.operation, item, save.edit.tool, save.edit.title, time_ns, canonical.encode(save))


def _check_ontology_version(tx: Transaction, project: ProjectId, version: int) -> None:
    if projects.ontology(tx, project, version) is None:
        raise AtelierError(
            "ontology.unknown",
            "The change was refused: the project has no such version of its labelling template.",
            detail=str(version),
            hint="Open the item again.",
        )


def _lost(where: str) -> AtelierError:
    return AtelierError(
        "lease.lost",
        f"Your lease on this item had ended. Your change is kept {where} and was not applied.",
        hint="Open the item again: the change is offered to you there.",
    )
