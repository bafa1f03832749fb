"""The Edits that tools and keys make of cuboids at one frame. Pure functions: nothing is applied here.

What is changed between key frames becomes a key frame; what a person has put right is theirs (`made`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud import track_changes
from plugins.pointcloud.interpolation import Interpolated
from plugins.pointcloud.space_scene import Placement, SpaceScene, placement_of
from studio.domain.deletion import deletion
from studio.domain.edit import Changes, Edit, creation
from studio.domain.entities import AnyEntity, Cuboid, Remark, Track
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.space import Pose, as_xyz, inward, joined, outward, turn
from studio.domain.values import XYZ, Value, with_attribute

SMALLEST_M = 0.05  # of a side


def what(scene: SpaceScene, tracks: Iterable[EntityId]) -> str:
    """ "Car" for one, "3 cuboids" for several."""
    keys = list(tracks)
    return scene.title_of_class(scene.class_of(keys[0])) if len(keys) == 1 else f"{len(keys)} cuboids"


def new_cuboid(scene: SpaceScene, at: Placement, class_name: str = "") -> tuple[Track, Cuboid]:
    """A track of a class with one key frame here, with the labelling template's defaults."""
    name = class_name or scene.class_name
    track = Track(TrackId(new_id()), name, scene.ontology.defaults(name, each_frame=False))
    return track, Cuboid(
        ShapeId(new_id()),
        TrackId(track.id),
        scene.stream,
        scene.frame,
        at.centre,
        at.size,
        at.rotation,
        attributes=scene.ontology.defaults(name, each_frame=True),
    )


def drawn(scene: SpaceScene, at: Placement, tool: str) -> Edit:
    """A new track that stands here."""
    track, cuboid = new_cuboid(scene, at)
    return creation(f"Draw {scene.title_of_class(track.class_name)}", track, cuboid, tool=tool)


def key_frame(
    scene: SpaceScene, track: EntityId, frame: int | None = None
) -> tuple[Cuboid | None, Cuboid] | None:
    """The key frame at a frame (here) and itself, or None and one where the track is computed to be."""
    found = scene.index.cuboid_at(TrackId(track), scene.frame if frame is None else frame)
    if isinstance(found, Interpolated):
        return None, Cuboid(
            ShapeId(new_id()),
            found.track,
            found.stream,
            found.frame,
            found.centre,
            found.size,
            found.rotation,
            attributes=found.attributes,
        )
    return (found, found) if found is not None else None


def put(
    scene: SpaceScene,
    wanted: Mapping[EntityId, Placement],
    title: str,
    tool: str,
    frame: int | None = None,
) -> Edit | None:
    """These tracks stand elsewhere at a frame (here). With `one_size` a new size goes to all key frames."""
    changes: Changes = {}
    for track, at in wanted.items():
        if track in scene.locked or (held := key_frame(scene, track, frame)) is None:
            continue
        old, base = held
        new = replace(base, centre=at.centre, size=at.size, rotation=at.rotation, made="hand")
        if new == old:
            continue
        changes[new.id] = (old, new)
        if scene.one_size and at.size != base.size:
            changes |= _resized_elsewhere(scene, track, base, at)
    return Edit(title, changes, tool=tool) if changes else None


def _resized_elsewhere(scene: SpaceScene, track: EntityId, base: Cuboid, at: Placement) -> Changes:
    """The track's other key frames with the new size, shifted alike in their own axes."""
    shift = inward(Pose(base.centre, base.rotation), np.array([at.centre]))[0]
    found: Changes = {}
    for other in scene.index.key_frames(TrackId(track)):
        if other.frame != base.frame and other.size != at.size:
            centre = as_xyz(outward(Pose(other.centre, other.rotation), shift[None])[0])
            found[other.id] = (other, replace(other, size=at.size, centre=centre))
    return found


def changed_each(
    scene: SpaceScene, how: Callable[[Placement], Placement], verb: str, tool: str = "keys"
) -> Edit | None:
    """`how` of every selected cuboid that is seen here."""
    keys = scene.movable()
    wanted = {key: how(at) for key in keys if (at := scene.placement(key)) is not None}
    return put(scene, wanted, f"{verb} {what(scene, keys)}", tool) if wanted else None


def nudged(scene: SpaceScene, by: XYZ) -> Edit | None:
    """So many metres further along each cuboid's own axes: forward, left, up."""
    return changed_each(scene, lambda at: moved_own(at, by), "Move")


