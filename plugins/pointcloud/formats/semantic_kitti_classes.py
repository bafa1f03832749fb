"""The classes of SemanticKITTI by number, and the file that gives others.

Behley et al., "SemanticKITTI: A Dataset for Semantic Scene Understanding of LiDAR Sequences" (2019);
semantic-kitti.yaml of github.com/PRBonn/semantic-kitti-api.
"""

import json
import re
from collections.abc import Iterable

from plugins.pointcloud.point_labels import UNLABELLED

FILE = "semantic-kitti.yaml"
LARGEST = 0xFFFF
_TABLE = """
    0 unlabeled 1 outlier 10 car 11 bicycle 13 bus 15 motorcycle 16 on-rails 18 truck 20 other-vehicle
    30 person 31 bicyclist 32 motorcyclist 40 road 44 parking 48 sidewalk 49 other-ground 50 building 51 fence
    52 other-structure 60 lane-marking 70 vegetation 71 trunk 72 terrain 80 pole 81 traffic-sign
    99 other-object 252 moving-car 253 moving-bicyclist 254 moving-person 255 moving-motorcyclist
    256 moving-on-rails 257 moving-bus 258 moving-truck 259 moving-other-vehicle
""".split()  # noqa: SIM905  a table is read as one
STANDARD: dict[int, str] = dict(zip(map(int, _TABLE[::2]), _TABLE[1::2], strict=True))
_LINE = re.compile(r"^\s+(\d{1,5})\s*:\s*(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\"'#][^#]*?)\s*(?:#.*)?$")
_NUMBERED = re.compile(r"class (\d{1,5})")


def names_in(text: str) -> dict[int, str]:
    """The numbers and names under `labels:`; whatever else is in the file is passed over."""
    found: dict[int, str] = {}
    inside = False
    for line in text.splitlines():
        if line[:1].strip() and line[:1] != "#":
            inside = line.split(":")[0].strip() == "labels"
        elif inside and (said := _LINE.match(line)):
            name = _unquoted(said[2])
            if int(said[1]) <= LARGEST and name:
                found.setdefault(int(said[1]), name[:512])
    return found


def name_of(number: int, names: dict[int, str]) -> str:
    """What a number is called; 0 is nobody's label, and a number without a name gets one that leads back."""
    return names.get(number, f"class {number}") if number else UNLABELLED


def numbered(classes: Iterable[str], names: dict[int, str]) -> dict[str, int]:
    """A number for each class: its own, where `names` or its name say so, else the first free one above 300.

    Raises ValueError where there are more classes than numbers.
    """
    known = {name: number for number, name in sorted(names.items(), reverse=True) if number}
    found = {UNLABELLED: 0}
    for name in sorted(set(classes) - {UNLABELLED}):
        said = _NUMBERED.fullmatch(name)
        if name in known:
            found[name] = known[name]
        elif said and 0 < int(said[1]) <= LARGEST and int(said[1]) not in names:
            found[name] = int(said[1])
    free = (number for number in range(300, LARGEST + 1) if number not in names)
    taken = set(found.values())
    for name in sorted(set(classes) - found.keys()):
        number = next((each for each in free if each not in taken), None)
        if number is None:
            raise ValueError("there are more classes than numbers")
        found[name] = number
    return found


def written(names: dict[int, str]) -> bytes:
    """The file, with every number that has a name."""
    # a JSON text is one of YAML as well
    lines = [f"  {number} : {json.dumps(name)}" for number, name in sorted(names.items())]
    return "\n".join(['name: "atelier"', "labels:", *lines, ""]).encode()


def _unquoted(said: str) -> str:
    if said.startswith('"'):
        try:
            return str(json.loads(said))
        except ValueError:
            return said.strip('"')
    return said.strip("'").strip()
