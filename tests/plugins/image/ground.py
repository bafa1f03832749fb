"""A picture to draw on without a window: a real document and scene, and hands that make Pointers."""

from __future__ import annotations

from collections.abc import Iterable

from plugins.image.scene import Scene
from plugins.image.tools.seeing import PictureTool
from studio.domain.contracts.editing import Modifier, Pointer, PointerKind
from studio.domain.document import Document
from studio.domain.edit import Edit, creation
from studio.domain.entities import AnyEntity, Box, Polygon, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.ontology import AttributeType, ClassType, Ontology

STREAM = StreamId("image")
SIZE = (100.0, 80.0)
ONTOLOGY = Ontology(
    classes=(
        ClassType(
            "car",
            title="Car",
            key="c",
            attributes=(
                AttributeType("color", "choice", choices=("red", "blue"), default="red", key="o"),
                AttributeType("occluded", "check", each_frame=True, key="u"),
            ),
        ),
        ClassType("person", title="Person", color="#e53935", dash="dash"),
    )
)


def scene_with(*boxes: tuple[float, float, float, float], class_name: str = "car") -> Scene:
    """A scene of a document with these boxes, each of a track of its own."""
    document = Document()
    for xyxy in boxes:
        document.apply(creation("Draw", *box_of(xyxy, class_name)))
    return Scene(document, ONTOLOGY, STREAM, SIZE)


def box_of(xyxy: tuple[float, float, float, float], class_name: str = "car") -> tuple[Track, Box]:
    track = Track(TrackId(new_id()), class_name)
    return track, Box(ShapeId(new_id()), TrackId(track.id), STREAM, 0, xyxy)


def keys_of(scene: Scene) -> list[EntityId]:
    return list(scene.index.keys)


def box_at(scene: Scene, number: int) -> Box:
    shape = scene.document.get(scene.index.keys[number])
    assert isinstance(shape, Box)
    return shape


def pointer(
    kind: PointerKind, xy: tuple[float, float], *held: Modifier, scale: float = 1.0, button: str = "left"
) -> Pointer:
    return Pointer(kind, xy, scale=scale, button=button, modifiers=frozenset(held))  # type: ignore[arg-type]


def gesture(tool: PictureTool, scene: Scene, events: Iterable[Pointer], apply: bool = True) -> list[Edit]:
    """Feed pointers to a tool as the editor does; returns the Edits, applied to the document."""
    edits = []
    for event in events:
        edit = tool.handle(event, scene)
        wanted = tool.wanted_selection()
        if edit:
            edits.append(edit)
            if apply:
                scene.document.apply(edit)
                scene.refresh(edit.changes)
        if wanted is not None:
            scene.selection = wanted
    return edits


def drag(
    tool: PictureTool,
    scene: Scene,
    start: tuple[float, float],
    end: tuple[float, float],
    *held: Modifier,
    scale: float = 1.0,
) -> list[Edit]:
    """Press, moves, release; no QApplication."""
    steps = [(start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t) for t in (0.3, 0.7, 1)]
    return gesture(
        tool,
        scene,
        [
            pointer("press", start, *held, scale=scale),
            *(pointer("move", step, *held, scale=scale) for step in steps),
            pointer("release", end, *held, scale=scale),
        ],
    )


def click(tool: PictureTool, scene: Scene, at: tuple[float, float], *held: Modifier) -> list[Edit]:
    return gesture(tool, scene, [pointer("press", at, *held), pointer("release", at, *held)])


def created(edits: Iterable[Edit]) -> list[AnyEntity]:
    return [new for edit in edits for old, new in edit.changes.values() if old is None and new is not None]


def boxes_of(edits: Iterable[Edit]) -> list[tuple[float, float, float, float]]:
    return [entity.xyxy for entity in created(edits) if isinstance(entity, Box)]


def outlines_of(edits: Iterable[Edit]) -> list[tuple[tuple[float, float], ...]]:
    return [entity.outline for entity in created(edits) if isinstance(entity, Polygon)]
