"""What changed at the node, as it happens: one stream, read by a thread, taken up again where it broke."""

from __future__ import annotations

import base64
import binascii
import logging
import threading
from collections.abc import Callable, Iterable

import httpx
from msgspec import Struct

from studio.client.connection import Connection
from studio.client.problems import is_unreachable, unreachable, wants_sign_in
from studio.client.retry import pauses
from studio.client.work_state import LineState
from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event
from studio.domain.wire.session import UserInfo

# the node says at least a comment every 15 s; without one for so long it is gone
_TIMEOUT = httpx.Timeout(10.0, read=45.0)
_LOG = logging.getLogger("atelier.client")


class Gap(Struct, frozen=True):
    """Something was missed: fetch again what is shown."""


Listener = Callable[[Event | Gap], None]


class Events:
    """Reads a node's events until closed; listeners are called through `dispatch`, in order."""

    def __init__(
        self,
        connection: Connection,
        on_session: Callable[[Callable[[UserInfo | None], None]], Callable[[], None]],
        dispatch: Callable[[Callable[[], None]], None],
    ) -> None:
        self.state: LineState = "offline"
        self.on_state: Callable[[LineState], None] = lambda state: None
        self._connection = connection
        self._dispatch = dispatch
        self._listeners: list[Listener] = []
        self._last: int | None = None
        self._closed = False
        self._wake = threading.Event()
        self._end_listening = on_session(lambda _user: self._wake.set())
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` hear each `Event`, and a `Gap` when some were missed; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def is_closed(self) -> bool:
        """Whether it was told to stop."""
        return self._closed

    def close(self) -> None:
        """Stop reading; the thread ends when its connection does."""
        self._closed = True
        self._end_listening()
        self._wake.set()

    def _run(self) -> None:
        waits = pauses()
        while not self.is_closed():
            self._wake.clear()
            seen = self._last
            try:
                query = {} if seen is None else {"after": str(seen)}
                with self._connection.stream(routes.EVENTS, {}, query, _TIMEOUT) as response:
                    self._set_state("online")
                    for number, data in messages(response.iter_lines()):
                        if self.is_closed():
                            return
                        waits = pauses()
                        self._take(number, data)
            except httpx.HTTPError as error:
                self._failed(unreachable(error, self._connection.address))
            except AtelierError as error:
                self._failed(error)
            except RuntimeError:  # the client was closed under us
                return
            self._wake.wait(None if self.state == "sign_in" else next(waits))

    def _failed(self, error: AtelierError) -> None:
        if not is_unreachable(error) and not wants_sign_in(error):
            _LOG.warning("events: %s %s", error.code, error.detail)
        self._set_state("sign_in" if wants_sign_in(error) else "offline")

    def _set_state(self, state: LineState) -> None:
        if state != self.state:
            self.state = state
            self._dispatch(lambda: self.on_state(state))

    def _take(self, number: int, data: str) -> None:
        missed = self._last is not None and not self._last <= number <= self._last + 1
        known = number == self._last
        self._last = number
        if missed:
            self._tell(Gap())
        if not data or known:
            return
        try:
            event = canonical.decode(base64.b64decode(data, validate=True), Event)
        except (binascii.Error, AtelierError) as error:
            _LOG.warning("an event could not be read: %s", error)
            self._tell(Gap())
            return
        self._tell(event)

    def _tell(self, news: Event | Gap) -> None:
        def work() -> None:
            for listener in list(self._listeners):
                listener(news)

        if not self.is_closed():
            self._dispatch(work)


def messages(lines: Iterable[str]) -> Iterable[tuple[int, str]]:
    """(number, data) of each message of a server-sent event stream; comments and others are passed over."""
    number, data = -1, ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id" and value.isdigit():
            number = int(value)
        elif field == "data":
            data += value
        elif not line:
            if number >= 0:
                yield number, data
            number, data = -1, ""
