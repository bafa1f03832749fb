"""The points of a track's instance: those inside its cuboid, and what becomes of them when it moves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.painting.frame_labels import FrameLabels, Places, instance_of_track
from plugins.pointcloud.painting.painter import Painter
from plugins.pointcloud.painting.strokes import Stroke
from plugins.pointcloud.point_labels import UNLABELLED
from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import Cuboid, Track
from studio.domain.ids import EntityId


def claimed(scene: SpaceScene, painter: Painter) -> Stroke | None:
    """The points inside the selected cuboids become their tracks' instances.

    Points of another class or instance stay what they are: whoever painted the road first loses none of it.
    """
    for key in scene.movable():
        at = scene.placement(key)
        if at is not None and painter.labels is not None:
            gathered(scene.document, painter, key, _inside(scene, at))
    return painter.taken("Label points in cuboids", "points_of_cuboid")


def followed(scene: SpaceScene, painter: Painter, edit: Edit) -> Stroke | None:
    """What an Edit that moves or resizes cuboids here does to the points of their instances.

    Those that are outside now lose their label, those that are inside and had none get it. None where no
    such cuboid has points of its own.
    """
    labels = painter.labels
    if labels is None or painter.is_painting or len(labels) != len(scene.points):
        return None
    for track, now in _moved(scene, edit):
        if len(labels.with_instance(instance_of_track(track))):
            inside = _inside(scene, Placement(now.centre, now.size, now.rotation))
            gathered(scene.document, painter, track, inside)
    return painter.taken("Points follow their cuboid", edit.tool)


def gathered(document: Document, painter: Painter, key: EntityId, inside: Places) -> None:
    """Free points `inside` a track's cuboid become its own, those of it outside lose their label."""
    track, labels = document.get(key), painter.labels
    if not isinstance(track, Track) or labels is None:
        return
    number = instance_of_track(key)
    left = np.setdiff1d(labels.with_instance(number), inside, assume_unique=True)
    painter.give(left, UNLABELLED, 0, despite_locks=True)
    painter.give(inside[_is_free(labels, inside, track.class_name, number)], track.class_name, number)


def _moved(scene: SpaceScene, edit: Edit) -> Iterable[tuple[EntityId, Cuboid]]:
    """The tracks whose cuboid at the visible frame is placed anew, with where it is then."""
    for _, new in edit.changes.values():
        if isinstance(new, Cuboid) and new.stream == scene.stream and new.frame == scene.frame:
            key = EntityId(new.track)
            before = scene.placement(key)
            if before is not None and before != Placement(new.centre, new.size, new.rotation):
                yield key, new


def _inside(scene: SpaceScene, at: Placement) -> Places:
    """The drawn points in a cuboid."""
    return scene.points.places_inside(at.centre, at.size, at.rotation)


def _is_free(labels: FrameLabels, places: Places, class_name: str, number: int) -> NDArray[np.bool_]:
    """(n,) which of these have no label, or that of the class and of no other instance."""
    classes, instances = labels.classes_of(places), labels.instances_of(places)
    same = classes == labels.number_of(class_name)
    found: NDArray[np.bool_] = (classes == 0) | (same & ((instances == 0) | (instances == number)))
    return found
