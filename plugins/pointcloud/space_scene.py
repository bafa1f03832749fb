"""What the point-cloud editor shows of a document: the frame's cuboids, the selection, and how each is drawn.

No Qt: it makes lines and words for the views, and is what tools see. Everything is in the ego frame at the
visible frame. What is selected is tracks: between key frames there is no entity to select.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from msgspec import Struct

from plugins.pointcloud.frame_points import FramePoints
from plugins.pointcloud.interpolation import STATES, Interpolated, Placed, TrackIndex
from plugins.pointcloud.lanes import Lanes, PlacedLine
from plugins.pointcloud.painting.painter import Painter
from plugins.pointcloud.track_colours import TrackColours
from plugins.pointcloud.usual_sizes import usual_size
from studio.domain.document import Document
from studio.domain.entities import Cuboid, Polyline3, Remark, Shape, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, TrackId
from studio.domain.ontology import Ontology
from studio.domain.space import (
    CORNER_SIGNS,
    NO_TURN,
    Floats,
    Pose,
    as_xyz,
    chained,
    corners,
    inward,
    wrapped,
    yaw_of,
)
from studio.domain.values import XYZ, Quaternion
from studio.domain.wire.projects import Item, Stream
from widgets.canvas.drawables import ShapeStyle
from widgets.class_styles import styles_of
from widgets.cloud.drawn import (
    Dash,
    LineSet,
    LineStyle,
    SpaceMark,
    SpaceText,
    cuboid_segments,
    joined_lines,
    one_style,
)
from widgets.object_list import ObjectRow

# who made a key frame, or that it is computed, is told by the dash; the class by colour and letter
DASH_OF: dict[str, Dash] = {"hand": "solid", "auto": "dash", "model": "dash", "between": "dot", "held": "dot"}
FAINT = {"held": 0.55, "locked": 0.35}
SEGMENTS = 15  # of a cuboid with its arrow


class Placement(Struct, frozen=True):
    """Where a cuboid stands, ego frame, metres."""

    centre: XYZ
    size: XYZ
    rotation: Quaternion


def placement_of(cuboid: Cuboid | Interpolated) -> Placement:
    """Of a key frame or of what is computed."""
    return Placement(cuboid.centre, cuboid.size, cuboid.rotation)


def _is_given(number: int, names: Iterable[str], given: AbstractSet[str]) -> bool:
    """Whether a track has a class's number in its own name; `given` are such names, casefolded."""
    return any(f"{name} {sign}{number}".casefold() in given for name in names for sign in ("", "#"))


def reference_of(item: Item) -> Stream:
    """The first stream of points. Raises `item.no_points`."""
    found = next((each for each in item.streams if each.kind == "points"), None)
    if found is None:
        raise AtelierError("item.no_points", "This item has no points to show.", hint="Open another item.")
    return found


