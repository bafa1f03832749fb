"""A snapshot's items as a run gets them: sealed files of samples, a few megabytes each.

What is a sample of an item the plug-in of the run's template says, its `Sight`.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from studio.domain.contracts.training import Lesson, Shown, Sight
from studio.domain.errors import AtelierError
from training.data.files import disk_error, make_folder, replace_file, sync_folder
from training.runs.inside.atelier_wire import Sample, Shard, shard_data

INSIDE = "/closed/shards"
_SHARD_BYTES = 16 * 1024**2
_SHARD_SAMPLES = 512
_LIST = "shards.json"


class Source(Struct, frozen=True):
    """One item of a snapshot, as it was when that was frozen. `kind` is that of its first stream.

    All its samples have its split and its group, so that a drive is never torn.
    """

    kind: str
    split: str
    group: str
    item: Shown


class Shards(Struct, frozen=True):
    """What was written: the classes in the order that shapes name them, and the files."""

    classes: tuple[str, ...]
    shards: tuple[Shard, ...]
    shapes: int  # that are learned from
    left_out: int = 0  # items of another kind of data


def written(folder: Path) -> Shards | None:
    """What an earlier attempt wrote to `folder`, if it came to the end."""
    try:
        return msgspec.json.decode((folder / _LIST).read_bytes(), type=Shards)
    except FileNotFoundError:
        return None


def write(
    folder: Path,
    run: str,
    key: bytes,
    sight: Sight,
    sources: Iterable[Source],
    stop_wanted: Callable[[], bool],
) -> Shards | None:
    """Seal what is learned from `sources` into `folder`; None where a stop was wanted meanwhile.

    Raises `run.no_items`, `run.no_labels`, `node.disk_full`.
    """
    make_folder(folder)
    folder.chmod(0o755)  # bound by itself; on the way to it stands the workspace, which is the node's alone
    classes: dict[str, int] = {}
    shards: list[Shard] = []
    waiting: dict[str, list[Sample]] = {}
    held: dict[str, int] = {}
    shapes = left_out = 0
    for source in sources:
        if source.kind not in sight.kinds:
            left_out += 1
            continue
        for sample in _samples(source, sight, classes):
            if stop_wanted():
                return None
            split = source.split
            if split == "train":
                shapes += (
                    sum(weight > 0 for weight in sample.weights) if sample.weights else len(sample.shapes)
                )
            waiting.setdefault(split, []).append(sample)
            held[split] = held.get(split, 0) + len(sample.data)
            if held[split] >= _SHARD_BYTES or len(waiting[split]) >= _SHARD_SAMPLES:
                shards.append(_seal(folder, run, key, split, waiting.pop(split), len(shards)))
                held[split] = 0
    for split, samples in sorted(waiting.items()):
        shards.append(_seal(folder, run, key, split, samples, len(shards)))
    if not any(shard.split == "train" for shard in shards):
        raise AtelierError(
            "run.no_items",
            "Nothing was trained: the snapshot has no items that this template can learn from.",
            detail=f"{left_out} items are of another kind of data" if left_out else "",
            hint="Make a snapshot whose training part holds labelled items.",
        )
    if not shapes:
        raise AtelierError(
            "run.no_labels",
            "Nothing was trained: no item of the snapshot's training part is labelled with what this "
            "template learns.",
            hint="Label some items, make a new snapshot, and train on that.",
        )
    done = Shards(tuple(classes), tuple(shards), shapes, left_out)
    sync_folder(folder)
    replace_file(folder / _LIST, msgspec.json.encode(done))
    return done


def _samples(source: Source, sight: Sight, classes: dict[str, int]) -> Iterator[Sample]:
    for lesson in sight.lessons(source.item):
        yield _sample(source, lesson, classes)


def _sample(source: Source, lesson: Lesson, classes: dict[str, int]) -> Sample:
    numbers = tuple(classes.setdefault(name, len(classes)) for name, _, _ in lesson.shapes)
    weights = tuple(float(weight) for _, _, weight in lesson.shapes)
    return Sample(
        lesson.name,
        source.group,
        lesson.data,
        numbers,
        tuple(shape for _, shape, _ in lesson.shapes),
        weights if any(weight != 1.0 for weight in weights) else (),
    )


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
