"""Lets a model look at pictures or sweeps, in a closed environment with the model's own template.

An environment is kept warm for a while, since starting one costs seconds: the next question about the same
model is answered at once. At most two are held.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.domain.errors import AtelierError
from studio.domain.ids import ModelId
from training.environments.bounds import Bounds
from training.runs.child import Child, new_key
from training.runs.inside import atelier_wire as wire
from training.runs.spawner import Spawner
from training.runs.templates import file_of, template_named

if TYPE_CHECKING:
    from training.node import Node

Found = wire.Found

_HELD = 2
_IDLE_S = 60.0
_PATIENCE_S = 300.0  # for one handful of views, on a machine that is busy
_HANDFUL = 16
_HANDFUL_BYTES = 32 * 1024**2
_MODEL = "/closed/model"


class Looker:
    """One model in one warm environment."""

    def __init__(self, spawner: Spawner, name: str, template: Path, files: dict[str, bytes]) -> None:
        """`files` are the model's, by name. Raises what starting an environment raises."""
        self._folder = Path(tempfile.mkdtemp(prefix="atelier-predict-"))
        self._answered = threading.Condition()
        self._last = -1
        self._number = 0
        self._asking = threading.Lock()
        self.used_s = time.monotonic()
        model = self._folder / "model"
        model.mkdir(mode=0o755)
        for file, data in files.items():
            (model / file).write_bytes(data)
            (model / file).chmod(0o644)
        told = wire.Specification(
            "predict",
            run="",
            attempt=0,
            key=new_key(),
            template="",
            threads=os.cpu_count() or 1,
            model=_MODEL,
        )
        try:
            self._child = Child(
                spawner,
                f"predict-{name}",
                told,
                template=template,
                reads={_MODEL: model},
                bounds=Bounds(),
                landing=self._folder / "landing",
                told=self._hear,
            )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def look(self, views: list[bytes]) -> list[list[Found] | None]:
        """What is found in each view; None where one cannot be decoded. Raises `model.no_answer`."""
        with self._asking:
            number = self._number
            self._number += 1
            self._child.tell(wire.Ask(number, views))
            deadline = time.monotonic() + _PATIENCE_S
            with self._answered:
                while self._last < number:
                    if self._child.ending is not None or time.monotonic() > deadline:
                        raise self._no_answer()
                    self._answered.wait(0.2)
            file = self._folder / "landing" / f"answer-{number}-predictions"
            try:
                found = msgspec.msgpack.decode(file.read_bytes(), type=wire.Predictions).views
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise self._no_answer() from error
            file.unlink()
            if len(found) != len(views):
                raise self._no_answer()
            self.used_s = time.monotonic()
            return found

    def close(self) -> None:
        """End the environment."""
        self._child.kill()
        self._child.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._child.ending is None

    def _hear(self, message: wire.Out) -> None:
        if isinstance(message, wire.Answered):
            with self._answered:
                self._last = message.number
                self._answered.notify_all()

    def _no_answer(self) -> AtelierError:
        ending = self._child.ending
        return AtelierError(
            "model.no_answer",
            "The model gave no answer. Your labels are untouched.",
            detail=f"{ending.code}: {ending.message} {ending.detail}" if ending else "it took too long",
            hint=(ending.hint if ending else "") or "Try again; the node's log has the details.",
        )


class Lookers:
    """Warm environments by model."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._held: OrderedDict[ModelId, Looker] = OrderedDict()
        self._closing = threading.Event()
        self._sweeper: threading.Thread | None = None

    def of(self, model: ModelId) -> Looker:
        """The model's environment, warm or new. Raises `access.missing` and what starting one raises."""
        from training.store import models as rows
        from training.work import models
        from training.work.access import missing

        with self._lock:
            looker = self._held.get(model)
            if looker is None or not looker.is_alive:
                if looker:
                    self._held.pop(model).close()
                with self._node.store.read() as tx:
                    held = rows.get(tx, model)
                if held is None:
                    raise missing()
                template = file_of(template_named(held.template))
                looker = Looker(self._node.spawner, model, template, models.files(self._node, model))
                self._held[model] = looker
                while len(self._held) > _HELD:
                    self._held.popitem(last=False)[1].close()
                if self._sweeper is None:
                    self._sweeper = threading.Thread(target=self._sweep, name="lookers", daemon=True)
                    self._sweeper.start()
            self._held.move_to_end(model)
            return looker

    def close(self) -> None:
        """End all of them."""
        self._closing.set()
        with self._lock:
            for looker in self._held.values():
                looker.close()
            self._held.clear()

    def _sweep(self) -> None:
        while not self._closing.wait(5):
            with self._lock:
                for model, looker in list(self._held.items()):
                    if time.monotonic() - looker.used_s > _IDLE_S:
                        self._held.pop(model).close()


def open_lookers(node: Node) -> Lookers:
    """The node's warm environments; none is started before it is asked for."""
    return Lookers(node)


def predict(node: Node, model: ModelId, views: Iterable[bytes]) -> list[list[Found] | None]:
    """What `model` finds in each view, in order and best first; None where one cannot be decoded.

    Views are written as its template's samples are. A few are asked about at a time. Raises
    `access.missing`, `model.no_answer` and what starting an environment raises.
    """
    return [found for handful in _handfuls(views) for found in node.lookers.of(model).look(handful)]


def _handfuls(views: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting: list[bytes] = []
    size = 0
    for view in views:
        if waiting and (len(waiting) == _HANDFUL or size + len(view) > _HANDFUL_BYTES):
            yield waiting
            waiting, size = [], 0
        waiting.append(view)
        size += len(view)
    if waiting:
        yield waiting
