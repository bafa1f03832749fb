"""One attempt at a run: its environment started, what it says written down, its checkpoints made to count."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.domain.errors import AtelierError
from studio.domain.wire.training import LogLine, Point
from training.data.files import disk_error, replace_file, sync_folder
from training.environments.bounds import Bounds
from training.runs.child import Child, Ending
from training.runs.inside import atelier_wire as wire
from training.runs.shards import INSIDE as SHARDS
from training.runs.shards import Shards
from training.runs.spawner import Spawner

_CHECKPOINT = "/closed/checkpoint"
_KEPT = "checkpoint.json"
_BETWEEN_S = 0.5  # the node's database hears of progress at most twice a second


class KeptCheckpoint(Struct, frozen=True):
    """Which checkpoint counts: written once all its files are on disk."""

    number: int
    epoch: int


class State(Struct):
    """What is known of the attempt since it was last reported."""

    points: list[Point] = []
    lines: list[LogLine] = []
    epoch: int = 0
    epochs: int = 0
    eta_s: float | None = None
    metrics: dict[str, float] = {}
    moved: bool = False


class Attempt:
    """One run's template under way. `report` is called at most twice a second, by whoever waits."""

    def __init__(
        self,
        spawner: Spawner,
        folder: Path,
        specification: wire.Specification,
        template: Path,
        shards: Shards,
        bounds: Bounds,
        report: Callable[[State], None],
    ) -> None:
        """Start it, from the last checkpoint where there is one. `folder` is the run's own."""
        self._folder = folder
        self._report = report
        self._state = State()
        self._lock = threading.Lock()
        self._began_s = time.monotonic()
        self._began_at: float | None = None
        reads = {SHARDS: folder / "shards"}
        kept = kept_checkpoint(folder)
        if kept:
            reads[_CHECKPOINT] = checkpoint_folder(folder, kept.number)
        self._number = kept.number if kept else 0
        told = msgspec.structs.replace(
            specification,
            classes=shards.classes,
            shards=shards.shards,
            checkpoint=_CHECKPOINT if kept else "",
            checkpoint_number=self._number,
        )
        shutil.rmtree(folder / "landing", ignore_errors=True)
        self.child = Child(
            spawner,
            f"run-{specification.run}-{specification.attempt}",
            told,
            template=template,
            reads=reads,
            bounds=bounds,
            landing=folder / "landing",
            told=self._hear,
        )

    @property
    def model(self) -> Path:
        """Where the model's files are, once it ended as done."""
        return self._folder / "landing"

    def wait(self) -> Ending:
        """Wait for the end, reporting meanwhile."""
        while (ending := self.child.wait(_BETWEEN_S)) is None:
            self._pass_on()
        self._pass_on()
        return ending

    def _pass_on(self) -> None:
        with self._lock:
            state, fresh = self._state, State()
            fresh.epoch, fresh.epochs, fresh.eta_s = state.epoch, state.epochs, state.eta_s
            fresh.metrics = dict(state.metrics)
            self._state = fresh
        if state.moved:
            self._report(state)

    def _hear(self, message: wire.Out) -> None:
        now = time.time_ns()
        if isinstance(message, wire.Checkpoint):
            self._keep(message)
            return
        with self._lock:
            state = self._state
            state.moved = True
            match message:
                case wire.Said(level, text):
                    state.lines.append(LogLine(now, level, text))
                case wire.Points(points):
                    for name, step, epoch, value in points:
                        state.points.append(Point(name, step, epoch, value, now))
                        state.metrics[name] = value
                case wire.Progress(epoch, epochs, share):
                    state.epoch, state.epochs = epoch, epochs
                    state.eta_s = self._eta_s(epoch + share, epochs)

    def _eta_s(self, done: float, epochs: int) -> float | None:
        """Seconds that are left, by the pace of this attempt."""
        if self._began_at is None:
            self._began_at, self._began_s = done, time.monotonic()
        gained = done - self._began_at
        if gained <= 0:
            return None
        return max(0.0, (time.monotonic() - self._began_s) * (epochs - done) / gained)

    def _keep(self, checkpoint: wire.Checkpoint) -> None:
        """Make a checkpoint count; its files are on disk already, under landing names."""
        if checkpoint.number <= self._number:
            raise wire.BadFrame("checkpoints go backwards")
        target = checkpoint_folder(self._folder, checkpoint.number)
        prefix = f"checkpoint-{checkpoint.number}-"
        try:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True, mode=0o755)
            for file in (self._folder / "landing").glob(f"{prefix}*"):
                file.chmod(0o644)  # sealed; the environment's user reads it
                file.rename(target / file.name.removeprefix(prefix))
            sync_folder(target)
            sync_folder(target.parent)
        except FileNotFoundError as error:
            raise wire.BadFrame("a checkpoint without its files") from error
        except OSError as error:
            raise disk_error(error) from error
        replace_file(
            self._folder / _KEPT, msgspec.json.encode(KeptCheckpoint(checkpoint.number, checkpoint.epoch))
        )
        shutil.rmtree(checkpoint_folder(self._folder, self._number), ignore_errors=True)
        self._number = checkpoint.number


def checkpoint_folder(folder: Path, number: int) -> Path:
    """Where the files of a checkpoint lie."""
    return folder / "checkpoints" / str(number)


def kept_checkpoint(folder: Path) -> KeptCheckpoint | None:
    """The checkpoint that a run goes on from, or None. Raises `run.checkpoint_broken`."""
    try:
        kept = msgspec.json.decode((folder / _KEPT).read_bytes(), type=KeptCheckpoint)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise AtelierError(
            "run.checkpoint_broken",
            "The run's last checkpoint cannot be read. Its curves and log are safe.",
            detail=str(error),
            hint="Start the run anew.",
        ) from error
    return kept


def forget_files(folder: Path, *, keep_checkpoint: bool) -> None:
    """Take away the copies that an attempt needed; its checkpoint too, where it will not go on."""
    shutil.rmtree(folder / "shards", ignore_errors=True)
    shutil.rmtree(folder / "landing", ignore_errors=True)
    if not keep_checkpoint:
        (folder / _KEPT).unlink(missing_ok=True)
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
