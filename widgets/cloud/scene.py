"""The scene that several views look at: clouds, lines, words, and how points look. It owns the renderer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from studio.domain.space import Floats, as_xyz
from studio.domain.values import XYZ
from widgets.cloud.drawn import CloudLayer, Face, LineSet, Look, SpaceMark, SpaceText
from widgets.cloud.held import HeldCloud
from widgets.cloud.renderer import Renderer, open_renderer

LINES = ("rest", "ghosts", "predictions", "hover", "active", "preview")
"""The sets of lines in painting order; the first three are kept as a picture between paints."""
KEPT_LINES = LINES[:3]
SAMPLE = 20_000  # points of a cloud that speak for all of it


class CloudScene(QObject):
    """What there is to see. Every view of it repaints what changed, and no more.

    `in_software` forces the renderer that needs no OpenGL.
    """

    points_changed = Signal()  # clouds or look: views draw all points anew
    points_arrived = Signal()  # there are more of them: views draw those as well
    labels_changed = Signal(str, object)  # key, places: the points there have another colour
    lines_changed = Signal(str)  # the name of a set in `LINES`
    words_changed = Signal()  # texts, marks, faces

    def __init__(self, parent: QObject | None = None, in_software: bool = False) -> None:
        super().__init__(parent)
        self.clouds: dict[str, HeldCloud] = {}
        self.look = Look()
        self.lines: dict[str, LineSet] = {name: LineSet() for name in LINES}
        self.faces: tuple[Face, ...] = ()
        self.texts: tuple[SpaceText, ...] = ()
        self.marks: tuple[SpaceMark, ...] = ()
        self.ground_z: float | None = None
        self.moved_at = 0.0  # when a view of it last had to draw anew, `time.perf_counter`
        self._in_software = in_software
        self._renderer: Renderer | None = None

    def renderer(self) -> Renderer:
        """What draws the points; chosen at the first paint, and again where its context was lost."""
        if self._renderer is None or self._renderer.is_lost:
            self._renderer = open_renderer(self._in_software or self._renderer is not None)
        return self._renderer

    # Points

    def set_cloud(self, layers: Sequence[CloudLayer]) -> None:
        """Show these clouds and no others. One whose arrays are the same as before is not sent again."""
        kept: dict[str, HeldCloud] = {}
        for layer in layers:
            held = self.clouds.pop(layer.key, None)
            if held is not None and held.is_of(layer):
                held.pose, held.visible = layer.pose, layer.visible
                held.color, held.point_size = layer.color, layer.point_size
                kept[layer.key] = held
            else:
                kept[layer.key] = HeldCloud(layer)
        self.clouds = kept  # what was sent of others is freed with them
        self.points_changed.emit()

    def append(
        self, key: str, xyz: NDArray[np.float32], fields: Mapping[str, NDArray[np.generic]] | None = None
    ) -> None:
        """More points of a cloud that is there, as they arrive; fields that it has not are left out."""
        self.clouds[key].append(xyz, fields or {})
        self.points_arrived.emit()

    def set_pose(self, key: str, pose: Floats) -> None:
        """Where a cloud stands in the scene, (4, 4)."""
        self.clouds[key].pose = pose
        self.points_changed.emit()

    def set_visible(self, key: str, on: bool) -> None:
        self.clouds[key].visible = on
        self.points_changed.emit()

    def set_style(self, key: str, color: str, point_size: float) -> None:
        """A cloud's own colour and size of points; empty and 0: as the look says."""
        self.clouds[key].color, self.clouds[key].point_size = color, point_size
        self.points_changed.emit()

    def set_labels(
        self,
        key: str,
        values: NDArray[np.generic] | int,
        places: NDArray[np.integer] | slice = slice(None),
        field: str = "label",
    ) -> None:
        """Another class (or, `field="instance"`, instance) of points, by place in the order they are drawn.

        Only the bytes between the first and the last place are sent, only these points are drawn again.
        """
        is_new = self.clouds[key].field(field) is None  # until now its points were drawn without any
        changed = self.clouds[key].put(field, values, places)
        if is_new or len(changed) > len(self.clouds[key]) // 2:
            self.points_changed.emit()
        elif len(changed):
            self.labels_changed.emit(key, changed)

    def set_look(self, look: Look) -> None:
        """How points are coloured and which are shown: no point is sent again."""
        if look != self.look:
            self.look = look
            self.points_changed.emit()

    def visible_clouds(self) -> list[HeldCloud]:
        return [cloud for cloud in self.clouds.values() if cloud.visible and len(cloud)]

    def bounds(self, share: float = 0.98) -> tuple[XYZ, XYZ] | None:
        """Low and high corner of the scene in which `share` of the points lie along each axis."""
        points = self.sample()
        if not len(points):
            return None
        rest = (1 - share) / 2
        low, high = np.quantile(points, (rest, 1 - rest), axis=0)
        return as_xyz(low), as_xyz(high)

    def sample(self) -> Floats:
        """(N, 3) a fair sample of what is visible, scene frame."""
        samples = [cloud.placed(slice(0, SAMPLE)) for cloud in self.visible_clouds()]
        points: Floats = np.concatenate([np.empty((0, 3)), *samples])
        return points[np.isfinite(points).all(axis=1)]

    # What is drawn over them

    def set_lines(self, lines: LineSet, name: str = "rest") -> None:
        """One of the sets of `LINES`: cuboids' edges, trajectories, polylines."""
        if lines is not self.lines[name]:
            self.lines[name] = lines
            self.lines_changed.emit(name)

    def set_words(
        self,
        texts: Iterable[SpaceText] | UnsetType = UNSET,
        marks: Iterable[SpaceMark] | UnsetType = UNSET,
        faces: Iterable[Face] | UnsetType = UNSET,
    ) -> None:
        """Labels, pins and rings, filled faces; what is not given stays."""
        before = self.texts, self.marks, self.faces
        self.texts = self.texts if texts is UNSET else tuple(texts)
        self.marks = self.marks if marks is UNSET else tuple(marks)
        self.faces = self.faces if faces is UNSET else tuple(faces)
        if (self.texts, self.marks, self.faces) != before:
            self.words_changed.emit()

    def set_ground(self, z: float | None) -> None:
        """The level on which views draw a grid of metres; None: no grid."""
        if z != self.ground_z:
            self.ground_z = z
            self.lines_changed.emit("rest")
