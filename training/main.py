"""`atelier node`: one process that owns one workspace folder and answers on a socket."""

import fcntl
import os
import secrets
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from msgspec import Struct

from studio import __version__
from studio.cli.frame import DONE, Parser
from studio.domain.errors import AtelierError
from studio.folders import default_workspace
from training.api.app import make_app
from training.log import LOG, write_log_to
from training.node import Node, assemble

LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes
_STOP_S = 5


class Running(Struct, frozen=True):
    """`node.json`: where the node of a folder answers; written when it does, removed when it stops."""

    pid: int
    version: str
    socket: str = ""
    address: str = ""  # http://HOST:PORT or https://HOST:PORT


def run(argv: list[str]) -> int:
    """`atelier node [--folder DIR] [--socket PATH | --address HOST:PORT] [--database URL]`."""
    parser = Parser("node", "Run a node: it owns the data, the training and the releases.", json=False)
    parser.add_argument(
        "--folder", type=Path, default=default_workspace(), help="the workspace (%(default)s)"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--socket", type=Path, help="a Unix socket to answer on (the folder's node.sock)")
    where.add_argument("--address", help="HOST:PORT to answer on, instead of a socket")
    parser.add_argument("--database", default="", help="a PostgreSQL URL (else a SQLite file in the folder)")
    parser.add_argument("--certificate", type=Path, help="TLS certificate chain, for addresses of a network")
    parser.add_argument("--key", type=Path, help="the certificate's private key")
    asked = parser.parse_args(argv)
    folder: Path = asked.folder.expanduser().absolute()
    _make_folder(folder)
    with _only_node_of(folder):
        write_log_to(folder / "logs")
        node = assemble(folder, asked.database)
        try:
            with _listening(folder, asked.socket, asked.address) as (sock, path):
                tls = _tls_options(asked.address, asked.certificate, asked.key)
                scheme = "https" if tls else "http"
                address = (
                    f"{scheme}://{asked.address.rpartition(':')[0]}:{sock.getsockname()[1]}"
                    if asked.address
                    else ""
                )
                node.own_secret = secrets.token_urlsafe(32)
                write_private(folder / "own.secret", node.own_secret.encode())
                node.resume()
                _serve(node, sock, Running(os.getpid(), __version__, str(path or ""), address), tls)
        finally:
            node.close()
            for name in ("node.json", "own.secret"):
                (folder / name).unlink(missing_ok=True)
    return DONE


def write_private(path: Path, data: bytes) -> None:
    """Put `data` in place at once, readable by its owner alone, and on disk when this returns."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(data)  # made with mode 0600
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Server(uvicorn.Server):
    """Says where it answers once it does, and lets the event streams go when it is told to stop."""

    def __init__(self, config: uvicorn.Config, node: Node, running: Running) -> None:
        super().__init__(config)
        self._node = node
        self._running = running

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        write_private(self._node.folder / "node.json", msgspec.json.encode(self._running))
        LOG.info("answering at %s", self._running.socket or self._running.address)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a stop that was asked for ends the process by our own door, parts closed."""
        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        # a stream of events never ends by itself, and would hold the stop up
        self._node.events.close()
        super().handle_exit(sig, frame)


def _serve(node: Node, sock: socket.socket, running: Running, tls: dict[str, Any]) -> None:
    config = uvicorn.Config(
        make_app(node),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
        timeout_keep_alive=75,
        backlog=512,
        **tls,
    )
    _Server(config, node, running).run(sockets=[sock])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise AtelierError(
            "node.folder_closed",
            f"The workspace folder {folder} cannot be used: {error.strerror}.",
            hint="Give --folder a folder that you may write to.",
        ) from error


@contextmanager
def _only_node_of(folder: Path) -> Iterator[None]:
    # the lock dies with the process, so a kill -9 leaves nothing to clean up
    handle = os.open(folder / "node.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AtelierError(
                "node.already_running",
                f"A node already runs on {folder}.",
                hint="Use that one, or stop it first.",
            ) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def _listening(
    folder: Path, path: Path | None, address: str | None
) -> Iterator[tuple[socket.socket, Path | None]]:
    if address:
        with _listening_at(address) as sock:
            yield sock, None
        return
    chosen = path or folder / "node.sock"
    short: Path | None = None
    if len(os.fsencode(chosen)) > LONGEST_SOCKET_PATH:
        short = Path(tempfile.mkdtemp(prefix="atelier-", dir=os.environ.get("XDG_RUNTIME_DIR") or None))
        chosen = short / "node.sock"
    sock = _bound(chosen)
    try:
        yield sock, chosen
    finally:
        sock.close()
        chosen.unlink(missing_ok=True)
        if short is not None:
            short.rmdir()


def _bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)  # of a node that was killed: the folder's lock is ours
        sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise AtelierError(
            "node.address_taken",
            f"The node cannot answer at {path}: {error.strerror}.",
            hint="Give --socket another path.",
        ) from error
    finally:
        os.umask(before)
    sock.listen(512)
    return sock


@contextmanager
def _listening_at(address: str) -> Iterator[socket.socket]:
    host, _, port = address.rpartition(":")
    try:
        sock = socket.create_server((host.strip("[]"), int(port)), backlog=512)
    except (OSError, ValueError, OverflowError) as error:
        raise AtelierError(
            "node.address_taken",
            f"The node cannot answer at {address}: {getattr(error, 'strerror', None) or error}.",
            hint="Another program may use that port: give --address another one.",
        ) from error
    with sock:
        yield sock


def _tls_options(address: str | None, certificate: Path | None, key: Path | None) -> dict[str, Any]:
    if certificate and key:
        return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key), "ssl_context_factory": _tls_13}
    host = (address or "").rpartition(":")[0].strip("[]")
    if address and host not in ("127.0.0.1", "::1", "localhost"):
        raise AtelierError(
            "node.no_tls",
            f"The node does not answer on a network ({address}) without TLS.",
            hint="Give --certificate and --key, or an address of this machine alone (127.0.0.1).",
        )
    return {}


def _tls_13(config: uvicorn.Config, default: Any) -> Any:
    import ssl  # only a node with a certificate needs it

    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
