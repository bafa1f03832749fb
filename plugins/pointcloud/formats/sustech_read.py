"""From a scene of SUSTechPOINTS to streams, poses, sensors, tracks and cuboids."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from plugins.pointcloud.formats.calibration import CENTRE, EGO, Cameras, Lens, camera, rigid
from plugins.pointcloud.formats.key_frames import KeyFrames, Made
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.scene_files import SceneFiles, media_of, read_files
from plugins.pointcloud.formats.shared import (
    FAULTS,
    LIDAR,
    PICTURE_SUFFIXES,
    POINT_SUFFIXES,
    Problems,
    bad_box,
    dicts,
    folder_of,
    from_euler_xyz,
    malformed,
    media,
    missing_frame,
    name_of,
    number,
    numbers,
    safe_name,
    solid,
    split_of,
    stem_of,
    text,
    within,
    xyz,
)
from studio.domain.contracts.formats import Budget, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.reading import as_problem, read_json
from studio.domain.entities import AnyEntity, Box, Calibration, CoordinateSystem, EgoPose
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Pose, frame_time, inverse
from studio.domain.values import Attributes
from studio.domain.wire.projects import Stream

SWEEPS, LABELS, POSES, FUSION = "lidar", "label", "lidar_pose", "label_fusion"
NOTE = "obj_attr"  # the one attribute that a box has there: a text of words
COMPUTED, AUTOMATIC = "i", "a"  # annotators that are no person
PROJECTED = "3dbox"  # of a box on a picture that was computed from the one in space
CAMERAS = ("camera", "aux_camera")
LIDARS = ("aux_lidar", "radar")
_Json = dict[str, Any]


class Reader:
    """Reads one scene."""

    def __init__(self, tree: Tree, folder: str, budget: Budget) -> None:
        self._tree = tree
        self._folder = folder
        self._budget = budget
        self._there = [path for path in tree.paths() if not folder or path.startswith(f"{folder}/")]
        self.problems = Problems()

    def item(self) -> ReadItem:
        """The whole scene. Raises `import.malformed` where its list of files is none."""
        known = read_files(self._tree, self._folder, self._budget)
        names, streams = self._streams(known)
        lidar = next((each.stream for each in streams if each.stream.kind == "points"), None)
        entities: list[AnyEntity] = []
        if lidar is not None:
            cameras = {safe_name(str(each.stream.id)): each.stream for each in streams[1:]}
            entities += [*self._poses(names, lidar), *self._cameras(cameras), *self._sensors(cameras)]
            tracks = KeyFrames(within(self._folder, LABELS), lidar.id, lidar.frames)
            for frame, name in enumerate(names[: lidar.frames]):
                self._boxes(tracks, frame, name)
            on_pictures = list(self._on_pictures(tracks, names, cameras))
            entities += [*tracks.entities(), *on_pictures]
            self._say_unread(names)
        return ReadItem(
            source=known.name if known else self._folder or SWEEPS,
            media=streams,
            entities=tuple(entities),
            group_key=self._folder,
            state="accepted",
            split=known.split if known else split_of(self._folder),
        )

    def _streams(self, known: SceneFiles | None) -> tuple[tuple[str, ...], tuple[MediaFile, ...]]:
        if known is not None:
            streams, missing = media_of(self._tree, within(self._folder, FILES), known)
            for each in missing:
                self.problems.add(each)
            return known.frames, streams
        sweeps = sorted(path for path in self._in(SWEEPS) if path.lower().endswith(POINT_SUFFIXES))
        names = tuple(stem_of(path) for path in sweeps)
        found = [media("points", LIDAR, sweeps)]
        for kind in CAMERAS:
            found += [
                media("image", f"aux_{name}" if kind != "camera" else name, paths)
                for name, paths in self._by_sensor(kind, names, PICTURE_SUFFIXES)
            ]
        for kind in LIDARS:
            found += [
                media("points", f"{kind}_{name}", paths)
                for name, paths in self._by_sensor(kind, names, POINT_SUFFIXES)
            ]
        return names, tuple(found)

    def _in(self, *parts: str) -> list[str]:
        folder = within(self._folder, "/".join(parts))
        return [path for path in self._there if folder_of(path) == folder]

    def _by_sensor(
        self, kind: str, names: tuple[str, ...], suffixes: tuple[str, ...]
    ) -> Iterator[tuple[str, list[str]]]:
        prefix = within(self._folder, kind) + "/"
        files = [path for path in self._there if path.startswith(prefix) and path.lower().endswith(suffixes)]
        for sensor in sorted({name_of(folder_of(path)) for path in files if folder_of(path) + "/" != prefix}):
            by_name = {stem_of(path): path for path in files if name_of(folder_of(path)) == sensor}
            yield sensor, [by_name.get(name, "") for name in names]

    def _json(self, path: str) -> Any:
        return read_json(self._tree, path, self._budget)

    def _poses(self, names: tuple[str, ...], lidar: Stream) -> Iterator[EgoPose]:
        files = {stem_of(path): path for path in self._in(POSES)}
        for frame, name in enumerate(names[: lidar.frames]):
            path = files.get(name)
            if path is None:
                continue
            try:
                pose = rigid("lidar", self._json(path)["lidarPose"])
            except AtelierError as error:
                self.problems.add(as_problem(path, error))
                continue
            except FAULTS as error:
                self.problems.add(malformed(path, f"it is no pose: {error}"))
                continue
            yield EgoPose(
                id=EntityId(new_id()),
                time_ns=frame_time(lidar, frame),
                translation=pose.translation,
                rotation=pose.rotation,
            )

    def _calibration_files(self, kind: str) -> Iterator[tuple[str, str]]:
        """(file, sensor): of a whole scene first, then of its frames; older scenes have one folder less."""
        prefix = within(self._folder, "calib") + "/"
        inside = [path for path in self._there if path.startswith(prefix) and path.lower().endswith(".json")]
        for path in inside:
            if folder_of(path) == f"{prefix}{kind}" or (
                kind == "camera" and folder_of(path) in (prefix[:-1], f"{prefix}image")
            ):
                yield path, stem_of(path)
        for path in inside:
            if folder_of(folder_of(path)) == f"{prefix}{kind}":
                yield path, name_of(folder_of(path))

    def _cameras(self, streams: dict[str, Stream]) -> Iterator[Calibration]:
        gathered = Cameras()
        for kind in CAMERAS:
            for path, name in self._calibration_files(kind):
                stream = streams.get(name if kind == "camera" else f"aux_{name}")
                if stream is not None and stream.kind == "image":
                    gathered.add(path, str(stream.id), partial(self._camera, path, stream))
        for problem in gathered.problems():
            self.problems.add(problem)
        yield from gathered.found()

    def _camera(self, path: str, stream: Stream) -> Calibration:
        said = self._json(path)
        outer = said["extrinsic"] if "extrinsic" in said else said["lidar_to_camera"]
        matrix = np.array(numbers(said["intrinsic"], 9)).reshape(3, 3)
        pose = inverse(rigid(stream.id, outer))
        return camera(StreamId(stream.id), Lens(matrix, size=(stream.width, stream.height)), pose)

    def _sensors(self, streams: dict[str, Stream]) -> Iterator[CoordinateSystem]:
        """Where the other lidars and radars stand."""
        for kind in LIDARS:
            for path, name in self._calibration_files(kind):
                stream = streams.get(f"{kind}_{name}") or streams.get(name)
                if stream is None or stream.kind != "points":
                    continue
                try:
                    said = self._json(path)
                    pose = Pose(xyz(said["translation"]), from_euler_xyz(*xyz(said["rotation"])))
                except AtelierError as error:
                    self.problems.add(as_problem(path, error))
                    continue
                except FAULTS as error:
                    self.problems.add(malformed(path, f"it is no pose: {error}"))
                    continue
                yield CoordinateSystem(
                    id=EntityId(new_id()),
                    name=str(stream.id),
                    parent=EGO,
                    translation=pose.translation,
                    rotation=pose.rotation,
                )

    def _boxes(self, tracks: KeyFrames, frame: int, name: str) -> None:
        path = within(within(self._folder, LABELS), f"{name}.json")
        if path not in self._there:
            return
        for at, entry in enumerate(self._entries(path), 1):
            try:
                psr = entry["psr"]
                turned = from_euler_xyz(*xyz(psr["rotation"]))
                box = solid(xyz(psr["position"]), xyz(psr["scale"]), turned)
                track = tracks.track(self._key(entry, f"{name} {at}"), text(entry["obj_type"]))
                note = entry.get(NOTE)
                held: Attributes = ((NOTE, note),) if isinstance(note, str) and note else ()
            except FAULTS as error:
                self.problems.add(bad_box(path, f"object {at}", error))
                continue
            annotator = entry.get("annotator")
            made: Made = "auto" if annotator in (AUTOMATIC, COMPUTED) else "hand"
            problem = tracks.box(track, frame, box, held, is_key=annotator != COMPUTED, made=made)
            self.problems.add(problem)

    def _key(self, entry: _Json, alone: str) -> str:
        said = entry.get("obj_id")
        return str(said) if isinstance(said, str | int) and str(said).strip() else alone

    def _entries(self, path: str) -> list[_Json]:
        try:
            found = objects_in(self._json(path))
        except AtelierError as error:
            self.problems.add(as_problem(path, error))
            return []
        if found is None:
            self.problems.add(malformed(path, "it is no list of boxes"))
        return found or []

    def _on_pictures(
        self, tracks: KeyFrames, names: tuple[str, ...], streams: dict[str, Stream]
    ) -> Iterator[Box]:
        """Boxes on pictures that a person corrected; those that were computed are computed here again."""
        for kind in CAMERAS:
            prefix = within(self._folder, f"{FUSION}/{kind}") + "/"
            for path in self._there:
                sensor = name_of(folder_of(path))
                stream = streams.get(sensor if kind == "camera" else f"aux_{sensor}")
                if not path.startswith(prefix) or stream is None or stem_of(path) not in names:
                    continue
                frame = names.index(stem_of(path))
                for at, entry in enumerate(self._entries(path), 1):
                    if entry.get("annotator") == PROJECTED or frame >= stream.frames:
                        continue
                    try:
                        edges = [number(entry["rect"][key]) + CENTRE for key in ("x1", "y1", "x2", "y2")]
                        left, top, right, bottom = edges
                        if left >= right or top >= bottom:
                            raise ValueError("it is empty")
                        key = self._key(entry, f"{stream.id} {frame} {at}")
                        track = tracks.track(key, text(entry["obj_type"]))
                    except FAULTS as error:
                        self.problems.add(bad_box(path, f"object {at}", error))
                        continue
                    yield Box(
                        id=EntityId(new_id()),
                        track=track.id,
                        stream=stream.id,
                        frame=frame,
                        xyxy=(left, top, right, bottom),
                    )

    def _say_unread(self, names: tuple[str, ...]) -> None:
        for path in self._in(LABELS):
            if path.lower().endswith(".json") and stem_of(path) not in names:
                self.problems.add(
                    missing_frame(path, "There is no sweep for these labels, so they stay out.")
                )
        if (gps := self._in("ego_pose")) and not self._in(POSES):
            self.problems.add(
                Problem(
                    path=gps[0],
                    code="import.unread_label",
                    message="Poses by GPS are not read: they do not say where the lidar is.",
                    hint="Write the lidar's pose in the world into lidar_pose, and import the scene again.",
                )
            )


def objects_in(content: object) -> list[_Json] | None:
    """The boxes of a label file, in its older form or its newer one; None where it is neither."""
    if isinstance(content, dict):
        content = content.get("objs")
    return dicts(content) if isinstance(content, list) else None
