"""`node.services`: every service that should answer does, by the table that the database says is in force.

The database is the truth. What is on disk is made to follow it: at once after a change, at every start of
the node, and whenever somebody looks. A service that ended is started again, ever more slowly; one that
still runs from before a restart of the node is found and kept.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from studio.domain.errors import AtelierError
from studio.domain.ids import ServiceId
from training.data.files import make_folder
from training.releases import intake
from training.releases.process import ServiceProcess
from training.serving.control import ServiceState
from training.serving.table import write_table
from training.store import services as rows
from training.store.services import StoredService
from training.work import service_tables
from training.work import services as rules

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.services")
_LOOKS_EVERY_S = 0.5
_HUNG_AFTER_S = 30.0  # without an answer from a process that is there
_FAILED_AFTER = 4  # starts in a row without an answer
_LONGEST_WAIT_S = 60.0


class Watched:
    """What is known of one service while the node runs."""

    def __init__(self, process: ServiceProcess) -> None:
        self.process = process
        self.state: ServiceState | None = None
        self.written = 0  # the file version that this node has put in force
        self.starts = 0  # in a row, without an answer between
        self.next_start_s = 0.0
        self.heard_s = time.monotonic()
        self.error = ""
        self.notice = ""  # of what the node did by itself; until somebody changes the service
        self.lock = threading.Lock()


def open_services(node: Node) -> Services:
    """The node's services; nothing is started before `resume`."""
    return Services(node)


class Services:
    """Watches every service in a thread, and takes in what they were asked in another."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._folder = node.folder / "services"
        self._key = Ed25519PrivateKey.from_private_bytes(node.keys.node_key("services"))
        self._watched: dict[ServiceId, Watched] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._threads: list[threading.Thread] = []

    def resume(self) -> None:
        """Begin to watch; what runs from before is found again."""
        for name, work in (("services", self._watch), ("service intake", self._take_in)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop watching. The services go on without their node."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        for watched in self._watched.values():
            watched.process.close()

    def changed(self) -> None:
        """Something of a service was committed: look soon. Callable from within `after_commit`."""
        self._wake.set()

    def bring_up(self, service: ServiceId, wait_s: float = 20.0) -> None:
        """Put what the database says in force now; returns when the service goes by it, or time is up."""
        until = time.monotonic() + wait_s
        if (known := self.of(service)) is not None:
            known.notice = ""  # somebody has looked after it since
        while not self._stop.is_set():
            with self._node.store.read() as tx:
                stored = rows.get(tx, service)
            if stored is None:
                return
            watched = self._of(stored)
            self._look(stored)
            state = watched.state
            if not stored.wanted or watched.error or (state and state.version == stored.file_version):
                return
            if state and state.problem:
                return
            if time.monotonic() > until:
                return
            time.sleep(0.05)

    def of(self, service: ServiceId) -> Watched | None:
        """What is known of a service, where it was looked at already."""
        with self._lock:
            return self._watched.get(service)

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                with self._node.store.read() as tx:
                    found = rows.several(tx)
                for stored in found:
                    if not self._stop.is_set():
                        self._look(stored)
            except Exception:
                LOG.exception("looking after the services failed; it is tried again")
            self._wake.wait(_LOOKS_EVERY_S)

    def _look(self, stored: StoredService) -> None:
        watched = self._of(stored)
        with watched.lock:
            try:
                self._follow(stored, watched)
            except AtelierError as error:
                if watched.error != str(error):
                    LOG.warning("service %s: %s %s", stored.id, error, error.detail)
                watched.error = str(error)

    def _follow(self, stored: StoredService, watched: Watched) -> None:
        if not stored.wanted:
            if watched.process.is_alive():
                watched.process.stop()
            watched.state, watched.error, watched.starts = None, "", 0
            return
        if watched.written < stored.file_version:
            table = service_tables.table_in_force(self._node, stored, self._folder / stored.id)
            write_table(self._folder / stored.id, table, self._key)
            watched.written, watched.error = stored.file_version, ""
        watched.state = watched.process.state()
        now_s = time.monotonic()
        if watched.state is not None:
            watched.heard_s, watched.starts, watched.error = now_s, 0, ""
            self._remember_port(stored, watched.process.port)
            if watched.state.version == stored.file_version:
                if notice := rules.retreat(self._node, stored.id, watched.state):
                    LOG.warning("service %s: %s", stored.id, notice)
                    watched.notice = notice
            return
        if watched.process.is_alive():
            if now_s - watched.heard_s > _HUNG_AFTER_S:
                LOG.warning("service %s does not answer and is ended", stored.id)
                watched.process.stop()
            return
        if now_s >= watched.next_start_s:
            self._start(stored, watched, now_s)

    def _start(self, stored: StoredService, watched: Watched, now_s: float) -> None:
        if watched.starts:
            LOG.warning("service %s had ended: %s", stored.id, watched.process.last_words())
        if watched.starts >= _FAILED_AFTER:
            watched.error = "The service ends as soon as it starts. It is tried again from time to time."
        watched.process.start(stored.port)
        watched.heard_s = now_s
        watched.next_start_s = now_s + min(0.5 * 2**watched.starts, _LONGEST_WAIT_S)
        watched.starts += 1

    def _remember_port(self, stored: StoredService, port: int) -> None:
        if port != stored.port:
            with self._node.store.write() as tx:
                rows.set_fields(tx, stored.id, port=port)
                tx.emit("service", stored.project, subject=stored.id)

    def _of(self, stored: StoredService) -> Watched:
        with self._lock:
            if stored.id not in self._watched:
                folder = self._folder / stored.id
                make_folder(folder)
                public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
                control_key = service_tables.secrets_of(self._node, stored).control_key
                process = ServiceProcess(folder.resolve(), stored.id, control_key, public)
                self._watched[stored.id] = Watched(process)
            return self._watched[stored.id]

    def _take_in(self) -> None:
        while not self._stop.wait(_LOOKS_EVERY_S):
            try:
                with self._node.store.read() as tx:
                    found = rows.several(tx)
                for stored in found:
                    intake.take_in(self._node, stored, self._folder / stored.id / "spool", self._stop)
            except Exception:
                LOG.exception("taking in what services were asked failed; it is tried again")
                self._stop.wait(10)
