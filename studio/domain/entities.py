"""Annotation entities: small frozen values, the same for every modality.

Nothing that grows without bound is a field: a group does not list its members, a track not its shapes.
Pixels are continuous with (0, 0) at the outer corner of the first; 3-D is in metres in the ego frame of
ISO 8855 (x forward, y left, z up); quaternions are x, y, z, w; times are int64 nanoseconds on the item's
clock; intervals are half-open. The set is a superset of ASAM OpenLABEL 1.0.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from studio.domain.ids import EntityId, GroupId, SegmentId, ShapeId, StreamId, TrackId
from studio.domain.values import XY, XYZ, Attributes, Finite, Index, Nanoseconds, Quaternion, Value

SCHEMA = 3  # of stored Edits; raised with every change of an entity, and old ones are upgraded on reading

Name = Annotated[str, Meta(max_length=512)]
Span2 = tuple[Nanoseconds, Nanoseconds]
INLINE_MASK_BYTES = 16_384  # above this a mask is tiles


class Entity(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", gc=False):
    """Anything that an Edit may create, change or remove."""

    id: EntityId


class Track(Entity, frozen=True, tag="track"):
    """An instance: one thing of one class through all frames and streams, with its static attributes."""

    class_name: Name
    attributes: Attributes = ()
    identity: Name = ""  # shared by the tracks of one thing in the items of one sequence
    name: Name = ""


class Shape(Entity, frozen=True):
    """What every geometry has. A shape never comes without its track."""

    track: TrackId
    stream: StreamId


class FrameShape(Shape, frozen=True):
    """A geometry on one stream at one frame."""

    frame: Index


class Box(FrameShape, frozen=True, tag="box"):
    """An axis-aligned box, in pixels of the full-size picture: left, top, right, bottom; y grows down."""

    xyxy: tuple[Finite, Finite, Finite, Finite]
    attributes: Attributes = ()
    order: Name = ""  # sortable key of what lies over what


class RotatedBox(FrameShape, frozen=True, tag="rotated_box"):
    """A box turned about its centre; `angle_rad` grows from x to y (clockwise on screen)."""

    centre: XY
    size: XY
    angle_rad: Finite
    attributes: Attributes = ()
    order: Name = ""


class Polygon(FrameShape, frozen=True, tag="polygon"):
    """A closed outline and its holes, in pixels; rings do not repeat their first point."""

    outline: tuple[XY, ...]
    holes: tuple[tuple[XY, ...], ...] = ()
    attributes: Attributes = ()
    order: Name = ""


class Polyline(FrameShape, frozen=True, tag="polyline"):
    """An open line, in pixels."""

    points: tuple[XY, ...]
    attributes: Attributes = ()
    order: Name = ""


class Keypoints(FrameShape, frozen=True, tag="keypoints"):
    """Named points, in pixels; visibility 0 absent, 1 hidden, 2 seen (COCO)."""

    points: tuple[tuple[Name, XY, Literal[0, 1, 2]], ...]
    attributes: Attributes = ()
    order: Name = ""


class Mask(FrameShape, frozen=True, tag="mask"):
    """A raster region: COCO's compressed run lengths where they fit 16 kB, otherwise tiles of its id."""

    size: tuple[Index, Index]  # height, width
    counts: Annotated[bytes, Meta(max_length=INLINE_MASK_BYTES)] = b""
    attributes: Attributes = ()
    order: Name = ""


class Cuboid(FrameShape, frozen=True, tag="cuboid"):
    """A box in space, in metres: size is length (x), width (y), height (z) of the box's own frame.

    The cuboids of one track on one stream are its key frames; those between are computed. `ends_here` says
    that nothing is seen of it from the next frame on, until its next key frame. `made` says whose word it
    is: a person's, an automatic step's that nobody has looked at yet, or a model's.
    """

    centre: XYZ
    size: XYZ
    rotation: Quaternion
    coordinate_system: Name = "ego"
    attributes: Attributes = ()
    ends_here: bool = False
    made: Literal["hand", "auto", "model"] = "hand"


class Polyline3(FrameShape, frozen=True, tag="polyline3"):
    """A line or closed polygon in space, in metres."""

    points: tuple[XYZ, ...]
    closed: bool = False
    coordinate_system: Name = "ego"
    attributes: Attributes = ()


class Interval(Shape, frozen=True, tag="interval"):
    """A stretch of time on a stream, with a band of frequencies where it has one."""

    start_ns: Nanoseconds
    end_ns: Nanoseconds
    low_hz: Finite | None = None
    high_hz: Finite | None = None
    attributes: Attributes = ()


class Span(Shape, frozen=True, tag="span"):
    """Characters [start, end) of one segment, in Unicode code points."""

    segment: SegmentId
    start: Index
    end: Index
    attributes: Attributes = ()


class PluginShape(Shape, frozen=True, tag="plugin_shape"):
    """A geometry that only its plug-in understands; drawn as an outline of `anchors` without it."""

    plugin_kind: Name
    version: Index
    frame: Index | None = None
    anchors: tuple[tuple[Finite, ...], ...] = ()
    values: tuple[tuple[str, Value], ...] = ()
    blob: Name = ""
    attributes: Attributes = ()


