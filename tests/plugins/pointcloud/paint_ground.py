"""Ground to paint points on: a car and flat ground, a pedestrian behind the car, and strokes made at once."""

from __future__ import annotations

import numpy as np

from plugins.pointcloud.painting.frame_labels import Drawn, FrameLabels
from plugins.pointcloud.painting.strokes import coded, painted, were_painted
from plugins.pointcloud.painting.tile_index import TileIndex
from plugins.pointcloud.point_labels import decoded
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.reaching import SpaceTool
from studio.domain.edit import Edit
from tests.plugins.pointcloud.space_ground import LIDAR, TOP, SpaceHand, car_points, scene_with
from widgets.cloud.space_view import Side, SpaceView


class PaintHand(SpaceHand):
    """A hand with a paint tool; what strokes paint becomes Edits of the scene's document at once."""

    def __init__(
        self,
        tool: SpaceTool,
        scene: SpaceScene | None = None,
        side: Side = "top",
        view: SpaceView = TOP,
        total: int | None = None,
    ) -> None:
        scene = scene or scene_with()
        super().__init__(tool, scene, side, view)
        if not len(scene.points):
            scene.points = car_points()
        count = len(scene.points)
        rng = np.random.default_rng(7)
        order = rng.permutation(total or count)[:count].astype(np.uint32)  # the rest was dropped
        self.blobs: dict[str, bytes] = {}
        self.index = TileIndex(scene.document)
        scene.painter.labels = FrameLabels([Drawn(LIDAR, scene.frame, order, total or count)])
        scene.painter.on_stroke = self._stroke

    def _stroke(self, stroke: object) -> None:
        made = coded(stroke)  # type: ignore[arg-type]
        assert all(each.is_current(self.index) for each in stroke.runs)  # type: ignore[attr-defined]
        edit = painted(stroke, made, self.index, self.scene.item.id)  # type: ignore[arg-type]
        self.blobs |= dict(made)
        self.apply(edit)
        were_painted(stroke, made)  # type: ignore[arg-type]

    def apply(self, edit: Edit) -> None:
        """Make an Edit, or take one back, and show what the document says then."""
        self.edits.append(self.scene.document.apply(edit))
        self.scene.refresh(edit.changes)
        self.index.refresh(edit.changes)

    def load(self) -> None:
        """Take from the tiles what the arrays do not hold."""
        labels = self.scene.painter.labels
        assert labels is not None
        for cloud, run, tile in list(labels.wanting(self.index)):
            name = tile.blob if tile is not None else ""
            assert labels.take(cloud, run, name, decoded(self.blobs[name]) if name else None)

    def names(self) -> list[str]:
        """The class of each drawn point."""
        labels = self.scene.painter.labels
        assert labels is not None
        return [labels.classes[each] for each in labels.classes_of(np.arange(len(labels)))]

    def painted_places(self, name: str = "car") -> set[int]:
        return {place for place, each in enumerate(self.names()) if each == name}
