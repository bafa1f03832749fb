"""The Edits that move and copy the cuboids of a tracking group as one. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.track_parts import pinned
from studio.domain.edit import Changes, Edit, creation
from studio.domain.entities import AnyEntity, Track
from studio.domain.groups import TOOL, GroupIndex, copies
from studio.domain.ids import EntityId, GroupId, ShapeId, TrackId, new_id
from studio.domain.space import Pose, as_xyz, chained, outward, turn
from studio.domain.values import XYZ


def tracks_in(index: TrackIndex, groups: GroupIndex, group: GroupId, frame: int) -> list[TrackId]:
    """The tracks that are in a group at a frame, directly or through groups inside it, and seen there."""
    inside = groups.closure(group, index.timeline.time_ns(frame))
    return [TrackId(key) for key in inside if index.is_seen(TrackId(key), frame)]


def middle(index: TrackIndex, tracks: Iterable[TrackId], frame: int) -> XYZ:
    """Where a group turns about: the middle of its cuboids at a frame, ego frame."""
    centres = [held.centre for track in tracks if (held := index.cuboid_at(track, frame)) is not None]
    return as_xyz(np.mean(np.array(centres), axis=0)) if centres else (0.0, 0.0, 0.0)


def about(pivot: XYZ, yaw: float = 0.0, shift: XYZ = (0.0, 0.0, 0.0)) -> Pose:
    """The movement that turns about a pivot and then shifts, ego frame: what `moved` and `copied` take."""
    turned = turn(yaw)
    back = outward(Pose(rotation=turned), -np.array([pivot]))[0]
    return Pose(as_xyz(back + np.array(pivot) + np.array(shift)), turned)


def moved(index: TrackIndex, groups: GroupIndex, group: GroupId, frame: int, by: Pose) -> Edit | None:
    """All cuboids of a group at one frame, by one movement in the ego frame; they keep how they stand to each
    other. Where one is only computed it becomes a key frame.
    """
    changes: Changes = {}
    for track in tracks_in(index, groups, group, frame):
        shown = index.cuboid_at(track, frame)
        assert shown is not None  # it is seen
        pose = chained(by, Pose(shown.centre, shown.rotation))
        new = pinned(shown, centre=pose.translation, rotation=pose.rotation, made="hand")
        old = index.key_frame(track, frame)
        if new != old:
            changes[new.id] = (old, new)
    return Edit(f"Move group of {len(changes)}", changes, tool=TOOL) if changes else None


def copied(index: TrackIndex, groups: GroupIndex, group: GroupId, frame: int, by: Pose) -> Edit | None:
    """A group once more at one frame: new tracks beside the old ones, in a new group with the same roles."""
    made: list[AnyEntity] = []
    copy_of: dict[EntityId, EntityId] = {}
    for track in tracks_in(index, groups, group, frame):
        shown, old = index.cuboid_at(track, frame), index.document.get(track)
        assert shown is not None  # it is seen
        assert isinstance(old, Track)
        pose = chained(by, Pose(shown.centre, shown.rotation))
        new = replace(old, id=TrackId(new_id()), identity="", name="")
        copy_of[track] = new.id
        made += [
            new,
            pinned(
                shown,
                id=ShapeId(new_id()),
                track=new.id,
                centre=pose.translation,
                rotation=pose.rotation,
                ends_here=False,
                made="hand",
            ),
        ]
    if not made:
        return None
    made += copies(index.document, group, copy_of)
    return creation(f"Copy group of {len(copy_of)}", *made, tool=TOOL)