class SpaceScene:
    """One frame of one item as this person sees it. `refresh` with the ids that changed."""

    def __init__(self, item: Item, document: Document, ontology: Ontology) -> None:
        """Raises `item.no_points`."""
        self.item = item
        self.document = document
        self.ontology = ontology
        self.reference = reference_of(item)
        self.stream = self.reference.id
        self.frame = 0
        self.size = (0.0, 0.0)  # of a picture; there is none
        self.class_name = ontology.classes[0].name if ontology.classes else ""
        self.selection: frozenset[EntityId] = frozenset()
        self.hidden: frozenset[EntityId] = frozenset()
        self.locked: frozenset[EntityId] = frozenset()
        self.yaw_only = True  # turning about the upright axis alone
        self.one_size = True  # a new size is the track's, at all its key frames
        self.points = FramePoints()
        # (N, 3) points of any frame in the ego frame then, None where they are not here: the editor's sweeps
        self.sweep_at: Callable[[int], Floats | None] = lambda frame: None
        self.painter = Painter()  # what labels single points
        self.index = TrackIndex(document, item.streams)
        self.lanes = Lanes(document, self.index)
        self.colours = TrackColours()
        self._styles, self._numbers = styles_of(ontology)
        self._placed: Placed | None = None
        self._lines_here: dict[EntityId, list[PlacedLine]] | None = None
        self._rows: tuple[object, tuple[ObjectRow, ...]] = (None, ())
        self._titles: dict[EntityId, str] = {}  # made when they are asked for
        self._places: dict[EntityId, int] = {}  # their order

    def go_to(self, frame: int) -> None:
        """Look at another frame of the reference stream."""
        self.frame = max(0, min(frame, self.index.timeline.frames - 1))
        self._placed = self._lines_here = None

    def refresh(self, ids: Iterable[EntityId]) -> None:
        """Entities were made, changed or removed, by anybody."""
        changed = frozenset(ids)
        numbered = self._numbering()
        self.index.refresh(changed)
        self.lanes.refresh(changed)
        self._placed = self._lines_here = None
        self._rows = (None, ())
        if self._numbering() != numbered or any(
            key in self._titles or isinstance(self.document.get(key), Track | Polyline3) for key in changed
        ):
            self._titles = {}
        self.selection = frozenset(key for key in self.selection if key in self.document)

    def _numbering(self) -> tuple[int, int]:
        """Another one where other tracks have a number."""
        return self.index.generation, len(self.lanes)

    # What there is

    @property
    def placed(self) -> Placed:
        """The cuboids that are seen at this frame."""
        if self._placed is None:
            self._placed = self.index.cuboids_at(self.frame)
        return self._placed

    @property
    def lines_here(self) -> dict[EntityId, list[PlacedLine]]:
        """The lines on the ground that are seen at this frame, by track."""
        if self._lines_here is None:
            self._lines_here = {}
            for each in self.lanes.at(self.frame):
                self._lines_here.setdefault(EntityId(each.shape.track), []).append(each)
        return self._lines_here

    def selected_line(self) -> PlacedLine | None:
        """The line that is selected alone and may be changed."""
        if len(self.selection) != 1 or self.selection & self.locked:
            return None
        return next(iter(self.lines_here.get(next(iter(self.selection)), ())), None)

    def cuboid_at(self, track: EntityId) -> Cuboid | Interpolated | None:
        """A track's key frame here, or what is computed; None where it is not seen."""
        return self.index.cuboid_at(TrackId(track), self.frame)

    def placement(self, track: EntityId) -> Placement | None:
        """Where a track stands at this frame."""
        found = self.cuboid_at(track)
        return placement_of(found) if found is not None else None

    def whereabouts(self, track: EntityId) -> Placement | None:
        """Where a track stands or, of lines on the ground, the box around them."""
        lines = self.lines_here.get(track)
        if not lines:
            return self.placement(track)
        points = np.concatenate([np.array(each.points) for each in lines])
        low, high = points.min(axis=0), points.max(axis=0)
        return Placement(as_xyz((low + high) / 2), as_xyz(np.maximum(high - low, 1.0)), NO_TURN)

    def corners_of(self, placed: Placed) -> Floats:
        """(N, 8, 3) corners of all of them."""
        return all_corners(placed.centres, placed.sizes, placed.rotations)

    def class_of(self, track: EntityId) -> str:
        found = self.document.get(track)
        return found.class_name if isinstance(found, Track) else ""

    def title_of_class(self, name: str) -> str:
        known = self.ontology.class_type(name)
        return (known.title or known.name) if known is not None else name or "object"

    @property
    def titles(self) -> Mapping[EntityId, str]:
        """What each track is called: its name, or its class and its number among those of it in the item.

        They are counted as they were made, which their ids tell: a document's order is another after a
        restart. A number that a person has given by a name ("car 8", "Car #8") is nobody else's.
        """
        if not self._titles:
            counts: Counter[str] = Counter()
            named: dict[str, str] = {}
            tracks = {key: self.document.get(key) for key in {*self.index.tracks, *self.lanes.tracks()}}
            given = {each.name.casefold() for each in tracks.values() if isinstance(each, Track)}
            for key, track in sorted(tracks.items()):
                name, own = (track.class_name, track.name) if isinstance(track, Track) else ("", "")
                counts[name] += 1
                if name not in named:
                    named[name] = self.title_of_class(name)
                while not own and _is_given(counts[name], (name, named[name]), given):
                    counts[name] += 1
                self._titles[key] = own or f"{named[name]} #{counts[name]}"
            self._places = {key: place for place, key in enumerate(self._titles)}
        return self._titles

    def title_of(self, track: EntityId) -> str:
        """What a track is called, also one that has nothing on the reference stream."""
        held = self.document.get(track)
        own = held.name if isinstance(held, Track) else ""
        return self.titles.get(track) or own or self.title_of_class(self.class_of(track))

    def usual_size(self, name: str) -> XYZ | None:
        """Length, width and height that a class usually has: by the labelling template, else by its name."""
        known = self.ontology.class_type(name)
        return known.size_m if known is not None and known.size_m else usual_size(name)

    def tracks_of(self, keys: Iterable[EntityId]) -> frozenset[EntityId]:
        """The tracks that any entities belong to."""
        found: set[EntityId] = set()
        for key in keys:
            entity = self.document.get(key)
            if isinstance(entity, Track):
                found.add(key)
            elif isinstance(entity, Shape):
                found.add(EntityId(entity.track))
            elif isinstance(entity, Remark) and entity.on is not None:
                found |= self.tracks_of([entity.on])
        return frozenset(found)

    def movable(self) -> list[EntityId]:
        """The selected tracks that are seen here and not locked, in a steady order."""
        return [key for key in self.selected_here() if key not in self.locked]

    def selected_here(self) -> list[EntityId]:
        """The selected tracks that are seen here, in a steady order. Cost: what is seen here."""
        return sorted(key for key in map(EntityId, self.placed.tracks) if key in self.selection)

    # How it is drawn

    def color_of(self, track: EntityId) -> str:
        """Of its class, its group or its own; of what is being made, of the class in hand."""
        time_ns = self.index.timeline.time_ns(self.frame) if self.index.timeline.frames else 0
        found = self.colours.of_track(track, time_ns) if track in self.document else None
        return found or self.style_of_class(self.class_of(track) or self.class_name).color

    def style_of_class(self, name: str) -> ShapeStyle:
        return self._styles[2 * self._numbers.get(name, len(self._numbers))]

    def lines_at_rest(self) -> LineSet:
        """Everything that is neither hidden nor selected."""
        return self._drawn(lambda key: key not in self.hidden and key not in self.selection)

    def selected_lines(self) -> LineSet:
        """What is selected."""
        return self._drawn(lambda key: key in self.selection and key not in self.hidden, width=2.5)

    def hover_lines(self, track: EntityId | None) -> LineSet:
        """What is under the pointer."""
        return self._drawn(lambda key: key == track, width=2.5)

    def _drawn(self, wanted: Callable[[EntityId], bool], width: float = 1.5) -> LineSet:
        cuboids = self._cuboids(wanted, width)
        lines = [line for key, held in self.lines_here.items() if wanted(key) for line in held]
        return joined_lines([cuboids, self.lines_on_ground(lines, width)]) if lines else cuboids

    def lines_on_ground(self, lines: Iterable[PlacedLine], width: float = 2.0) -> LineSet:
        """Lanes and areas, also such as are not in the document yet."""
        sets = []
        for each in lines:
            key = EntityId(each.shape.track)
            color = self.color_of(key)
            style = LineStyle(color, width, "solid", FAINT["locked"] if key in self.locked else 1.0)
            sets.append(one_style(each.segments(), style, key))
        return joined_lines(sets)

    def _cuboids(self, wanted: Callable[[EntityId], bool], width: float) -> LineSet:
        placed = self.placed
        rows = [row for row, key in enumerate(placed.tracks) if wanted(EntityId(key))]
        if not rows:
            return LineSet()
        ends = cuboid_segments(all_corners(placed.centres[rows], placed.sizes[rows], placed.rotations[rows]))
        styles: dict[LineStyle, int] = {}
        style_of = []
        for row in rows:
            key, state = placed.tracks[row], STATES[placed.states[row]]
            alpha = FAINT["locked"] if key in self.locked else FAINT.get(state, 1.0)
            color = self.color_of(EntityId(key))
            style_of.append(styles.setdefault(LineStyle(color, width, DASH_OF[state], alpha), len(styles)))
        each = np.repeat(np.arange(len(rows), dtype=np.int32), SEGMENTS)
        return LineSet(
            ends,
            np.array(style_of, np.int32)[each],
            tuple(styles),
            each,
            tuple(placed.tracks[row] for row in rows),
        )

    def lines_of(self, cuboids: Sequence[Cuboid], width: float = 2.0) -> LineSet:
        """Cuboids that are not in the document: what is being made or predicted."""
        if not cuboids:
            return LineSet()
        boxes = np.array([corners(each.centre, each.size, each.rotation) for each in cuboids])
        each = np.repeat(np.arange(len(cuboids), dtype=np.int32), SEGMENTS)
        styles = tuple(LineStyle(self.color_of(EntityId(one.track)), width, "dash") for one in cuboids)
        return LineSet(cuboid_segments(boxes), each, styles, each, tuple(one.id for one in cuboids))

    def path_lines(self) -> LineSet:
        """The ways of the selected tracks (of all, where none is) over the item, in the ego frame here."""
        line, sweep = self.index.timeline, self.index.sweep(world=True)
        pose = line.pose(self.frame)
        sets = []
        for row, key in enumerate(sweep.tracks):
            seen = sweep.seen[:, row]
            if (self.selection and key not in self.selection) or seen.sum() < 2:
                continue
            floor = sweep.centres[:, row] - [0.0, 0.0, 0.5] * sweep.sizes[:, row]
            along = inward(pose, floor)
            kept = seen[:-1] & seen[1:]
            style = LineStyle(self.color_of(EntityId(key)), 2.5)  # among the points of a colour like it
            sets.append(one_style(np.stack([along[:-1], along[1:]], axis=1)[kept], style, key))
        return joined_lines(sets)

    def motion_of(self, track: EntityId) -> tuple[float, float] | None:
        """Speed over ground (m/s) and yaw rate (radians/s) of a track, from the frames around; or None.

        Where it is only held after its last key frame nobody has said how it moves.
        """
        line = self.index.timeline
        around = range(max(self.frame - 1, 0), min(self.frame + 2, line.frames))
        known = [frame for frame in around if self.index.is_placed(TrackId(track), frame)]
        if len(known) < 2:
            return None
        first, last = known[0], known[-1]
        there = [self.index.cuboid_at(TrackId(track), frame) for frame in (first, last)]
        poses = [
            chained(line.pose(frame), Pose(each.centre, each.rotation))
            for frame, each in zip((first, last), there, strict=True)
            if each is not None
        ]
        seconds = float(line.clock_s[last] - line.clock_s[first])
        way = np.array(poses[1].translation) - np.array(poses[0].translation)
        turned = wrapped(yaw_of(poses[1].rotation) - yaw_of(poses[0].rotation))
        return float(np.hypot(way[0], way[1])) / seconds, turned / seconds

    def texts(self) -> tuple[SpaceText, ...]:
        """Class letter and number over each cuboid and at the first point of each line."""
        placed = self.placed
        titles = self.titles
        found = []
        for row, key in enumerate(placed.tracks):
            if key not in self.hidden:
                x, y, z = placed.centres[row].tolist()
                top = (x, y, z + float(placed.sizes[row, 2]) / 2 + 0.2)
                color = self.color_of(EntityId(key))
                found.append(SpaceText(top, titles.get(key, ""), color))
        for key, lines in self.lines_here.items():
            if key not in self.hidden:
                x, y, z = lines[0].points[0]
                color = self.color_of(EntityId(key))
                found.append(SpaceText((x, y, z + 0.2), titles.get(key, ""), color))
        return tuple(found)

    def rows(self) -> tuple[ObjectRow, ...]:
        """The tracks that are seen here."""
        stamp = (self.frame, self.hidden, self.locked)
        if self._rows[0] != stamp:
            self._rows = (stamp, tuple(self._make_rows()))
        return self._rows[1]

    def _make_rows(self) -> Iterator[ObjectRow]:
        titles = self.titles
        here = {*map(EntityId, self.placed.tracks), *self.lines_here}
        for key in sorted(here, key=self._places.__getitem__):
            style = self.style_of_class(self.class_of(key))
            yield ObjectRow(key, titles[key], style, key not in self.hidden, key in self.locked)

    def marks(self) -> tuple[SpaceMark, ...]:
        """A pin for each open remark on something that is seen here."""
        found = []
        for entity in self.document.of_kind(Remark):
            if entity.resolved or entity.replies_to is not None:
                continue
            if entity.on is None or (entity.frame is not None and entity.frame != self.frame):
                continue
            for track in self.tracks_of([entity.on]):
                if (at := self.whereabouts(track)) is not None:
                    top = (at.centre[0], at.centre[1], at.centre[2] + at.size[2] / 2)
                    found.append(SpaceMark(top, entity.text[:40]))
        return tuple(found)

    def words(self) -> str:
        """What a screen reader says: "3 cuboids, Car #2 selected"."""
        count = len(self.placed.tracks)
        said = [f"{count:,} cuboids" if count != 1 else "1 cuboid"]
        if lines := len(self.lines_here):
            said.append(f"{lines:,} lines" if lines != 1 else "1 line")
        here = sorted({*map(EntityId, self.placed.tracks), *self.lines_here})
        chosen = [self.title_of(key) for key in here if key in self.selection]
        if chosen:
            others = " and others" if len(chosen) > 3 else ""
            said.append(f"{', '.join(chosen[:3])}{others} selected")
        return ", ".join(said)


def all_corners(centres: Floats, sizes: Floats, rotations: Floats) -> Floats:
    """(N, 8, 3) corners of N cuboids; rotations (N, 4) x, y, z, w of length 1. As `space.corners` of each."""
    x, y, z, w = (rotations[:, i] for i in range(4))
    axes = np.empty((len(centres), 3, 3))  # columns are the turned axes
    axes[:, 0] = np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], axis=1)
    axes[:, 1] = np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], axis=1)
    axes[:, 2] = np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=1)
    own = CORNER_SIGNS[None] * (sizes[:, None] / 2)
    found: Floats = own @ axes.transpose(0, 2, 1) + centres[:, None]
    return found
