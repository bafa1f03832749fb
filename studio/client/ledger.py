"""What a journal's records add up to: the Edits, conflicts and drafts that are still open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from studio.domain.edit import Edit, new_blobs
from studio.domain.ids import BatchId, ItemId, OperationId
from studio.domain.wire.documents import Draft


class Kept(Struct, frozen=True, tag="kept"):
    """An Edit of one's own, made on revision `base` and not yet acknowledged by the node."""

    operation: OperationId
    item: ItemId
    base: int
    edit: Edit
    time_ns: int
    undoes: OperationId | None = None
    batch: BatchId | None = None


class SetAside(Struct, frozen=True, tag="set_aside"):
    """The Edit is in the conflict tray, under the conflict of that first Edit."""

    operation: OperationId
    conflict: OperationId
    code: str
    message: str
    detail: str = ""
    author: str = ""


class Ended(Struct, frozen=True, tag="ended"):
    """The node has the Edit, or the person decided against it."""

    operation: OperationId


class DraftKept(Struct, frozen=True, tag="draft"):
    """The latest state of an unfinished gesture."""

    draft: Draft


class DraftEnded(Struct, frozen=True, tag="draft_ended"):
    """The gesture was finished or given up."""

    id: OperationId


class BlobKept(Struct, frozen=True, tag="blob"):
    """What an Edit names by its SHA-256. Never in the journal itself: see `kept_blobs`."""

    item: ItemId
    name: str
    content: bytes


Record = Kept | SetAside | Ended | DraftKept | DraftEnded | BlobKept


class Ledger:
    """The open Edits in the order they were made, which of them are set aside, and the drafts."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.kept: dict[OperationId, Kept] = {}
        self.aside: dict[OperationId, SetAside] = {}
        self.drafts: dict[OperationId, Draft] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case Kept():
                self.kept[record.operation] = record
            case SetAside():
                if record.operation in self.kept:
                    self.aside[record.operation] = record
            case Ended():
                self.kept.pop(record.operation, None)
                self.aside.pop(record.operation, None)
            case DraftKept():
                self.drafts[record.draft.id] = record.draft
            case DraftEnded():
                self.drafts.pop(record.id, None)
            case BlobKept():
                pass  # it opens and ends nothing

    def records(self) -> Iterator[Record]:
        """The fewest records that add up to the same."""
        yield from self.kept.values()
        yield from self.aside.values()
        for draft in self.drafts.values():
            yield DraftKept(draft)

    def items(self) -> set[ItemId]:
        """Items with an Edit that is open."""
        return {each.item for each in self.kept.values()}

    def named(self) -> Iterator[tuple[ItemId, str]]:
        """What the open Edits name by SHA-256, with their item."""
        return ((each.item, name) for each in self.kept.values() for name in new_blobs(each.edit))

    def of(self, item: ItemId) -> tuple[list[Kept], list[tuple[SetAside, Kept]], list[Draft]]:
        """What is open on one item: pending Edits, those in the tray with their conflict, drafts."""
        mine = [each for each in self.kept.values() if each.item == item]
        return (
            [each for each in mine if each.operation not in self.aside],
            [(self.aside[each.operation], each) for each in mine if each.operation in self.aside],
            [each for each in self.drafts.values() if each.item == item],
        )

    def __bool__(self) -> bool:
        return bool(self.kept or self.drafts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and list(self.records()) == list(other.records())

    __hash__ = None  # type: ignore[assignment]
