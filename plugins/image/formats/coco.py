"""COCO: one JSON file for many pictures; boxes as x, y, width, height in continuous pixels.

Lin et al., "Microsoft COCO: Common Objects in Context", and cocodataset.org's data format. Polygons,
run-length masks and key points come in too; attributes are written as CVAT does, under `attributes`.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from plugins.image.formats.bounding import is_of_a_mask, kind_of
from plugins.image.formats.pictures import STREAM, SUFFIXES, picture, sound_box, split_of
from plugins.image.formats.run_lengths import compressed
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
from studio.domain.contracts.reading import Files, Losses, as_problem, read_json
from studio.domain.entities import (
    INLINE_MASK_BYTES,
    AnyEntity,
    AnyShape,
    Box,
    Keypoints,
    Mask,
    Polygon,
    Shape,
    Track,
)
from studio.domain.errors import AtelierError
from studio.domain.geometry import bounding_box
from studio.domain.ids import EntityId, new_id
from studio.domain.ontology import Ontology
from studio.domain.values import Attributes, Value, attributes
from studio.domain.wording import counted

IDS = ("id", "image_id", "category_id")
SNIFF_BYTES = 64 * 1024 * 1024
HEAD_BYTES = 1024 * 1024


class Coco:
    """Reads and writes COCO instances and key points."""

    name = "coco"
    title = "COCO"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by `images` and `annotations` in one JSON object."""
        pictures, labels, classes, large = 0, 0, set[str](), 0
        for path in _label_files(tree):
            if tree.size(path) > SNIFF_BYTES:
                # too large to look at whole: what stands at its head tells, and `read` says the rest
                with tree.open(path) as file:
                    head = file.read(HEAD_BYTES)
                large += b'"images"' in head or b'"annotations"' in head
                continue
            try:
                content = read_json(tree, path, Budget())
            except AtelierError:
                continue  # `read` reports it
            if _is_coco(content):
                pictures += len(content["images"])
                labels += len(content["annotations"])
                classes |= {str(each.get("name", "")) for each in _dicts(content.get("categories"))}
        if not pictures and not large:
            return None
        summary = f"{counted(pictures, 'picture')}, {counted(labels, 'object')} in COCO"
        if large:
            summary += f", and {counted(large, 'large file')} that were not counted"
        return Sniffed(self.name, 0.9, pictures, summary, tuple(sorted(classes - {""})))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """Items of every COCO file below the folder; pictures that no file names stay out."""
        pictures = Files(tree, SUFFIXES)
        used: set[str] = set()
        for path in _label_files(tree):
            try:
                content = read_json(tree, path, budget)
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            if _is_coco(content):
                yield from _read_file(path, content, pictures, used)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """`annotations/instances_SPLIT.json` for each split, `instances_default.json` without one."""
        losses = Losses()
        names = [each.name for each in ontology.classes]
        files: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
        for item in items:
            images, annotations = files.setdefault(item.split or "default", ([], []))
            stream = item.streams[0] if item.streams else None
            images.append(
                {
                    "id": len(images) + 1,
                    "file_name": item.name,
                    "width": stream.width if stream else 0,
                    "height": stream.height if stream else 0,
                }
            )
            for annotation in _annotations(item, names, losses):
                annotations.append({"id": len(annotations) + 1, "image_id": len(images), **annotation})
        categories = [
            {"id": number, "name": name, "supercategory": _parent(ontology, name)}
            for number, name in enumerate(names, 1)
        ]
        for split, (images, annotations) in sorted(files.items()):
            content = {"images": images, "annotations": annotations, "categories": categories}
            sink.write(f"annotations/instances_{split}.json", msgspec.json.encode(content))
        return losses.report()


def _label_files(tree: Tree) -> list[str]:
    return [path for path in tree.paths() if path.lower().endswith(".json")]


def _is_coco(content: object) -> bool:
    return (
        isinstance(content, dict)
        and isinstance(content.get("images"), list)
        and isinstance(content.get("annotations"), list)
    )


