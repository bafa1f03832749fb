"""Care for a node of one's own: started again when it was killed, signed in to again when a session ended."""

from __future__ import annotations

import logging
import threading

from studio.client.client import Client
from studio.client.own_node import OwnNode
from studio.client.retry import pauses
from studio.client.work_state import LineState
from studio.domain.errors import AtelierError

TRIES = 3
_LOG = logging.getLogger("atelier.client")


class Revival:
    """Brings the session on a node of one's own back, in the background, as often as it breaks."""

    def __init__(self, client: Client, node: OwnNode) -> None:
        self._node = node
        self._client = client
        self._busy = threading.Lock()
        self._closed = threading.Event()

    def connection_is(self, state: LineState) -> None:
        """Do what this state calls for; returns at once."""
        if state != "online" and not self._closed.is_set():
            threading.Thread(target=self._bring_back, args=(state,), name="revival", daemon=True).start()

    def close(self) -> None:
        """The person leaves: start nothing any more."""
        self._closed.set()

    def _bring_back(self, state: LineState) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            for _, pause in zip(range(TRIES), pauses(), strict=False):
                if self._closed.wait(pause):
                    return
                try:
                    if state == "offline":
                        # one that was asked to end is not started behind anybody's back
                        if not self._node.was_killed:
                            return
                        self._node.start_again()
                        self._client.move_to(self._node.address)
                    self._client.own_sign_in(self._node.secret())
                except AtelierError as error:
                    _LOG.warning("own node: %s %s", error.code, error.detail)
                else:
                    return
        finally:
            self._busy.release()
