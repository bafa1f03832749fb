"""From a scene or a cloud of Xtreme1 to streams, cameras, tracks, cuboids and boxes on pictures."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from plugins.pointcloud.formats.calibration import CENTRE, Cameras, from_xtreme1
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
    plain_attributes,
    solid,
    split_of,
    stem_of,
    text,
    whole,
    within,
    xyz,
)
from studio.domain.contracts.formats import Budget, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.reading import as_problem, read_json
from studio.domain.entities import AnyEntity, Box, Calibration, Tag
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, new_id
from studio.domain.values import Attributes, attributes
from studio.domain.wire.projects import Stream

LIDARS = ("lidar_point_cloud_0", "point_cloud")
CAMERAS = ("camera_image_", "image")  # and a number
CONFIG, RESULT = "camera_config", "result"
BOX, RECTANGLE, PROJECTED = "3D_BOX", "2D_RECT", "2D_BOX"
BY_HAND = ("Ground Truth", "Without Task")  # sources of results that are no model
AUTOMATIC = "atelier:auto"  # class of a model that stands for a step of ours
_Json = dict[str, Any]


class Reader:
    """Reads one scene, or one cloud of a folder that is none."""

    def __init__(self, tree: Tree, folder: str, only: str, budget: Budget) -> None:
        self._tree = tree
        self._folder = folder
        self._only = only
        self._budget = budget
        self._there = [path for path in tree.paths() if not folder or path.startswith(f"{folder}/")]
        self.problems = Problems()

    def item(self) -> ReadItem:
        """Raises `import.malformed` where its list of files is none."""
        known = read_files(self._tree, self._folder, self._budget)
        names, streams = self._streams(known)
        lidar = next((each for each in streams if each.stream.kind == "points"), None)
        entities: list[AnyEntity] = []
        if lidar is not None:
            pictures = [each.stream for each in streams if each.stream.kind == "image"]
            entities += self._cameras(names, pictures)
            tracks = KeyFrames(within(self._folder, RESULT), lidar.stream.id, lidar.stream.frames)
            others: list[AnyEntity] = []
            for frame, name in enumerate(names[: lidar.stream.frames]):
                path = within(within(self._folder, RESULT), f"{name}.json")
                others += self._results(path, frame, tracks, lidar.stream, pictures)
            entities += [*tracks.entities(), *others]
            self._say_unread(names)
        return ReadItem(
            source=known.name if known else self._source(lidar),
            media=streams,
            entities=tuple(entities),
            group_key=self._folder,
            state="accepted",
            split=known.split if known else split_of(self._folder),
        )

    def _source(self, lidar: MediaFile | None) -> str:
        if self._only and lidar is not None and lidar.paths:
            return lidar.paths[0]
        return self._folder or RESULT

    def _streams(self, known: SceneFiles | None) -> tuple[tuple[str, ...], tuple[MediaFile, ...]]:
        if known is not None:
            streams, missing = media_of(self._tree, within(self._folder, FILES), known)
            for each in missing:
                self.problems.add(each)
            return known.frames, streams
        inside = {within(self._folder, part) for part in LIDARS}
        clouds = sorted(
            path
            for path in self._there
            if folder_of(path) in inside
            and path.lower().endswith(POINT_SUFFIXES)
            and self._only in ("", stem_of(path))
        )
        names = tuple(stem_of(path) for path in clouds)
        found = [media("points", LIDAR, clouds)]
        for part in self._picture_folders():
            folder = within(self._folder, part)
            by_name = {stem_of(path): path for path in self._there if folder_of(path) == folder}
            found.append(media("image", part, [by_name.get(name, "") for name in names]))
        return names, tuple(found)

    def _picture_folders(self) -> list[str]:
        """Folders of pictures in the order of their numbers, which is that of camera_config."""
        numbered: dict[int, str] = {}
        for path in self._there:
            part = name_of(folder_of(path))
            if folder_of(folder_of(path)) != self._folder or not path.lower().endswith(PICTURE_SUFFIXES):
                continue
            for prefix in CAMERAS:
                digits = part.removeprefix(prefix).removeprefix("_")
                if part.startswith(prefix) and digits.isdecimal() and len(digits) < 4:
                    numbered.setdefault(int(digits), part)
                    break
        return [numbered[at] for at in sorted(numbered)]

    def _cameras(self, names: tuple[str, ...], pictures: list[Stream]) -> Iterator[Calibration]:
        gathered = Cameras()
        for name in names:
            path = within(within(self._folder, CONFIG), f"{name}.json")
            if path not in self._there:
                continue
            try:
                configs = read_json(self._tree, path, self._budget)
            except AtelierError as error:
                self.problems.add(as_problem(path, error))
                continue
            if not isinstance(configs, list):
                self.problems.add(malformed(path, "it is no list of cameras"))
                continue
            for stream, config in zip(pictures, configs, strict=False):
                if config is not None:
                    gathered.add(path, str(stream.id), partial(from_xtreme1, config, stream.id))
        for problem in gathered.problems():
            self.problems.add(problem)
        yield from gathered.found()

    def _results(
        self, path: str, frame: int, tracks: KeyFrames, lidar: Stream, pictures: list[Stream]
    ) -> Iterator[AnyEntity]:
        if path not in self._there:
            return
        try:
            sources = results_in(read_json(self._tree, path, self._budget))
        except AtelierError as error:
            self.problems.add(as_problem(path, error))
            return
        if sources is None:
            self.problems.add(malformed(path, "it is no result of Xtreme1's"))
            return
        chosen = next((each for each in sources if each.get("sourceName") in BY_HAND), None)
        chosen = chosen or (sources[0] if sources else {})
        if others := [each for each in sources if each is not chosen and each.get("objects")]:
            self.problems.add(_other_sources(path, len(others)))
        yield from self._tags(chosen.get("classificationValues"), frame, lidar)
        for at, entry in enumerate(dicts(chosen.get("objects")), 1):
            try:
                yield from self._object(path, entry, at, frame, tracks, pictures)
            except FAULTS as error:
                self.problems.add(bad_box(path, f"object {at}", error))

    def _object(
        self, path: str, entry: _Json, at: int, frame: int, tracks: KeyFrames, pictures: list[Stream]
    ) -> Iterator[AnyEntity]:
        kind, contour = entry.get("type"), entry["contour"]
        if kind == PROJECTED:
            return
        said = entry.get("trackId")
        key = said if isinstance(said, str) and said else f"{frame} {at}"
        name = entry.get("trackName")
        class_name = text(entry.get("className") or "unknown")
        held = _values(entry.get("classValues"))
        match kind:
            case "3D_BOX":
                turned = from_euler_xyz(*xyz(contour["rotation3D"]))
                box = solid(xyz(contour["center3D"]), xyz(contour["size3D"]), turned)
                track = tracks.track(key, class_name, name=name[:512] if isinstance(name, str) else "")
                self.problems.add(tracks.box(track, frame, box, held, made=_made(entry)))
            case "2D_RECT":
                stream = pictures[whole(contour["viewIndex"])]
                corners = [(number(each["x"]), number(each["y"])) for each in contour["points"]]
                xs, ys = ([corner[axis] + CENTRE for corner in corners] for axis in (0, 1))
                if min(xs) >= max(xs) or min(ys) >= max(ys):
                    raise ValueError("it is empty")
                track = tracks.track(key, class_name, name=name[:512] if isinstance(name, str) else "")
                yield Box(
                    id=EntityId(new_id()),
                    track=track.id,
                    stream=stream.id,
                    frame=frame,
                    xyxy=(min(xs), min(ys), max(xs), max(ys)),
                    attributes=held,
                )
            case _:
                raise ValueError(f"its type {kind!r:.40} is not one that is read")

    def _tags(self, given: object, frame: int, lidar: Stream) -> Iterator[Tag]:
        for each in dicts(given):
            for value in dicts(each.get("values")):
                name, said = value.get("name") or value.get("alias"), value.get("value")
                if not isinstance(name, str) or not name.strip():
                    continue
                yield Tag(
                    id=EntityId(new_id()),
                    class_name=name[:512],
                    stream=lidar.id,
                    frame=frame,
                    attributes=attributes(value=said) if isinstance(said, str) and said else (),
                )

    def _say_unread(self, names: tuple[str, ...]) -> None:
        folder = within(self._folder, RESULT)
        for path in self._there if not self._only else ():
            if folder_of(path) == folder and path.endswith(".json") and stem_of(path) not in names:
                self.problems.add(missing_frame(path, "There is no cloud for this result, so it stays out."))


def results_in(content: object) -> list[_Json] | None:
    """The sources of a result file, in its older form or its newer one; None where it is neither."""
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return None
    found = [each for each in dicts(content) if isinstance(each.get("objects"), list)]
    return found if found or not content else None


def _values(given: object) -> Attributes:
    found = {str(each.get("name") or each.get("alias") or ""): each.get("value") for each in dicts(given)}
    return plain_attributes({name: value for name, value in found.items() if name})


def _made(entry: _Json) -> Made:
    if entry.get("modelClass") == AUTOMATIC:
        return "auto"
    return "hand" if entry.get("modelConfidence") is None and not entry.get("modelClass") else "model"


def _other_sources(path: str, count: int) -> Problem:
    return Problem(
        path=path,
        code="import.unread_label",
        message=f"{count} more sources of results stand in this file; only the first by hand was taken.",
        hint="Export one source alone to bring it in.",
    )