def _dicts(content: object) -> list[dict[str, Any]]:
    """The objects of a list, with ids that can be looked up: a list or an object is no id."""
    found = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
    return [{**each, **{key: _id(each[key]) for key in IDS if key in each}} for each in found]


def _id(value: object) -> object:
    return value if isinstance(value, int | str) else f"unreadable id {value!r:.40}"


def _read_file(
    path: str, content: dict[str, Any], pictures: Files, used: set[str]
) -> Iterator[ReadItem | Problem]:
    classes: dict[Any, str] = {}
    skeletons: dict[Any, list[str]] = {}
    for category in _dicts(content.get("categories")):
        if category.get("id") in classes:
            yield _twice(path, "category", category.get("id"))
        classes[category.get("id")] = str(category.get("name", ""))
        points = category.get("keypoints")
        skeletons[category.get("id")] = [str(name) for name in points] if isinstance(points, list) else []
    images: dict[Any, dict[str, Any]] = {}
    for image in _dicts(content["images"]):
        if image.get("id") in images:
            yield _twice(path, "picture", image.get("id"))
            continue
        images[image.get("id")] = image
    labels: dict[Any, list[dict[str, Any]]] = {}
    seen: set[Any] = set()
    for number, annotation in enumerate(_dicts(content["annotations"]), 1):
        where = f"Object {annotation.get('id', number)}"
        if "id" in annotation and annotation["id"] in seen:
            yield _twice(path, "object", annotation["id"])
            continue
        seen.add(annotation.get("id", f"number {number}"))
        if annotation.get("image_id") not in images:
            yield Problem(
                path=path,
                code="import.unknown_image",
                message=f"{where} belongs to picture {annotation.get('image_id')!r}, which the file does not "
                "list; it was left out.",
                hint="Add the picture to `images`, or remove the object.",
            )
        elif annotation.get("category_id") not in classes:
            yield Problem(
                path=path,
                code="import.unknown_class",
                message=f"{where} has class {annotation.get('category_id')!r}, which the file does not list; "
                "it was left out.",
                hint="Add the class to `categories`, or remove the object.",
            )
        else:
            labels.setdefault(annotation["image_id"], []).append(annotation)
    split = split_of(path)
    for key, image in images.items():
        named = str(image.get("file_name", ""))
        found = pictures.find(named, path) if named else None
        if found is None or found in used:
            lost = "is not there" if found is None else "came in from another label file"
            count = len(labels.get(key, ()))
            yield Problem(
                path=path,
                code="import.missing_file" if found is None else "import.twice",
                message=f"The picture {named!r} {lost}; its {count} objects were left out.",
                hint="Put the picture into the folder and import again; only what is missing comes in.",
            )
            continue
        used.add(found)
        width, height = _whole(image.get("width")), _whole(image.get("height"))
        entities: list[AnyEntity] = []
        for annotation in labels.get(key, ()):
            for read in _read_object(path, annotation, classes, skeletons, width, height):
                if isinstance(read, Problem):
                    yield read
                else:
                    entities.append(read)
        yield ReadItem(
            source=found,
            media=(picture(found, width, height),),
            entities=tuple(entities),
            state="accepted",
            split=split,
        )


