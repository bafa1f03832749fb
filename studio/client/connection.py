"""Requests to a node over pooled connections; any thread may use one."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

import httpx

from studio.client.addresses import parse_address
from studio.client.problems import is_unreachable, problem_of, unreachable
from studio.client.retry import pauses
from studio.client.unix_socket import unix_transport
from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.wire.routes import Route, path_of
from studio.domain.wire.session import Empty

Q = TypeVar("Q")
A = TypeVar("A")

MESSAGE = "application/msgpack"
TIMEOUT = httpx.Timeout(60.0, connect=5.0, pool=60.0)
TRIES = 3
_SAFE = frozenset(("GET", "PUT", "DELETE"))  # by HTTP's own promise; a query is safe though it is a POST


class Connection:
    """One node, its connections and the token of who is signed in."""

    def __init__(self, address: str) -> None:
        """Raises `address.malformed`; nothing is asked yet."""
        self.token = ""
        self.closed = threading.Event()
        # it would name every request in the studio's log
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._connect(address)

    def move_to(self, address: str) -> None:
        """Go on at another address of the same node (it was started again). Raises `address.malformed`."""
        before = self._http
        self._connect(address)
        before.close()

    def _connect(self, address: str) -> None:
        where = parse_address(address)
        self.address = where.text
        limits = httpx.Limits(max_connections=24, max_keepalive_connections=12, keepalive_expiry=4.0)
        transport = (
            unix_transport(where.socket, limits) if where.socket else httpx.HTTPTransport(limits=limits)
        )
        # no proxy and no .netrc of the surroundings: what is asked goes to the node and nowhere else
        self._http = httpx.Client(
            base_url=where.base_url, transport=transport, timeout=TIMEOUT, trust_env=False
        )

    def call(self, route: Route[Q, A], body: Q | None = None, **ids: str | int) -> A:
        """Ask, and wait for the answer. Raises what the node refuses with, `node.*` when it cannot say."""
        data = b"" if route.raw_request or route.request is Empty else canonical.encode(body)
        answer = self._asked(route, data, {"content-type": MESSAGE} if data else {}, ids)
        if route.response is Empty and not answer:
            return canonical.decode(canonical.encode(Empty()), route.response)
        return canonical.decode(answer, route.response)

    def raw(
        self,
        route: Route[Q, A],
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
        **ids: str | int,
    ) -> bytes:
        """As `call`, where body or answer are bytes; an answer that is a message is not decoded."""
        return self._asked(route, data, dict(headers or {}), ids)

    def download(self, route: Route[Q, A], file: BinaryIO, **ids: str | int) -> int:
        """Write a large raw answer into `file`; its length in bytes."""
        length = 0
        with self.stream(route, ids) as response:
            try:
                for part in response.iter_bytes(256 * 1024):
                    length += file.write(part)
            except httpx.HTTPError as error:
                raise unreachable(error, self.address) from error
        return length

    @contextmanager
    def stream(
        self,
        route: Route[Q, A],
        ids: Mapping[str, str | int],
        query: Mapping[str, str] | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> Iterator[httpx.Response]:
        """An answer that is read as it comes. Raises as `call` does."""
        request = self._http.build_request(
            route.method, path_of(route, **ids), params=query, headers=self._headers({}), timeout=timeout
        )
        try:
            response = self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise unreachable(error, self.address) from error
        try:
            if response.is_error:
                response.read()
                raise problem_of(response)
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Give the connections back."""
        self.closed.set()
        self._http.close()

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return headers | ({"authorization": f"Bearer {self.token}"} if self.token else {})

    def _asked(
        self, route: Route[Q, A], data: bytes, headers: dict[str, str], ids: dict[str, str | int]
    ) -> bytes:
        path = path_of(route, **ids)
        repeatable = route.method in _SAFE or path.endswith("/query")
        for left, pause in zip(range(TRIES - 1, -1, -1), pauses(), strict=False):
            try:
                return self._once(route.method, path, data, self._headers(headers))
            except AtelierError as error:
                # a connection that was never made has asked nothing, so that any request may be repeated
                unasked = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
                if (
                    not left
                    or not (unasked or (repeatable and is_unreachable(error)))
                    or self.closed.is_set()
                ):
                    raise
                time.sleep(pause)
        raise AssertionError("the last try answers or raises")

    def _once(self, method: str, path: str, data: bytes, headers: dict[str, str]) -> bytes:
        try:
            response = self._http.request(method, path, content=data or None, headers=headers)
        except httpx.HTTPError as error:
            raise unreachable(error, self.address) from error
        except RuntimeError as error:  # httpx says so of a client that was closed meanwhile
            raise AtelierError("node.closed", "The connection to the node was closed.") from error
        if response.is_error:
            raise problem_of(response)
        return response.content
