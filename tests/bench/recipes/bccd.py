"""Our detector and torchvision's on one folder of pictures.

    python -m tests.bench.recipes.bccd DATA [--seed N] [--network ssdlite|fcos]

Both from scratch, on the same pictures, for the same CPU seconds, in the same closed environment; each
looked at once on what the data calls `val`. Ten minutes on an idle machine, so no part of `atelier bench`.
"""

import argparse
import json
import tempfile
from pathlib import Path

import msgspec

from plugins.image.sight import PictureSight
from studio.cli.reading import read_folder
from training.cli.train import judge_folder
from training.environments.bounds import Bounds
from training.runs import alone, shards
from training.runs.child import Child, new_key
from training.runs.inside import atelier_wire as wire
from training.runs.spawner import Spawner
from training.runs.templates import template_named

_REFERENCE = Path(__file__).with_name("ssdlite.py")


def main() -> None:
    """Train both and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--network", choices=("ssdlite", "fcos"), default="ssdlite")
    asked = parser.parse_args()
    found = read_folder(asked.data)
    with tempfile.TemporaryDirectory(prefix="atelier-bccd-") as folder:
        trained = alone.train(
            template_named("detect_boxes"), asked.data, found, b"{}", asked.seed, Path(folder), lambda _: None
        )
        ours = dict(judge_folder(Path(trained.model), asked.data, found, "").result.metrics)["map50"]
        theirs = _reference(asked, found.items, trained.cpu_seconds, Path(folder))
    print(json.dumps({"ours": ours, asked.network: theirs, "cpu_seconds": trained.cpu_seconds}))


def _reference(asked: argparse.Namespace, items: object, seconds: float, folder: Path) -> float:
    key = new_key()
    told = [
        msgspec.structs.replace(source, split=split)
        for split, part in (
            ("train", alone.training_part(items)),  # type: ignore[arg-type]
            ("validation", alone.judged_part(items)),  # type: ignore[arg-type]
        )
        for source in alone.sources(asked.data, part)
    ]
    data = shards.write(folder / "shards", "reference", key, PictureSight(), told, lambda: False)
    assert data is not None
    points: list[float] = []

    def hear(message: wire.Out) -> None:
        if isinstance(message, wire.Points):
            points.extend(value for name, _, _, value in message.points if name == "map50")

    spawner = Spawner()
    child = Child(
        spawner,
        "reference",
        wire.Specification(
            "train",
            "reference",
            1,
            key,
            template="",
            parameters=msgspec.json.encode({"seconds": seconds, "network": asked.network}),
            seed=asked.seed,
            threads=1,
            classes=data.classes,
            shards=data.shards,
            checkpoint_every_s=1e9,
        ),
        template=_REFERENCE,
        reads={shards.INSIDE: folder / "shards"},
        bounds=Bounds(threads=1),
        landing=folder / "landing",
        told=hear,
    )
    ending = child.wait()
    spawner.close()
    assert ending is not None
    assert ending.how == "done", ending
    return points[-1]


if __name__ == "__main__":
    main()
