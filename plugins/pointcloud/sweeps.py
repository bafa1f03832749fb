"""How the editor gets its points: piece by piece; frames around the visible one are fetched ahead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from plugins.pointcloud import layers
from plugins.pointcloud.cloud import HEAD, Head, Piece, read_head, read_piece
from plugins.pointcloud.frame_points import FramePoints
from plugins.pointcloud.layers import LayerLook
from plugins.pointcloud.painting.frame_labels import Drawn
from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.static_points import is_still
from plugins.pointcloud.timeline import Timeline
from studio.domain.contracts.editing import EditorHost
from studio.domain.document import Document
from studio.domain.entities import CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.space import Pose, as_matrix, chained, ego_pose, frame_near, frame_time, inverse
from studio.domain.wire.projects import Item, Stream
from widgets.cloud.drawn import FIELDS as DRAWN
from widgets.cloud.drawn import CloudLayer, LineSet, joined_lines
from widgets.cloud.scene import CloudScene

KEPT_POINTS = 40_000_000  # of frames that are not shown, some 800 MB
AHEAD = (1, 2, -1)  # frames that are fetched once the visible one is there
EMPTY: NDArray[np.float32] = np.empty((0, 3), np.float32)

Key = tuple[StreamId, int]


class Sweep:
    """One sweep, as far as it has come."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.pieces: list[Piece] = []
        self.fault = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing more will come."""
        return bool(self.fault) or (self.head is not None and len(self.pieces) >= self.head.pieces)


class Sweeps(QObject):
    """Shows one frame of an item's points in a scene. `settled` tells when all of it is there."""

    settled = Signal()
    came = Signal(int)  # all points of the reference lidar at a frame
    redrawn = Signal()  # the clouds of the scene are new ones: what was put on their points is gone
    layers_changed = Signal()  # another look at one of the streams
    failed = Signal(str)  # why a sweep is not shown

    def __init__(self, host: EditorHost, scene: CloudScene, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._scene = scene
        self._turn = 0  # of items: what still comes for another is dropped
        self._item: Item | None = None
        self._document = Document()
        self._timeline = Timeline(())
        self._held: OrderedDict[Key, Sweep] = OrderedDict()
        self._asked: set[tuple[Key, str]] = set()
        self._shown: list[Key] = []
        self._around: list[Key] = []  # sweeps of other moments that are laid beside the visible one
        self._reach = 0  # how many of them before and after
        self.moving_at: Callable[[int], list[Placement]] = lambda frame: []  # cuboids that go somewhere
        self._moving: dict[Key, list[Placement]] = {}  # of the sweeps around, as they were drawn last
        self._looks: dict[str, LayerLook] = {}  # by stream, as somebody chose them

    def open(self, item: Item, document: Document, timeline: Timeline) -> None:
        """Another item; nothing of it is shown until `show`."""
        self.forget()
        self._item, self._document, self._timeline = item, document, timeline
        self._looks = layers.decoded(self._host.setting(layers.SETTING))

    def forget(self) -> None:
        """No item is open."""
        self._turn += 1
        self._item = None
        self._held.clear()
        self._asked.clear()
        self._shown, self._around = [], []
        self._moving.clear()
        self._scene.set_cloud(())

    @property
    def streams(self) -> list[Stream]:
        """The item's streams of points, the reference first."""
        return [each for each in self._item.streams if each.kind == "points"] if self._item else []

    @property
    def is_settled(self) -> bool:
        """Whether every sweep of the visible frame has come whole."""
        return all((held := self._held.get(key)) is not None and held.is_whole for key in self._shown)

    def show(self, frame: int) -> None:
        """The sweeps that belong to a frame of the reference stream; what is there of them at once."""
        time_ns = self._timeline.time_ns(frame)
        self._shown = [
            (each.id, frame if number == 0 else frame_near(each, time_ns))
            for number, each in enumerate(self.streams)
        ]
        self._around = [
            (self.streams[0].id, other)
            for other in range(frame - self._reach, frame + self._reach + 1)
            if other != frame and 0 <= other < self._timeline.frames and self.streams
        ]
        for key in (*self._shown, *self._around):
            self._ask(key, HEAD)
        self._draw_anew()
        self._look_ahead(frame)

    @property
    def reach(self) -> int:
        """How many sweeps before and after the visible one are shown with it."""
        return self._reach

    def set_reach(self, sweeps: int) -> None:
        """Lay so many sweeps before and after over the visible one, each from where the car was then.

        What stands still becomes dense; what moves leaves a trace, unless it has a cuboid that moves with it:
        its points of other moments are left out. Tools see the visible sweep alone.
        """
        self._reach = max(0, sweeps)
        if self._shown:
            self.show(self._shown[0][1])

    def tracks_changed(self) -> None:
        """Where other things move, or elsewhere, what is laid around the visible sweep is drawn anew."""
        if any(self.moving_at(key[1]) != held for key, held in self._moving.items()):
            self._moving.clear()
            self._draw_anew()

    def place_anew(self) -> None:
        """Sensors' or the ego's poses have changed."""
        for layer in self._layers():
            if layer.key in self._scene.clouds:
                self._scene.set_pose(layer.key, layer.pose)

    def look_of(self, stream: StreamId) -> LayerLook:
        """How the points of a lidar or radar are looked at."""
        return self._looks.get(stream) or layers.usual_look(self.has_velocity(stream))

    def set_look_of(self, stream: StreamId, look: LayerLook) -> None:
        """Look at them so from now on, in this project."""
        self._looks[stream] = look
        self._host.keep_setting(layers.SETTING, layers.encoded(self._looks))
        for key in (*self._shown, *self._around):
            if key[0] == stream and (name := self._name(key)) in self._scene.clouds:
                self._scene.set_style(name, look.color, look.point_size)
                self._scene.set_visible(name, look.shown)
        self.layers_changed.emit()

    def has_velocity(self, stream: StreamId) -> bool:
        """Whether a stream is a radar: its points have velocities. Known once one of its sweeps is here."""
        return any(
            key[0] == stream and held.head is not None and "velocity" in held.head.fields
            for key, held in self._held.items()
        )

    def arrows(self) -> LineSet:
        """The velocities of what radars see at the visible frame, in the ego frame."""
        sets = []
        for key in self._shown:
            held, look = self._held.get(key), self.look_of(key[0])
            if held is None or held.head is None or not look.shown or not look.arrows:
                continue
            matrix = self._matrix(key, held.head)
            for piece in held.pieces:
                if (velocity := piece.fields.get("velocity")) is not None:
                    placed = piece.xyz.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
                    turned = velocity.astype(np.float64) @ matrix[:3, :3].T
                    sets.append(layers.arrows(placed, turned, look.color or layers.RADAR_COLOR))
        return joined_lines(sets)

    def points(self) -> FramePoints:
        """What has come of the visible frame, in the ego frame: of the lidars that are shown.

        Not of radars beside them: their places are a metre off, which would make fits wide and counts wrong.
        """
        parts = []
        sensor = (0.0, 0.0, 1.7)
        for number, key in enumerate(self._shown):
            held = self._held.get(key)
            if held is None or held.head is None or not self._is_for_tools(key):
                continue
            pose = self._pose(key)
            if number == 0:
                sensor = pose.translation
            matrix = self._matrix(key, held.head)
            far = np.abs(matrix[:3, 3]).max() > 1e4  # a survey: float32 would lose its centimetres
            for piece in held.pieces:
                placed = piece.xyz @ matrix[:3, :3].T + matrix[:3, 3]
                parts.append(placed if far else placed.astype(np.float32))
        return FramePoints(parts, sensor)

    def _is_for_tools(self, key: Key) -> bool:
        beside = key != self._shown[0] and self.has_velocity(key[0])
        return self.look_of(key[0]).shown and not beside

    def drawn(self) -> list[Drawn]:
        """The sweeps of `points`, in its order, with each point's place in its file."""
        found = []
        for key in self._shown:
            held = self._held.get(key)
            if held is None or held.head is None or not self._is_for_tools(key):
                continue
            if (drawn := _drawn(key, held)) is not None:
                found.append(drawn)
        return found

    def fetch(self, frame: int) -> None:
        """Ask for a frame of the reference lidar; `came` tells, also of one that has none."""
        if self.streams:
            self._ask((self.streams[0].id, frame), HEAD)

    def has_come(self, frame: int) -> bool:
        """Whether all of a frame of the reference lidar is here, or it is known to have none."""
        held = self._held.get((self.streams[0].id, frame)) if self.streams else None
        return held is not None and held.is_whole

    def points_at(self, frame: int) -> NDArray[np.float64] | None:
        """(N, 3) points of the reference lidar at a frame, ego frame then; None until all have come."""
        key = (self.streams[0].id, frame) if self.streams else None
        held = self._held.get(key) if key is not None else None
        if key is None or held is None or held.head is None or not held.is_whole or not held.pieces:
            return None
        matrix = as_matrix(sensor_pose(self._document, key[0]))
        matrix[:3, 3] += matrix[:3, :3] @ np.array(held.head.origin)
        xyz = np.concatenate([piece.xyz for piece in held.pieces]).astype(np.float64)
        found: NDArray[np.float64] = xyz @ matrix[:3, :3].T + matrix[:3, 3]
        return found

    def drawn_at(self, frame: int) -> Drawn | None:
        """The sweep of `points_at`, with each point's place in its file."""
        key = (self.streams[0].id, frame) if self.streams else None
        held = self._held.get(key) if key is not None else None
        return _drawn(key, held) if key is not None and held is not None and held.is_whole else None

    # Asking and taking in

    def _ask(self, key: Key, rendition: str) -> None:
        if (key, rendition) in self._asked:
            return
        self._asked.add((key, rendition))
        turn = self._turn

        def done(data: bytes) -> None:
            if turn == self._turn:
                self._came(key, rendition, data)

        self._host.media(key[0], key[1], rendition, done)

    def _came(self, key: Key, rendition: str, data: bytes) -> None:
        held = self._held.setdefault(key, Sweep())
        try:
            if not data:
                held.fault = "This frame has no points."
            elif rendition == HEAD:
                held.head = read_head(data)
                if key in self._shown or key in self._around:
                    self._draw_anew()
            else:
                self._take(key, held, read_piece(data))
        except AtelierError as error:
            held.fault = error.message
        if held.fault and key == (self._shown or [key])[0]:
            self.failed.emit(held.fault)
        # one after the other, so that the first shows the whole scene before the second is on its way
        if held.head is not None and not held.is_whole:
            self._ask(key, f"{HEAD}-{len(held.pieces)}")
        else:
            if self.streams and key[0] == self.streams[0].id:
                self.came.emit(key[1])
            if key in self._shown and self.is_settled:
                self.settled.emit()
        self._drop_old()

    def _take(self, key: Key, held: Sweep, piece: Piece) -> None:
        held.pieces.append(piece)
        piece = self._still(key, held, piece)
        if (name := self._name(key)) in self._scene.clouds:
            self._scene.append(name, piece.xyz, _drawn_fields(piece))

    def _still(self, key: Key, held: Sweep, piece: Piece) -> Piece:
        """A piece of a sweep of another moment without what was driving there then."""
        if key not in self._around or held.head is None:
            return piece
        if key not in self._moving:
            self._moving[key] = self.moving_at(key[1])
        if not self._moving[key]:
            return piece
        matrix = as_matrix(sensor_pose(self._document, key[0]))
        matrix[:3, 3] += matrix[:3, :3] @ np.array(held.head.origin)
        xyz = piece.xyz.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        kept = is_still(xyz, self._moving[key])
        fields = {name: values[kept] for name, values in piece.fields.items()}
        return Piece(piece.xyz[kept], piece.order[kept], fields)

    def _name(self, key: Key) -> str:
        """What the scene calls a sweep: its lidar, of another moment with its frame; "" for none of its."""
        if key in self._shown:
            return key[0]
        return f"{key[0]} {key[1]}" if key in self._around else ""

    def _look_ahead(self, frame: int) -> None:
        for by in AHEAD:
            if 0 <= frame + by < self._timeline.frames and self.streams:
                self._ask((self.streams[0].id, frame + by), HEAD)

    def _drop_old(self) -> None:
        """The sweeps that were looked at longest ago go, and can be asked for again."""
        wanted = {*self._shown, *self._around}
        for key in wanted & self._held.keys():
            self._held.move_to_end(key)
        count = sum(len(piece.xyz) for held in self._held.values() for piece in held.pieces)
        for key in list(self._held):
            if count <= KEPT_POINTS or key in wanted:
                break
            count -= sum(len(piece.xyz) for piece in self._held.pop(key).pieces)
            self._asked = {each for each in self._asked if each[0] != key}

    # Showing

    def _draw_anew(self) -> None:
        self._scene.set_cloud(self._layers())
        for key in (*self._shown, *self._around):
            held = self._held.get(key)
            if held is not None and held.head is not None:
                for piece in held.pieces:
                    piece = self._still(key, held, piece)
                    self._scene.append(self._name(key), piece.xyz, _drawn_fields(piece))
        self.redrawn.emit()

    def _layers(self) -> list[CloudLayer]:
        found: list[CloudLayer] = []
        for key in (*self._shown, *self._around):
            held = self._held.get(key)
            if held is not None and held.head is not None:
                names = [name for name in held.head.fields if name in DRAWN]
                fields = {name: np.empty((0, 3) if name == "rgb" else 0) for name in names}
                look = self.look_of(key[0])
                found.append(
                    CloudLayer(
                        self._name(key),
                        EMPTY,
                        fields,
                        self._matrix(key, held.head),
                        look.shown,
                        held.head.points,
                        look.color,
                        look.point_size,
                    )
                )
        return found

    def _matrix(self, key: Key, head: Head) -> NDArray[np.float64]:
        """(4, 4) from a sweep's own numbers, which count from `head.origin`, to the ego frame now."""
        matrix = as_matrix(self._pose(key))
        matrix[:3, 3] += matrix[:3, :3] @ np.array(head.origin)
        return matrix

    def _pose(self, key: Key) -> Pose:
        """The sensor in the ego frame of the visible frame: another lidar's sweep is of another moment."""
        mounted = sensor_pose(self._document, key[0])
        reference = self._shown[0] if self._shown else key
        stream = next((each for each in self.streams if each.id == key[0]), None)
        if key == reference or stream is None or not self._timeline.poses:
            return mounted
        then = ego_pose(self._timeline.poses, frame_time(stream, key[1]))
        return chained(chained(inverse(self._timeline.pose(reference[1])), then), mounted)


def _drawn(key: Key, held: Sweep) -> Drawn | None:
    """A sweep as far as it has come; None before anything is known of it."""
    if held.head is None:
        return None
    order = np.concatenate([np.empty(0, np.uint32), *(piece.order for piece in held.pieces)])
    return Drawn(*key, order, held.head.points + held.head.dropped)


def sensor_pose(document: Document, stream: StreamId) -> Pose:
    """A lidar's pose in the ego frame; in it where the document says nothing."""
    for entity in document.of_kind(CoordinateSystem):
        if entity.name == stream:
            return Pose(entity.translation, entity.rotation)
    return Pose()


def _drawn_fields(piece: Piece) -> dict[str, NDArray[np.generic]]:
    """The fields in the types in which they are drawn: a class beyond the palette takes its last place."""
    found = {name: values for name, values in piece.fields.items() if name in DRAWN}
    if "label" in found:
        found["label"] = np.minimum(found["label"], 255).astype(np.uint8)
    return found
