"""From Datumaro's items and annotations to streams, tracks and cuboids."""

from collections.abc import Iterator
from typing import Any

from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.scene_files import SceneFiles, as_files, media_of
from plugins.pointcloud.formats.shared import (
    FAULTS,
    LIDAR,
    PICTURE_SUFFIXES,
    POINT_SUFFIXES,
    Problems,
    bad_box,
    cameras_of,
    dicts,
    folder_of,
    from_euler_xyz,
    malformed,
    media,
    missing_frame,
    name_of,
    plain_attributes,
    solid,
    stem_of,
    text,
    within,
    xyz,
)
from studio.domain.contracts.formats import Budget, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.reading import Files
from studio.domain.entities import AnyEntity, Tag
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.values import Attributes

POINTS = "pointcloud"
OURS = "atelier"  # a key of the dataset's infos that only we read
TRACK, KEY, OUTSIDE = "track_id", "keyframe", "outside"
_Json = dict[str, Any]


class Reader:
    """Reads one dataset."""

    def __init__(self, tree: Tree, path: str, content: _Json, budget: Budget) -> None:
        self._tree = tree
        self._path = path
        self._items = _in_order(dicts(content.get("items")))
        self._labels = _labels(content)
        infos = content.get("infos")
        self._ours = infos.get(OURS) if isinstance(infos, dict) else None
        self.problems = Problems()

    def item(self) -> ReadItem:
        """Raises `import.malformed` where what we wrote ourselves is damaged."""
        ours = self._ours if isinstance(self._ours, dict) else {}
        known = as_files(self._path, ours["files"]) if "files" in ours else None
        streams = self._streams(known)
        lidar = next((each.stream for each in streams if each.stream.kind == "points"), None)
        entities: list[AnyEntity] = []
        if lidar is not None:
            tracks = KeyFrames(self._path, lidar.id, lidar.frames)
            tags: list[AnyEntity] = []
            if len(self._items) > lidar.frames:
                why = f"{len(self._items)} items, and {lidar.frames} frames"
                self.problems.add(malformed(self._path, why))
            for frame, item in enumerate(self._items[: lidar.frames]):
                for annotation in dicts(item.get("annotations")):
                    tags += self._annotation(annotation, frame, lidar.id, tracks, ours.get("tracks"))
            entities += [*tracks.entities(), *tags]
        return ReadItem(
            source=known.name if known else self._path,
            media=streams,
            entities=tuple(entities),
            group_key=self._path,
            state="accepted",
            split=known.split if known else _split(self._path),
        )

    def _streams(self, known: SceneFiles | None) -> tuple[MediaFile, ...]:
        if known is not None:
            streams, missing = media_of(self._tree, self._path, known)
            for each in missing:
                self.problems.add(each)
            return streams
        clouds = Files(self._tree, POINT_SUFFIXES)
        paths = [self._find(clouds, item) for item in self._items]
        if "" in paths:
            first = self._items[paths.index("")].get("id")
            self.problems.add(
                missing_frame(
                    self._path,
                    f"{paths.count(''):,} of {len(paths):,} clouds are not there, the first {first!r:.80}; "
                    "their labels came in.",
                )
            )
        pictures = Files(self._tree, PICTURE_SUFFIXES)
        beside = [
            [found for each in _images(item) if (found := pictures.find(each, self._path))]
            for item in self._items
        ]
        return (
            media("points", LIDAR, paths, (), len(paths)),
            *(media("image", name, held) for name, held in cameras_of(beside).items()),
        )

    def _find(self, clouds: Files, item: _Json) -> str:
        said = item.get("point_cloud")
        path = said.get("path") if isinstance(said, dict) else None
        if isinstance(path, str) and path and (found := clouds.find(path, self._path)):
            return found
        return clouds.with_stem(name_of(str(item.get("id", "")))) or ""

    def _annotation(
        self, each: _Json, frame: int, stream: StreamId, tracks: KeyFrames, ours: object
    ) -> Iterator[Tag]:
        what = f"object {each.get('id', '?')!r:.40} at frame {frame}"
        label = self._labels.get(each.get("label_id")) if isinstance(each.get("label_id"), int) else None
        try:
            match each.get("type"):
                case "cuboid_3d" if label is not None:
                    self._cuboid(each, label, frame, tracks, ours)
                case "label" if label is not None:
                    held = plain_attributes(each.get("attributes"))
                    yield Tag(
                        id=EntityId(new_id()),
                        class_name=label,
                        stream=stream,
                        frame=frame,
                        attributes=held,
                    )
                case "cuboid_3d" | "label":
                    self.problems.add(_unknown(self._path, what, each.get("label_id")))
                case kind:
                    raise ValueError(f"its type {kind!r:.40} is not one that is read")
        except FAULTS as error:
            self.problems.add(bad_box(self._path, what, error))

    def _cuboid(self, each: _Json, label: str, frame: int, tracks: KeyFrames, ours: object) -> None:
        given = each.get("attributes")
        held = dict(given) if isinstance(given, dict) else {}
        number, is_key = held.pop(TRACK, None), held.pop(KEY, True) is not False
        if held.pop(OUTSIDE, False) is True:
            return  # the run ended at the frame before
        box = solid(xyz(each["position"]), xyz(each["scale"]), from_euler_xyz(*xyz(each["rotation"])))
        known = ours.get(str(number)) if isinstance(ours, dict) else None
        if isinstance(known, dict):
            of_track = plain_attributes(known.get("attributes"))
            track = tracks.track(text(known["label"]), label, of_track, name=str(known.get("name", "")))
            held = {name: value for name, value in held.items() if (name, value) not in _pairs(of_track)}
        else:
            track = tracks.track("" if number is None else str(number), label)
        self.problems.add(tracks.box(track, frame, box, plain_attributes(held), is_key=is_key))


