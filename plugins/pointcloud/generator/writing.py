"""A scene as a folder that an import reads: labels in Atelier's own JSON, points in PCD, pictures in JPEG.

Not in OpenLABEL, which has no word for the times of frames, a key frame's end, calibrations with fisheye
lenses or the roles of members; own JSON keeps every entity as it is.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plugins.image.formats.own_json import OwnJson
from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.generator.classes import ONTOLOGY
from plugins.pointcloud.generator.pictures import Picture
from plugins.pointcloud.generator.scene import Scene
from studio.domain.contracts.formats import Sink, WriteItem

_QUALITY = 92
_KINDS = {"f": "F", "u": "U", "i": "I"}


class FolderSink:
    """Writes below a folder, which is made."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, path: str, data: bytes) -> None:
        """`path` has "/" between its parts."""
        target = self._root.joinpath(*path.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def write_scene(scene: Scene, folder: Path, name: str = "drive") -> None:
    """One item called `name`: `items/000001.json`, and `STREAM/FRAME.pcd` or `.jpg` beside it.

    Reading it back gives the same streams, entities and points; pictures lose what JPEG loses.
    """
    sink: Sink = FolderSink(folder)
    paths: list[tuple[str, ...]] = []
    for stream in scene.streams:
        suffix = "pcd" if stream.kind == "points" else "jpg"
        paths.append(tuple(f"{name}/{stream.id}/{frame:06d}.{suffix}" for frame in range(stream.frames)))
        for path, data in zip(paths[-1], _files(scene, len(paths) - 1), strict=True):
            sink.write(path, data)
    item = WriteItem(name, scene.streams, scene.entities, tuple(paths))
    OwnJson().write([item], ONTOLOGY, sink)


def as_pcd(cloud: Cloud) -> bytes:
    """A cloud as binary PCD 0.7: x, y, z and its fields, in the sensor's own axes."""
    columns: list[tuple[str, NDArray[np.generic]]] = [
        *((axis, cloud.xyz[:, place]) for place, axis in enumerate("xyz")),
        *sorted(cloud.fields.items()),
    ]
    record = np.empty(len(cloud.xyz), [(name, values.dtype.newbyteorder("<")) for name, values in columns])
    for name, values in columns:
        record[name] = values
    kinds = [values.dtype for _, values in columns]
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n"
        f"FIELDS {' '.join(name for name, _ in columns)}\n"
        f"SIZE {' '.join(str(kind.itemsize) for kind in kinds)}\n"
        f"TYPE {' '.join(_KINDS[kind.kind] for kind in kinds)}\n"
        f"COUNT {' '.join('1' for _ in kinds)}\n"
        f"WIDTH {len(record)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(record)}\nDATA binary\n"
    )
    return header.encode() + record.tobytes()


def _files(scene: Scene, place: int) -> Iterator[bytes]:
    stream = scene.streams[place]
    if stream.kind == "points":
        yield from (as_pcd(cloud) for cloud in scene.clouds[stream.id])
    else:
        yield from (_as_jpeg(picture) for picture in scene.images[stream.id])


def _as_jpeg(picture: Picture) -> bytes:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=_QUALITY)
    return held.getvalue()
