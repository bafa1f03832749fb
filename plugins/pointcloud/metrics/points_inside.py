"""How many points of a frame lie in each of its cuboids, from what was prepared of the cloud."""

from collections.abc import Sequence

import numpy as np

from plugins.judging import Ints
from plugins.pointcloud.cloud import HEAD, read_head, read_piece
from studio.domain.contracts.training import Judged
from studio.domain.entities import CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.space import Floats, Pose, outward, within
from studio.domain.wire.evaluation import Placement

UNKNOWN = -1


def counted(item: Judged, stream: StreamId, frame: int, placements: Sequence[Placement]) -> Ints:
    """(N,) points in each; UNKNOWN for all where the cloud cannot be read: figures go on without it."""
    unknown = np.full(len(placements), UNKNOWN, np.int64)
    if item.rendition is None or not placements:
        return unknown
    try:
        points = _points(item, stream, frame)
    except AtelierError:
        return unknown
    order = np.argsort(points[:, 0])
    points = points[order]
    found = np.zeros(len(placements), np.int64)
    for number, each in enumerate(placements):
        reach = float(np.linalg.norm(each.size)) / 2
        first, stop = np.searchsorted(points[:, 0], (each.centre[0] - reach, each.centre[0] + reach))
        found[number] = np.count_nonzero(within(points[first:stop], each.centre, each.size, each.rotation))
    return found


def _points(item: Judged, stream: StreamId, frame: int) -> Floats:
    """(N, 3) in the ego frame."""
    assert item.rendition is not None
    head = read_head(item.rendition(stream, frame, HEAD))
    pieces = [
        read_piece(item.rendition(stream, frame, f"{HEAD}-{number}")).xyz for number in range(head.pieces)
    ]
    own = np.concatenate(pieces).astype(np.float64) if pieces else np.zeros((0, 3))
    pose = Pose()
    for entity in item.labels:
        if isinstance(entity, CoordinateSystem) and entity.name == stream:
            pose = Pose(entity.translation, entity.rotation)
    return outward(pose, own + np.array(head.origin))
