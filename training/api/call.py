"""What a handler is given and what it may give back."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from studio.domain.ids import ProjectId
from training.node import Node
from training.store.engine import Transaction
from training.work.access import Session

Q = TypeVar("Q", covariant=True)


class Call(Struct, Generic[Q], frozen=True):
    """One request, decoded and allowed.

    `ids` are the path's, by the names in the route's braces; `body` is the route's message (its raw bytes
    where `raw_request`); `who` is the session, None on open routes alone; `project` is where the access was
    granted, None on routes without one.
    """

    ids: dict[str, str]
    body: Q
    session: Session | None
    node: Node
    project: ProjectId | None = None
    headers: Mapping[str, str] = {}  # names in lower case
    query: Mapping[str, str] = {}
    peer: str = ""

    @property
    def who(self) -> Session:
        """The signed-in person; only open routes have none."""
        assert self.session is not None, "an open route has no session"
        return self.session


class RawAnswer(Struct):
    """An answer that is no message: a picture, a file, a stream of events."""

    body: bytes | Iterator[bytes] | AsyncIterator[bytes]
    media_type: str = "application/octet-stream"
    status: int = 200
    headers: dict[str, str] = {}


Handler = Callable[[Call[Any]], Any]
# finds the project of an object by its id, for the access check; None where there is no such object
Resolver = Callable[[Transaction, str], ProjectId | None]
