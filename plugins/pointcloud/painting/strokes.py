"""Strokes as Edits: the runs that one changed, coded beside the GUI, and the tiles before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from plugins.pointcloud.painting.frame_labels import CloudLabels
from plugins.pointcloud.painting.tile_index import TileIndex
from plugins.pointcloud.point_labels import PointLabels, blob_name, encoded, tile_id
from studio.domain.edit import Changes, Edit
from studio.domain.entities import Tile
from studio.domain.ids import ItemId


class PaintedRun(NamedTuple):
    """One run of a cloud as a stroke left it. load: how often it had been taken from a tile until then."""

    cloud: CloudLabels
    run: int
    load: int
    labels: PointLabels

    def tile(self, index: TileIndex) -> Tile | None:
        """Its tile as the document has it now."""
        return index.of(self.cloud.stream, self.cloud.frame).get(self.run)

    def is_current(self, index: TileIndex) -> bool:
        """Whether nobody has changed the tile since the stroke began."""
        tile = self.tile(index)
        now = tile.blob if tile is not None else ""
        return now == self.cloud.held.get(self.run, "") and self.load == self.cloud.loads.get(self.run, 0)


class Stroke(NamedTuple):
    """What one gesture painted."""

    title: str
    tool: str
    runs: tuple[PaintedRun, ...]
    points: int  # whose label is another one now


Coded = list[tuple[str, bytes]]
"""Name and content of the blob of each run of a stroke."""


def coded(stroke: Stroke) -> Coded:
    """The blobs of a stroke: 0.4 to 2.7 ms a run; any thread may do it."""
    blobs = [encoded(each.labels) for each in stroke.runs]
    return [(blob_name(each), each) for each in blobs]


def painted(stroke: Stroke, blobs: Coded, index: TileIndex, item: ItemId) -> Edit:
    """The Edit of a stroke over the tiles as they are now; it is empty where they say the same already.

    Call it where every run `is_current`, and `were_painted` once the Edit stands.
    """
    changes: Changes = {}
    for each, (name, _) in zip(stroke.runs, blobs, strict=True):
        tile = each.tile(index)
        if tile is None:
            stream, frame = each.cloud.stream, each.cloud.frame
            key = tile_id(item, stream, frame, each.run)
            made = Tile(key, None, stream, frame, (each.run, 0), name)
            changes[made.id] = (None, made)
        elif tile.blob != name:
            changes[tile.id] = (tile, replace(tile, blob=name))
    return Edit(stroke.title, changes, tool=stroke.tool)


def were_painted(stroke: Stroke, blobs: Coded) -> None:
    """The document holds what the arrays hold: nothing needs to be taken from it."""
    for each, (name, _) in zip(stroke.runs, blobs, strict=True):
        each.cloud.held[each.run] = name


def distrust(runs: Sequence[PaintedRun]) -> None:
    """The document does not have these: what the arrays hold of them is taken from it again."""
    for each in runs:
        each.cloud.held[each.run] = "?"
