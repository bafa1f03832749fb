"""A node in memory: items, revisions, leases and drafts by the same domain functions as the real one.

For tests that need thousands of interleavings a second. It answers `call` as `Client` does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from studio.domain import canonical
from studio.domain.document import Document
from studio.domain.edit import new_blobs
from studio.domain.entities import AnyEntity
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, OperationId, UserId
from studio.domain.wire import routes
from studio.domain.wire.documents import (
    DocumentState,
    Draft,
    Drafts,
    Lease,
    Revision,
    RevisionQuery,
    Revisions,
    Saved,
    SaveEdit,
)
from studio.domain.wire.session import Empty, UserInfo


class MemoryItem:
    """One item: its document, every revision, and the answers that were given."""

    def __init__(self, key: ItemId, entities: Iterable[AnyEntity] = ()) -> None:
        self.id = key
        self.document = Document(entities)
        self.revisions: list[Revision] = []
        self.answers: dict[OperationId, tuple[bytes, Saved]] = {}
        self.drafts: dict[OperationId, Draft] = {}
        self.fence = 1
        self.blobs: dict[str, bytes] = {}

    @property
    def revision(self) -> int:
        return len(self.revisions)

    def save(self, save: SaveEdit, who: UserInfo) -> Saved:
        """Make `save` the next revision, or nothing; the same operation again gets the same answer."""
        data = canonical.encode(save.edit)
        if save.operation in self.answers:
            sent, answer = self.answers[save.operation]
            assert sent == data, "one operation id was used for two Edits"
            return answer
        if save.fence != self.fence:
            self.drafts[save.operation] = Draft(
                save.operation, self.id, "edit", save.edit.title, 0, canonical.encode(save)
            )
            raise AtelierError("lease.lost", "Your lease ended. Your change is kept as a draft.")
        if not self.blobs.keys() >= set(new_blobs(save.edit)):
            raise AtelierError("blob.unsent", "What it paints did not reach the node.")
        fitted = self.document.apply(save.edit)
        revision = Revision(
            self.id,
            self.revision + 1,
            save.operation,
            who.id,
            who.name,
            self.revision,
            fitted,
            save.undoes,
            save.batch,
        )
        self.revisions.append(revision)
        answer = Saved(save.operation, revision.revision, fitted)
        self.answers[save.operation] = (data, answer)
        return answer


class MemoryNode:
    """Items by id; `client(name)` is somebody who is signed in."""

    def __init__(self) -> None:
        self.items: dict[ItemId, MemoryItem] = {}
        self.lock = threading.RLock()

    def item(self, key: str, entities: Iterable[AnyEntity] = ()) -> MemoryItem:
        """The item of this id, made where it is new."""
        return self.items.setdefault(ItemId(key), MemoryItem(ItemId(key), entities))

    def client(self, name: str) -> MemoryClient:
        """Somebody at this node."""
        return MemoryClient(self, UserInfo(UserId(f"user-{name}"), name, name.title()))


class MemoryClient:
    """What `OpenDocument` needs of a `Client`, without a network; `faults` are raised one by one instead."""

    def __init__(self, node: MemoryNode, user: UserInfo) -> None:
        self.node = node
        self.user: UserInfo | None = user
        self.read_only = False
        self.faults: list[tuple[str, str]] = []  # (route name or "", code); after the work: code ends in "!"
        self.asked: list[str] = []

    def on_session(self, listener: Any) -> Any:
        return lambda: None

    def raw(
        self, route: routes.Route[Any, Any], data: bytes = b"", *, headers: Any = None, **ids: Any
    ) -> bytes:
        """Take what an Edit will name."""
        self.call(route, data, **ids)
        return b""

    def call(self, route: routes.Route[Any, Any], body: Any = None, **ids: str | int) -> Any:
        """Answer as the node would; messages make the round trip through bytes."""
        self.asked.append(route.name)
        fault = next((each for each in self.faults if each[0] in ("", route.name)), None)
        if fault is not None:
            self.faults.remove(fault)
            if not fault[1].endswith("!"):
                raise AtelierError(fault[1], "planned")
        if body is not None and not route.raw_request:
            body = canonical.decode(canonical.encode(body), route.request)
        with self.node.lock:
            answer = self._answer(route, body, ids)
        if fault is not None:
            raise AtelierError(fault[1].rstrip("!"), "planned")
        return canonical.decode(canonical.encode(answer), route.response)

    def _answer(self, route: routes.Route[Any, Any], body: Any, ids: dict[str, Any]) -> Any:
        item = self.node.items.get(ids.get("item", ""))
        if item is None or self.user is None:
            raise AtelierError("access.missing", "There is no such item.")
        match route.name:
            case "document":
                return DocumentState(item.id, item.revision, 1, tuple(item.document))
            case "save_edit":
                return item.save(body, self.user)
            case "put_blob":
                item.blobs[ids["blob"]] = body
                return Empty()
            case "revisions":
                return _revisions(item, body)
            case "lease":
                return Lease(item.id, item.fence, 60.0)
            case "drafts":
                return Drafts(tuple(item.drafts.values()))
            case "drop_draft":
                item.drafts.pop(ids["draft"], None)
                return Empty()
            case "keep_draft":
                item.drafts[body.id] = body
                return Empty()
            case "end_lease":
                return Empty()
        raise AtelierError("access.missing", f"{route.name} is not here.")


def _revisions(item: MemoryItem, query: RevisionQuery) -> Revisions:
    found = [
        each
        for each in item.revisions[query.after :]
        if query.entity is None or query.entity in each.edit.changes
    ]
    return Revisions(tuple(found[: query.limit]))