class Segment(Entity, frozen=True, tag="segment"):
    """Text that people write or correct (a transcript, a translation), or a part of an imported text."""

    stream: StreamId
    order: Name
    text: str
    start_ns: Nanoseconds | None = None
    end_ns: Nanoseconds | None = None
    attributes: Attributes = ()


class Tile(Entity, frozen=True, tag="tile"):
    """512 x 512 pixels of a mask, or 65,536 points in the file's own order, as a blob."""

    owner: EntityId | None
    stream: StreamId
    frame: Index
    index: tuple[Index, Index]  # column and row of pixels; run of points and 0
    blob: Name


class Relation(Entity, frozen=True, tag="relation"):
    """A directed, typed link between two entities of one item."""

    class_name: Name
    source: EntityId
    target: EntityId
    attributes: Attributes = ()


class Tag(Entity, frozen=True, tag="tag"):
    """A class on a whole item, a stream, a frame or a stretch of time."""

    class_name: Name
    stream: StreamId | None = None
    frame: Index | None = None
    interval: Span2 | None = None
    attributes: Attributes = ()


class Group(Entity, frozen=True, tag="group"):
    """A tracking group; who belongs to it is said by its members, each an entity of its own."""

    class_name: Name
    name: Name = ""
    attributes: Attributes = ()
    identity: Name = ""  # shared by the groups of the same things in the items of one sequence


class Member(Entity, frozen=True, tag="member"):
    """One entity's part in one group: its role, and when (no interval: always)."""

    group: GroupId
    entity: EntityId
    role: Name = ""
    intervals: tuple[Span2, ...] = ()
    attributes: Attributes = ()


class State(Entity, frozen=True, tag="state"):
    """Attributes that a track or a group has from a time on, until its next state: its key frame for them."""

    of: EntityId
    time_ns: Nanoseconds
    attributes: Attributes = ()


class Remark(Entity, frozen=True, tag="remark"):
    """What a person says about an object at a frame; resolved by an Edit."""

    text: Annotated[str, Meta(max_length=10_000)]
    on: EntityId | None = None
    stream: StreamId | None = None
    frame: Index | None = None
    at: XY | None = None
    resolved: bool = False
    replies_to: EntityId | None = None


class CoordinateSystem(Entity, frozen=True, tag="coordinate_system"):
    """A named frame of reference and its pose in its parent."""

    name: Name
    parent: Name = ""
    translation: XYZ = (0.0, 0.0, 0.0)
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)


class Calibration(Entity, frozen=True, tag="calibration"):
    """A camera's projection: intrinsics row by row, distortion in OpenCV's order, pose in the ego frame."""

    stream: StreamId
    model: Literal["pinhole", "brown_conrady", "kannala_brandt"]
    size: tuple[Index, Index]  # width, height
    intrinsics: tuple[Finite, ...]
    distortion: tuple[Finite, ...] = ()
    translation: XYZ = (0.0, 0.0, 0.0)
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)


class EgoPose(Entity, frozen=True, tag="ego_pose"):
    """Where the ego frame was in the world at a time."""

    time_ns: Nanoseconds
    translation: XYZ
    rotation: Quaternion


AnyShape = (
    Box
    | RotatedBox
    | Polygon
    | Polyline
    | Keypoints
    | Mask
    | Cuboid
    | Polyline3
    | Interval
    | Span
    | PluginShape
)
AnyEntity = (
    Track
    | Box
    | RotatedBox
    | Polygon
    | Polyline
    | Keypoints
    | Mask
    | Cuboid
    | Polyline3
    | Interval
    | Span
    | PluginShape
    | Segment
    | Tile
    | Relation
    | Tag
    | Group
    | Member
    | State
    | Remark
    | CoordinateSystem
    | Calibration
    | EgoPose
)

# What each reference must point at. `Entity` means any kind.
REFERENCES: dict[type[Entity], dict[str, type[Entity] | tuple[type[Entity], ...]]] = {
    **{
        kind: {"track": Track}
        for kind in (
            Box,
            RotatedBox,
            Polygon,
            Polyline,
            Keypoints,
            Mask,
            Cuboid,
            Polyline3,
            Interval,
            PluginShape,
        )
    },
    Span: {"track": Track, "segment": Segment},
    Tile: {"owner": Entity},
    Relation: {"source": Entity, "target": Entity},
    Member: {"group": Group, "entity": Entity},
    State: {"of": (Track, Group)},
    Remark: {"on": Entity, "replies_to": Remark},
}


def references(entity: Entity) -> tuple[tuple[str, EntityId], ...]:
    """The (field, id) pairs that `entity` points with; empty references are left out."""
    return tuple(
        (field, target)
        for field in REFERENCES.get(type(entity), ())
        if (target := getattr(entity, field)) is not None
    )


def identity_of(entity: Track | Group) -> str:
    """By what a track or group is known in the other items of its sequence: by its own id where it is new."""
    return entity.identity or entity.id


def as_shape(entity: Entity) -> ShapeId | None:
    """The id of `entity` as a shape's, or None where it is no shape."""
    return ShapeId(entity.id) if isinstance(entity, Shape) else None
