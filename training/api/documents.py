"""Routes of annotations: documents, saves, histories, leases, drafts."""

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, OperationId, ProjectId
from studio.domain.wire.documents import (
    BatchReverting,
    DocumentState,
    Draft,
    Drafts,
    Findings,
    HandedIn,
    HandIn,
    Lease,
    RevertBatch,
    RevisionQuery,
    Revisions,
    Saved,
    SaveEdit,
)
from studio.domain.wire.routes import REVIEW
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler
from training.work import documents, drafts, handing_in, leases, reading, reverting


def _item(call: Call[object]) -> ItemId:
    return ItemId(call.ids["item"])


def document(call: Call[Empty]) -> DocumentState:
    """Every entity of an item."""
    return reading.read(call.node, _item(call))


def save_edit(call: Call[SaveEdit]) -> Saved:
    """Make an Edit durable."""
    return documents.save_edit(call.node, _item(call), call.body, call.who)


def revisions(call: Call[RevisionQuery]) -> Revisions:
    """The history of an item, or of one of its objects."""
    return reading.revisions(call.node, _item(call), call.body)


def lease(call: Call[Empty]) -> Lease:
    """Take or lengthen a lease."""
    assert call.project is not None
    reviews = bool(call.who.roles_in(call.project) & REVIEW)
    return leases.take(call.node, _item(call), call.who, reviews)


def end_lease(call: Call[Empty]) -> Empty:
    """Give a lease back."""
    leases.end(call.node, _item(call), call.who)
    return Empty()


def findings(call: Call[Empty]) -> Findings:
    """What an item still breaks of the labelling template."""
    return Findings(reading.item_findings(call.node, _item(call)))


def all_drafts(call: Call[Empty]) -> Drafts:
    """One's own drafts on an item."""
    return Drafts(drafts.of(call.node, _item(call), call.who))


def keep_draft(call: Call[Draft]) -> Empty:
    """Keep a draft."""
    if call.body.id != call.ids["draft"] or call.body.item != _item(call):
        raise AtelierError("wire.malformed", "The draft was refused: it names another item or draft.")
    drafts.put(call.node, call.body, call.who)
    return Empty()


def drop_draft(call: Call[Empty]) -> Empty:
    """Forget a draft."""
    drafts.drop(call.node, _item(call), OperationId(call.ids["draft"]), call.who)
    return Empty()


def revert_batch(call: Call[RevertBatch]) -> BatchReverting:
    """Count a batch, or have it taken back by a job."""
    return reverting.ask(call.node, ProjectId(call.ids["project"]), call.body, call.who)


def hand_in_journal(call: Call[HandIn]) -> HandedIn:
    """Take a journal in."""
    return handing_in.hand_in(call.node, call.body, call.who)


HANDLERS: dict[str, Handler] = {
    "document": document,
    "save_edit": save_edit,
    "revisions": revisions,
    "lease": lease,
    "end_lease": end_lease,
    "findings": findings,
    "drafts": all_drafts,
    "keep_draft": keep_draft,
    "drop_draft": drop_draft,
    "revert_batch": revert_batch,
    "hand_in_journal": hand_in_journal,
}
