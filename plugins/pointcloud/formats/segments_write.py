"""From items to a release of Segments.ai."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from plugins.pointcloud.formats.calibration import lens_of
from plugins.pointcloud.formats.scene import Camera, Scene, SceneBox, in_axes_of
from plugins.pointcloud.formats.scene_files import files_of
from plugins.pointcloud.formats.segments_carry import OURS, TRACKS
from plugins.pointcloud.formats.shared import Solid, as_json
from studio.domain.contracts.reading import Losses
from studio.domain.entities import Calibration
from studio.domain.ids import EntityId
from studio.domain.space import Pose, chained, inverse, yaw_of
from studio.domain.values import XYZ, Quaternion

_KINDS = {".pcd": "pcd", ".bin": "kitti", ".ply": "ply"}
_Json = dict[str, Any]


class Writer:
    """Gathers samples; `release` is the whole file."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._categories: dict[str, int] = {}
        self._once: dict[str, set[str]] = defaultdict(set)  # attributes of tracks, by class
        self._each: dict[str, set[str]] = defaultdict(set)  # of boxes
        self._lost: set[tuple[EntityId, str]] = set()
        self._names: set[str] = set()
        self._are_sequences = False
        self.samples: list[_Json] = []

    def add(self, scene: Scene) -> None:
        """One more sample."""
        if not scene.frames:
            self._losses.add("item without points")
            return
        self._are_sequences |= scene.frames > 1
        name, at = scene.item.name or "scene", 2
        while name in self._names:
            name, at = f"{scene.item.name} ({at})", at + 1
        self._names.add(name)
        for each in scene.calibrations:
            self._check(scene, each)
        numbers = {key: at for at, key in enumerate(scene.tracks, 1)}
        frames = [self._frame(scene, frame) for frame in range(scene.frames)]
        labels = [self._label(scene, frame, numbers) for frame in range(scene.frames)]
        self.samples.append(
            {
                "uuid": "",
                "name": name,
                "attributes": {"frames": frames},
                "metadata": {
                    OURS: msgspec.to_builtins(files_of(scene.item, scene.names())),
                    TRACKS: {str(numbers[key]): scene.label_of(each) for key, each in scene.tracks.items()},
                },
                "labels": {
                    "ground-truth": {
                        "label_status": "LABELED",
                        "attributes": {"format_version": "0.2", "frames": labels},
                    }
                },
            }
        )

    def release(self) -> _Json:
        """The file. Where no sample has several frames, samples are single clouds."""
        for sample in self.samples if not self._are_sequences else ():
            sample["attributes"] = sample["attributes"]["frames"][0]
            held = sample["labels"]["ground-truth"]
            held["attributes"] = held["attributes"]["frames"][0]
        task = "pointcloud-cuboid-sequence" if self._are_sequences else "pointcloud-cuboid"
        return {
            "name": "atelier",
            "dataset": {
                "name": "atelier",
                "task_type": task,
                "task_attributes": {
                    "format_version": "0.1",
                    "categories": [self._category(name, at) for name, at in self._categories.items()],
                },
                "samples": self.samples,
            },
        }

    def _category(self, name: str, at: int) -> _Json:
        both = [(each, True) for each in sorted(self._once[name])]
        both += [(each, False) for each in sorted(self._each[name] - self._once[name])]
        return {
            "id": at,
            "name": name,
            "attributes": [
                {"name": each, "input_type": "text", "is_track_level": is_once} for each, is_once in both
            ],
        }

    def _frame(self, scene: Scene, frame: int) -> _Json:
        path = scene.paths(scene.reference)[frame]
        made: _Json = {
            "pcd": {"url": path, "type": _KINDS.get(path[path.rfind(".") :].lower(), "pcd")},
            "name": scene.names()[frame],
        }
        if scene.reference is not None and scene.reference.times_ns:
            made["timestamp"] = scene.time_ns(frame)
        if scene.poses:
            pose = chained(scene.pose(frame), scene.lidar())
            made["ego_pose"] = {"position": _xyz(pose.translation), "heading": _turned(pose.rotation)}
        images = [
            _image(scene, camera, frame, at)
            for at, camera in enumerate(scene.cameras)
            if camera.paths[frame : frame + 1] not in ((), ("",))
        ]
        return made | {"images": images} if images else made

    def _label(self, scene: Scene, frame: int, numbers: dict[EntityId, int]) -> _Json:
        made: _Json = {"format_version": "0.2", "annotations": []}
        if scene.reference is not None and scene.reference.times_ns:
            made["timestamp"] = scene.time_ns(frame)
        for box in scene.boxes(frame):
            made["annotations"].append(self._annotation(scene, box, frame, numbers[box.track.id]))
        return made

    def _annotation(self, scene: Scene, box: SceneBox, frame: int, at: int) -> _Json:
        own = in_axes_of(scene.lidar(), box.solid)
        if scene.poses:
            pose = chained(scene.pose(frame), scene.lidar())
            placed = chained(pose, Pose(own.centre, own.rotation))
            own = Solid(placed.translation, own.size, placed.rotation)
        category = self._categories.setdefault(box.track.class_name, len(self._categories) + 1)
        return {
            "id": at,
            "category_id": category,
            "type": "cuboid",
            "position": _xyz(own.centre),
            "dimensions": _xyz(own.size),
            "yaw": yaw_of(own.rotation),
            "rotation": _turned(own.rotation),
            "track_id": at,
            "is_keyframe": box.is_key,
            "index": frame,
            "attributes": self._attributes(box),
        }

    def _attributes(self, box: SceneBox) -> _Json:
        """A track's attributes beside the box's own; one name means one of the two in a class."""
        name = box.track.class_name
        made: _Json = {}
        for key, value in box.track.attributes:
            if key in self._each[name]:
                self._lose(box, key, "track")
                continue
            self._once[name].add(key)
            made[key] = as_json(value)
        for key, value in box.attributes:
            if key in self._once[name]:
                self._lose(box, key, "box")
                continue
            self._each[name].add(key)
            made[key] = as_json(value)
        return made

    def _lose(self, box: SceneBox, key: str, of: str) -> None:
        """Once a track, or once a key frame."""
        if of == "track" and (box.track.id, key) not in self._lost:
            self._lost.add((box.track.id, key))
            self._losses.add(f"attribute {key!r} of a track", "left out: in this class it is one of boxes")
        elif of == "box" and box.is_key:
            self._losses.add(f"attribute {key!r} of a box", "left out: in this class it is one of tracks")

    def _check(self, scene: Scene, calibration: Calibration) -> None:
        paths = next((each.paths for each in scene.cameras if each.calibration is calibration), ())
        if not any(paths):
            self._losses.add("calibration of a camera without pictures")
        if calibration.model == "brown_conrady" and any(calibration.distortion[5:]):
            self._losses.add("coefficients of a lens beyond the fifth")


