"""What OpenLABEL and the model call by the same name: kinds of data, and what is carried along unchanged."""

import json
import math
from typing import Any

import numpy as np

from studio.domain.space import quaternion_of
from studio.domain.values import XYZ, Attributes, Quaternion, Value

ELEMENTS = ("object", "action", "event", "context")
PLAIN = ("text", "num", "boolean", "vec")  # data without geometry
BLOB = "blob"  # name of a text that holds what a tile names, in base64
OURS = "atelier"  # key of what only we read: ids, exact numbers
ELEMENT = "openlabel.element"
NAME = "openlabel.name"
ONTOLOGY = "openlabel.ontology_uid"
STATIC = "openlabel.static"
SYSTEM = "openlabel.coordinate_system"
REST = "openlabel.rest"  # JSON of what has no counterpart
PRESENT = "openlabel.present"  # a PluginShape that says only that an element is there
SPACE = "openlabel.space"  # JSON of a geometry as it stood in another coordinate system
MADE = "made"  # what we made for other programs of what stands elsewhere: not read back
STATE = "openlabel.state"  # a PluginShape of an element's plain data at one frame
PREFIX = "openlabel."


def as_text(value: Any) -> str:
    """Canonical JSON of what is carried along."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def split_plain(data: dict[str, Any]) -> tuple[dict[str, Value], dict[str, Any]]:
    """Named plain values as attributes, and the rest as it was.

    A datum is plain when it is only a name and a value that an attribute can hold, and no other has its name.
    """
    plain: dict[str, Value] = {}
    rest: dict[str, Any] = {}
    names = [each.get("name") for kind in PLAIN for each in data.get(kind, ())]
    for kind, values in data.items():
        for each in values if isinstance(values, list) else [values]:
            name = each.get("name") if isinstance(each, dict) else None
            if (
                kind in PLAIN
                and isinstance(name, str)
                and set(each) == {"name", "val"}
                and names.count(name) == 1
                and not name.startswith(PREFIX)
                and (held := _held(kind, each["val"])) is not None
            ):
                plain[name] = held
            else:
                rest.setdefault(kind, []).append(each)
    return plain, rest


def _held(kind: str, value: Any) -> Value | None:
    if kind == "text" and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "num" and isinstance(value, int | float) and not isinstance(value, bool):
        return value if math.isfinite(value) else None
    if kind == "vec" and isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return tuple(value)
    return None


def join_plain(held: dict[str, Value], rest: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The inverse of `split_plain`."""
    data: dict[str, list[dict[str, Any]]] = {kind: list(values) for kind, values in rest.items()}
    for name, value in held.items():
        kind = (
            "boolean"
            if isinstance(value, bool)
            else "num"
            if isinstance(value, int | float)
            else "text"
            if isinstance(value, str)
            else "vec"
        )
        data.setdefault(kind, []).append(
            {"name": name, "val": list(value) if isinstance(value, tuple) else value}
        )
    return data


def own_and_carried(held: Attributes) -> tuple[dict[str, Value], dict[str, Value]]:
    """Attributes that people see, and those that only this format wrote."""
    own = {name: value for name, value in held if not name.startswith(PREFIX)}
    carried = {name: value for name, value in held if name.startswith(PREFIX)}
    return own, carried


def rest_of(carried: dict[str, Value]) -> dict[str, Any]:
    """What `REST` carries, or nothing."""
    text = carried.get(REST, "{}")
    found = json.loads(text) if isinstance(text, str) else {}
    return found if isinstance(found, dict) else {}


def quaternion_of_euler(rx: float, ry: float, rz: float) -> Quaternion:
    """x, y, z, w of Euler angles in radians, applied as Rz · Ry · Rx (OpenLABEL's default sequence ZYX)."""
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(a / 2), math.sin(a / 2)) for a in (rx, ry, rz))
    return (
        sx * cy * cz - cx * sy * sz,
        cx * sy * cz + sx * cy * sz,
        cx * cy * sz - sx * sy * cz,
        cx * cy * cz + sx * sy * sz,
    )


def quaternion_of_matrix(matrix: Any) -> Quaternion | None:
    """x, y, z, w of a 3 x 3 rotation; None where it is none (not orthonormal to 1e-4, or mirrored)."""
    r = np.asarray(matrix, dtype=np.float64).reshape(3, 3)
    if not np.allclose(r @ r.T, np.eye(3), atol=1e-4) or np.linalg.det(r) < 0:
        return None
    return quaternion_of(r)


def cuboid(val: list[Any]) -> dict[str, Any]:
    """Centre, size and rotation of a cuboid's 9 or 10 numbers. Raises ValueError where one is not finite."""
    if not all(math.isfinite(each) for each in val):
        raise ValueError("a number is not finite")
    numbers = [float(each) for each in val]
    if len(numbers) == 9:
        x, y, z, rx, ry, rz, length, width, height = numbers
        rotation = quaternion_of_euler(rx, ry, rz)
    else:
        x, y, z, qx, qy, qz, qw, length, width, height = numbers
        rotation = (qx, qy, qz, qw)
    return {"centre": (x, y, z), "size": (length, width, height), "rotation": rotation}


def pose_of(data: Any) -> tuple[XYZ, Quaternion] | None:
    """Translation and rotation of `transform_data` in any of its spellings; None where it is not rigid."""
    if not isinstance(data, dict):
        return None
    if len(matrix := data.get("matrix4x4") or ()) == 16:
        m = np.asarray(matrix, dtype=np.float64).reshape(4, 4)
        rotation = quaternion_of_matrix(m[:3, :3]) if np.isfinite(m).all() else None
        return (_xyz(m[:3, 3].tolist()), rotation) if rotation else None
    translation = data.get("translation") or ()
    if len(translation) != 3:
        return None
    if len(quaternion := data.get("quaternion") or ()) == 4:
        x, y, z, w = map(float, quaternion)
        return _xyz(translation), (x, y, z, w)
    if len(angles := data.get("euler_angles") or ()) == 3 and data.get("sequence", "ZYX") == "ZYX":
        rz, ry, rx = map(float, angles)
        return _xyz(translation), quaternion_of_euler(rx, ry, rz)
    return None


def _xyz(values: Any) -> XYZ:
    x, y, z = values
    return float(x), float(y), float(z)


def intervals(frames: set[int]) -> list[dict[str, int]]:
    """Frames as OpenLABEL's intervals, both ends inside."""
    made: list[dict[str, int]] = []
    for frame in sorted(frames):
        if made and made[-1]["frame_end"] == frame - 1:
            made[-1]["frame_end"] = frame
        else:
            made.append({"frame_start": frame, "frame_end": frame})
    return made
