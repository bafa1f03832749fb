"""The journal's part on one item: what is pending, in the tray, or half drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from studio.client.journal import Journal
from studio.client.ledger import DraftEnded, DraftKept, Ended, Kept, SetAside
from studio.client.replica import Conflict, Pending
from studio.domain.ids import ItemId, OperationId, new_id
from studio.domain.wire.documents import Draft


class ItemJournal:
    """Writes down what becomes of each Edit, and knows which are on disk."""

    def __init__(self, journal: Journal, item: ItemId, on_durable: Callable[[], None]) -> None:
        """`on_durable` is called on the journal's thread."""
        self._journal = journal
        self._item = item
        self._on_durable = on_durable
        self._durable: set[OperationId] = set()
        self._gestures: dict[str, OperationId] = {}  # tool -> the draft of its gesture under way
        kept, aside, drafts = journal.of(item)
        self.earlier_drafts: dict[OperationId, Draft] = {each.id: each for each in drafts}
        self.pending = [_pending(each) for each in kept]
        self._durable.update(each.operation for each in kept)
        self.conflicts = _conflicts(aside)

    def keep(self, pending: Pending, blobs: Mapping[str, bytes]) -> None:
        """An Edit was made; a record of it is on its way to the disk, behind the `blobs` that it names."""
        record = Kept(
            pending.operation,
            self._item,
            pending.base,
            pending.edit,
            time.time_ns(),
            pending.undoes,
            pending.batch,
        )

        def durable() -> None:
            self._durable.add(pending.operation)
            self._on_durable()

        self._journal.append(record, durable, blobs)

    def blob(self, name: str) -> bytes | None:
        """What an open Edit names by this SHA-256; None where the node has it already."""
        return self._journal.blob(self._item, name)

    def end(self, operations: Iterable[OperationId]) -> None:
        """The node has these, or the person decided against them."""
        for each in operations:
            self._durable.discard(each)
            self._journal.append(Ended(each))

    def set_aside(self, conflict: Conflict) -> None:
        """These are in the tray now."""
        for each in conflict.pending:
            self._journal.append(
                SetAside(
                    each.operation,
                    conflict.id,
                    conflict.code,
                    conflict.message,
                    conflict.detail,
                    conflict.author,
                )
            )

    def count_kept(self, pending: Iterable[Pending]) -> int:
        """How many of these are on disk."""
        return sum(each.operation in self._durable for each in pending)

    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None:
        """The gesture of this tool is as far as `state`, or is over (None)."""
        if state is None:
            ended = self._gestures.pop(tool, None)
            if ended is not None:
                self._journal.append(DraftEnded(ended))
            return
        made = self._gestures.setdefault(tool, OperationId(new_id()))
        self._journal.append(DraftKept(Draft(made, self._item, tool, title, time.time_ns(), state)))

    def drop_draft(self, draft: OperationId) -> bool:
        """Forget a draft of an earlier studio; whether it was in the journal."""
        known = self.earlier_drafts.pop(draft, None)
        if known is not None:
            self._journal.append(DraftEnded(draft))
        return known is not None


def _pending(kept: Kept) -> Pending:
    return Pending(kept.operation, kept.edit, kept.edit, kept.base, kept.undoes, kept.batch)


def _conflicts(aside: list[tuple[SetAside, Kept]]) -> list[Conflict]:
    found: dict[OperationId, Conflict] = {}
    for note, kept in aside:
        held = found.get(note.conflict)
        pending = (*(held.pending if held else ()), _pending(kept))
        first = held or note
        found[note.conflict] = Conflict(
            note.conflict, pending, first.code, first.message, first.detail, first.author
        )
    return list(found.values())
