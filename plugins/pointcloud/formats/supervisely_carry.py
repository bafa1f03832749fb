"""What Supervisely and the model call by the same name: boxes, tags, and where its files lie.

Supervisely's cuboids look along y: their x is width, y length, z height, and their angles are three.js's.
Ours look along x, so a quarter turn about z stands between the two.
"""

import math
from typing import Any, Literal

from plugins.pointcloud.formats.shared import Solid, as_euler_xyz, from_euler_xyz, solid, xyz
from studio.domain.space import joined, turn
from studio.domain.values import Value

META, KEYS = "meta.json", "key_id_map.json"
ANNOTATION, FRAMES = "annotation.json", "frame_pointcloud_map.json"
POINTS, LABELS, PICTURES = "pointcloud", "ann", "related_images"
OURS = "atelier"  # a key that only we read: which file is which frame
INSTANCE = "instance"  # a tag of ours on what has only points: its number
YES_OR_NO = ["true", "false"]  # the values of a tag that is a check
_AHEAD = turn(math.pi / 2)
_BACK = turn(-math.pi / 2)

TagType = Literal["none", "any_string", "any_number", "oneof_string"]


def box_of(geometry: dict[str, Any]) -> Solid:
    """A `cuboid_3d`. Raises as reading an odd field does."""
    width, length, height = xyz(geometry["dimensions"])
    turned = joined(from_euler_xyz(*xyz(geometry["rotation"])), _AHEAD)
    return solid(xyz(geometry["position"]), (length, width, height), turned)


def geometry_of(box: Solid) -> dict[str, Any]:
    """The inverse of `box_of`."""
    length, width, height = box.size
    return {
        "position": _named(box.centre),
        "rotation": _named(as_euler_xyz(joined(box.rotation, _BACK))),
        "dimensions": _named((width, length, height)),
    }


def _named(values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip("xyz", values, strict=True))


def type_of(value: Value) -> TagType:
    """The type of tag that holds a value."""
    match value:
        case bool():
            return "oneof_string"
        case int() | float():
            return "any_number"
        case _:
            return "any_string"
