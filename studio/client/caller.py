"""What the client's parts need of whoever asks the node, and questions that several of them ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire import routes
from studio.domain.wire.documents import Draft, Revision, RevisionQuery, SaveEdit
from studio.domain.wire.routes import Route
from studio.domain.wire.session import UserInfo

PAGE = 500  # revisions that are asked for at once


class Caller(Protocol):
    """What a line needs of a `Client`."""

    user: UserInfo | None
    read_only: bool

    def call(self, route: Route[Any, Any], body: Any = None, **ids: str | int) -> Any: ...

    def raw(
        self, route: Route[Any, Any], data: bytes = b"", *, headers: Any = None, **ids: str | int
    ) -> bytes: ...

    def on_session(self, listener: Callable[[UserInfo | None], None]) -> Callable[[], None]: ...


def revisions_after(client: Caller, item: ItemId, after: int) -> Iterator[Revision]:
    """Every revision of an item after one, oldest first."""
    while True:
        page = client.call(routes.REVISIONS, RevisionQuery(after=after, limit=PAGE), item=item).revisions
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].revision


def draft_of_save(draft: Draft) -> SaveEdit | None:
    """The Edit that a draft holds where the node made it of a late save; None for a gesture."""
    try:
        return canonical.decode(draft.state, SaveEdit)
    except AtelierError:
        return None
