"""The arms in use: models opened and tried before they answer anybody, and swapped as one."""

import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from studio.domain.contracts.plugin import load_part
from studio.domain.contracts.training import Predictor
from studio.domain.errors import AtelierError
from studio.domain.ids import ModelId, ServiceId
from training.data.files import replace_file
from training.serving.table import LAST_GOOD_FILE, TABLE_FILE, ArmsTable, TableArm, read_table

LOG = logging.getLogger("atelier.service")
_LOOKS_EVERY_S = 0.2
_KEPT_TIMES = 501  # the latest, of which the median is told


class Tally:
    """What one arm did so far. Counting under a lock: several threads answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=_KEPT_TIMES)
        self.requests = 0
        self.errors = 0

    def answered(self, seconds: float) -> None:
        """Count one answer and how long the model took."""
        with self._lock:
            self.requests += 1
            self._times.append(seconds)

    def failed(self) -> None:
        """Count one request that the model could not answer."""
        with self._lock:
            self.errors += 1

    def p50_ms(self) -> float:
        """The median of the latest answers, in milliseconds."""
        with self._lock:
            times = sorted(self._times)
        return times[len(times) // 2] * 1000 if times else 0.0


class InForce:
    """One table with its models opened. A request takes one and keeps it to its end."""

    def __init__(self, table: ArmsTable, models: dict[ModelId, Predictor]) -> None:
        self.table = table
        self.models = models
        self.tokens = frozenset(table.tokens)
        self.shares = tuple(arm.share for arm in table.arms)


class Arms:
    """Watches the table's file; `now` is what answers. A table or model that is not sound changes nothing."""

    def __init__(self, folder: Path, service: ServiceId, key: Ed25519PublicKey) -> None:
        """Open what is there. Raises `service.bad_table`, `service.bad_model` where nothing is usable."""
        self._folder = folder
        self._service = service
        self._key = key
        self._seen: tuple[int, int] = (0, 0)
        self._stop = threading.Event()
        self.tallies: dict[ModelId, Tally] = {}
        self.problem = ""
        self.now = self._first()
        self._thread = threading.Thread(target=self._watch, name="table", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Take a new table where there is one; on any trouble keep what is in force and say why."""
        seen = self._stamp()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            table = read_table(self._folder / TABLE_FILE, self._service, self._key)
            if table.version <= self.now.table.version:
                if table.version < self.now.table.version:
                    self.problem = "an older table was put back and refused"
                return
            opened = self._opened(table, self.now.models)
            before = {arm.model for arm in self.now.table.arms if arm.share}
            for arm in table.arms:
                if arm.share and arm.model not in before:
                    self.tallies[arm.model] = Tally()  # a new chance: earlier errors were judged already
            self.now = opened
            self.problem = ""
            self._remember()
        except AtelierError as error:
            self.problem = f"{error.message} {error.detail}".strip()
            LOG.warning("kept version %s: %s", self.now.table.version, self.problem)

    def _first(self) -> InForce:
        self._seen = self._stamp()
        try:
            table = read_table(self._folder / TABLE_FILE, self._service, self._key)
            opened = self._opened(table, {})
        except AtelierError as error:
            if not (self._folder / LAST_GOOD_FILE).exists():
                raise
            LOG.warning("the newest table is not usable, so the last good one is in force: %s", error.detail)
            self.problem = f"{error.message} {error.detail}".strip()
            last = read_table(self._folder / LAST_GOOD_FILE, self._service, self._key)
            return self._opened(last, {})
        self._remember()
        return opened

    def _opened(self, table: ArmsTable, held: dict[ModelId, Predictor]) -> InForce:
        models = {
            arm.model: held[arm.model] if arm.model in held else open_model(self._folder, arm)
            for arm in table.arms
        }
        for model in models:
            self.tallies.setdefault(model, Tally())
        return InForce(table, models)

    def _remember(self) -> None:
        replace_file(self._folder / LAST_GOOD_FILE, (self._folder / TABLE_FILE).read_bytes())

    def _stamp(self) -> tuple[int, int]:
        try:
            status = (self._folder / TABLE_FILE).stat()
        except OSError:
            return 0, 0
        return status.st_ino, status.st_mtime_ns

    def _watch(self) -> None:
        while not self._stop.wait(_LOOKS_EVERY_S):
            try:
                self.look()
            except Exception as error:  # the thread's door: the old table goes on answering
                self.problem = f"the new table could not be taken: {type(error).__name__}"
                LOG.exception("taking a new table failed")


def open_model(folder: Path, arm: TableArm) -> Predictor:
    """The model of `arm`, each file checked against its digest, and tried on an empty picture.

    Raises `service.bad_model`: a model that cannot answer must be found before anybody asks it.
    """
    home = folder / "models" / arm.model
    for file in arm.files:
        check_file(home / file.name, file.size, file.sha256)
    opener: Callable[[Path], Any] = load_part(arm.predictor)
    try:
        opened: Predictor = opener(home)
        started = time.perf_counter()
        answers = opened.predict([np.zeros((64, 64, 3), np.uint8)])
        LOG.info("model %s opened; first answer took %.3f s", arm.model, time.perf_counter() - started)
    except AtelierError as error:
        raise _bad(f"{arm.model_name}: {error.message}") from error
    except Exception as error:  # a model's own code, onnxruntime's included, may raise anything
        raise _bad(f"{arm.model_name}: {type(error).__name__}") from error
    if len(answers) != 1:
        raise _bad(f"{arm.model_name}: it does not answer one picture with one answer")
    return opened


def check_file(path: Path, size: int, sha256: bytes) -> None:
    """Raise `service.bad_model` unless the file is exactly what the table says."""
    try:
        if path.stat().st_size != size:
            raise _bad(f"{path.name} has another size")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise _bad(f"{path.name} cannot be read") from error
    if digest != sha256:
        raise _bad(f"{path.name} is not the file that was released")


def _bad(why: str) -> AtelierError:
    return AtelierError(
        "service.bad_model",
        "A model was refused; the service goes on with the models before.",
        detail=why,
        hint="Release the model again; its files may be damaged on disk.",
    )
