"""Segments.ai: a release in one JSON, samples of single clouds or of sequences with ego poses.

docs.segments.ai, "Sample formats" and "Label formats". Cuboids, lines and polygons stand in the world, so
they are brought into the frame of the sensor, which is the ego frame here; where a sample has no ego poses,
the two are one. Cuboids that are no key frames were computed, and are computed here again. Cameras without
a convention look along -z.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.segments_read import Reader
from plugins.pointcloud.formats.segments_write import Writer
from plugins.pointcloud.formats.shared import FAULTS, finished
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

RELEASE = "segments_release.json"
TASKS = ("pointcloud-", "multisensor-")
_HEAD_BYTES = 64 * 1024


class Segments:
    """Reads and writes releases of Segments.ai."""

    name = "segments"
    title = "Segments.ai"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by a release whose task is one of point clouds."""
        samples, classes = 0, set()
        for path in _releases(tree):
            try:
                dataset = _dataset(path, read_json(tree, path, Budget()))
                samples += len(dataset["samples"])
                classes |= {str(each["name"]) for each in dataset["task_attributes"]["categories"]}
            except (AtelierError, *FAULTS):
                continue  # `read` reports it
        if not samples:
            return None
        summary = f"{counted(samples, 'sample')} of point clouds in a release of Segments.ai"
        return Sniffed(self.name, 0.93, samples, summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a sample. What cannot be of a sample is named, and the rest of it comes in."""
        for path in _releases(tree):
            try:
                dataset = _dataset(path, read_json(tree, path, budget))
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            names: set[str] = set()
            for sample in dataset["samples"]:
                reader = Reader(tree, path, dataset, budget)
                try:
                    item = reader.item(sample)
                except AtelierError as error:
                    yield as_problem(path, error)
                    continue
                yield from reader.problems
                if item.source in names:
                    yield _twice(path, item.source)
                    continue
                names.add(item.source)
                yield finished(path, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """One release. Points and pictures stay where they are, named by their paths."""
        losses = Losses()
        writer = Writer(losses)
        for item in items:
            scene = Scene(item, losses)
            scene.report(
                "tracks", "key_frames", "box_attributes", "track_attributes", "poses", "streams", "cameras"
            )
            writer.add(scene)
        if writer.samples:
            sink.write(RELEASE, msgspec.json.format(msgspec.json.encode(writer.release()), indent=1))
        return losses.report()


def _releases(tree: Tree) -> Iterator[str]:
    for path in tree.paths():
        if not path.lower().endswith(".json"):
            continue
        with tree.open(path) as file:
            head = file.read(_HEAD_BYTES)
        if b'"dataset"' in head and b'"task_type"' in head and any(task.encode() in head for task in TASKS):
            yield path


def _dataset(path: str, content: object) -> dict[str, Any]:
    try:
        dataset = content["dataset"]  # type: ignore[index]  # whatever it is, it is caught
        if dataset["task_type"].startswith(TASKS) and isinstance(dataset["samples"], list):
            return dict(dataset)
    except FAULTS:
        pass
    raise AtelierError(
        "import.malformed",
        f"{path!r} is no release of point clouds.",
        hint="Download the release again from Segments.ai.",
    )


def _twice(path: str, name: str) -> Problem:
    return Problem(
        path=path,
        code="import.twice",
        message=f"The sample {name!r} stands twice; the later one was left out.",
        hint="Give each sample its own name.",
    )
