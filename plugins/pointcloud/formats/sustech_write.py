"""From an item to a scene of SUSTechPOINTS."""

from collections.abc import Iterator
from typing import Any

import msgspec

from plugins.pointcloud.formats.calibration import CENTRE, lens_of
from plugins.pointcloud.formats.scene import Scene, SceneBox, in_axes_of
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.scene_files import files_of
from plugins.pointcloud.formats.shared import as_euler_xyz, safe_name
from plugins.pointcloud.formats.sustech_read import AUTOMATIC, COMPUTED, FUSION, LABELS, LIDARS, NOTE, POSES
from studio.domain.contracts.reading import Losses
from studio.domain.entities import Box
from studio.domain.space import Pose, as_matrix, chained, inverse
from studio.domain.values import XYZ

_Json = dict[str, Any]


def files(scene: Scene, losses: Losses) -> Iterator[tuple[str, bytes]]:
    """The files of one item, by their paths within its folder."""
    names = scene.names()
    yield FILES, msgspec.json.encode(files_of(scene.item, names))
    for frame, name in enumerate(names):
        boxes = [_object(scene, box, losses) for box in scene.boxes(frame)]
        yield f"{LABELS}/{name}.json", _json(boxes)
        if scene.poses:
            pose = chained(scene.pose(frame), scene.lidar())
            yield f"{POSES}/{name}.json", _json({"lidarPose": as_matrix(pose).ravel().tolist()})
    yield from _calibrations(scene, losses)
    yield from _systems(scene, losses)
    yield from _on_pictures(scene, names, losses)


def _object(scene: Scene, box: SceneBox, losses: Losses) -> _Json:
    own = in_axes_of(scene.lidar(), box.solid)
    made: _Json = {
        "obj_id": scene.label_of(box.track),
        "obj_type": box.track.class_name,
        "psr": {
            "position": _xyz(own.centre),
            "scale": _xyz(own.size),
            "rotation": _xyz(as_euler_xyz(own.rotation)),
        },
    }
    if not box.is_key:
        made["annotator"] = COMPUTED
    elif box.made != "hand":
        made["annotator"] = AUTOMATIC
    for name, value in box.attributes:
        if name == NOTE and isinstance(value, str) and value:
            made[NOTE] = value
        elif box.is_key:
            losses.add(f"attribute {name!r} of a box")
    return made


def _calibrations(scene: Scene, losses: Losses) -> Iterator[tuple[str, bytes]]:
    there = {camera.stream.id for camera in scene.cameras}
    for each in scene.calibrations:
        if each.stream not in there:
            losses.add("calibration of a stream that is not there")
            continue
        lens = lens_of(each)
        if lens.model != "pinhole":
            losses.add("lens that bends", "written as a straight one")
        outer = as_matrix(inverse(Pose(each.translation, each.rotation))) @ as_matrix(scene.lidar())
        content = {"extrinsic": outer.ravel().tolist(), "intrinsic": lens.matrix.ravel().tolist()}
        yield f"calib/camera/{safe_name(str(each.stream))}.json", _json(content)


def _systems(scene: Scene, losses: Losses) -> Iterator[tuple[str, bytes]]:
    """Where the other streams of points stand; other frames of reference have no place here."""
    own = "" if scene.reference is None else str(scene.reference.id)
    others = {str(each.id) for each in scene.item.streams if each.kind == "points"} - {own}
    for each in scene.systems:
        pose = scene.in_ego(each.name)
        if each.name == own:
            losses.add("frame of reference of a sensor", "everything written in the axes of the points")
        elif each.name not in others or pose is None:
            losses.add("frame of reference of a sensor")
        else:
            pose = chained(inverse(scene.lidar()), pose)
            content = {
                "translation": list(pose.translation),
                "rotation": list(as_euler_xyz(pose.rotation)),
            }
            yield f"calib/{LIDARS[0]}/{safe_name(each.name)}.json", _json(content)


def _on_pictures(scene: Scene, names: tuple[str, ...], losses: Losses) -> Iterator[tuple[str, bytes]]:
    cameras = {camera.stream.id: camera.stream for camera in scene.cameras}
    held: dict[tuple[str, int], list[_Json]] = {}
    for each in scene.item.entities:
        if not isinstance(each, Box):
            continue
        if each.stream not in cameras or each.frame >= min(len(names), cameras[each.stream].frames):
            losses.add("box on a picture that is beside no sweep")
            continue
        for name, _ in each.attributes:
            losses.add(f"attribute {name!r} of a box on a picture")
        track = scene.tracks[each.track]
        rect = dict(zip(("x1", "y1", "x2", "y2"), (edge - CENTRE for edge in each.xyxy), strict=True))
        entry = {"obj_id": scene.label_of(track), "obj_type": track.class_name, "rect": rect}
        held.setdefault((each.stream, each.frame), []).append(entry)
    for (stream, frame), entries in held.items():
        path = f"{FUSION}/camera/{safe_name(stream)}/{names[frame]}.json"
        yield path, _json({"frame": names[frame], "objs": entries})


def _xyz(values: XYZ) -> _Json:
    return dict(zip("xyz", values, strict=True))


def _json(content: Any) -> bytes:
    return msgspec.json.encode(content)
