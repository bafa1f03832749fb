"""P23: what a run's book-keeping costs beside a bare PyTorch loop. P20: what a closed environment costs."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.bench.harness import PAIRS, Samples, bench
from training.environments import sandbox
from training.environments.bounds import Bounds
from training.runs.child import Child, new_key
from training.runs.inside import atelier_wire as wire
from training.runs.spawner import Spawner

_RECIPE = Path(__file__).with_name("recipes") / "loop.py"


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
