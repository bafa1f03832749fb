"""The detector of cuboids in its closed environment: the same seed, the same model, whatever is killed."""

import threading
import time
from pathlib import Path

import msgspec
import numpy as np

from plugins.pointcloud.cloud import HEAD, Cloud, prepared
from plugins.pointcloud.sight import SweepSight
from studio.domain.contracts.training import Shown
from studio.domain.entities import Cuboid, Track
from studio.domain.ids import ShapeId, StreamId, TrackId, new_id
from studio.domain.space import turn
from studio.domain.wire.projects import Stream
from training.environments.bounds import Bounds
from training.runs import shards
from training.runs.attempt import Attempt, kept_checkpoint
from training.runs.child import Ending, new_key
from training.runs.inside.atelier_wire import Specification
from training.runs.shards import Source
from training.runs.spawner import Spawner
from training.runs.templates import file_of, template_named

LIDAR = StreamId("lidar")
PARAMETERS = {"epochs": 10, "batch": 2, "paste": 1, "pillar_m": 0.5, "window_m": 16.0}


def a_drive(number: int) -> Source:
    """One sweep of a few hundred points, with one cuboid where some of them stand."""
    rng = np.random.default_rng(number)
    x, y = rng.uniform(-6, 6, 2)
    ground = np.column_stack([rng.uniform(-8, 8, (400, 2)), rng.normal(0, 0.02, 400)])
    car = rng.uniform(-0.5, 0.5, (200, 3)) * (4.0, 1.8, 1.5) + (x, y, 0.75)
    head, pieces = prepared(Cloud(np.concatenate([ground, car]).astype(np.float32)))
    track = Track(TrackId(new_id()), "car")
    cuboid = Cuboid(ShapeId(new_id()), track.id, LIDAR, 0, (x, y, 0.75), (4.0, 1.8, 1.5), turn(0.0))

    def rendition(_: StreamId, frame: int, name: str) -> bytes:
        return head if name == HEAD else pieces[0]

    item = Shown(f"drive {number}", (Stream(LIDAR, "lidar", "points"),), (track, cuboid), no_file, rendition)
    return Source("points", "train" if number < 6 else "validation", str(number), item)


def no_file(*_: object) -> bytes:
    """Models are shown what was prepared, never a file."""
    raise AssertionError


class Running:
    """One run, attempt by attempt."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, new_key()
        sources = [a_drive(number) for number in range(8)]
        written = shards.write(folder / "shards", "r", self._key, SweepSight(), sources, lambda: False)
        assert written is not None
        self._written = written
        self._attempts = 0

    def attempt(self, *, kill: bool = False) -> Ending:
        """How one more attempt ends; with `kill` soon after its second checkpoint."""
        self._attempts += 1
        template = template_named("detect_cuboids")
        told = Specification(
            "train",
            "r",
            self._attempts,
            self._key,
            template="",
            parameters=msgspec.json.encode(PARAMETERS),
            seed=4,
            checkpoint_every_s=0.2,
        )
        spawner = Spawner()
        try:
            attempt = Attempt(
                spawner,
                self._folder,
                told,
                file_of(template),
                self._written,
                Bounds(threads=1),
                lambda state: None,
            )
            if kill:
                threading.Thread(target=self._kill, args=(attempt,), daemon=True).start()
            return attempt.wait()
        finally:
            spawner.close()

    def _kill(self, attempt: Attempt) -> None:
        while (kept := kept_checkpoint(self._folder)) is None or kept.number < 2:
            time.sleep(0.005)
        attempt.child.kill()

    @property
    def weights(self) -> bytes:
        return (self._folder / "landing" / "model.safetensors").read_bytes()


def test_a_run_that_was_killed_comes_to_the_very_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole, cut = Running(tmp_path / "whole"), Running(tmp_path / "cut")
    done = whole.attempt()
    assert done.how == "done", done
    killed = cut.attempt(kill=True)
    assert killed.code == "run.killed", killed
    again = cut.attempt()
    assert again.how == "done", again
    assert again.metrics == done.metrics
    assert cut.weights == whole.weights
