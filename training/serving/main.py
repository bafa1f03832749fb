"""`python -m training.serving.main FOLDER SERVICE KEY [--port N]`: one service, on loopback.

A process of its own in a session of its own, so it outlives a restart of its node. What it may do it reads
from the signed table in FOLDER; KEY is the Ed25519 key, in hex, that the table must be signed with.
"""

import argparse
import fcntl
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from studio.domain.errors import AtelierError
from studio.domain.ids import ServiceId
from training.data.files import replace_file
from training.serving.app import ServiceApp
from training.serving.arms import Arms
from training.serving.control import PROCESS_FILE
from training.serving.spool import Spool

LOG = logging.getLogger("atelier.service")
_MEMORY = 16 * 1024**3


def run(argv: Sequence[str]) -> int:
    """Serve until SIGTERM; 0 at the end, 3 where another process serves this folder, 1 without a model."""
    parser = argparse.ArgumentParser(prog="atelier-service")
    parser.add_argument("folder", type=Path)
    parser.add_argument("service")
    parser.add_argument("key")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(argv)
    folder: Path = given.folder
    _log_to(folder / "service.log")
    sys.setswitchinterval(0.0005)  # an answer must not wait 5 ms for the thread that seals the one before
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold pictures and keys
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        LOG.warning("another process serves this folder")
        return 3
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(given.key))
        arms = Arms(folder, ServiceId(given.service), key)
    except AtelierError as error:
        LOG.error("cannot start: %s %s", error.message, error.detail)
        return 1
    spool = Spool(folder / "spool")
    with listening(given.port) as listener:
        said = {"pid": os.getpid(), "port": listener.getsockname()[1]}
        replace_file(folder / PROCESS_FILE, json.dumps(said).encode())
        config = uvicorn.Config(
            ServiceApp(arms, spool),
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            backlog=256,
            timeout_graceful_shutdown=10,
        )
        # uvicorn stops on SIGTERM and then raises it again, which would end us before the spool is written
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, lambda *_: None)
        uvicorn.Server(config).run([listener])
    arms.close()
    spool.close()
    return 0


def listening(port: int) -> socket.socket:
    """A loopback socket at `port`, or at another where that one is taken."""
    for wanted in dict.fromkeys((port, 0)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # an answer is small: waiting to fill a packet would cost 40 ms
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.bind(("127.0.0.1", wanted))
        except OSError as error:
            listener.close()
            if not wanted:
                raise
            LOG.warning("port %s is taken (%s), so another is used", wanted, error.strerror)
            continue
        return listener
    raise AssertionError("port 0 is never taken")


def _log_to(path: Path) -> None:
    handler = RotatingFileHandler(path, maxBytes=4_000_000, backupCount=2)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