def _read_object(
    path: str,
    annotation: dict[str, Any],
    classes: dict[Any, str],
    skeletons: dict[Any, list[str]],
    width: int,
    height: int,
) -> Iterator[AnyEntity | Problem]:
    category = annotation["category_id"]
    what = f"object {annotation.get('id', '?')} ({classes[category]})"
    held = _attributes(annotation)
    track = Track(id=EntityId(new_id()), class_name=classes[category])
    shapes: list[AnyEntity] = []
    segmentation = annotation.get("segmentation")
    for ring in _rings(segmentation):
        shapes.append(
            Polygon(
                id=EntityId(new_id()), track=track.id, stream=STREAM, frame=0, outline=ring, attributes=held
            )
        )
    if isinstance(segmentation, dict):
        mask = _mask(segmentation, track, held)
        if mask:
            shapes.append(mask)
        else:
            yield _left_out(path, f"The mask of {what} is not sound or larger than 16 kB; it was left out.")
    if points := _keypoints(annotation.get("keypoints"), skeletons.get(category, []), track, held):
        shapes.append(points)
    if (numbers := _numbers(annotation.get("bbox"), 4)) and (any(numbers) or not shapes):
        x, y, w, h = numbers
        if w < 0 or h < 0:
            yield _left_out(path, f"The box of {what} has a negative size; it was left out.")
        else:
            xyxy, problem = sound_box(path, what, (x, y, x + w, y + h), width, height)
            if problem:
                yield problem
            if xyxy:
                box = Box(
                    id=EntityId(new_id()), track=track.id, stream=STREAM, frame=0, xyxy=xyxy, attributes=held
                )
                shapes.insert(0, box)
    elif not shapes:
        yield _left_out(path, f"The box of {what} is missing or no list of four numbers; it was left out.")
    if shapes:
        yield track
        yield from shapes


def _attributes(annotation: dict[str, Any]) -> Attributes:
    found: dict[str, Value] = {}
    given = annotation.get("attributes")
    for name, value in (given if isinstance(given, dict) else {}).items():
        if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
            found[str(name)] = value
    if annotation.get("iscrowd") == 1:
        found["iscrowd"] = True
    return attributes(**found)


def _rings(segmentation: object) -> Iterator[tuple[tuple[float, float], ...]]:
    for ring in segmentation if isinstance(segmentation, list) else ():
        values = _numbers(ring, None)
        if values and len(values) >= 6 and len(values) % 2 == 0:
            yield tuple(zip(values[::2], values[1::2], strict=True))


def _mask(segmentation: dict[str, Any], track: Track, held: Attributes) -> Mask | None:
    size = _numbers(segmentation.get("size"), 2)
    counts = segmentation.get("counts")
    if not size:
        return None
    height, width = int(size[0]), int(size[1])
    if isinstance(counts, list):
        runs = _numbers(counts, None)
        if runs is None or sum(runs) != height * width or min(runs, default=0) < 0:
            return None
        data = compressed([int(run) for run in runs])
    elif isinstance(counts, str) and counts.isascii():
        data = counts.encode()
    else:
        return None
    if len(data) > INLINE_MASK_BYTES or height < 0 or width < 0:
        return None
    return Mask(
        id=EntityId(new_id()),
        track=track.id,
        stream=STREAM,
        frame=0,
        size=(height, width),
        counts=data,
        attributes=held,
    )


def _keypoints(values: object, names: list[str], track: Track, held: Attributes) -> Keypoints | None:
    numbers = _numbers(values, None)
    if not numbers or len(numbers) % 3 or not any(numbers):
        return None
    points: list[tuple[str, tuple[float, float], Literal[0, 1, 2]]] = []
    for number, (x, y, seen) in enumerate(zip(*(numbers[k::3] for k in range(3)), strict=True)):
        visible: Literal[0, 1, 2] = 2 if seen >= 2 else 1 if seen == 1 else 0
        points.append((names[number] if number < len(names) else str(number + 1), (x, y), visible))
    return Keypoints(
        id=EntityId(new_id()), track=track.id, stream=STREAM, frame=0, points=tuple(points), attributes=held
    )


def _numbers(values: object, length: int | None) -> list[float] | None:
    if not isinstance(values, list) or (length is not None and len(values) != length):
        return None
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return None
    try:
        numbers = [float(value) for value in values]
    except OverflowError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 2**31 else 0


def _left_out(path: str, message: str) -> Problem:
    return Problem(path=path, code="import.bad_box", message=message, hint="Mend it there, or draw it here.")


def _twice(path: str, what: str, key: object) -> Problem:
    return Problem(
        path=path,
        code="import.twice",
        message=f"The {what} id {key!r} stands twice; the later one was left out.",
        hint="Give each its own id.",
    )


def _parent(ontology: Ontology, name: str) -> str:
    found = ontology.class_type(name)
    return found.parent if found else ""


