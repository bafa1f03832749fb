"""Journals that are handed in: what a studio could not send any more becomes drafts, and is never applied.

A journal's key lies in it twice, once for its studio and once in a box for the node, so the file can be
carried here by anybody and read here alone. Whose it is it says itself: an administrator who hands in
another's answers for where it came from, and the log names both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace

from studio.domain import canonical
from studio.domain.edit import Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, UserId, is_id
from studio.domain.wire.documents import Draft, HandedIn, HandIn, SaveEdit
from studio.domain.wire.routes import ANNOTATE
from studio.domain.wire.session import Role
from training.data.sealing import KEY_BYTES
from training.store import documents as rows
from training.store import drafts as draft_rows
from training.store import items, users
from training.store import keys as key_rows
from training.store.engine import Transaction
from training.work import audit, drafts, media
from training.work.access import Session, refused
from training.work.documents import LARGEST_DRAFT

if TYPE_CHECKING:
    from studio.client.journal_file import Contents, Head
    from studio.client.ledger import BlobKept, Kept, Ledger
    from training.node import Node

_NAMED = 1000  # items, in the answer
_TOGETHER = 500  # changes of Edits that are joined into one draft


class _Reader(Struct, frozen=True):
    """Who is offered the drafts, and what they are where."""

    user: UserId
    name: str
    roles: dict[ProjectId, frozenset[Role]]
    is_everything: bool  # everywhere

    def may_edit(self, project: ProjectId) -> bool:
        return self.is_everything or bool(self.roles.get(project, frozenset()) & ANNOTATE)


class _Tally(Struct, frozen=True):
    """What became of Edits and gestures, by the names that the answer has."""

    drafts: int = 0
    saved: int = 0
    elsewhere: int = 0
    no_access: int = 0
    gone: int = 0
    left: int = 0

    def __add__(self, other: _Tally) -> _Tally:
        return _Tally(*map(sum, zip(astuple(self), astuple(other), strict=True)))


class _Waiting(Struct, frozen=True):
    """What a journal holds of one item: Edits in the order they were made, and unfinished gestures."""

    item: ItemId
    edits: list[Kept]
    gestures: list[Draft]


def hand_in(node: Node, asked: HandIn, who: Session) -> HandedIn:
    """Keep what a journal holds as drafts of its owner, or of `reader`, whom an administrator has named.

    One's own journal may be handed in by anybody, another's by an administrator of the node. The same file
    again makes nothing twice. Raises `journal.not_ours`, `journal.no_reader`, `access.refused`.
    """
    # the client's half loads an HTTP client, which a node rarely needs
    from studio.client.ledger import BlobKept, Ledger

    contents = _opened(node, asked.journal)
    owner = UserId(contents.head.user)
    if not who.admin and (owner != who.user or asked.reader not in (None, who.user)):
        raise refused()
    ledger = Ledger(contents.records)
    with node.store.write() as tx:
        reader = _reader(tx, asked.reader or owner, who)
        name = users.names(tx, {owner}).get(owner, "somebody whom this node does not know")
        digest = hashlib.sha256(asked.journal).digest()
        audit.append(node, tx, who.user, "journal.hand_in", f"{owner[:64]} {reader.user}", digest)
    for blob in contents.records:
        if isinstance(blob, BlobKept):
            _put(node, blob, reader, who)
    tally = _Tally()
    kept: list[ItemId] = []
    for waiting in _by_item(ledger):
        of_item = node.store.grouped(partial(_keep, node, waiting, reader, name, who.user))
        tally += of_item
        kept += [waiting.item] if of_item.drafts else []
    with node.store.read() as tx:
        seen = items.several(tx, kept[:_NAMED])
    return HandedIn(
        owner=name,
        reader=reader.name,
        edits=len(ledger.kept) + len(ledger.drafts),
        is_whole=contents.damage is None,
        items=tuple((each.id, each.name if who.roles_in(each.project) else "") for each in seen),
        **asdict(tally),
    )


def _by_item(ledger: Ledger) -> Iterable[_Waiting]:
    found: dict[ItemId, _Waiting] = {}
    for kept in ledger.kept.values():  # those in the conflict tray are among them
        found.setdefault(kept.item, _Waiting(kept.item, [], [])).edits.append(kept)
    for draft in ledger.drafts.values():
        found.setdefault(draft.item, _Waiting(draft.item, [], [])).gestures.append(draft)
    return found.values()


def _opened(node: Node, journal: bytes) -> Contents:
    from studio.client import journal_file

    try:
        contents = journal_file.parse(journal, "", partial(_key, node))
    except AtelierError as error:
        if error.code not in ("journal.damaged", "seal.broken"):
            raise
        contents = None
    if contents is None:
        raise AtelierError(
            "journal.not_ours",
            "Nothing was taken in: this file is no journal, or it was sealed to another node.",
            hint="Hand in the file of the folder `journal` as it lies there, at the node that it belongs to.",
        )
    return contents


def _key(node: Node, head: Head) -> bytes | None:
    if head.node != node.keys.node:
        return None
    key = node.keys.open_box(head.box)
    return key if len(key) == KEY_BYTES else None


def _reader(tx: Transaction, user: UserId, who: Session) -> _Reader:
    account = users.by_id(tx, user)
    if account is None or account.disabled:
        raise AtelierError(
            "journal.no_reader",
            "Nothing was taken in: whose journal this is, or who was named to look at it, has no access.",
            hint="Name a reviewer of the project, who is then offered what it holds.",
        )
    is_everything = user == who.user and who.everything
    return _Reader(user, account.name, users.roles_of(tx, user), is_everything)


def _put(node: Node, blob: BlobKept, reader: _Reader, who: Session) -> None:
    """Keep what an Edit of the journal names; what the reader may not edit, or is unsound, is passed over."""
    with node.store.read() as tx:
        stored = items.get(tx, blob.item)
        if stored is None or key_rows.destroyed(tx, [blob.item]) or not reader.may_edit(stored.project):
            return
    try:
        media.put(node, blob.item, blob.name, blob.content, who)
    except AtelierError as error:
        if error.code not in ("blob.wrong_name", "blob.too_many", "suite.sealed"):
            raise


def _keep(
    node: Node, waiting: _Waiting, reader: _Reader, owner: str, handed_by: UserId, tx: Transaction
) -> _Tally:
    """Keep what waits of one item as drafts; what of it is not kept is counted by why."""
    count = len(waiting.edits) + len(waiting.gestures)
    stored = items.get(tx, waiting.item)
    if stored is None or key_rows.destroyed(tx, [waiting.item]):
        return _Tally(gone=count)
    if not reader.may_edit(stored.project):
        return _Tally(no_access=count)
    new = [each for each in waiting.edits if rows.by_operation(tx, each.operation) is None]
    tally = _Tally(saved=len(waiting.edits) - len(new))
    sealer = node.keys.item_sealer(tx, waiting.item)
    for draft, edits in chain(_drafts(new), ((each, 1) for each in waiting.gestures)):
        earlier = draft_rows.get(tx, draft.id)
        if earlier is not None and earlier.user != reader.user:
            tally += _Tally(elsewhere=1)
            continue
        many = earlier is None and draft_rows.count_of(tx, waiting.item, reader.user) >= drafts.MOST
        if many or not is_id(draft.id) or len(draft.state) > LARGEST_DRAFT:
            tally += _Tally(left=edits)
            continue
        title = f"Journal of {owner}: {draft.title}"[:200]
        drafts.keep(node, tx, reader.user, replace(draft, title=title), sealer)
        if (save := _save_in(draft)) is not None:
            media.are_named(tx, waiting.item, save.edit)
        audit.append(node, tx, handed_by, "draft.keep", f"{draft.item} {draft.id}")
        tally += _Tally(drafts=1)
    return tally


def _save_in(draft: Draft) -> SaveEdit | None:
    try:
        return canonical.decode(draft.state, SaveEdit)
    except AtelierError:
        return None  # a gesture, not an Edit


def _drafts(edits: list[Kept]) -> Iterator[tuple[Draft, int]]:
    """Drafts of `edits`, each with how many of them it holds; those that build on one another are one."""
    for run in _runs(edits):
        joined = run[0].edit
        for each in run[1:]:
            joined = joined.then(each.edit)
        if not joined:
            continue  # made and taken back again
        draft = _draft(run[0], joined, len(run))
        if len(draft.state) <= LARGEST_DRAFT or len(run) == 1:
            yield draft, len(run)
        else:
            yield from ((_draft(each, each.edit, 1), 1) for each in run)


def _runs(edits: list[Kept]) -> Iterator[list[Kept]]:
    run: list[Kept] = []
    after: dict[str, object] = {}  # how the run leaves each entity
    for each in edits:
        pairs = each.edit.changes.items()
        # where somebody else's change came between, joining the two would undo it
        builds_on = all(key not in after or after[key] == old for key, (old, _) in pairs)
        alike = not run or (run[0].edit.made_by, run[0].batch) == (each.edit.made_by, each.batch)
        if run and not (builds_on and alike and len(after) + len(each.edit.changes) <= _TOGETHER):
            yield run
            run, after = [], {}
        run.append(each)
        after |= {key: new for key, (_, new) in pairs}
    if run:
        yield run


def _draft(first: Kept, edit: Edit, count: int) -> Draft:
    undoes = first.undoes if count == 1 else None
    save = SaveEdit(first.operation, first.base, 0, edit.ontology_version, edit, undoes, first.batch)
    title = edit.title if count == 1 else f"{count} changes"
    return Draft(first.operation, first.item, edit.tool, title, first.time_ns, canonical.encode(save))