def _image(scene: Scene, camera: Camera, frame: int, at: int) -> _Json:
    made: _Json = {"name": str(camera.stream.id), "url": camera.paths[frame], "row": 0, "col": at}
    if camera.calibration is None:
        return made
    lens = lens_of(camera.calibration)
    pose = Pose(camera.calibration.translation, camera.calibration.rotation)
    pose = chained(inverse(scene.lidar()), pose)
    made |= {
        "intrinsics": {"intrinsic_matrix": lens.matrix.tolist()},
        "extrinsics": {"translation": _xyz(pose.translation), "rotation": _turned(pose.rotation)},
        "camera_convention": "OpenCV",
    }
    held = dict(_coefficients(lens.model, lens.distortion))
    if held:
        kind = "fisheye" if lens.model == "kannala_brandt" else "brown-conrady"
        made["distortion"] = {"model": kind, "coefficients": held}
    return made


def _coefficients(model: str, values: tuple[float, ...]) -> Iterator[tuple[str, float]]:
    if model == "pinhole":
        return
    names = ("k1", "k2", "k3", "k4") if model == "kannala_brandt" else ("k1", "k2", "p1", "p2", "k3")
    yield from zip(names, (*values, *[0.0] * 5), strict=False)


def _xyz(values: XYZ) -> _Json:
    return dict(zip("xyz", values, strict=True))


def _turned(values: Quaternion) -> _Json:
    return dict(zip(("qx", "qy", "qz", "qw"), values, strict=True))
