"""Boxes on pictures of what has no cuboid yet, and what it takes to lift them into space. No Qt."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from plugins.pointcloud.camera_sight import CameraSight, sight_of
from plugins.pointcloud.fitting import Fit, from_image_box
from plugins.pointcloud.moving import turned_as_it_moves
from plugins.pointcloud.picture_boxes import camera_of
from plugins.pointcloud.rig import Camera, Rig
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.tools.reaching import USUAL_SIZE
from studio.domain.edit import Changes, Edit
from studio.domain.entities import Box, Cuboid
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, ShapeId, StreamId, new_id
from studio.domain.values import XY
from studio.domain.wording import counted
from widgets.cloud.drawn import LineSet, LineStyle, joined_lines, one_style

TOOL = "box"


class Lifted(Struct, frozen=True):
    """A box on a picture, and where the thing that it shows stands: `points` is 0 where none told it."""

    box: Box
    at: Placement
    points: int
    said: str  # for the status bar


def lift(
    scene: SpaceScene, sight: CameraSight, rect: Rect, class_name: str
) -> tuple[Placement, int, str] | None:
    """The cuboid of what a box on a picture shows, of how many points, and what to say of it.

    In the ego frame of the visible sweep. Without points by the size that its class usually has; None where
    that does not tell how far away it is either, since the box is cut off by the picture's edge.
    """
    usual = scene.usual_size(class_name) or USUAL_SIZE

    def fitted(yaw: float | None = None) -> Fit | None:
        points = scene.points
        return from_image_box(rect, camera_of(sight), points.xyz, usual, points.sensor, yaw)

    fit = fitted()
    if fit is None:
        return None
    at, said = turned_as_it_moves(scene, fit, fitted)
    return at, fit.points, said


def loose_boxes(scene: SpaceScene, stream: StreamId, picture: int) -> list[Box]:
    """The boxes on a picture whose tracks have no cuboid at the visible frame."""
    return [
        each
        for each in scene.document.shapes_at(stream, picture)
        if isinstance(each, Box)
        and EntityId(each.track) not in scene.hidden
        and scene.cuboid_at(EntityId(each.track)) is None
    ]


def loose_box_at(scene: SpaceScene, sight: CameraSight, xy: XY) -> Box | None:
    """The smallest of them around a place of the picture, in its own pixels."""
    x, y = xy
    around = [
        each
        for each in loose_boxes(scene, camera_of(sight).stream, sight.picture)
        if each.xyxy[0] <= x <= each.xyxy[2] and each.xyxy[1] <= y <= each.xyxy[3]
    ]
    return min(around, key=_area, default=None)


def lift_one(scene: SpaceScene, sight: CameraSight, box: Box) -> Lifted | None:
    """Where what a loose box shows stands."""
    found = lift(scene, sight, box.xyxy, scene.class_of(EntityId(box.track)))
    return Lifted(box, *found) if found is not None else None


def lift_all(scene: SpaceScene, rig: Rig) -> tuple[list[Lifted], int]:
    """Those of the visible frame, on all cameras, and how many could not be; what is selected, or all.

    A track that is on several pictures is lifted once, from where most points tell its place.
    """
    best: dict[EntityId, Lifted] = {}
    failed: set[EntityId] = set()
    for camera in rig.cameras:
        sight = sight_of(rig, camera, scene.frame, 1.0)
        for box in loose_boxes(scene, camera.id, rig.picture_of(camera, scene.frame)):
            track = EntityId(box.track)
            if track in scene.locked or (scene.selection and track not in scene.selection):
                continue
            found = lift_one(scene, sight, box) if sight is not None else None
            if found is None:
                failed.add(track)
            elif track not in best or found.points > best[track].points:
                best[track] = found
    return list(best.values()), len(failed - best.keys())


def lifted_edit(scene: SpaceScene, found: Iterable[Lifted]) -> Edit | None:
    """The cuboids of these tracks here. The boxes stay, as what a person or model said of the pictures."""
    changes: Changes = {}
    for each in found:
        at, track = each.at, each.box.track
        name = scene.class_of(EntityId(track))
        cuboid = Cuboid(
            ShapeId(new_id()),
            track,
            scene.stream,
            scene.frame,
            at.centre,
            at.size,
            at.rotation,
            attributes=scene.ontology.defaults(name, each_frame=True),
        )
        changes[cuboid.id] = (None, cuboid)
    title = f"Lift {counted(len(changes), 'box', 'boxes')} into space"
    return Edit(title, changes, tool=TOOL) if changes else None


def loose_lines(scene: SpaceScene, rig: Rig, camera: Camera) -> LineSet:
    """The loose boxes on a camera's picture, in the colours of their classes."""
    sets = []
    for box in loose_boxes(scene, camera.id, rig.picture_of(camera, scene.frame)):
        left, top, right, bottom = box.xyxy
        ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        ends = np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)
        color = scene.style_of_class(scene.class_of(EntityId(box.track))).color
        sets.append(one_style(ends, LineStyle(color, 1.5)))
    return joined_lines(sets)


def _area(box: Box) -> float:
    left, top, right, bottom = box.xyxy
    return (right - left) * (bottom - top)
