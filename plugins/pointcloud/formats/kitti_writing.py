"""An item's boxes as lines of KITTI's labels, and what KITTI cannot hold of them."""

from collections.abc import Mapping

from plugins.pointcloud.formats.calibration import CENTRE
from plugins.pointcloud.formats.kitti_calibration import IMU, Rig
from plugins.pointcloud.formats.kitti_labels import (
    NO_PLACE,
    OCCLUDED,
    SCORE,
    TRUNCATED,
    UNSAID,
    Rect,
    Row,
    placed,
)
from plugins.pointcloud.formats.scene import Holding, Scene, SceneBox
from studio.domain.cameras import box_on_picture
from studio.domain.entities import Box
from studio.domain.ids import TrackId
from studio.domain.space import corners, frame_near
from studio.domain.values import Attributes, Value

_OURS = (TRUNCATED, OCCLUDED, SCORE)
_NOWHERE: Rect = (UNSAID, UNSAID, UNSAID, UNSAID)
_NO_TURN = -10.0


class Rows:
    """Makes the lines of one item's frames; `losses` of its scene hear of what has no room in them."""

    def __init__(self, scene: Scene, rig: Rig) -> None:
        self._scene = scene
        self._rig = rig
        self._losses = scene.losses
        self._stream = next(
            (each for each in scene.item.streams if rig.camera and each.id == rig.camera.stream), None
        )
        self._pinned: dict[tuple[TrackId, int], Box] = {}
        for each in scene.item.entities:
            if isinstance(each, Box):
                self._pin(each)

    def at(self, frame: int, numbers: Mapping[TrackId, int]) -> list[Row]:
        """The lines of a frame, those with a place in space first; `numbers` of tracks that have any."""
        at = frame
        if self._stream is not None:
            at = frame_near(self._stream, self._scene.time_ns(frame))
        made: list[Row] = []
        seen: set[TrackId] = set()
        for box in self._scene.boxes(frame):
            seen.add(box.track.id)
            made.append(self._in_space(box, self._pinned.get((box.track.id, at)), numbers))
        for (track, of), flat in self._pinned.items():
            if of == at and track not in seen:
                made.append(self._on_picture(flat, numbers))
        return [row._replace(frame=frame) for row in made]

    def _pin(self, box: Box) -> None:
        if self._stream is None or box.stream != self._stream.id:
            self._losses.add("box on another camera")
            return
        if (box.track, box.frame) in self._pinned:
            self._losses.add("second box of a track on one picture")
            return
        self._pinned[box.track, box.frame] = box

    def _in_space(self, box: SceneBox, pinned: Box | None, numbers: Mapping[TrackId, int]) -> Row:
        size, place, rotation_y, upright = placed(box.solid, self._rig.rectified)
        if not upright:
            self._losses.add("tilt of a box", "written upright")
        if box.is_key:
            self._count(box.attributes)
            scored = box.made == "model" and SCORE in dict(box.attributes)
            if box.made != "hand" and not scored:
                self._losses.add(f"cuboid made by {box.made}", "written as made by hand")
        if pinned is not None:
            self._count(pinned.attributes, but=())
        return _row(
            box.track.class_name,
            box.attributes,
            numbers.get(box.track.id, -1),
            self._shown(box, pinned),
            (size, place, rotation_y),
        )

    def _on_picture(self, box: Box, numbers: Mapping[TrackId, int]) -> Row:
        self._count(box.attributes)
        track = self._scene.tracks[box.track]
        return _row(
            track.class_name,
            box.attributes,
            numbers.get(box.track, -1),
            _from_centres(box.xyxy),
            ((UNSAID, UNSAID, UNSAID), NO_PLACE, _NO_TURN),
        )

    def _shown(self, box: SceneBox, pinned: Box | None) -> Rect:
        """As a person drew it on the picture, else as the camera sees it."""
        if pinned is not None:
            return _from_centres(pinned.xyxy)
        if self._rig.camera is None:
            return _NOWHERE
        found = box_on_picture(
            corners(box.solid.centre, box.solid.size, box.solid.rotation), self._rig.camera
        )
        return _from_centres(found) if found is not None else _NOWHERE

    def _count(self, held: Attributes, but: tuple[str, ...] = _OURS) -> None:
        for name, value in held:
            if name not in but or not _is_number(value):
                self._losses.add(f"attribute {name!r} of a box")


def report(scene: Scene, *, tracks: bool) -> None:
    """Count what of an item KITTI's labels hold no word for; what stands in `Rows` is counted there."""
    held: tuple[Holding, ...] = ("box_attributes", "made", "cameras", "boxes", "streams", "systems")
    scene.report(*held, *(("tracks",) if tracks else ()))
    for system in scene.systems:
        if scene.reference is not None and system.name == str(scene.reference.id):
            scene.losses.add("frame of reference of a sensor", "everything written in the axes of the points")
        elif system.name != IMU:
            scene.losses.add("frame of reference of a sensor")


def _row(
    class_name: str,
    held: Attributes,
    track: int,
    box: Rect,
    space: tuple[tuple[float, float, float], tuple[float, float, float], float],
) -> Row:
    said: dict[str, Value] = dict(held)
    size, place, rotation_y = space
    score = said.get(SCORE)
    return Row(
        class_name,
        _float(said.get(TRUNCATED), UNSAID),
        round(_float(said.get(OCCLUDED), UNSAID)),
        box,
        size,
        place,
        rotation_y,
        _float(score, 0.0) if _is_number(score) else None,
        track=track,
    )


def _from_centres(box: Rect) -> Rect:
    left, top, right, bottom = (each - CENTRE for each in box)
    return left, top, right, bottom


def _is_number(value: Value | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float(value: Value | None, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise
