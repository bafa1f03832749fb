"""One closed environment that talks: what it says is checked, bounded, written to disk and passed on.

Nothing that comes over its descriptor is believed. Frames carry a keyed digest and a bounded length, messages
are decoded with strict types, files land under names that the node knows and within a budget, and a line too
many is counted instead of kept.
"""

import contextlib
import os
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from studio.domain.errors import AtelierError
from training.data.files import disk_error
from training.environments.bounds import Bounds
from training.environments.sandbox import PYTHON
from training.runs.inside import atelier_wire as wire
from training.runs.spawner import Spawner

INSIDE = Path(__file__).with_name("inside")
_LIBRARY = "/closed/library"
_TEMPLATE = "/closed/template.py"
_FILES: dict[str, tuple[str, ...]] = {
    "checkpoint": ("tensors.safetensors", "rest.json"),
    "model": ("model.safetensors", "model.onnx", "model.json"),
    "answer": ("predictions", "parameters.json"),
}
_ESCAPES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class Budget(Struct, frozen=True):
    """What one attempt may send."""

    file_bytes: int = 4 * 1024**3
    answer_bytes: int = 64 * 1024**2
    lines: int = 20_000
    points: int = 2_000_000


class Ending(Struct, frozen=True):
    """How an environment ended, for whoever waits for it."""

    how: str  # done, paused, cancelled, failed
    metrics: tuple[tuple[str, float], ...] = ()
    code: str = ""
    message: str = ""
    hint: str = ""
    detail: str = ""
    cpu_s: float = 0.0


