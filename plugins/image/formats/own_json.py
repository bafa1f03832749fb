"""Atelier's own JSON: every entity as it is, one file an item, beside the labelling template. Lossless."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from studio.domain.contracts.formats import (
    Budget,
    Loss,
    MediaFile,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.contracts.reading import as_problem, read_json
from studio.domain.document import Document
from studio.domain.entities import SCHEMA, AnyEntity, Calibration, CoordinateSystem, EgoPose, Tile
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology, check_ontology
from studio.domain.wire.projects import Stream
from studio.domain.wording import counted

MARK: Literal["atelier.item"] = "atelier.item"
TEMPLATE_MARK: Literal["atelier.ontology"] = "atelier.ontology"


class ItemFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One item as it stands in a file."""

    atelier: Literal["atelier.item"]
    schema: Annotated[int, Meta(ge=1)]
    name: str
    streams: tuple[Stream, ...]
    paths: tuple[tuple[str, ...], ...]  # by stream, by frame
    entities: tuple[AnyEntity, ...]
    split: str = ""
    sidecar: bytes = b""
    blobs: tuple[tuple[str, bytes], ...] = ()  # what its tiles name
    classes: tuple[str, ...] = ()  # that tiles of points may name


class TemplateFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The labelling template under which the items were labelled."""

    atelier: Literal["atelier.ontology"]
    schema: Annotated[int, Meta(ge=1)]
    ontology: Ontology


_File = TypeVar("_File", ItemFile, TemplateFile)


class OwnJson:
    """Reads and writes Atelier's own JSON."""

    name = "atelier_json"
    title = "Atelier JSON"
    fidelity: Literal["lossless", "lossy"] = "lossless"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by the mark at the head of a JSON file."""
        marked = [path for path in _label_files(tree) if _is_marked(tree, path)]
        if not marked:
            return None
        template = self.template(tree, Budget())
        classes = tuple(each.name for each in template.classes) if template is not None else ()
        summary = f"{counted(len(marked), 'item')} in Atelier's own JSON"
        return Sniffed(self.name, 1.0, len(marked), summary, classes)

    def template(self, tree: Tree, budget: Budget) -> Ontology | None:
        """The first one that lies among the items and is sound."""
        for path in _template_files(tree):
            try:
                return _template(tree, path, budget)
            except AtelierError:
                continue  # `read` names it
        return None

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """Items as they were written, with their own ids. A file whose references dangle is refused whole."""
        there = set(tree.paths())
        for path in _template_files(tree):
            try:
                _template(tree, path, budget)
            except AtelierError as error:
                yield as_problem(path, error)
        for path in _label_files(tree):
            if not _is_marked(tree, path):
                continue
            try:
                item = _decoded(path, read_json(tree, path, budget))
                Document(item.entities)
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            for frame in (frame for frames in item.paths for frame in frames if frame and frame not in there):
                yield Problem(
                    path=path,
                    code="import.missing_file",
                    message=f"The file {frame!r} that this item names is not there.",
                    hint="Put it beside the label files, under the same path.",
                )
            yield ReadItem(
                source=item.name,
                media=tuple(
                    MediaFile(stream, _those_there(frames, there))
                    for stream, frames in zip(item.streams, item.paths, strict=True)
                ),
                entities=item.entities,
                state="new" if _is_rig_alone(item) else "accepted",
                split=item.split,
                sidecar=item.sidecar,
                blobs=item.blobs,
                classes=item.classes,
            )

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """`ontology.json`, and `items/NUMBER.json` for each item; media keep the paths that they have in the
        export.
        """
        template = TemplateFile(TEMPLATE_MARK, SCHEMA, ontology)
        sink.write("ontology.json", msgspec.json.format(msgspec.json.encode(template), indent=1))
        for number, item in enumerate(items, 1):
            paths = tuple(
                item.source_paths[at] if at < len(item.source_paths) else ()
                for at in range(len(item.streams))
            )
            names = sorted({each.blob for each in item.entities if isinstance(each, Tile)})
            held = ItemFile(
                MARK,
                SCHEMA,
                item.name,
                item.streams,
                paths,
                item.entities,
                item.split,
                item.sidecar,
                tuple((name, item.blob(name)) for name in names),
                tuple(each.name for each in ontology.classes) if names else (),
            )
            sink.write(f"items/{number:06d}.json", msgspec.json.format(msgspec.json.encode(held), indent=1))
        return ()


def _is_rig_alone(item: ItemFile) -> bool:
    """A drive with its cameras and its way and nothing else: nobody has labelled it yet."""
    rig = (Calibration, CoordinateSystem, EgoPose)
    return bool(item.entities) and all(isinstance(each, rig) for each in item.entities)


def _those_there(frames: tuple[str, ...], there: set[str]) -> tuple[str, ...]:
    found = tuple(frame if frame in there else "" for frame in frames)
    return found if any(found) else ()


def _label_files(tree: Tree) -> list[str]:
    return [path for path in tree.paths() if path.lower().endswith(".json")]


def _is_marked(tree: Tree, path: str, mark: str = MARK) -> bool:
    with tree.open(path) as file:
        return f'"{mark}"'.encode() in file.read(256)


def _template_files(tree: Tree) -> list[str]:
    return [path for path in _label_files(tree) if _is_marked(tree, path, TEMPLATE_MARK)]


def _template(tree: Tree, path: str, budget: Budget) -> Ontology:
    held = _converted(path, read_json(tree, path, budget), TemplateFile, "a labelling template")
    check_ontology(held.ontology)
    return held.ontology


def _converted(path: str, content: object, kind: type[_File], what: str) -> _File:
    try:
        held = msgspec.convert(content, kind, strict=True)
    except msgspec.ValidationError as error:
        raise AtelierError(
            "import.malformed",
            f"{path!r} is not {what} of Atelier as it says: {error}.",
            hint="Export it again from the program that made it.",
        ) from error
    if held.schema > SCHEMA:
        raise AtelierError(
            "import.too_new",
            f"{path!r} was written by a newer Atelier.",
            hint="Update this one.",
        )
    return held


def _decoded(path: str, content: object) -> ItemFile:
    item = _converted(path, content, ItemFile, "an item")
    if len(item.paths) != len(item.streams):
        raise AtelierError(
            "import.malformed",
            f"{path!r} names {len(item.streams)} streams and files of {len(item.paths)}.",
            hint="Export it again from the program that made it.",
        )
    return item
