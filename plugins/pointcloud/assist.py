"""The Edits that fit selected cuboids to the points and the ground around them. Nothing is applied here."""

from __future__ import annotations

import numpy as np

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud import track_changes
from plugins.pointcloud.fitting.adjusting import Face, drop_to_ground, fit_to_points, flip_heading, snap_face
from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.edit import Edit
from studio.domain.ids import TrackId
from studio.domain.space import Floats

AROUND_M = 8.0  # metres beside a cuboid, whose points tell the ground


def fitted(scene: SpaceScene) -> Edit | None:
    """Sides where the outermost points are, floor on the ground; the heading is kept."""
    return changes.changed_each(scene, lambda at: around_its_points(scene, at), "Fit", "fit")


def around_its_points(scene: SpaceScene, at: Placement) -> Placement:
    """A cuboid along the same axes around the points in and just beside it; with too few, as it is."""
    return fit_to_points(at, near(scene, at))


def snapped(scene: SpaceScene, face: Face) -> Edit | None:
    """One face on the outermost of the points behind it; the others stay."""
    return changes.changed_each(scene, lambda at: snap_face(at, near(scene, at), face), "Snap", "snap")


def grounded(scene: SpaceScene) -> Edit | None:
    """Floors on the ground below; size and heading are kept."""
    return changes.changed_each(scene, lambda at: drop_to_ground(at, near(scene, at)), "Drop", "ground")


def near(scene: SpaceScene, at: Placement) -> Floats:
    """(N, 3) the points that may be a cuboid's or of the ground around it."""
    return scene.points.near(at.centre, float(np.hypot(*at.size[:2])) / 2 + AROUND_M)


def flipped(scene: SpaceScene) -> Edit | None:
    """The front where the rear was, at this frame."""
    return changes.changed_each(scene, flip_heading, "Flip", "flip")


def flipped_everywhere(scene: SpaceScene) -> Edit | None:
    """The front where the rear was, at every key frame of the selected tracks."""
    found = Edit(f"Flip {changes.what(scene, scene.selection)} in all frames", {}, tool="flip")
    for track in sorted(scene.selection - scene.locked):
        if (edit := track_changes.flipped(scene.index, TrackId(track))) is not None:
            found = found.then(edit)
    return found or None
