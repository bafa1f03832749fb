"""A run's data: sealed shards, opened as they are needed, and what their bytes stand for."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import cv2
import msgspec
import numpy as np
from atelier_wire import Sample, Shard, Specification, shard_data
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atelier_run.stop import Refused

_OPEN = 4  # shards held decoded at a time
_POINT = np.dtype("<i2")  # x, y, z in centimetres and intensity in 32,767ths
_POINT_SCALE = np.array([100, 100, 100, 32_767], np.float32)


class Shards:
    """The run's sealed files; a few of them are held open."""

    def __init__(self, specification: Specification) -> None:
        self._run = specification.run
        self._cipher = AESGCM(specification.key)
        self._decoder = msgspec.msgpack.Decoder(list[Sample])
        self._open: OrderedDict[str, list[Sample]] = OrderedDict()

    def samples(self, shard: Shard) -> list[Sample]:
        """What `shard` holds, in its order."""
        if shard.path not in self._open:
            sealed = Path(shard.path).read_bytes()
            plain = self._cipher.decrypt(sealed[:12], sealed[12:], shard_data(self._run, shard.path))
            self._open[shard.path] = self._decoder.decode(plain)
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(shard.path)
        return self._open[shard.path]


class Samples(Sequence[Sample]):
    """Samples by number. Taking them in order opens each shard once."""

    def __init__(self, shards: Shards, places: Sequence[tuple[Shard, int]]) -> None:
        self._shards = shards
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "Samples": ...
    def __getitem__(self, index: int | slice) -> "Sample | Samples":
        if isinstance(index, slice):
            return Samples(self._shards, self._places[index])
        shard, number = self._places[index]
        return self._shards.samples(shard)[number]

    def __iter__(self) -> Iterator[Sample]:
        for shard, number in self._places:
            yield self._shards.samples(shard)[number]

    def take(self, numbers: Sequence[int]) -> "Samples":
        """These of them, in this order."""
        return Samples(self._shards, [self._places[number] for number in numbers])


class Snapshot:
    """The frozen data of a run: `train` and `validation`, as the snapshot drew them."""

    def __init__(self, specification: Specification) -> None:
        shards = Shards(specification)
        parts: dict[str, list[tuple[Shard, int]]] = {}
        for shard in specification.shards:
            parts.setdefault(shard.split, []).extend((shard, number) for number in range(shard.samples))
        self.train = Samples(shards, parts.get("train", []))
        self.validation = Samples(shards, parts.get("validation", []))
        if not self.train:
            raise Refused(
                "run.no_items",
                "Nothing was trained: the snapshot has no items to learn from.",
                "Make a snapshot whose training part holds labelled items.",
            )
        if not self.validation:
            self.train, self.validation = by_group(self.train, specification.seed)


def by_group(samples: Samples, seed: int, share: float = 0.2) -> tuple[Samples, Samples]:
    """`samples` in two parts, the second about `share` of them; no group stands in both.

    A group: items of one drive or source. Raises Refused `run.no_validation` where there is but one.
    """
    groups: dict[str, list[int]] = {}
    for number, sample in enumerate(samples):
        groups.setdefault(sample.group or sample.name, []).append(number)
    if len(groups) < 2:
        raise Refused(
            "run.no_validation",
            "Nothing was trained: all items come from one drive or source, so nothing can be held back "
            "to validate on.",
            "Import items of at least two drives or sources.",
        )
    names = sorted(groups)
    np.random.default_rng(seed).shuffle(names)
    aside: list[int] = []
    for name in names[:-1]:
        aside += groups[name]
        if len(aside) >= share * len(samples):
            break
    held = set(aside)
    rest = [number for number in range(len(samples)) if number not in held]
    return samples.take(rest), samples.take(sorted(aside))


def picture(data: bytes) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB, as the pixels lie in the file; None where it is no picture."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return None if found is None else np.ascontiguousarray(found[..., ::-1])


def points(data: bytes) -> np.ndarray | None:
    """(N, 4) float32 x, y, z in metres, ego frame, and intensity from 0 to 1; None where it is no sweep.

    What comes first is as good a sample of the sweep as any part of it.
    """
    if len(data) % (4 * _POINT.itemsize):
        return None
    return np.frombuffer(data, _POINT).reshape(-1, 4) / _POINT_SCALE
