"""The Edits that change one track along its frames. Pure functions: nothing is applied here.

Each takes the index of key frames, which knows its document, and returns an Edit, or None where there is
nothing to change. Boxes pinned in cameras and other shapes of the track on the frames concerned follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.interpolation import Interpolated, TrackIndex
from plugins.pointcloud.track_parts import beside, linked, pinned, rekeyed, windowed
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit, change
from studio.domain.entities import AnyEntity, Cuboid, Track
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.ontology import Ontology, in_class
from studio.domain.space import Pose, as_xyz, joined, outward, turn
from studio.domain.values import XYZ

TOOL = "track"
Anchor = Literal["floor", "centre"]


def key_frame_made(index: TrackIndex, track: TrackId, frame: int) -> Edit | None:
    """A key frame where the track is computed to be; a person asked for it, so it counts as theirs."""
    shown = index.cuboid_at(track, frame)
    if not isinstance(shown, Interpolated):
        return None
    made = pinned(shown, made="hand")
    return Edit("Make key frame", {made.id: (None, made)}, tool=TOOL)


def key_frame_removed(index: TrackIndex, track: TrackId, frame: int) -> Edit | None:
    """Without the key frame here: what was seen in between is computed from its neighbours.

    Nothing is seen at more frames than before: where it was the last before a gap, the one before it is now.
    """
    gone = index.key_frame(track, frame)
    if gone is None:
        return None
    after = [each for each in index.key_frames(track) if each is not gone]
    before = next((each for each in reversed(after) if each.frame < frame), None)
    if gone.ends_here and before is not None and not before.ends_here:
        after[after.index(before)] = replace(before, ends_here=True)
    return rekeyed("Remove key frame", index, track, after)


def ended(index: TrackIndex, track: TrackId, frame: int, for_good: bool = False) -> Edit | None:
    """Nothing is seen of the track after this frame until its next key frame, or, `for_good`, never again."""
    if not index.is_seen(track, frame):
        return None
    later = [] if for_good else [each for each in index.key_frames(track) if each.frame > frame]
    return rekeyed(
        "End track here", index, track, linked([*windowed(index, track, [(0, frame + 1)]), *later])
    )


def cut_out(index: TrackIndex, track: TrackId, first: int, stop: int) -> Edit | None:
    """Nothing is seen of the track at the frames [first, stop); before and after it stays as it is."""
    frames = index.timeline.frames
    if not any(max(low, first) < min(high, stop) for low, high in index.runs(track)):
        return None
    return rekeyed("Cut out of track", index, track, windowed(index, track, beside([(first, stop)], frames)))


def gap_closed(index: TrackIndex, track: TrackId, frame: int) -> Edit | None:
    """The track is seen through the gap in which this frame lies, on its way from one side to the other."""
    before, after = index.neighbours(track, frame)
    if index.is_seen(track, frame) or before is None or after is None:
        return None
    return change("Close gap in track", (before, replace(before, ends_here=False)), tool=TOOL) or None


def deleted_in_all_frames(document: Document, tracks: Iterable[EntityId]) -> Edit | None:
    """Without these tracks and all that hangs on them."""
    return deletion("Delete in all frames", document, tracks, tool=TOOL) or None


def reclassed(
    document: Document, ontology: Ontology, tracks: Iterable[EntityId], class_name: str
) -> Edit | None:
    """The tracks in another class, at all frames; values of attributes that it lacks are dropped."""
    held = (track for key in tracks if isinstance(track := document.get(key), Track))
    pairs = ((track, in_class(track, class_name, ontology)) for track in held)
    return change("Change class", *pairs, tool=TOOL) or None


def flipped(index: TrackIndex, track: TrackId, frames: Iterable[int] | None = None) -> Edit | None:
    """Front and rear change places at the key frames among `frames`; None: at all key frames."""
    wanted = None if frames is None else set(frames)
    pairs = [
        (each, replace(each, rotation=joined(each.rotation, turn(np.pi))))
        for each in index.key_frames(track)
        if wanted is None or each.frame in wanted
    ]
    where = "in all frames" if wanted is None else "here"
    return change(f"Flip heading {where}", *pairs, tool=TOOL) or None


def resized(index: TrackIndex, track: TrackId, size: XYZ, anchor: Anchor = "floor") -> Edit | None:
    """One size at all key frames. The middle of its floor stays where it is, or its centre."""
    pairs = []
    for each in index.key_frames(track):
        up = (size[2] - each.size[2]) / 2 if anchor == "floor" else 0.0
        centre = as_xyz(outward(Pose(each.centre, each.rotation), np.array([[0.0, 0.0, up]]))[0])
        pairs.append((each, replace(each, size=size, centre=centre if up else each.centre)))
    return change("Set size in all frames", *pairs, tool=TOOL) or None


def same_size_for_track(index: TrackIndex, track: TrackId, anchor: Anchor = "floor") -> Edit | None:
    """All key frames get the size that most of them agree on: the median of those that a person placed.

    Where nobody has placed one, of all.
    """
    held = index.key_frames(track)
    if not held:
        return None
    return resized(index, track, usual_size(held), anchor)


def usual_size(cuboids: Iterable[Cuboid]) -> XYZ:
    """The median size, side by side, of those that a person placed; of all where nobody placed one."""
    held = list(cuboids)
    trusted = [each.size for each in held if each.made == "hand"] or [each.size for each in held]
    return as_xyz(np.median(np.array(trusted), axis=0))


def confirmed(document: Document, cuboids: Iterable[EntityId]) -> Edit | None:
    """What an automatic step or a model placed, as a person's who has looked at it."""
    held = [each for key in cuboids if isinstance(each := document.get(key), Cuboid)]
    return change("Confirm", *((each, replace(each, made="hand")) for each in held), tool=TOOL) or None


def copied(index: TrackIndex, tracks: Iterable[TrackId], frame: int, target: int) -> Edit | None:
    """The cuboids of one frame as key frames of another, in one step: where each stands in the world.

    A key frame that is there already takes the pose and size.
    """
    changes: dict[EntityId, tuple[AnyEntity | None, AnyEntity | None]] = {}
    for track in tracks:
        shown = index.cuboid_at(track, frame)
        if shown is None or frame == target:
            continue
        pose = index.timeline.into_ego(
            target, index.timeline.into_world(frame, Pose(shown.centre, shown.rotation))
        )
        old = index.key_frame(track, target)
        new = replace(
            old or pinned(shown, id=ShapeId(new_id()), frame=target, ends_here=False),
            centre=pose.translation,
            rotation=pose.rotation,
            size=shown.size,
            made="hand",
        )
        if new != old:
            changes[new.id] = (old, new)
    count = len(changes)
    return Edit(f"Copy {count} cuboid{'s' * (count != 1)} to frame {target + 1}", changes, tool=TOOL) or None
