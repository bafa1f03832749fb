"""What a line to the node brings, and what it asks for."""

from __future__ import annotations

from typing import Protocol

from studio.client.replica import Pending
from studio.client.work_state import LineState
from studio.domain.errors import AtelierError
from studio.domain.ids import OperationId
from studio.domain.wire.documents import DocumentState, Draft, Revision


class Receiver(Protocol):
    """Where a line's news go; each call returns once the news were taken in."""

    def head(self) -> Pending | None:
        """The Edit that is to be sent next."""

    def blob(self, name: str) -> bytes | None:
        """What an Edit of one's own names by this SHA-256, where the node may not have it yet."""

    @property
    def revision(self) -> int:
        """The revision up to which the item is confirmed."""

    def revisions_came(self, revisions: list[Revision]) -> None: ...
    def document_came(self, state: DocumentState, saved: frozenset[OperationId]) -> None: ...
    def was_refused(self, operation: OperationId, error: AtelierError) -> None: ...
    def may_not_edit(self, error: AtelierError) -> None: ...
    def history_came(self, revisions: list[Revision]) -> None: ...
    def drafts_came(self, drafts: tuple[Draft, ...]) -> None: ...
    def connection_is(self, state: LineState) -> None: ...
