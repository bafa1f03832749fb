"""Frames of items, through the cache; and those wanted next, fetched ahead."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from studio.client.cache import Cache
from studio.client.connection import Connection
from studio.domain.errors import AtelierError
from studio.domain.wire import routes

FETCHERS = 3


class MediaRequest(NamedTuple):
    """One rendition of one frame: `original`, `thumb` or `tile-LEVEL-COLUMN-ROW`."""

    item: str
    stream: str
    frame: int
    rendition: str


class MediaStore:
    """Asks the node for what the cache does not hold; one request at a time for each frame."""

    def __init__(self, connection: Connection, cache: Cache) -> None:
        self._connection = connection
        self._cache = cache
        self._changed = threading.Condition()
        self._under_way: set[MediaRequest] = set()

    def get(self, request: MediaRequest) -> bytes:
        """The bytes of a rendition. Raises what the node answers."""
        name = _name(request)
        while True:
            held = self._cache.get(*name)
            if held is not None:
                return held
            with self._changed:
                if request not in self._under_way:
                    self._under_way.add(request)
                    break
                self._changed.wait_for(lambda: request not in self._under_way, 30.0)
        try:
            data = self._connection.raw(
                routes.MEDIA,
                item=request.item,
                stream=request.stream,
                frame=request.frame,
                rendition=request.rendition,
            )
            self._cache.put(data, *name)
            return data
        finally:
            with self._changed:
                self._under_way.discard(request)
                self._changed.notify_all()

    def has(self, request: MediaRequest) -> bool:
        """Whether it is here already."""
        return self._cache.has(*_name(request))


class Prefetch:
    """Fetches what will be wanted next, in the order of its urgency, on a few threads of its own."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._waiting: deque[MediaRequest] = deque()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def want(self, requests: Iterable[tuple[str, str, int, str]]) -> None:
        """These next, the most urgent first; what still waits of earlier calls is dropped."""
        with self._changed:
            self._waiting = deque(MediaRequest(*each) for each in requests)
            self._changed.notify_all()
            if self._waiting and not self._threads and not self._closed:
                self._threads = [
                    threading.Thread(target=self._run, name=f"prefetch-{number}", daemon=True)
                    for number in range(FETCHERS)
                ]
                for each in self._threads:
                    each.start()

    def close(self) -> None:
        """Fetch nothing more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                request = self._waiting.popleft()
            if self._store.has(request):
                continue
            try:
                self._store.get(request)
            except AtelierError:
                continue  # whoever shows it asks again, and hears then what is wrong


def _name(request: MediaRequest) -> tuple[str, ...]:
    return "media", request.item, request.stream, str(request.frame), request.rendition
