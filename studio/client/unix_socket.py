"""HTTP over a Unix socket that leaves nothing open when nobody listens."""

import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx
from httpcore._backends.sync import SyncStream


class _Backend(httpcore.SyncBackend):
    """httpcore's own one leaves the socket to the garbage collector where connecting fails."""

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(timeout)
            made.connect(path)
        except TimeoutError as error:
            made.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            made.close()
            raise httpcore.ConnectError(str(error)) from error
        return SyncStream(made)


def unix_transport(path: str, limits: httpx.Limits) -> httpx.HTTPTransport:
    """A transport to the node that listens at `path`."""
    transport = httpx.HTTPTransport(uds=path, limits=limits)
    transport._pool._network_backend = _Backend()  # there is no public way
    return transport
