"""A snapshot's items as a run gets them: sealed files of samples, a few megabytes each."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId
from training.data.files import disk_error, make_folder, replace_file, sync_folder
from training.runs.inside.atelier_wire import Sample, Shard, shard_data

INSIDE = "/closed/shards"
_SHARD_BYTES = 16 * 1024**2
_SHARD_SAMPLES = 512
_LIST = "shards.json"


class Source(Struct, frozen=True):
    """One item of a snapshot, as it was when that was frozen. `picture` reads the file's bytes.

    `weights` are those of the shapes that count less than others in what is learned.
    """

    name: str
    split: str
    group: str
    entities: tuple[AnyEntity, ...]
    picture: Callable[[], bytes]
    weights: Mapping[EntityId, float] = {}


class Shards(Struct, frozen=True):
    """What was written: the classes in the order that boxes name them, and the files."""

    classes: tuple[str, ...]
    shards: tuple[Shard, ...]
    boxes: int


def written(folder: Path) -> Shards | None:
    """What an earlier attempt wrote to `folder`, if it came to the end."""
    try:
        return msgspec.json.decode((folder / _LIST).read_bytes(), type=Shards)
    except FileNotFoundError:
        return None


def write(
    folder: Path, run: str, key: bytes, sources: Iterable[Source], stop_wanted: Callable[[], bool]
) -> Shards | None:
    """Seal `sources` into `folder`; None where a stop was wanted meanwhile. Boxes alone are handed on.

    Raises `run.no_items`, `run.no_labels`, `node.disk_full`.
    """
    make_folder(folder)
    folder.chmod(0o755)  # bound by itself; on the way to it stands the workspace, which is the node's alone
    classes: dict[str, int] = {}
    shards: list[Shard] = []
    waiting: dict[str, list[Sample]] = {}
    held: dict[str, int] = {}
    boxes = 0
    for source in sources:
        if stop_wanted():
            return None
        sample = _sample(source, classes)
        if source.split == "train":
            boxes += sum(weight > 0 for weight in sample.weights) if sample.weights else len(sample.boxes)
        waiting.setdefault(source.split, []).append(sample)
        held[source.split] = held.get(source.split, 0) + len(sample.picture)
        if held[source.split] >= _SHARD_BYTES or len(waiting[source.split]) >= _SHARD_SAMPLES:
            shards.append(_seal(folder, run, key, source.split, waiting.pop(source.split), len(shards)))
            held[source.split] = 0
    for split, samples in sorted(waiting.items()):
        shards.append(_seal(folder, run, key, split, samples, len(shards)))
    if not any(shard.split == "train" for shard in shards):
        raise AtelierError(
            "run.no_items",
            "Nothing was trained: the snapshot has no items to learn from.",
            hint="Make a snapshot whose training part holds labelled items.",
        )
    if not boxes:
        raise AtelierError(
            "run.no_labels",
            "Nothing was trained: no item of the snapshot's training part has a box.",
            hint="Label some items, make a new snapshot, and train on that.",
        )
    done = Shards(tuple(classes), tuple(shards), boxes)
    sync_folder(folder)
    replace_file(folder / _LIST, msgspec.json.encode(done))
    return done


def _sample(source: Source, classes: dict[str, int]) -> Sample:
    names = {each.id: each.class_name for each in source.entities if isinstance(each, Track)}
    found = [each for each in source.entities if isinstance(each, Box) and each.frame == 0]
    found.sort(key=lambda box: (box.xyxy, names.get(box.track, "")))  # ids differ from import to import
    numbers = tuple(classes.setdefault(names[box.track], len(classes)) for box in found)
    weights: tuple[float, ...] = ()
    if any(box.id in source.weights for box in found):
        weights = tuple(source.weights.get(box.id, 1.0) for box in found)
    xyxy = tuple(box.xyxy for box in found)
    return Sample(source.name, source.group, source.picture(), numbers, xyxy, weights)


def _seal(folder: Path, run: str, key: bytes, split: str, samples: list[Sample], number: int) -> Shard:
    name = f"{number:06}.sealed"
    nonce = os.urandom(12)
    data = AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(samples), shard_data(run, name))
    try:
        # readable by the environment's user, in a folder that the node alone can enter, and sealed
        (folder / name).write_bytes(nonce + data)
        (folder / name).chmod(0o644)
    except OSError as error:
        raise disk_error(error) from error
    return Shard(f"{INSIDE}/{name}", split, len(samples))
