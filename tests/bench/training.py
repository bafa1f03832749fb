"""What a run costs beside what it trains.

P20: a closed environment. P23: a run's book-keeping, beside a bare PyTorch loop. P25: going on after a kill.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugins.image.sight import PictureSight
from studio.domain.contracts.training import Shown
from studio.domain.entities import Box, Track
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.wire.projects import Stream
from tests.bench.harness import PAIRS, Samples, bench
from training.environments import sandbox
from training.environments.bounds import Bounds
from training.runs import shards
from training.runs.attempt import Attempt, kept_checkpoint
from training.runs.child import Child, Ending, new_key
from training.runs.inside import atelier_wire as wire
from training.runs.spawner import Spawner

_RECIPE = Path(__file__).with_name("recipes") / "loop.py"
_RESUMED = _RECIPE.with_name("resumed.py")
_RESUMED_TURNS = 3


@bench("P23", "A training loop with log, checkpoints and pauses, against a bare one (CPU)", at_most=1.05)
def training_loop() -> Samples:
    """Both loops in one closed environment, epoch by epoch in turn; seconds of processor time."""
    found: dict[str, list[float]] = {"ours": [], "bare": []}

    def hear(message: wire.Out) -> None:
        if isinstance(message, wire.Points):
            for name, _, _, value in message.points:
                if name in found:
                    found[name].append(value)

    key = new_key()
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
        shards = Path(folder) / "shards"
        shards.mkdir(mode=0o755)
        samples = [wire.Sample(str(n), str(n), b"", (0,), ((0.0, 0.0, 1.0, 1.0),)) for n in range(2)]
        nonce = os.urandom(12)
        sealed = AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(samples), wire.shard_data("bench", "0"))
        (shards / "0").write_bytes(nonce + sealed)
        spawner = Spawner()
        child = Child(
            spawner,
            "bench",
            wire.Specification(
                "train",
                "bench",
                1,
                key,
                template="",
                parameters=msgspec.json.encode({"epochs": PAIRS}),
                shards=(wire.Shard("/closed/shards/0", "train", 2),),
                checkpoint_every_s=1.8,  # about one an epoch; the product makes one in five seconds
            ),
            template=_RECIPE,
            reads={"/closed/shards": shards},
            bounds=Bounds(threads=1),
            landing=Path(folder) / "landing",
            told=hear,
        )
        ending = child.wait(580)
        spawner.close()
    assert ending is not None, "the loop took too long"
    assert ending.how == "done", ending
    return Samples(found["ours"], found["bare"], "a checkpoint after every epoch; seconds of CPU time")


_INTERVAL_S = 1.0  # of processor time, between two checkpoints; the product makes one in five seconds


@bench("P25", "A run that is killed and goes on, against one undisturbed and one interval more", at_most=1)
def resumed() -> Samples:
    """Seconds of processor time in training; both must come to the very same weights.

    Starting Python and PyTorch anew is not training, and told apart.
    """
    killed, undisturbed, starts = [], [], []
    for turn in range(_RESUMED_TURNS):
        with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
            whole = _Run(Path(folder) / "whole")
            metrics = whole.attempt().metrics
            undisturbed.append(whole.trained_s + _INTERVAL_S)
            cut = _Run(Path(folder) / "cut")
            # at another place between two checkpoints each time
            ending = cut.attempt(kill_after=2 + turn % 2, wait_s=_INTERVAL_S * (0.2 + 0.3 * (turn % 3)))
            assert ending.code == "run.killed", ending
            assert cut.attempt().metrics == metrics, "it came to other weights"
            killed.append(cut.trained_s)
            starts += whole.started_s + cut.started_s
    start_s = statistics.median(starts)
    note = (
        f"the same weights to the last bit each time; starting anew takes {start_s:.1f} s of CPU time besides"
    )
    return Samples(killed, undisturbed, note)


def _empty(*_: object) -> bytes:
    """A file of an item that nobody looks into."""
    return b""


class _Run:
    """One run of the recipe, attempt by attempt, as the node carries it out."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, new_key()
        track = Track(EntityId(new_id()), "cell")
        box = Box(EntityId(new_id()), track.id, StreamId("s"), 0, (0.0, 0.0, 1.0, 1.0))
        stream = Stream(StreamId("s"), "picture", "image")
        told = [
            shards.Source("image", "train", str(n), Shown(str(n), (stream,), (track, box), _empty, _empty))
            for n in range(2)
        ]
        written = shards.write(folder / "shards", "bench", self._key, PictureSight(), told, lambda: False)
        assert written is not None
        self._written = written
        self._attempts = 0
        self.trained_s = 0.0
        self.started_s: list[float] = []

    def attempt(self, kill_after: int = 0, wait_s: float = 0.0) -> Ending:
        """One more attempt to its end; killed so many seconds after that checkpoint, where one is named."""
        self._attempts += 1
        told = wire.Specification(
            "train",
            "bench",
            self._attempts,
            self._key,
            template="",
            seed=7,
            checkpoint_every_s=_INTERVAL_S,
        )
        spawner = Spawner()
        began: list[float] = []
        try:
            attempt = Attempt(
                spawner,
                self._folder,
                told,
                _RESUMED,
                self._written,
                Bounds(threads=1),
                lambda state: began.extend(each.value for each in state.points if each.name == "began"),
            )
            if kill_after:
                self._kill_later(attempt, kill_after, wait_s)
            ending = attempt.wait()
        finally:
            spawner.close()
        self.started_s += began[:1]
        self.trained_s += ending.cpu_s - began[0]
        return ending

    def _kill_later(self, attempt: Attempt, number: int, wait_s: float) -> None:
        def kill() -> None:
            while (kept := kept_checkpoint(self._folder)) is None or kept.number < number:
                time.sleep(0.005)
            time.sleep(wait_s)
            attempt.child.kill()

        threading.Thread(target=kill, daemon=True).start()


@bench("P20", "Starting Python in a closed environment, against starting it bare", at_most=3)
def sandbox_start() -> Samples:
    """From the call to the end of an interpreter that does nothing."""
    ours, bare = [], []
    for turn in range(PAIRS):
        began_s = time.perf_counter()
        sandbox.start(f"bench-{turn}", [sandbox.PYTHON, "-I", "-c", ""], bounds=Bounds(), reads={}).wait()
        ours.append(time.perf_counter() - began_s)
        began_s = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", ""], check=True)
        bare.append(time.perf_counter() - began_s)
    return Samples(ours, bare)
