"""The image editor's questions of its shapes, without a window."""

from functools import cache

import numpy as np

from plugins.image.shape_index import ShapeIndex
from studio.domain.document import Document
from studio.domain.edit import creation
from studio.domain.entities import Box, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from tests.bench.harness import Samples, bench, interleaved

MANY = 10_000
SIZE = 4000
ASKED = 50  # points a turn
STREAM = StreamId("s")


@cache
def boxes() -> list[Box]:
    """Scattered with a fixed seed."""
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, SIZE - 60, (MANY, 2))
    xyxy = np.hstack([corners, corners + rng.uniform(8, 60, (MANY, 2))]).tolist()
    track = TrackId(new_id())
    return [Box(ShapeId(new_id()), track, STREAM, 0, (a, b, c, d)) for a, b, c, d in xyxy]


@bench("P4", f"which of 10,000 boxes is under the pointer, {ASKED} times; Python loop", at_least=50)
def hit_test() -> Samples:
    shapes = boxes()
    document = Document()
    document.apply(creation("Draw", Track(shapes[0].track, "cell"), *shapes))
    index = ShapeIndex(document, STREAM, 0)
    points = [tuple(point) for point in np.random.default_rng(4).uniform(0, SIZE, (ASKED, 2)).tolist()]

    def ours() -> list[set[EntityId]]:
        return [set(index.under((x, y), 0.0)) for x, y in points]

    def loop() -> list[set[EntityId]]:
        return [
            {box.id for box in shapes if box.xyxy[0] <= x <= box.xyxy[2] and box.xyxy[1] <= y <= box.xyxy[3]}
            for x, y in points
        ]

    assert ours() == loop(), "both sides have to give the same answer"
    samples = interleaved(ours, loop)
    once_ms = sorted(samples.ours_s)[-1] / ASKED * 1000
    return samples._replace(note=f"slowest {once_ms:.3f} ms a question; the promise is 1 ms")
