"""From an item to Datumaro's JSON."""

from typing import Any

import msgspec

from plugins.pointcloud.formats.datumaro3d_read import KEY, OURS, OUTSIDE, TRACK
from plugins.pointcloud.formats.scene import Scene, SceneBox, in_axes_of
from plugins.pointcloud.formats.scene_files import files_of
from plugins.pointcloud.formats.shared import as_euler_xyz, as_json
from studio.domain.contracts.reading import Losses

_RESERVED = (TRACK, KEY, OUTSIDE)
_Json = dict[str, Any]


def content(scene: Scene, losses: Losses) -> _Json:
    """The whole file of one item."""
    numbers = {key: at for at, key in enumerate(scene.tracks)}
    classes = sorted({each.class_name for each in scene.tracks.values()})
    labels = {name: at for at, name in enumerate(classes)}
    names = scene.names()
    items = []
    for frame, name in enumerate(names):
        boxes = list(scene.boxes(frame))
        items.append(
            {
                "id": name,
                "annotations": [
                    _annotation(scene, box, at, labels, numbers[box.track.id], losses)
                    for at, box in enumerate(boxes)
                ],
                "attr": {"frame": frame},
                "point_cloud": {"path": scene.paths(scene.reference)[frame]},
                "related_images": [
                    {"path": camera.paths[frame]}
                    for camera in scene.cameras
                    if frame < len(camera.paths) and camera.paths[frame]
                ],
            }
        )
    for track in scene.tracks.values():
        for name, _ in track.attributes:
            if name in _RESERVED:
                losses.add(f"attribute {name!r} of a track")
    return {
        "dm_format_version": "1.0",
        "infos": {
            OURS: {
                "files": msgspec.to_builtins(files_of(scene.item, names)),
                "tracks": {
                    str(numbers[key]): {
                        "label": scene.label_of(track),
                        "name": track.name,
                        "attributes": {
                            name: as_json(value) for name, value in track.attributes if name not in _RESERVED
                        },
                    }
                    for key, track in scene.tracks.items()
                },
            }
        },
        "categories": {
            "label": {
                "labels": [{"name": name, "parent": "", "attributes": []} for name in classes],
                "attributes": ["occluded"],
            },
            "points": {"items": []},
        },
        "items": items,
    }


def _annotation(
    scene: Scene, box: SceneBox, at: int, labels: dict[str, int], number: int, losses: Losses
) -> _Json:
    own = in_axes_of(scene.lidar(), box.solid)
    of_track, of_box = dict(box.track.attributes), dict(box.attributes)
    for name in of_box if box.is_key else ():
        if name in _RESERVED:
            losses.add(f"attribute {name!r} of a box")
        elif name in of_track and of_track[name] == of_box[name]:
            losses.add(f"attribute {name!r} of a box", "its track says the same")
    held = {name: as_json(value) for name, value in {**of_track, **of_box}.items() if name not in _RESERVED}
    return {
        "id": at,
        "type": "cuboid_3d",
        "attributes": {**held, TRACK: number, KEY: box.is_key, OUTSIDE: False},
        "group": 0,
        "label_id": labels[box.track.class_name],
        "position": list(own.centre),
        "rotation": list(as_euler_xyz(own.rotation)),
        "scale": list(own.size),
    }
