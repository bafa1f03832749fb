"""Supervisely's point clouds and point cloud episodes.

docs.supervisely.com, "Supervisely annotation format". A project has a meta.json and datasets; a dataset is an
episode (annotation.json over many clouds), or a folder of clouds with an annotation each. CVAT exports its 3D
tasks in the second form. An episode is one item, and so is a single cloud.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.shared import FAULTS, finished, folder_of, name_of, within
from plugins.pointcloud.formats.supervisely_carry import ANNOTATION, LABELS, META, POINTS
from plugins.pointcloud.formats.supervisely_read import Reader, frame_names
from plugins.pointcloud.formats.supervisely_write import Writer
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


class Supervisely:
    """Reads and writes Supervisely's point clouds and episodes."""

    name = "supervisely"
    title = "Supervisely point clouds"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by a meta.json of classes above annotations of clouds."""
        found = list(_annotations(tree, Budget()))
        if not found:
            return None
        titles: set[str] = set()
        for meta in {id(each[2]): each[2] for each in found}.values():
            titles |= {str(each.get("title")) for each in meta["classes"] if isinstance(each, dict)}
        episodes = sum(name_of(path) == ANNOTATION for path, _, _ in found)
        kind = counted(episodes, "episode") if episodes else counted(len(found), "cloud")
        return Sniffed(self.name, 0.94, len(found), f"{kind} of a Supervisely project", tuple(sorted(titles)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item an annotation. A figure that cannot be is named, and the rest comes in."""
        for path, dataset, meta in _annotations(tree, budget):
            reader = Reader(tree, path, dataset, meta, budget)
            try:
                content = _content(tree, path, budget)
                single = name_of(path) != ANNOTATION
                clouds = [name_of(path)[: -len(".json")]] if single else frame_names(tree, dataset, budget)
                item = reader.item(content, clouds)
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            yield from reader.problems
            yield finished(path, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """A dataset for each episode, and one for all single clouds."""
        losses = Losses()
        writer = Writer(losses)
        for item in items:
            scene = Scene(item, losses)
            scene.report(
                *(
                    "tracks",
                    "track_attributes",
                    "box_attributes",
                    "cameras",
                    "point_labels",
                    "tags",
                    "streams",
                )
            )
            for path, data in writer.files(scene):
                sink.write(path, data)
        for path, data in writer.projects():
            sink.write(path, data)
        return losses.report()


def _annotations(tree: Tree, budget: Budget) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(annotation, its dataset, the project's meta) of everything that is one."""
    paths = tree.paths()
    there = set(paths)
    metas: dict[str, dict[str, Any] | None] = {}
    datasets = {folder_of(path) for path in paths if name_of(path) == ANNOTATION}
    datasets |= {folder_of(folder_of(path)) for path in paths if name_of(folder_of(path)) in (POINTS, LABELS)}
    for dataset in sorted(datasets):
        meta = _meta_above(tree, dataset, there, metas, budget)
        if meta is None:
            continue
        if within(dataset, ANNOTATION) in there:
            yield within(dataset, ANNOTATION), dataset, meta
            continue
        folder = within(dataset, LABELS)
        for path in paths:
            if folder_of(path) == folder and path.lower().endswith(".json"):
                yield path, dataset, meta


def _meta_above(
    tree: Tree, folder: str, there: set[str], known: dict[str, dict[str, Any] | None], budget: Budget
) -> dict[str, Any] | None:
    while True:
        path = within(folder, META)
        if path in there:
            if path not in known:
                known[path] = _meta(tree, path, budget)
            if known[path] is not None:
                return known[path]
        if not folder:
            return None
        folder = folder_of(folder)


def _meta(tree: Tree, path: str, budget: Budget) -> dict[str, Any] | None:
    try:
        found = read_json(tree, path, budget)
        is_meta = isinstance(found["classes"], list) and isinstance(found["tags"], list)
        return found if is_meta and found.get("projectType", POINTS).startswith("point_cloud") else None
    except (AtelierError, *FAULTS):
        return None


def _content(tree: Tree, path: str, budget: Budget) -> dict[str, Any]:
    """An annotation; older documentation shows it as the only one of a list."""
    content = read_json(tree, path, budget)
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict) or not isinstance(content.get("objects"), list):
        raise AtelierError(
            "import.malformed",
            f"{path!r} is no annotation of Supervisely's.",
            hint="Download the project again.",
        )
    return content
