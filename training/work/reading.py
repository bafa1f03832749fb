"""Reading annotations: documents, histories, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from studio.domain import canonical
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import SCHEMA
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId
from studio.domain.ontology import Finding, findings
from studio.domain.wire.documents import DocumentState, Revision, RevisionQuery, Revisions
from training.data.sealing import Sealer
from training.store import documents as rows
from training.store import items, projects, users
from training.store.documents import StoredRevision
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.work.access import missing
from training.work.heads import open_entity

if TYPE_CHECKING:
    from training.node import Node

MOST_REVISIONS = 1000  # in one answer


class Kept(Struct, frozen=True):
    """The sealed part of a revision. The salt keeps the audit digest from being guessed from content."""

    salt: bytes
    request: bytes  # SHA-256 of the SaveEdit that asked for it
    edit: Edit  # as applied


def read(node: Node, item: ItemId) -> DocumentState:
    """Every entity of an item, and its revision, of one moment."""
    with node.store.read() as tx:
        return read_in(node, tx, item)


def read_in(node: Node, tx: Transaction, item: ItemId) -> DocumentState:
    """As `read`, in a transaction of the caller's."""
    stored = live_item(tx, item)
    sealer = node.keys.item_sealer(tx, item)
    entities = tuple(open_entity(item, head, sealer) for head in rows.all_heads(tx, item))
    return DocumentState(item, stored.revision, stored.ontology_version, entities)


def revisions(node: Node, item: ItemId, query: RevisionQuery) -> Revisions:
    """The Edits of an item after a revision, in order; with `entity`, what they change of it alone."""
    limit = min(max(query.limit, 1), MOST_REVISIONS)
    found: list[Revision] = []
    with node.store.read() as tx:
        live_item(tx, item)
        sealer = node.keys.item_sealer(tx, item)
        after = query.after
        while len(found) < limit:
            some = rows.of_item(tx, item, after, limit)
            names = users.names(tx, {each.author for each in some})
            for each in some:
                edit = opened(each, sealer).edit
                if query.entity is not None:
                    if query.entity not in edit.changes:
                        continue
                    edit = _cut_down(edit, query.entity)
                if len(found) < limit:
                    found.append(_as_revision(each, edit, names.get(each.author, "")))
            if len(some) < limit:
                break
            after = some[-1].revision
    return Revisions(tuple(found))


def item_findings(node: Node, item: ItemId) -> tuple[Finding, ...]:
    """Every rule of the project's ontology that an item breaks."""
    with node.store.read() as tx:
        return findings_in(node, tx, item)


def findings_in(node: Node, tx: Transaction, item: ItemId) -> tuple[Finding, ...]:
    """As `item_findings`, in a transaction of the caller's."""
    stored = live_item(tx, item)
    ontology = projects.ontology(tx, stored.project)
    if ontology is None:
        raise missing()
    return tuple(findings(Document(read_in(node, tx, item).entities), ontology))


def live_item(tx: Transaction, item: ItemId) -> StoredItem:
    """The item's row. Raises `access.missing` where it is not there or was erased."""
    stored = items.get(tx, item)
    if stored is None or stored.erased:
        raise missing()
    return stored


def opened(stored: StoredRevision, sealer: Sealer) -> Kept:
    """The sealed part of a revision. Raises `seal.broken`, `document.newer_schema`."""
    if stored.schema > SCHEMA:
        raise AtelierError(
            "document.newer_schema",
            "This item was edited by a newer Atelier; this node cannot read those changes.",
            detail=f"{stored.item} {stored.revision}: schema {stored.schema}",
            hint="Update the node.",
        )
    return canonical.decode_lenient(
        sealer.open(stored.payload, revision_aad(stored.item, stored.revision)), Kept
    )


def revision_aad(item: ItemId, revision: int) -> bytes:
    """What a sealed revision is bound to."""
    return f"revision {item} {revision}".encode()


def _as_revision(stored: StoredRevision, edit: Edit, author_name: str) -> Revision:
    return Revision(
        item=stored.item,
        revision=stored.revision,
        operation=stored.operation,
        author=stored.author,
        author_name=author_name,
        time_ns=stored.time_ns,
        edit=edit,
        undoes=stored.undoes,
        batch=stored.batch,
    )


def _cut_down(edit: Edit, entity: EntityId) -> Edit:
    return Edit(
        edit.title,
        {entity: edit.changes[entity]},
        made_by=edit.made_by,
        tool=edit.tool,
        ontology_version=edit.ontology_version,
        guideline_version=edit.guideline_version,
        active_s=edit.active_s,
    )
