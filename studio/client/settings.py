"""Settings that follow the person: read once, kept at the node in the background."""

from __future__ import annotations

import logging
import threading

from studio.client.caller import Caller
from studio.client.problems import is_unreachable, wants_sign_in
from studio.client.retry import pauses
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.session import Settings

_LOG = logging.getLogger("atelier.client")


class PersonSettings:
    """Small texts by name. Reading never asks the node; what is kept goes there soon, the latest alone."""

    def __init__(self, client: Caller) -> None:
        self._client = client
        self._changed = threading.Condition()
        self._closed = False
        self._waiting = False
        self._thread: threading.Thread | None = None
        try:
            self._values: dict[str, str] = dict(client.call(routes.SETTINGS).values)
        except AtelierError as error:
            _LOG.warning("settings: %s", error.code)
            self._values = {}

    def get(self, name: str, default: str = "") -> str:
        """The text kept under `name`."""
        return self._values.get(name, default)

    def keep(self, name: str, value: str) -> None:
        """Keep a text; returns at once."""
        with self._changed:
            if self._values.get(name) == value:
                return
            self._values[name] = value
            self._waiting = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="settings", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, timeout_s: float = 2.0) -> None:
        """Send what waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        waits = pauses()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                self._waiting = False
                values = tuple(sorted(self._values.items()))
            try:
                self._client.call(routes.KEEP_SETTINGS, Settings(values))
                waits = pauses()
            except AtelierError as error:
                _LOG.warning("settings not kept: %s", error.code)
                if is_unreachable(error) or wants_sign_in(error):
                    with self._changed:
                        self._waiting = True
                        if self._closed or self._changed.wait_for(lambda: self._closed, next(waits)):
                            return
