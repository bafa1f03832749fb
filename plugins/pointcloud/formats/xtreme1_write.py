"""From an item to a scene of Xtreme1."""

from collections.abc import Iterator
from typing import Any

import msgspec

from plugins.pointcloud.formats.calibration import CENTRE, as_xtreme1
from plugins.pointcloud.formats.scene import Scene, SceneBox, in_axes_of
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.scene_files import files_of
from plugins.pointcloud.formats.shared import as_euler_xyz, as_json
from plugins.pointcloud.formats.xtreme1_read import AUTOMATIC, BOX, CONFIG, RECTANGLE, RESULT
from studio.domain.contracts.reading import Losses
from studio.domain.entities import Box, Track
from studio.domain.values import XYZ, Attributes

_ZERO = (0.0, 0.0, 0.0)
_Json = dict[str, Any]


def files(scene: Scene, losses: Losses) -> Iterator[tuple[str, bytes]]:
    """The files of one item, by their paths within its folder."""
    names = scene.names()
    yield FILES, msgspec.json.encode(files_of(scene.item, names))
    for track in scene.tracks.values():
        for name, _ in track.attributes:
            losses.add(f"attribute {name!r} of a track", "written as one of each of its boxes")
    rectangles = _rectangles(scene, losses)
    configs = [
        None if each.calibration is None else as_xtreme1(each.calibration, scene.lidar())
        for each in scene.cameras
    ]
    for each in scene.calibrations:
        if each.model == "kannala_brandt":
            losses.add("lens that bends", "written as a straight one")
    for frame, name in enumerate(names):
        objects = [_object(scene, box) for box in scene.boxes(frame)] + rectangles.get(frame, [])
        result = {"version": "Xtreme1 V0.9", "sourceName": "Ground Truth", "classificationValues": []}
        yield f"{RESULT}/{name}.json", msgspec.json.encode([{**result, "objects": objects}])
        if any(configs):
            yield f"{CONFIG}/{name}.json", msgspec.json.encode(configs)


def _object(scene: Scene, box: SceneBox) -> _Json:
    own = in_axes_of(scene.lidar(), box.solid)
    contour = {
        "pointN": 0,
        "points": [],
        "size3D": _xyz(own.size),
        "center3D": _xyz(own.centre),
        "viewIndex": 0,
        "rotation3D": _xyz(as_euler_xyz(own.rotation)),
    }
    made = _entry(scene, box.track, BOX, contour, box.attributes)
    # a box that was computed is nobody's word either
    if box.made != "hand":
        made["modelClass"] = AUTOMATIC if box.made == "auto" else box.track.class_name
    return made


def _rectangles(scene: Scene, losses: Losses) -> dict[int, list[_Json]]:
    """Boxes on pictures, by frame."""
    order = {camera.stream.id: at for at, camera in enumerate(scene.cameras)}
    found: dict[int, list[_Json]] = {}
    for each in scene.item.entities:
        if not isinstance(each, Box):
            continue
        if each.stream not in order or each.frame >= scene.frames:
            losses.add("box on a picture that is beside no sweep")
            continue
        left, top, right, bottom = (edge - CENTRE for edge in each.xyxy)
        corners = ((left, top), (left, bottom), (right, bottom), (right, top))
        contour = {
            "pointN": 0,
            "points": [{"x": x, "y": y} for x, y in corners],
            "size3D": _xyz(_ZERO),
            "center3D": _xyz(_ZERO),
            "viewIndex": order[each.stream],
            "rotation3D": _xyz(_ZERO),
        }
        made = _entry(scene, scene.tracks[each.track], RECTANGLE, contour, each.attributes)
        found.setdefault(each.frame, []).append(made)
    return found


def _entry(scene: Scene, track: Track, kind: str, contour: _Json, held: Attributes) -> _Json:
    values = {**dict(track.attributes), **dict(held)}
    return {
        "id": "",
        "type": kind,
        "classId": None,
        "className": track.class_name,
        "trackId": scene.label_of(track),
        "trackName": track.name,
        "classValues": [
            {"id": "", "name": name, "alias": name, "value": as_json(value), "isLeaf": True}
            for name, value in sorted(values.items())
        ],
        "contour": contour,
        "modelConfidence": None,
        "modelClass": "",
    }


def _xyz(values: XYZ) -> _Json:
    return dict(zip("xyz", values, strict=True))
