"""Datumaro's JSON with cuboids, as CVAT exports its 3D tasks, and the folders that CVAT makes such tasks of.

Open Edge Platform, "Datumaro" format; CVAT, "Datumaro 3D". One JSON is one item: its frames are the JSON's
items in the order of `attr.frame`. Cuboids stand in the points' own axes with three.js's angles. CVAT lists
every frame of a track and says which boxes it interpolated; those are computed again here. A folder
`pointcloud` beside `related_images` without any labels is one item as well.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from plugins.pointcloud.formats.datumaro3d_read import POINTS, Reader, folder_item
from plugins.pointcloud.formats.datumaro3d_write import content
from plugins.pointcloud.formats.scene import Holding, Scene
from plugins.pointcloud.formats.shared import (
    FAULTS,
    POINT_SUFFIXES,
    dicts,
    finished,
    folder_for,
    folder_of,
    name_of,
    safe_name,
    within,
)
from studio.domain.contracts.formats import (
    Budget,
    Loss,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.contracts.reading import Losses, as_problem, read_json
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wording import counted

PICTURES = "related_images"
_HEAD_BYTES = 64 * 1024
_HELD: tuple[Holding, ...] = (
    *("tracks", "key_frames", "track_attributes", "box_attributes", "track_name", "streams"),
)


class Datumaro3d:
    """Reads and writes Datumaro's JSON of point clouds."""

    name = "datumaro3d"
    title = "Datumaro 3D (CVAT)"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by items with a point cloud or a cuboid; else by CVAT's two folders, less surely."""
        count, classes = 0, set()
        for path in _candidates(tree):
            try:
                found = _checked(path, read_json(tree, path, Budget()))
                classes |= {str(each["name"]) for each in found["categories"]["label"]["labels"]}
            except (AtelierError, *FAULTS):
                continue
            count += 1
        if count:
            summary = f"{counted(count, 'task')} in Datumaro's 3D JSON"
            return Sniffed(self.name, 0.92, count, summary, tuple(sorted(classes)))
        if folders := _task_folders(tree):
            summary = (
                f"{counted(len(folders), 'folder')} of clouds and pictures as CVAT takes them, without labels"
            )
            return Sniffed(self.name, 0.6, len(folders), summary)
        return None

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a JSON, or a folder of a task. What cannot be is named, and the rest comes in."""
        named = False
        for path in _candidates(tree):
            try:
                found = _checked(path, read_json(tree, path, budget))
                reader = Reader(tree, path, found, budget)
                item = reader.item()
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            named = True
            yield from reader.problems
            yield finished(path, item, budget)
        for folder in [] if named else _task_folders(tree):
            yield folder_item(tree, folder, PICTURES)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """`annotations/NAME.json` for each item. Points and pictures stay where they are, named by paths."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            scene.report(*_HELD)
            if not scene.frames:
                losses.add("item without points")
                continue
            name = folder_for(safe_name(name_of(item.name) or "task"), used)
            made = content(scene, losses)
            sink.write(f"annotations/{name}.json", msgspec.json.format(msgspec.json.encode(made), indent=1))
        return losses.report()


def _candidates(tree: Tree) -> Iterator[str]:
    """By their heads: Datumaro writes what it is about first."""
    for path in tree.paths():
        if not path.lower().endswith(".json"):
            continue
        with tree.open(path) as file:
            head = file.read(_HEAD_BYTES)
        if b'"categories"' in head and b'"items"' in head and _is_about_points(tree, path, head):
            yield path


def _is_about_points(tree: Tree, path: str, head: bytes) -> bool:
    if b'"cuboid_3d"' in head:
        return True
    if b'"point_cloud"' not in head and tree.size(path) <= _HEAD_BYTES:
        return False
    try:
        items = dicts(read_json(tree, path, Budget()).get("items"))
    except (AtelierError, *FAULTS):
        return b'"point_cloud"' in head  # `read` says what is wrong with it
    return any(_cloud(each) for each in items)


def _cloud(item: dict[str, Any]) -> bool:
    said = item.get("point_cloud")
    return bool(isinstance(said, dict) and said.get("path")) or any(
        each.get("type") == "cuboid_3d" for each in dicts(item.get("annotations"))
    )


def _checked(path: str, found: object) -> dict[str, Any]:
    if isinstance(found, dict) and isinstance(found.get("categories"), dict) and dicts(found.get("items")):
        return found
    raise AtelierError(
        "import.malformed",
        f"{path!r} is no dataset of Datumaro's.",
        hint="Export the task again from CVAT.",
    )


def _task_folders(tree: Tree) -> list[str]:
    """Folders with `pointcloud` and `related_images`; with a project's meta.json they are Supervisely's."""
    paths = tree.paths()
    there = set(paths)
    clouds = {
        folder_of(folder_of(path))
        for path in paths
        if name_of(folder_of(path)) == POINTS and path.lower().endswith(POINT_SUFFIXES)
    }
    pictures = {
        folder_of(folder_of(folder_of(path)))
        for path in paths
        if name_of(folder_of(folder_of(path))) == PICTURES
    }
    return sorted(
        folder
        for folder in clouds & pictures
        if not {within(folder, "meta.json"), within(folder_of(folder), "meta.json")} & there
    )
