"""The labels of the visible frame's points, in each file's own order, and how drawn points lead to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.painting.tile_index import TileIndex
from plugins.pointcloud.point_labels import RUN, UNLABELLED, PointLabels
from studio.domain.entities import Tile
from studio.domain.ids import EntityId, StreamId

Places = NDArray[np.intp]
INSTANCE = 0x8000_0000  # numbers from here on are tracks'; those of imported files are lower


class Drawn(NamedTuple):
    """One stream's points as they are drawn. order: (n,) the place of each among all `total` of its file."""

    stream: StreamId
    frame: int
    order: NDArray[np.uint32]
    total: int


class CloudLabels:
    """Of one cloud. class_of: (total,) places in the frame's table; instance_of: (total,), 0 for none."""

    def __init__(self, drawn: Drawn) -> None:
        self.stream, self.frame = drawn.stream, drawn.frame
        self.order, self.total = drawn.order, drawn.total
        self.class_of = np.zeros(drawn.total, np.uint16)
        self.instance_of = np.zeros(drawn.total, np.uint32)
        self.held: dict[int, str] = {}  # run -> the blob that the arrays hold of it
        self._counts: dict[int, NDArray[np.intp]] = {}  # run -> points of each class, until it is painted
        self.loads: dict[int, int] = {}  # run -> how often it was taken from a tile: strokes before are void

    @property
    def runs(self) -> int:
        return -(-self.total // RUN)

    def put(
        self,
        places: Places | slice,
        class_of: NDArray[np.uint16] | int,
        instance_of: NDArray[np.uint32] | int,
    ) -> None:
        """Other labels of points, by place in the file."""
        self.class_of[places] = class_of
        self.instance_of[places] = instance_of
        runs = [places.start // RUN] if isinstance(places, slice) else np.unique(places // RUN).tolist()
        for run in runs:
            self._counts.pop(run, None)

    def counts(self) -> NDArray[np.intp]:
        """How many points have each class. Only runs that were painted since are counted again."""
        for run in range(self.runs):
            if run not in self._counts:
                self._counts[run] = np.bincount(self.class_of[self.span(run)], minlength=1)
        found = np.zeros(max((len(each) for each in self._counts.values()), default=1), np.intp)
        for each in self._counts.values():
            found[: len(each)] += each
        return found

    def span(self, run: int) -> slice:
        """Where a run lies among the points of the file."""
        return slice(run * RUN, min((run + 1) * RUN, self.total))


class FrameLabels:
    """Of all clouds of the visible frame. Points are named by their place among all that are drawn."""

    def __init__(self, drawn: Sequence[Drawn] = ()) -> None:
        self.clouds = [CloudLabels(each) for each in drawn]
        counts = [len(each.order) for each in self.clouds]
        self.starts = np.concatenate([[0], np.cumsum(counts, dtype=np.intp)])
        self.classes: list[str] = [UNLABELLED]
        self._number: dict[str, int] = {UNLABELLED: 0}

    def __len__(self) -> int:
        return int(self.starts[-1])

    def number_of(self, name: str) -> int:
        """The place of a class in the table, which grows by it."""
        if name not in self._number:
            self._number[name] = len(self.classes)
            self.classes.append(name)
        return self._number[name]

    def split(self, places: Places) -> Iterator[tuple[CloudLabels, Places]]:
        """Each cloud that has some of these drawn points, and their places in its file."""
        for number, cloud in enumerate(self.clouds):
            start, stop = int(self.starts[number]), int(self.starts[number + 1])
            mine = places[(places >= start) & (places < stop)] if len(self.clouds) > 1 else places
            if len(mine):
                yield cloud, cloud.order[mine - start].astype(np.intp)

    def classes_of(self, places: Places) -> NDArray[np.uint16]:
        """(n,) the classes of drawn points, as places in the table."""
        return self._read("class_of", places, np.dtype(np.uint16))

    def instances_of(self, places: Places) -> NDArray[np.uint32]:
        """(n,) the instances of drawn points."""
        return self._read("instance_of", places, np.dtype(np.uint32))

    def with_instance(self, number: int) -> Places:
        """The drawn points of an instance."""
        found = [
            np.flatnonzero(cloud.instance_of[cloud.order] == number) + self.starts[at]
            for at, cloud in enumerate(self.clouds)
            if (cloud.instance_of == number).any()  # a fortieth of the time of following the order
        ]
        return np.concatenate([np.zeros(0, np.intp), *found])

    def drawn_in(self, cloud: CloudLabels, run: int) -> Places:
        """The drawn points of a run. It looks through the cloud: 10 ms of 10 million."""
        span = cloud.span(run)
        held = np.flatnonzero((cloud.order >= span.start) & (cloud.order < span.stop))
        return held + self.starts[self.clouds.index(cloud)]

    def counts(self) -> dict[str, int]:
        """How many points of the files have each class, those without one under the empty name."""
        found: dict[str, int] = {}
        for cloud in self.clouds:
            for number, count in enumerate(cloud.counts().tolist()):
                if count:
                    found[self.classes[number]] = found.get(self.classes[number], 0) + count
        return found

    def count_of(self, instance: int) -> int:
        """How many points of the files belong to an instance."""
        return sum(int((cloud.instance_of == instance).sum()) for cloud in self.clouds)

    # Keeping step with the document

    def wanting(self, index: TileIndex) -> Iterator[tuple[CloudLabels, int, Tile | None]]:
        """Runs of which something else is held than the document says, with the tile that it has, if any."""
        for cloud in self.clouds:
            tiles = index.of(cloud.stream, cloud.frame)
            for run in sorted(tiles.keys() | cloud.held.keys()):
                tile = tiles.get(run)
                if run < cloud.runs and cloud.held.get(run, "") != (tile.blob if tile else ""):
                    yield cloud, run, tile

    def take(self, cloud: CloudLabels, run: int, name: str, labels: PointLabels | None) -> bool:
        """Hold what a tile says of a run, or None: nothing. False where it is of another number of points."""
        span = cloud.span(run)
        cloud.loads[run] = cloud.loads.get(run, 0) + 1
        if labels is None:
            cloud.put(span, 0, 0)
            cloud.held.pop(run, None)
            return True
        if len(labels.class_of) != span.stop - span.start:
            cloud.held[run] = name  # it cannot be shown; that it is there is known
            return False
        table = np.array([self.number_of(each) for each in labels.classes], np.uint16)
        cloud.put(span, table[labels.class_of], labels.instance_of)
        cloud.held[run] = name
        return True

    def copied(self, cloud: CloudLabels, run: int) -> PointLabels:
        """The labels of a run as they are now, whatever is painted next."""
        span = cloud.span(run)
        return PointLabels(tuple(self.classes), cloud.class_of[span].copy(), cloud.instance_of[span].copy())

    def _read(self, name: str, places: Places, kind: np.dtype[np.generic]) -> NDArray[np.generic]:  # type: ignore[type-var]
        if len(self.clouds) == 1:
            cloud = self.clouds[0]
            found: NDArray[np.generic] = getattr(cloud, name)[cloud.order[places]]
            return found
        values = np.zeros(len(places), kind)
        for number, cloud in enumerate(self.clouds):
            start, stop = self.starts[number], self.starts[number + 1]
            mine = (places >= start) & (places < stop)
            values[mine] = getattr(cloud, name)[cloud.order[places[mine] - start]]
        return values


def instance_of_track(track: EntityId) -> int:
    """The number by which points belong to a track: of its id alone, so that nobody has to keep a table.

    31 random bits of the UUIDv7: among 1,000 tracks of an item two share one once in 4,300 items.
    """
    return INSTANCE | (int(track.replace("-", "")[-8:], 16) & 0x7FFF_FFFF)


def drawn_instances(numbers: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """(n,) what instances are drawn as: 1 to 65,535, and 0 for none; small numbers stay what they are."""
    folded = numbers if not len(numbers) or numbers.max() < 0xFFFF else numbers ^ (numbers >> np.uint32(16))
    found = (folded % np.uint32(0xFFFF)).astype(np.uint16)
    found[(found == 0) & (numbers != 0)] = 0xFFFF
    return found
