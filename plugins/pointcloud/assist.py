"""The Edits that fit selected cuboids to the points and the ground around them. Nothing is applied here."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud import track_changes
from plugins.pointcloud.fitting.ground import CLEAR_M, ground_of
from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.edit import Edit
from studio.domain.ids import TrackId
from studio.domain.space import Pose, as_xyz, inward, joined, outward, turn

AROUND_M = 0.4  # beside a cuboid, in which points may still be its own
FEWEST = 8  # points that a fit needs
HALF_TURN = turn(math.pi)


def fitted(scene: SpaceScene) -> Edit | None:
    """Sides where the outermost points are, floor on the ground; the heading is kept."""
    return changes.changed_each(scene, lambda at: around_its_points(scene, at), "Fit", "fit")


def around_its_points(scene: SpaceScene, at: Placement) -> Placement:
    """A cuboid along the same axes around the points in and just beside it; with too few, as it is."""
    near = scene.points.near(at.centre, float(np.linalg.norm(at.size)) / 2 + 3.0)
    if not len(near):
        return at
    ground = ground_of(near)
    some = near[ground.above(near) > CLEAR_M]
    own = inward(Pose(at.centre, at.rotation), some)
    inside = own[(np.abs(own) <= np.array(at.size) / 2 + AROUND_M).all(axis=1)]
    if len(inside) < FEWEST:
        return at
    shares = (0.0, 100.0) if len(inside) < 50 else (0.5, 99.5)  # a stray point is no side
    low, high = (np.percentile(inside, share, axis=0) for share in shares)
    floor = float(ground.at(np.array([at.centre[:2]]))[0]) - at.centre[2]
    low[2] = min(floor, float(high[2]) - changes.SMALLEST_M)
    size = np.maximum(high - low, changes.SMALLEST_M)
    centre = outward(Pose(at.centre, at.rotation), ((low + high) / 2)[None])[0]
    return replace(at, centre=as_xyz(centre), size=as_xyz(size))


def grounded(scene: SpaceScene) -> Edit | None:
    """Floors on the ground below; size and heading are kept."""

    def dropped(at: Placement) -> Placement:
        level = scene.points.ground_z(at.centre[0], at.centre[1], max(at.size[:2]) / 2 + 3.0)
        if level is None:
            return at
        near = scene.points.near(at.centre, max(at.size[:2]) / 2 + 6.0)
        level = float(ground_of(near).at(np.array([at.centre[:2]]))[0])
        return replace(at, centre=(at.centre[0], at.centre[1], level + at.size[2] / 2))

    return changes.changed_each(scene, dropped, "Drop", "ground")


def flipped(scene: SpaceScene) -> Edit | None:
    """The front where the rear was, at this frame."""
    return changes.changed_each(
        scene, lambda at: replace(at, rotation=joined(at.rotation, HALF_TURN)), "Flip", "flip"
    )


def flipped_everywhere(scene: SpaceScene) -> Edit | None:
    """The front where the rear was, at every key frame of the selected tracks."""
    found = Edit(f"Flip {changes.what(scene, scene.selection)} in all frames", {}, tool="flip")
    for track in sorted(scene.selection - scene.locked):
        if (edit := track_changes.flipped(scene.index, TrackId(track))) is not None:
            found = found.then(edit)
    return found or None
