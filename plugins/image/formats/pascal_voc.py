"""Pascal VOC: one XML file a picture, boxes in whole pixels counted from 1, both ends inside.

Everingham et al., "The PASCAL Visual Object Classes Challenge 2012 Development Kit". A box of xmin..xmax is
[xmin - 1, xmax] in continuous pixels. Attributes are written as CVAT and Datumaro do.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from plugins.image.formats.bounding import bounding_boxes
from plugins.image.formats.pictures import STREAM, SUFFIXES, picture, sound_box, split_of
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
from studio.domain.contracts.reading import Files, Losses, as_problem, read_bytes, read_text
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import ShapeId, TrackId, new_id
from studio.domain.ontology import Ontology
from studio.domain.values import Value, attributes
from studio.domain.wording import counted

LABEL_FILE_BYTES = 16 * 1024 * 1024
FLAGS = ("truncated", "difficult", "occluded")
UNSAID_POSES = ("", "Unspecified", "unspecified")


class PascalVoc:
    """Reads and writes Pascal VOC detection labels."""

    name = "pascal_voc"
    title = "Pascal VOC"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by `<annotation>` in the head of an XML file, whatever the folders are called."""
        labels = [path for path in tree.paths() if path.lower().endswith(".xml")]
        heads = labels[:: max(1, len(labels) // 20)][:20]
        known: list[str] = []
        classes: set[str] = set()
        for path in heads:
            try:
                root = _parse(read_bytes(tree, path, LABEL_FILE_BYTES), path)
            except AtelierError:
                continue  # one that cannot be read is reported by `read`; it does not tell the format
            if root.tag == "annotation" and (
                root.find("object") is not None or root.find("size") is not None
            ):
                known.append(path)
                classes |= {_text(each, "name") for each in root.iter("object")}
        if not known:
            return None
        pictures = len(Files(tree, SUFFIXES).all())
        return Sniffed(
            self.name,
            0.9 * len(known) / len(heads),
            max(len(labels), pictures),
            f"{counted(pictures, 'picture')}, {counted(len(labels), 'label file')} in Pascal VOC",
            tuple(sorted(classes - {""})),
        )

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """Items of label files first, then the pictures that have none."""
        pictures = Files(tree, SUFFIXES)
        splits = _splits(tree, budget)
        used: set[str] = set()
        for path in tree.paths():
            if not path.lower().endswith(".xml"):
                continue
            try:
                root = _parse(read_bytes(tree, path, LABEL_FILE_BYTES), path)
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            if root.tag != "annotation":
                continue
            stem = path.rpartition("/")[2].rpartition(".")[0]
            named = _text(root, "filename")
            found = (pictures.find(named, path) if named else None) or pictures.with_stem(stem)
            if found is None:
                yield Problem(
                    path=path,
                    code="import.missing_file",
                    message=f"The picture {named or stem!r} that this label file names is not there; "
                    "its labels were left out.",
                    hint="Put the picture into the folder and import again; only what is missing comes in.",
                )
                continue
            if found in used:
                yield Problem(
                    path=path,
                    code="import.twice",
                    message=f"The picture {found!r} has a second label file; this one was left out.",
                    hint="Keep one label file for each picture.",
                )
                continue
            used.add(found)
            width, height = _size(root)
            entities: list[AnyEntity] = []
            for read in _objects(root, path, width, height):
                if isinstance(read, Problem):
                    yield read
                else:
                    entities += read
            yield ReadItem(
                source=found,
                media=(picture(found, width, height),),
                entities=tuple(entities),
                state="accepted",
                split=splits.get(stem, "") or (split_of(path) if not splits else ""),
            )
        for found in pictures.all():
            if found not in used:
                stem = found.rpartition("/")[2].rpartition(".")[0]
                yield ReadItem(source=found, media=(picture(found),), split=splits.get(stem, ""))

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """`Annotations/NAME.xml` for each item, and `ImageSets/Main/SPLIT.txt` where items have splits."""
        losses = Losses()
        splits: dict[str, list[str]] = {}
        stems: set[str] = set()
        for item in items:
            stem = item.name.rpartition("/")[2].rpartition(".")[0] or item.name
            unique, number = stem, 2
            while unique in stems:
                unique, number = f"{stem}_{number}", number + 1
            stems.add(unique)
            sink.write(f"Annotations/{unique}.xml", _annotation(item, losses).encode())
            if item.split:
                splits.setdefault(item.split, []).append(unique)
        for split, names in sorted(splits.items()):
            sink.write(f"ImageSets/Main/{split}.txt", "".join(f"{name}\n" for name in names).encode())
        return losses.report()


def _parse(data: bytes, path: str) -> ElementTree.Element:
    # a document type is where entity bombs and outside files come from, and no label file has one
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\x00<\x00!" in data:
        raise AtelierError(
            "import.bad_xml",
            f"{path!r} declares a document type, which a label file never needs; it was left out.",
            hint="Write the file again with a labelling program.",
        )
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise AtelierError(
            "import.bad_xml",
            f"{path!r} is not sound XML ({error}); it was left out.",
            hint="Write the file again with the program that made it.",
        ) from error


def _splits(tree: Tree, budget: Budget) -> dict[str, str]:
    """Stem of a picture -> split, from ImageSets; `trainval` says nothing that the others do not."""
    found: dict[str, str] = {}
    for split in ("train", "val", "test"):
        for path in tree.paths():
            if path.rpartition("/")[2] == f"{split}.txt" and "ImageSets" in path:
                for line in _lines(tree, path, budget):
                    if words := line.split():
                        found.setdefault(words[0], split)
    return found


def _lines(tree: Tree, path: str, budget: Budget) -> list[str]:
    try:
        return read_text(tree, path, budget).splitlines()
    except AtelierError:
        return []  # a list that cannot be read names no split; the pictures come in without one


def _size(root: ElementTree.Element) -> tuple[int, int]:
    width, height = _number(root, "size/width"), _number(root, "size/height")
    if not math.isfinite(width) or not math.isfinite(height):
        return 0, 0
    return max(0, int(width)), max(0, int(height))


def _objects(
    root: ElementTree.Element, path: str, width: int, height: int
) -> Iterator[list[AnyEntity] | Problem]:
    for number, each in enumerate(root.iter("object"), 1):
        name = _text(each, "name")
        if not name:
            yield Problem(
                path=path,
                code="import.no_class",
                message=f"Object {number} has no class name; it was left out.",
                hint="Give it a <name> in the label file.",
            )
            continue
        if each.find("bndbox") is None:
            yield Problem(
                path=path,
                code="import.bad_box",
                message=f"Object {number} ({name}) has no <bndbox>; it was left out.",
                hint="Only boxes are read from Pascal VOC.",
            )
            continue
        left, top, right, bottom = (
            _number(each, f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")
        )
        xyxy, problem = sound_box(
            path, f"object {number} ({name})", (left - 1, top - 1, right, bottom), width, height
        )
        if problem:
            yield problem
        if xyxy:
            track = Track(id=TrackId(new_id()), class_name=name)
            yield [
                track,
                Box(
                    id=ShapeId(new_id()),
                    track=track.id,
                    stream=STREAM,
                    frame=0,
                    xyxy=xyxy,
                    attributes=attributes(**_attributes(each)),
                ),
            ]


def _attributes(each: ElementTree.Element) -> dict[str, Value]:
    found: dict[str, Value] = {flag: True for flag in FLAGS if _text(each, flag) == "1"}
    if (pose := _text(each, "pose")) not in UNSAID_POSES:
        found["pose"] = pose
    for attribute in each.iterfind("attributes/attribute"):
        if name := _text(attribute, "name"):
            found[name] = _text(attribute, "value")
    return found


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _number(element: ElementTree.Element, path: str) -> float:
    try:
        return float(_text(element, path))
    except ValueError:
        return math.nan


def _annotation(item: WriteItem, losses: Losses) -> str:
    width, height = (item.streams[0].width, item.streams[0].height) if item.streams else (0, 0)
    lines = [
        "<annotation>",
        f"  <filename>{escape(item.name.rpartition('/')[2])}</filename>",
        f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>",
        "  <segmented>0</segmented>",
    ]
    for track, shape, (left, top, right, bottom) in bounding_boxes(item, losses):
        held = dict(shape.attributes)
        pose = held.pop("pose", "Unspecified")
        lines += ["  <object>", f"    <name>{escape(track.class_name)}</name>"]
        lines.append(f"    <pose>{escape(str(pose))}</pose>")
        for flag in ("truncated", "difficult", "occluded"):
            said = held.pop(flag, False)
            if flag != "occluded" or said:
                lines.append(f"    <{flag}>{int(bool(said))}</{flag}>")
        corners = {"xmin": left + 1, "ymin": top + 1, "xmax": right, "ymax": bottom}
        lines.append(
            "    <bndbox>"
            + "".join(f"<{key}>{value:.10g}</{key}>" for key, value in corners.items())
            + "</bndbox>"
        )
        said_too = {**dict(track.attributes), **held}
        if said_too:
            lines.append("    <attributes>")
            for name, value in sorted(said_too.items()):
                if not isinstance(value, str):
                    losses.add(f"type of attribute {name!r}", "written as text")
                held_as = f"<name>{escape(name)}</name><value>{escape(str(value))}</value>"
                lines.append(f"      <attribute>{held_as}</attribute>")
            lines.append("    </attributes>")
        lines.append("  </object>")
    return "\n".join([*lines, "</annotation>", ""])