def folder_item(tree: Tree, folder: str, pictures: str) -> ReadItem:
    """A folder that CVAT would make a task of: a frame a cloud, the pictures of each beside it."""
    clouds = sorted(
        path
        for path in tree.paths()
        if folder_of(path) == within(folder, POINTS) and path.lower().endswith(POINT_SUFFIXES)
    )
    beside = []
    for path in clouds:
        inside = within(within(folder, pictures), name_of(path).replace(".", "_"))
        beside.append(
            [
                each
                for each in tree.paths()
                if folder_of(each) == inside and each.lower().endswith(PICTURE_SUFFIXES)
            ]
        )
    cameras = [media("image", name, held) for name, held in cameras_of(beside).items()]
    return ReadItem(
        source=folder or POINTS, media=(media("points", LIDAR, clouds), *cameras), group_key=folder
    )


def _in_order(items: list[_Json]) -> list[_Json]:
    """By the frame that each says, where all say one of their own; else as they stand."""
    frames = [
        each.get("attr", {}).get("frame") if isinstance(each.get("attr"), dict) else None for each in items
    ]
    numbers = [each for each in frames if isinstance(each, int) and not isinstance(each, bool)]
    if len(set(numbers)) != len(items):
        return items
    return [items[at] for at in sorted(range(len(items)), key=lambda at: numbers[at])]


def _labels(content: _Json) -> dict[Any, str]:
    try:
        listed = content["categories"]["label"]["labels"]
        return {at: text(each["name"]) for at, each in enumerate(listed)}
    except FAULTS:
        return {}


def _images(item: _Json) -> list[str]:
    """Paths of the pictures of a frame, in the older spelling and the newer one."""
    cloud = item.get("point_cloud")
    listed = item.get("related_images") or (cloud.get("extra_images") if isinstance(cloud, dict) else None)
    paths = [each.get("path") for each in dicts(listed)]
    return [path for path in paths if isinstance(path, str) and path]


def _pairs(held: Attributes) -> list[tuple[str, object]]:
    return [(name, list(value) if isinstance(value, tuple) else value) for name, value in held]


def _split(path: str) -> str:
    stem = stem_of(path).lower()
    return stem if stem in ("train", "val", "test") else ""


def _unknown(path: str, what: str, label: object) -> Problem:
    return Problem(
        path=path,
        code="import.unknown_class",
        message=f"The {what} has label {label!r:.40}, which the file does not list; it was left out.",
        hint="Export the task again from CVAT.",
    )