class Child:
    """One attempt in a closed environment. `told` hears its messages, on threads of the child."""

    def __init__(
        self,
        spawner: Spawner,
        name: str,
        specification: wire.Specification,
        *,
        template: Path,
        reads: Mapping[str, Path],
        bounds: Bounds,
        landing: Path,
        told: Callable[[wire.Out], None],
        budget: Budget = Budget(),
    ) -> None:
        """Start it. Files that it sends land in `landing`, each whole and on disk before it is told of.

        Raises what `sandbox.start` raises.
        """
        self._spawner = spawner
        self._told = told
        self._budget = budget
        self._landing = landing
        self._specification = msgspec.structs.replace(specification, template=_TEMPLATE)
        self._lines = self._points = 0
        self._failed: wire.Failed | None = None
        self._ended: wire.Ended | None = None
        self._files: dict[str, Any] = {}
        self._writing = threading.Lock()
        self._output: list[str] = []
        self.ending: Ending | None = None
        self._over = threading.Event()
        self._start(name, template, reads, bounds)

    def tell(self, message: wire.In) -> None:
        """Say something to it; to one that has ended it is said in vain."""
        with self._writing, contextlib.suppress(OSError):
            self._writer.write(message)

    def kill(self) -> None:
        """End it at once."""
        self.sandbox.kill()

    def wait(self, timeout_s: float | None = None) -> Ending | None:
        """How it ended, or None if it has not yet."""
        self._over.wait(timeout_s)
        return self.ending

    def _start(self, name: str, template: Path, reads: Mapping[str, Path], bounds: Bounds) -> None:
        out_r, out_w = os.pipe()
        in_r, in_w = os.pipe()
        say_r, say_w = os.pipe()
        told = os.memfd_create("specification", 0)
        try:
            os.write(told, msgspec.msgpack.encode(self._specification))
            os.lseek(told, 0, os.SEEK_SET)
            command = [PYTHON, "-I", f"{_LIBRARY}/start.py", str(out_w), str(in_r), str(told)]
            self.sandbox = self._spawner.start(
                name,
                command,
                bounds=bounds,
                reads={_LIBRARY: INSIDE, _TEMPLATE: template, **reads},
                descriptors=(out_w, in_r, told),
                output=say_w,
            )
        except BaseException:
            for each in (out_r, in_w, say_r):
                os.close(each)
            raise
        finally:
            for each in (out_w, in_r, say_w, told):
                os.close(each)
        key, attempt = self._specification.key, self._specification.attempt
        self._in = in_w
        self._writer = wire.Writer(in_w, key, "in", attempt)
        out = os.fdopen(out_r, "rb", buffering=0)
        self._reader = wire.Reader(_exactly(out), key, "out", attempt, wire.FRAME_BYTES)
        threading.Thread(target=self._listen_to_output, args=(say_r,), name=f"{name}-output").start()
        threading.Thread(target=self._listen, args=(out,), name=name).start()

    def _listen(self, out: Any) -> None:
        decoder = msgspec.msgpack.Decoder(wire.Out)
        broken = ""
        with out:
            try:
                while (body := self._reader.frame()) is not None:
                    self._take(decoder.decode(body))
            except (wire.BadFrame, msgspec.DecodeError, UnicodeDecodeError) as error:
                broken = str(error)
            except AtelierError as error:
                self._failed = wire.Failed("run.node_trouble", error.message, error.hint, error.detail)
            if broken or self._failed:
                self.sandbox.kill()
        for handle in self._files.values():
            with contextlib.suppress(OSError):  # what it still held has no room on the disk
                handle.close()
        code = self.sandbox.wait()
        self._spawner.ended(self.sandbox)
        with self._writing:
            os.close(self._in)
            self._writer = _Nobody()
        self.ending = self._judged(code, broken)
        self._over.set()

    def _take(self, message: wire.Out) -> None:
        match message:
            case wire.Part():
                self._land(message)
                return
            case wire.Said():
                self._lines += 1
                if self._lines > self._budget.lines:
                    if self._lines == self._budget.lines + 1:
                        self._told(wire.Said("warning", "Too many lines: what follows is not kept."))
                    return
                message = wire.Said(message.level, _plain(message.text))
            case wire.Points():
                self._points += len(message.points)
                if self._points > self._budget.points:
                    return
            case wire.Failed():
                self._failed = message
                return
            case wire.Ended():
                self._ended = message
                return
        self._told(message)
        if isinstance(message, wire.Checkpoint):
            self.tell(wire.Kept(message.number))

    def _land(self, part: wire.Part) -> None:
        """Write a piece of a file; with the last it is on disk under its own name."""
        if part.name not in _FILES[part.purpose]:
            raise wire.BadFrame(f"a file that does not belong here: {part.purpose} {part.name}")
        name = f"{part.purpose}-{part.number}-{part.name}" if part.purpose != "model" else part.name
        if name not in self._files:
            if self._files:
                raise wire.BadFrame("two files at once")
            try:
                self._landing.mkdir(mode=0o700, exist_ok=True, parents=True)
                # held open from piece to piece, and closed with the last or at the end
                self._files[name] = open(self._landing / f"{name}.part", "wb")  # noqa: SIM115
            except OSError as error:
                raise disk_error(error) from error
        handle = self._files[name]
        bound = self._budget.answer_bytes if part.purpose == "answer" else self._budget.file_bytes
        if handle.tell() + len(part.data) > bound:
            raise wire.BadFrame(f"{name} is larger than {bound} bytes")
        try:
            handle.write(part.data)
            if part.last:
                handle.flush()
                if part.purpose != "answer":
                    os.fsync(handle.fileno())
                handle.close()
                del self._files[name]
                os.replace(self._landing / f"{name}.part", self._landing / name)
        except OSError as error:
            raise disk_error(error) from error

    def _listen_to_output(self, descriptor: int) -> None:
        """What the code prints becomes lines of the log, within the same budget."""
        with os.fdopen(descriptor, "r", encoding="utf-8", errors="replace") as said:
            while line := said.readline(4_000):
                if line.strip():
                    self._output = [*self._output[-19:], line.rstrip()]
                    self._take(wire.Said("info", line.rstrip()))

    def _judged(self, code: int, broken: str) -> Ending:
        cpu_s = self.sandbox.cpu_s
        if broken:
            return Ending(
                "failed",
                code="run.protocol",
                message="The run was stopped: what its code sent is not what belongs there.",
                hint="Check the template's code; nothing that it sent since its last checkpoint was kept.",
                detail=broken,
                cpu_s=cpu_s,
            )
        if self.sandbox.out_of_memory:
            return Ending(
                "failed",
                code="run.out_of_memory",
                message="The training was stopped: it needs more memory than it may take.",
                hint="Choose a smaller picture size or batch, or give the node more memory.",
                cpu_s=cpu_s,
            )
        if failed := self._failed:
            return Ending(
                "failed",
                code=failed.code,
                message=failed.message,
                hint=failed.hint,
                detail=failed.detail,
                cpu_s=cpu_s,
            )
        if self._ended is None:
            return Ending(
                "failed",
                code="run.killed",
                message="The training ended without a word: its process was killed or crashed.",
                hint="Resume it: it goes on from its last checkpoint.",
                detail="\n".join([f"exit code {code}", *self._output]),
                cpu_s=cpu_s,
            )
        return Ending(self._ended.how, tuple(self._ended.metrics), cpu_s=cpu_s)


class _Nobody(wire.Writer):
    """Where messages to one that has ended go."""

    def __init__(self) -> None:
        super().__init__(-1, b"", "in", 0)

    def write(self, message: wire.Message) -> None:
        raise BrokenPipeError


def new_key() -> bytes:
    """A key for one run: its shards are sealed and its frames are signed with it."""
    return secrets.token_bytes(32)


def _exactly(stream: Any) -> Callable[[int], bytes]:
    """Reads n bytes of an unbuffered stream, or fewer at its end."""

    def read(count: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < count:
            piece = stream.read(min(count - len(pieces), wire.PART_BYTES))
            if not piece:
                break
            pieces += piece
        return bytes(pieces)

    return read


def _plain(text: str) -> str:
    """`text` without control characters: a log line must not steer a terminal or forge a second line."""
    return _ESCAPES.sub("\ufffd", text.replace("\t", "    "))
