"""Ground to try the point-cloud editor on: a sequence with one lidar, cuboids, points, and a steady hand."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from plugins.pointcloud.frame_points import FramePoints
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.reaching import SpaceTool
from studio.domain.contracts.editing import Modifier, PointerKind
from studio.domain.document import Document
from studio.domain.edit import Edit, creation
from studio.domain.entities import Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ItemId, ProjectId, ShapeId, StreamId, TrackId, new_id
from studio.domain.ontology import AttributeType, ClassType, Ontology
from studio.domain.space import NO_TURN, Pose, outward, turn
from studio.domain.values import XYZ
from studio.domain.wire.projects import Item, Stream
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import Side, SpaceView, flat_view

LIDAR = StreamId("lidar")
FRAMES = 11
ONTOLOGY = Ontology(
    classes=(
        ClassType(
            "car",
            title="Car",
            size_m=(4.2, 1.8, 1.6),
            attributes=(
                AttributeType("parked", "check"),
                AttributeType("door", "check", each_frame=True, key="#"),
            ),
        ),
        ClassType("person", title="Person", size_m=(0.8, 0.8, 1.8)),
    )
)


def item(frames: int = FRAMES) -> Item:
    times = tuple(frame * 100_000_000 for frame in range(frames))
    stream = Stream(LIDAR, "lidar", "points", frames=frames, points=1000, times_ns=times)
    return Item(ItemId(new_id()), ProjectId(new_id()), "drive", "new", 0, 1, (stream,))


def cuboid(
    track: Track,
    frame: int = 0,
    centre: XYZ = (10.0, 0.0, 0.0),
    size: XYZ = (4.0, 2.0, 1.5),
    yaw: float = 0.0,
    **more: object,
) -> Cuboid:
    return Cuboid(
        ShapeId(new_id()),
        TrackId(track.id),
        LIDAR,
        frame,
        centre,
        size,
        turn(yaw),
        **more,  # type: ignore[arg-type]
    )


def a_track(name: str = "car") -> Track:
    return Track(TrackId(new_id()), name)


def scene_with(*entities: Track | Cuboid | EgoPose, frames: int = FRAMES) -> SpaceScene:
    document = Document()
    if entities:
        document.apply(creation("Open", *entities))
    return SpaceScene(item(frames), document, ONTOLOGY)


def car_points(
    centre: XYZ = (10.0, 0.0, 0.0), size: XYZ = (4.0, 2.0, 1.5), yaw: float = 0.0, seed: int = 1
) -> FramePoints:
    """Flat ground below a car whose surface is sampled all around."""
    rng = np.random.default_rng(seed)
    own = rng.uniform(-0.5, 0.5, (4000, 3))
    side = rng.integers(0, 3, 4000)
    own[np.arange(4000), side] = np.sign(own[np.arange(4000), side]) * 0.5
    body = outward(Pose(centre, turn(yaw)), own * np.array(size))
    ground = np.column_stack([rng.uniform(-30, 40, (20_000, 2)), np.zeros(20_000)])
    ground[:, 2] = centre[2] - size[2] / 2 + rng.normal(0, 0.01, 20_000)
    return FramePoints([body.astype(np.float32), ground.astype(np.float32)], (0.0, 0.0, 1.7))


TOP = flat_view("top", Pose(), (800.0, 600.0), 60.0)


class SpaceHand:
    """Moves a tool over a view by places of the scene; Edits it makes are applied to the scene's document."""

    def __init__(self, tool: SpaceTool, scene: SpaceScene, side: Side = "top", view: SpaceView = TOP) -> None:
        self.tool = tool
        self.scene = scene
        self.side: Side = side
        self.view = view
        self.edits: list[Edit] = []

    def at(
        self,
        kind: PointerKind,
        xyz: XYZ,
        button: Literal["none", "left", "right"] = "left",
        modifiers: frozenset[Modifier] = frozenset(),
    ) -> None:
        x, y, _ = self.view.to_screen(np.array([xyz]))[0].tolist()
        origin, direction = self.view.ray((x, y))
        pointer = SpacePointer(
            kind, (x, y), origin, direction, self.view, self.side, None, self.view.scale, button, modifiers
        )
        edit = self.tool.handle(pointer, self.scene)
        if edit is not None:
            self.edits.append(self.scene.document.apply(edit))
            self.scene.refresh(edit.changes)
        wanted = self.tool.wanted_selection()
        if wanted is not None:
            self.scene.selection = wanted

    def click(self, xyz: XYZ, **more: object) -> None:
        self.at("press", xyz, **more)  # type: ignore[arg-type]
        self.at("release", xyz, **more)  # type: ignore[arg-type]

    def drag(self, *places: XYZ, modifiers: frozenset[Modifier] = frozenset()) -> None:
        self.at("press", places[0], modifiers=modifiers)
        for place in places[1:]:
            self.at("move", place, modifiers=modifiers)
        self.at("release", places[-1], modifiers=modifiers)


def select(scene: SpaceScene, *tracks: Track) -> None:
    scene.selection = frozenset(EntityId(each.id) for each in tracks)


def close(first: object, second: object, within: float = 1e-6) -> bool:
    return bool(np.allclose(np.array(first, float), np.array(second, float), atol=within))


def yaw_degrees(rotation: object) -> float:
    from studio.domain.space import yaw_of

    return math.degrees(yaw_of(rotation))  # type: ignore[arg-type]


NO_ROTATION = NO_TURN
