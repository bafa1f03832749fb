"""Runs on a full disk and with numbers that are none: they go on from the last good checkpoint."""

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import torch
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from safetensors.torch import load

from plugins.image.sight import PictureSight
from studio.domain.wire import routes
from tests.studio.client.test_open_document import until
from tests.training.running import RunningNode, running_node
from tests.training.runs.test_runs import LONG, Bench
from tests.training.runs.test_shards import a_box, source
from training.environments.bounds import Bounds
from training.runs import shards
from training.runs.attempt import Attempt, KeptCheckpoint, checkpoint_folder, kept_checkpoint
from training.runs.child import Ending, new_key
from training.runs.inside.atelier_wire import Specification
from training.runs.shards import Shards
from training.runs.spawner import Spawner

TEMPLATE = Path(__file__).with_name("diverging.py")


class Small:
    """A run of the small template, attempt by attempt, a checkpoint after every step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = new_key()
        samples = [source(str(number), *a_box("cell", 1.0), weights={}) for number in range(3)]
        written = shards.write(folder / "shards", "r", self.key, PictureSight(), samples, lambda: False)
        assert isinstance(written, Shards)
        self._written = written
        self._attempts = 0
        self.said: list[str] = []

    def attempt(self, **parameters: object) -> Ending:
        """How one more attempt ends."""
        self._attempts += 1
        told = Specification(
            "train",
            "r",
            self._attempts,
            self.key,
            template="",
            parameters=msgspec.json.encode(parameters),
            seed=3,
            checkpoint_every_s=0.0,
        )
        spawner = Spawner()
        try:
            attempt = Attempt(
                spawner,
                self.folder,
                told,
                TEMPLATE,
                self._written,
                Bounds(threads=1),
                lambda state: self.said.extend(line.text for line in state.lines),
            )
            return attempt.wait()
        finally:
            spawner.close()

    def kept(self) -> tuple[KeptCheckpoint, dict[str, torch.Tensor]]:
        """The checkpoint that counts, opened."""
        kept = kept_checkpoint(self.folder)
        assert kept is not None
        name = "tensors.safetensors"
        data = (checkpoint_folder(self.folder, kept.number) / name).read_bytes()
        return kept, load(AESGCM(self.key).decrypt(data[:12], data[12:], f"checkpoint:r:{name}".encode()))

    def model(self) -> bytes:
        return (self.folder / "landing" / "model.json").read_bytes()


@pytest.fixture(scope="module")
def sound_model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the small template makes where nothing goes wrong."""
    run = Small(tmp_path_factory.mktemp("sound"))
    assert run.attempt().how == "done"
    return run.model()


@pytest.mark.parametrize("where", ["loss", "weights"])
def test_a_loss_that_is_no_number_ends_the_run_and_its_last_good_checkpoint_is_kept(
    tmp_path: Path, sound_model: bytes, where: str
) -> None:
    run = Small(tmp_path / "bad")
    bad = run.attempt(bad_step=25, where=where)
    assert (bad.how, bad.code) == ("failed", "run.diverged")
    assert "no longer a number in epoch 1" in bad.message
    assert bad.hint
    kept, tensors = run.kept()
    assert kept.number == 25  # after the steps 0 to 24
    assert all(each.isfinite().all() for each in tensors.values() if each.is_floating_point())
    # from there it goes on to where it would have come without the fault
    assert run.attempt().how == "done"
    assert run.model() == sound_model


@contextmanager
def files_of_at_most(node: RunningNode, size: int) -> Iterator[None]:
    """As full a disk as the node can meet: the kernel refuses its files whatever would grow beyond `size`."""
    before = resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults")
    with running_node(folder / "w") as node:
        yield Bench(node, folder / "shapes")


def kept_number(bench: Bench, run: str) -> int:
    """The checkpoint that counts; 0 before the first."""
    try:
        said = (bench.node.folder / "runs" / run / "checkpoint.json").read_bytes()
    except FileNotFoundError:
        return 0
    return int(json.loads(said)["number"])


def test_a_full_disk_ends_a_run_with_the_checkpoint_before_and_loses_no_other(bench: Bench) -> None:
    run, next_one = bench.start(LONG), bench.start()
    while not (number := kept_number(bench, run)):
        assert bench.run(run).state in ("queued", "running")
        time.sleep(0.02)
    with files_of_at_most(bench.node, 8 * 1024 * 1024):  # room for the database, not for a checkpoint
        failed = bench.wait(run, "failed")
    assert "disk is full" in failed.error
    assert failed.hint
    assert kept_number(bench, run) == number
    folder = bench.node.folder / "runs" / run
    assert [each.name for each in (folder / "checkpoints").iterdir()] == [str(number)]
    until(lambda: not (folder / "landing").exists())  # nor is the half of a checkpoint left
    # the next run meets a disk on which not even what becomes of it can be written down
    bench.wait_for_epoch(next_one, 1)
    with files_of_at_most(bench.node, 1):
        time.sleep(5)
        assert bench.run(next_one).state == "running"
    assert bench.wait(next_one, "failed").hint
    for each in (run, next_one):
        bench.owner.call(routes.RESUME_RUN, run=each)
    again = bench.wait_for_epoch(run, failed.epoch + 1)  # from the checkpoint, not from the beginning
    assert again.attempt == 2
    bench.owner.call(routes.CANCEL_RUN, run=run)
    assert bench.wait(next_one).state == "done"