def _annotations(item: WriteItem, names: list[str], losses: Losses) -> Iterator[dict[str, Any]]:
    tracks = {entity.id: entity for entity in item.entities if isinstance(entity, Track)}
    first = item.streams[0].id if item.streams else ""
    of_track: dict[EntityId, list[AnyShape]] = {key: [] for key in tracks}
    for entity in item.entities:
        if isinstance(entity, Shape) and entity.stream == first and getattr(entity, "frame", 0) == 0:
            of_track[entity.track].append(entity)
        elif isinstance(entity, Track):
            if entity.name or entity.identity:
                losses.add("track name or identity")
        elif not is_of_a_mask(entity):
            losses.add(kind_of(entity) if not isinstance(entity, Shape) else f"shape {kind_of(entity)}")
    for key, shapes in of_track.items():
        track = tracks[key]
        if track.class_name not in names:
            names.append(track.class_name)
        base = {"category_id": names.index(track.class_name) + 1}
        if not shapes:
            losses.add(f"track without shape ({track.class_name})")
            continue
        yield from _objects_of(track, shapes, base, losses)


def _objects_of(
    track: Track, shapes: list[AnyShape], base: dict[str, Any], losses: Losses
) -> Iterator[dict[str, Any]]:
    """A track's first box, polygon, mask and key points are one object; each further one is its own."""
    waiting = list(shapes)
    while waiting:
        found: dict[type, AnyShape] = {}
        later: list[AnyShape] = []
        for shape in waiting:
            kind = Polygon if isinstance(shape, Mask) else type(shape)
            if isinstance(shape, Box | Polygon | Mask | Keypoints) and kind not in found:
                found[kind] = shape
            elif isinstance(shape, Polygon) and isinstance(found.get(Polygon), Polygon):
                later.append(shape)
            elif isinstance(shape, Box | Mask | Keypoints):
                losses.add("second shape of a track", "written as an object of its own")
                later.append(shape)
            elif (around := bounding_box(shape)) is not None:
                losses.add(f"shape {kind_of(shape)}", "written as its bounding box")
                yield {**base, **_object(track, {Box: shape}, around, losses)}
            else:
                losses.add(f"shape {kind_of(shape)}")
        rings = [each for each in later if isinstance(each, Polygon)]
        waiting = [each for each in later if not isinstance(each, Polygon)]
        if found:
            shape = found.get(Box) or next(iter(found.values()))
            yield {**base, **_object(track, found, bounding_box(shape), losses, rings)}
        elif rings:
            waiting += rings


def _object(
    track: Track,
    shapes: dict[type, AnyShape],
    around: tuple[float, float, float, float] | None,
    losses: Losses,
    rings: Iterable[AnyShape] = (),
) -> dict[str, Any]:
    held = dict(track.attributes)
    for shape in shapes.values():
        held |= dict(shape.attributes)
    left, top, right, bottom = around or (0.0, 0.0, 0.0, 0.0)
    made: dict[str, Any] = {
        "bbox": [left, top, right - left, bottom - top],
        "area": (right - left) * (bottom - top),
        "iscrowd": int(bool(held.pop("iscrowd", False))),
        "segmentation": [],
    }
    region = shapes.get(Polygon)
    if isinstance(region, Polygon):
        outlines = [region.outline, *(each.outline for each in rings if isinstance(each, Polygon))]
        made["segmentation"] = [[value for xy in outline for value in xy] for outline in outlines]
        if region.holes:
            losses.add("hole of a polygon", count=len(region.holes))
    elif isinstance(region, Mask):
        made["segmentation"] = {"size": list(region.size), "counts": region.counts.decode("ascii")}
    points = shapes.get(Keypoints)
    if isinstance(points, Keypoints):
        made["keypoints"] = [value for _, (x, y), seen in points.points for value in (x, y, seen)]
        made["num_keypoints"] = sum(seen > 0 for _, _, seen in points.points)
        if any(name != str(n) for n, (name, _, _) in enumerate(points.points, 1)):
            losses.add("names of key points")
    if held:
        made["attributes"] = held
    return made
