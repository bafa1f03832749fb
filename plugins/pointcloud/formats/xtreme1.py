"""Xtreme1: folders of clouds, pictures and camera_config by the name of each frame, results in JSON.

docs.xtreme1.io, "Upload Dataset" and "Data Annotation Result". A folder whose name begins with "scene" is one
item of many frames; elsewhere every cloud is an item. Boxes stand in the points' own axes with three.js's
angles. Rectangles on pictures are kept; 2D_BOX, the eight corners that it projects itself, are computed here.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from plugins.pointcloud.formats.scene import Holding, Scene
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.shared import dicts, finished, folder_of, name_of, stem_of, within
from plugins.pointcloud.formats.xtreme1_read import CAMERAS, CONFIG, LIDARS, RESULT, Reader, results_in
from plugins.pointcloud.formats.xtreme1_write import files
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

_SNIFFED_FILES = 20
_HELD: tuple[Holding, ...] = (
    *("tracks", "made", "track_name", "track_attributes", "box_attributes", "cameras", "boxes", "streams"),
)


class Xtreme1:
    """Reads and writes Xtreme1's folders."""

    name = "xtreme1"
    title = "Xtreme1"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by its results or camera_config beside its folders of clouds."""
        found = [each for folder in _folders(tree, Budget()) for each in _parts(tree, folder, Budget())]
        if not found:
            return None
        classes: set[str] = set()
        for path in [path for path in tree.paths() if name_of(folder_of(path)) == RESULT][:_SNIFFED_FILES]:
            for source in _results(tree, path, Budget()):
                classes |= {str(each.get("className") or "") for each in dicts(source.get("objects"))}
        summary = f"{counted(len(found), 'cloud or scene', 'clouds or scenes')} of Xtreme1"
        return Sniffed(self.name, 0.92, len(found), summary, tuple(sorted(classes - {""})))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a scene, or a cloud outside of scenes. What cannot be is named, and the rest comes in."""
        for folder in _folders(tree, budget):
            for only in _parts(tree, folder, budget):
                reader = Reader(tree, folder, only, budget)
                try:
                    item = reader.item()
                except AtelierError as error:
                    yield as_problem(within(folder, FILES), error)
                    continue
                yield from reader.problems
                yield finished(within(folder, only or RESULT), item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """A folder for each item. Points and pictures stay in the files that they came in."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            scene.report(*_HELD)
            folder = scene.home(LIDARS[0], used)
            for path, data in files(scene, losses):
                sink.write(within(folder, path), data)
        return losses.report()


def _folders(tree: Tree, budget: Budget) -> Iterator[str]:
    paths = tree.paths()
    by_folder: dict[str, set[str]] = {}
    for path in paths:
        by_folder.setdefault(folder_of(folder_of(path)), set()).add(name_of(folder_of(path)))
    ours = {folder_of(path) for path in paths if name_of(path) == FILES}
    for folder, parts in sorted(by_folder.items()):
        has_clouds = bool(parts & set(LIDARS)) or folder in ours
        has_own = CONFIG in parts or any(part.startswith(CAMERAS[0]) for part in parts)
        if has_clouds and (has_own or (RESULT in parts and _has_results(tree, folder, budget))):
            yield folder


def _parts(tree: Tree, folder: str, budget: Budget) -> list[str]:
    """The frames that are items of their own; an empty name for a scene, which is one item."""
    if within(folder, FILES) in tree.paths() or name_of(folder).lower().startswith("scene"):
        return [""]
    inside = {within(folder, part) for part in LIDARS}
    return sorted({stem_of(path) for path in tree.paths() if folder_of(path) in inside})


def _has_results(tree: Tree, folder: str, budget: Budget) -> bool:
    inside = within(folder, RESULT)
    files_ = [path for path in tree.paths() if folder_of(path) == inside and path.endswith(".json")]
    return any(_results(tree, path, budget) for path in files_[:_SNIFFED_FILES])


def _results(tree: Tree, path: str, budget: Budget) -> list[dict[str, Any]]:
    try:
        return results_in(read_json(tree, path, budget)) or []
    except AtelierError:
        return []
