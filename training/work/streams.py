"""One studio's stream of server-sent events: what it may know of, and that there was something it may not."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from studio.domain import canonical
from studio.domain.wire.jobs import Event

if TYPE_CHECKING:
    from training.node import Node

HEARTBEAT_S = 15.0


async def stream(node: Node, token: bytes, after: int | None) -> AsyncIterator[bytes]:
    """The events after number `after` (None: from now on), until the session ends or the node stops.

    `id` is the event's number, `data` base64 of its canonical MessagePack. Empty data: this number is
    another project's, or (first of all) the number at which the node stands. A jump in the numbers means:
    fetch again. Comments come when nothing else does.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def put(event: Event | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, event)

    leave = node.events.listen(put)
    try:
        head = node.events.head()
        last = head if after is None else after
        if after is not None:
            for event in node.events.since(after):
                if event.number <= head:
                    yield _said(node, token, event)
                    last = event.number
        yield f"id: {max(head, last)}\ndata:\n\n".encode()
        last = max(head, last)
        while True:
            try:
                given = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
            except TimeoutError:
                if node.sessions.of(token) is None:
                    return
                yield b":\n\n"
                continue
            if given is None or node.sessions.of(token) is None:
                return
            # published between listening and reading the head: said already
            if given.number > last:
                last = given.number
                yield _said(node, token, given)
    finally:
        leave()


def _said(node: Node, token: bytes, event: Event) -> bytes:
    session = node.sessions.of(token)
    open_to = session is not None and (event.project is None or bool(session.roles_in(event.project)))
    data = base64.b64encode(canonical.encode(event)).decode() if open_to else ""
    return f"id: {event.number}\ndata: {data}\n\n".encode()
