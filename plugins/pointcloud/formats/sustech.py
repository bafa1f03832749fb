"""SUSTechPOINTS: a folder a scene, one file of boxes a frame, calibrations by the name of each sensor.

github.com/naurril/SUSTechPOINTS (Li et al. 2020), doc/data-format.md. A box is `psr`: position, scale and
rotation (three.js's angles) in the lidar's axes, x forward. Beside lidar/ and label/ stand camera/NAME/ and
calib/camera/NAME.json, lidar_pose/ (lidar to world), aux_lidar/ and radar/ with a calib of their own, and
label_fusion/ for boxes on pictures. What it interpolated is computed again here.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from plugins.pointcloud.formats.scene import Holding, Scene
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.shared import finished, folder_of, name_of, within
from plugins.pointcloud.formats.sustech_read import LABELS, SWEEPS, Reader, objects_in
from plugins.pointcloud.formats.sustech_write import files
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
    *("tracks", "key_frames", "made_auto", "box_attributes", "poses", "cameras", "systems", "boxes"),
    "streams",
)


class Sustech:
    """Reads and writes scenes of SUSTechPOINTS."""

    name = "sustech"
    title = "SUSTechPOINTS"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by label files of `psr` boxes, or by its own calibrations, beside a folder `lidar`."""
        scenes = list(_scenes(tree, Budget()))
        if not scenes:
            return None
        classes: set[str] = set()
        for path in [each for scene in scenes for each in _label_files(tree, scene)][:_SNIFFED_FILES]:
            classes |= {str(each.get("obj_type", "")) for each in _objects(tree, path, Budget())}
        frames = sum(folder_of(path) in {within(each, SWEEPS) for each in scenes} for path in tree.paths())
        summary = f"{counted(len(scenes), 'scene')} of SUSTechPOINTS with {counted(frames, 'sweep')}"
        return Sniffed(self.name, 0.92, len(scenes), summary, tuple(sorted(classes - {""})))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a scene. A box that cannot be is named, and the others come in."""
        for scene in _scenes(tree, budget):
            reader = Reader(tree, scene, budget)
            try:
                item = reader.item()
            except AtelierError as error:
                yield as_problem(within(scene, FILES), error)
                continue
            yield from reader.problems
            yield finished(scene or LABELS, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """A folder for each item. Points and pictures stay in the files that they came in."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            scene.report(*_HELD)
            folder = scene.home(SWEEPS, used)
            for path, data in files(scene, losses):
                sink.write(within(folder, path), data)
        return losses.report()


def _scenes(tree: Tree, budget: Budget) -> Iterator[str]:
    paths = tree.paths()
    there = set(paths)
    with_sweeps = {folder_of(folder_of(path)) for path in paths if name_of(folder_of(path)) == SWEEPS}
    with_sweeps |= {folder_of(path) for path in paths if name_of(path) == FILES}
    for scene in sorted(with_sweeps):
        labels = _label_files(tree, scene)
        poses = within(scene, "lidar_pose")
        cameras = within(scene, "calib/camera")
        is_own = any(path.startswith((f"{poses}/", f"{cameras}/")) for path in there)
        if (is_own and not labels) or any(_has_boxes(tree, path, budget) for path in labels[:_SNIFFED_FILES]):
            yield scene


def _label_files(tree: Tree, scene: str) -> list[str]:
    folder = within(scene, LABELS)
    return [path for path in tree.paths() if folder_of(path) == folder and path.lower().endswith(".json")]


def _has_boxes(tree: Tree, path: str, budget: Budget) -> bool:
    """Whether a file holds boxes of this format, or a list of none."""
    try:
        found = objects_in(read_json(tree, path, budget))
    except AtelierError:
        return False
    return found is not None and all("psr" in each and "obj_type" in each for each in found[:5])


def _objects(tree: Tree, path: str, budget: Budget) -> list[dict[str, Any]]:
    try:
        return objects_in(read_json(tree, path, budget)) or []
    except AtelierError:
        return []
