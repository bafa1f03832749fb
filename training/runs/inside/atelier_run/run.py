"""The run, as a template sees it: its data, its passes, its log, and what it hands back."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import torch
from atelier_wire import Checkpoint, Points, Progress, Said, Specification

from atelier_run.data import Snapshot
from atelier_run.link import Link
from atelier_run.state import pack, seal, unpack, unseal
from atelier_run.stop import Cancelled, Paused, Refused

T = TypeVar("T")
Number = float | int | torch.Tensor
_FLUSH_S = 0.5


class Stateful(Protocol):
    """A part that a checkpoint holds: a module, an optimizer, or anything with these two methods."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


@dataclass(frozen=True)
class Model:
    """What a template hands back: files by name (safetensors, ONNX, JSON) and how good it is."""

    files: Mapping[str, bytes]
    metrics: Mapping[str, float] = field(default_factory=dict)


class Run:
    """One training run. Everything random in it comes from `seed`, the epoch and the batch.

    So a run that goes on from a checkpoint takes the same samples in the same order as one never stopped.
    """

    def __init__(self, specification: Specification, link: Link) -> None:
        self.classes = specification.classes
        self.seed = specification.seed
        self.threads = specification.threads
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.snapshot = Snapshot(specification)
        self._link = link
        self._key, self._name = specification.key, specification.run
        self._every_s = specification.checkpoint_every_s
        self._folder = specification.checkpoint
        self._number: int = specification.checkpoint_number
        self._parts: dict[str, Stateful] = {}
        self._epoch = 0
        self._epochs = 0
        self._batch = 0  # of the epoch under way, the next to be taken
        self._step = 0
        self._ended = False
        self._logged: dict[str, tuple[Number, int]] = {}
        self._flushed = time.monotonic()
        # of processor time: on a busy machine checkpoints cost no larger share than on an idle one
        self._checkpointed = time.process_time()

    def epochs(self, count: int, /, **parts: Stateful) -> Iterator[int]:
        """The numbers of the epochs that are still to do, from 0 to `count` - 1.

        `parts` are all that changes while training (model, optimizer, averages): they are what checkpoints
        hold. A run that goes on is first brought to where its last checkpoint left it.
        """
        self._parts, self._epochs = parts, count
        if self._folder:
            self._restore()
        while self._epoch < count and not self._ended:
            self._tell_progress(0.0)
            yield self._epoch
            self._flush()
            self._epoch, self._batch = self._epoch + 1, 0
            self._tell_progress(0.0)
            self._safe_point()

    def stop_early(self) -> None:
        """Make the epoch under way the last: nothing was gained for long."""
        self._ended = True

    def batches(self, samples: Sequence[T], size: int) -> Iterator[list[T]]:
        """`samples` in a new order every epoch, `size` at a time; the last may be smaller. Once an epoch.

        Between batches the run may be paused, cancelled or checkpointed.
        """
        order = self.random(0).permutation(len(samples))
        count = math.ceil(len(samples) / size)
        while self._batch < count:
            start = self._batch * size
            yield [samples[int(number)] for number in order[start : start + size]]
            self._batch += 1
            self._step += 1
            if time.monotonic() - self._flushed > _FLUSH_S:
                self._flush()
                self._tell_progress(self._batch / count)
            if self._batch < count:
                self._safe_point()

    def random(self, purpose: int = 1) -> np.random.Generator:
        """A generator of seed, epoch, batch and `purpose` alone; purpose 0 orders the epoch's samples."""
        batch = self._batch if purpose else 0
        return np.random.default_rng([self.seed, self._epoch, batch, purpose])

    @property
    def step(self) -> int:
        """How many batches were taken in all."""
        return self._step

    def log(self, **values: Number) -> None:
        """Log values for the curves. A tensor is not waited for: several of one name are averaged.

        Raises Refused `run.diverged`, a moment later, where a value is no number any more.
        """
        for name, value in values.items():
            value = value.detach() if isinstance(value, torch.Tensor) else value
            total, count = self._logged.get(name, (0.0, 0))
            self._logged[name] = (total + value, count + 1)

    def say(self, text: str, level: Literal["info", "warning", "error"] = "info") -> None:
        """Write a line to the run's log."""
        for line in text.splitlines():
            self._link.send(Said(level, line[:8_000]))

    def save(self, model: Model) -> Model:
        """Hand the model to the node, which checks, seals and names it."""
        self._flush()
        for name, value in model.metrics.items():
            if not math.isfinite(value):
                raise Refused("run.diverged", f"No model was made: {name} of the result is not a number.")
        self._link.send_files("model", 0, sorted(model.files.items()))
        return model

    def _flush(self) -> None:
        now = time.monotonic()
        points = []
        for name, (total, count) in self._logged.items():
            value = float(total) / count
            if not math.isfinite(value):
                raise self._diverged(name)
            points.append((name, self._step, float(self._epoch), value))
        self._logged.clear()
        self._flushed = now
        for start in range(0, len(points), 1_000):
            self._link.send(Points(points[start : start + 1_000]))

    def _diverged(self, what: str) -> Refused:
        return Refused(
            "run.diverged",
            f"The training was stopped: {what} is no longer a number in epoch {self._epoch + 1}.",
            "Try again with a smaller learning rate.",
        )

    def _tell_progress(self, share: float) -> None:
        self._link.send(Progress(self._epoch, self._epochs, share))

    def _safe_point(self) -> None:
        if self._link.cancel.is_set():
            raise Cancelled
        pause = self._link.pause.is_set()
        if pause or time.process_time() - self._checkpointed >= self._every_s:
            number = self._checkpoint()
            if pause:
                self._link.wait_kept(number)
                raise Paused

    def _checkpoint(self) -> int:
        # what has gone wrong since the last look must not take the place of a checkpoint that is sound
        self._flush()
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts.items()}
        if not all(_is_finite(part) for part in self._parts.values()):
            raise self._diverged("a weight")
        self._number += 1
        state["run"] = {
            "epoch": self._epoch,
            "batch": self._batch,
            "step": self._step,
            "ended": self._ended,
            "torch": torch.get_rng_state(),
        }
        files = seal(pack(state), self._key, self._name)
        self._link.send_files("checkpoint", self._number, sorted(files.items()))
        self._link.send(Checkpoint(self._number, self._epoch))
        self._checkpointed = time.process_time()
        return self._number

    def _restore(self) -> None:
        files = {file.name: file.read_bytes() for file in Path(self._folder).iterdir()}
        state = unpack(unseal(files, self._key, self._name))
        run = state.pop("run")
        self._epoch, self._batch, self._step = run["epoch"], run["batch"], run["step"]
        self._ended = run["ended"]
        torch.set_rng_state(run["torch"])
        for name, part in self._parts.items():
            part.load_state_dict(state[name])


def _is_finite(part: Stateful) -> bool:
    """Whether all weights of a network are numbers; of other parts only they know what is sound."""
    if not isinstance(part, torch.nn.Module):
        return True
    return all(bool(each.isfinite().all()) for each in part.parameters())