def turned(scene: SpaceScene, yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Edit | None:
    """About each cuboid's own centre; pitch and roll only where they are not locked."""
    about = turn(yaw) if scene.yaw_only else turn(yaw, pitch, roll)
    return changed_each(scene, lambda at: replace(at, rotation=joined(at.rotation, about)), "Turn")


def resized(scene: SpaceScene, by: XYZ) -> Edit | None:
    """So many metres longer, wider, higher; the rear, the right side and the floor stay."""

    def grown(at: Placement) -> Placement:
        size = as_xyz(np.maximum(np.array(at.size) + by, SMALLEST_M))
        shift = as_xyz((np.array(size) - np.array(at.size)) / 2)
        return replace(moved_own(at, shift), size=size)

    return changed_each(scene, grown, "Resize")


def moved_own(at: Placement, by: XYZ) -> Placement:
    """Further along its own axes."""
    return replace(at, centre=as_xyz(outward(Pose(at.centre, at.rotation), np.array([by]))[0]))


def deleted_here(scene: SpaceScene) -> Edit | None:
    """The selected tracks without their key frames here; a track whose last goes is removed.

    None is seen at more frames than before (`track_changes.key_frame_removed`). Where a track is only
    computed here there is nothing to delete: the caller ends it instead.
    """
    keys = scene.movable()
    whole: Edit | None = None
    for key in keys:
        made = track_changes.key_frame_removed(scene.index, TrackId(key), scene.frame)
        whole = whole.then(made) if whole is not None and made is not None else whole or made
    title = f"Delete {what(scene, keys)} here"
    return replace(whole, title=title, tool="keys") if whole is not None else None


def deleted(scene: SpaceScene) -> Edit | None:
    """The selected tracks at all frames, with what hangs on them; locked ones stay."""
    keys = sorted(scene.selection - scene.locked)
    if not keys:
        return None
    return deletion(f"Delete {what(scene, keys)}", scene.document, keys, tool="keys")


def reclassed(scene: SpaceScene, class_name: str) -> Edit | None:
    """The selected tracks in another class; values of attributes that it lacks are dropped."""
    keys = sorted(scene.selection - scene.locked)
    made = track_changes.reclassed(scene.document, scene.ontology, keys, class_name)
    title = f"Change to {scene.title_of_class(class_name)}"
    return replace(made, title=title, tool="keys") if made is not None else None


def answered(scene: SpaceScene, name: str, value: Value | None) -> Edit | None:
    """The selection with one attribute set, on the tracks or, where it is asked of each frame, here."""
    changes: Changes = {}
    for key in sorted(scene.selection - scene.locked):
        asked = scene.ontology.attributes_of(scene.class_of(key))
        attribute = next((each for each in asked if each.name == name), None)
        if attribute is None:
            continue
        if attribute.each_frame:
            held = key_frame(scene, key)
            if held is not None:
                old, base = held
                new = replace(base, attributes=with_attribute(base.attributes, name, value))
                changes[new.id] = (old, new)
        elif isinstance(track := scene.document.get(key), Track):
            after = replace(track, attributes=with_attribute(track.attributes, name, value))
            changes[key] = (track, after)
    kept = {key: pair for key, pair in changes.items() if pair[0] != pair[1]}
    return Edit(f"Set {name}", kept, tool="keys") if kept else None


def duplicated(scene: SpaceScene) -> Edit | None:
    """The selected cuboids once more as tracks of their own, beside the old ones."""
    made: list[AnyEntity] = []
    keys = [key for key in sorted(scene.selection) if scene.cuboid_at(key) is not None]
    for key in keys:
        at, old = scene.placement(key), scene.document.get(key)
        if at is None or not isinstance(old, Track):
            continue
        beside = moved_own(at, (0.0, -(at.size[1] + 0.5), 0.0))
        track, cuboid = new_cuboid(scene, beside, old.class_name)
        made += [replace(track, attributes=old.attributes), cuboid]
    return creation(f"Duplicate {what(scene, keys)}", *made, tool="keys") if made else None


def remarked(scene: SpaceScene, text: str) -> Edit | None:
    """A remark on the selected track, at this frame."""
    keys = sorted(scene.selection)
    if not keys or not text.strip():
        return None
    made = Remark(EntityId(new_id()), text.strip(), on=keys[0], stream=scene.stream, frame=scene.frame)
    return creation("Remark", made, tool="remark")


def placements(scene: SpaceScene) -> dict[EntityId, Placement]:
    """Of the selected tracks that are seen here and not locked."""
    return {
        key: placement_of(found) for key in scene.movable() if (found := scene.cuboid_at(key)) is not None
    }
