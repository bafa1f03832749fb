"""From boxes that a source lists frame by frame to tracks and their key frames."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from msgspec.structs import replace

from plugins.pointcloud.formats.shared import Solid
from studio.domain.contracts.formats import Problem
from studio.domain.entities import AnyEntity, Cuboid, Track
from studio.domain.ids import EntityId, StreamId, TrackId, is_id, new_id
from studio.domain.values import Attributes

Made = Literal["hand", "auto", "model"]


class _Held(NamedTuple):
    cuboid: Cuboid
    is_key: bool


class KeyFrames:
    """Gathers the boxes of an item. A track is known by the source's own id and its class."""

    def __init__(self, path: str, stream: StreamId, frames: int) -> None:
        self._path = path
        self._stream = stream
        self._last = frames - 1
        self._tracks: dict[tuple[str, str], Track] = {}
        self._boxes: dict[TrackId, dict[int, _Held]] = {}

    def track(self, key: str, class_name: str, held: Attributes = (), *, name: str = "") -> Track:
        """The track of this id and class, made where it is new.

        An id of ours stays its id; one of another program becomes its `identity`; none leaves it without.
        """
        at = (key or new_id(), class_name)
        if at not in self._tracks:
            own = is_id(key) and all(known != key for known, _ in self._tracks)
            self._tracks[at] = Track(
                id=TrackId(key if own else new_id()),
                class_name=class_name,
                identity="" if own else key[:512],
                attributes=held,
                name=name,
            )
            self._boxes[self._tracks[at].id] = {}
        return self._tracks[at]

    def change(self, track: Track, held: Attributes) -> None:
        """Give a track other attributes."""
        for at, known in self._tracks.items():
            if known.id == track.id:
                self._tracks[at] = replace(known, attributes=held)

    def box(
        self,
        track: Track,
        frame: int,
        box: Solid,
        held: Attributes = (),
        *,
        is_key: bool = True,
        made: Made = "hand",
    ) -> Problem | None:
        """One box; a second one of the same track at the same frame is left out and named.

        `is_key` is False for what the source computed between its own key frames.
        """
        boxes = self._boxes[track.id]
        if frame in boxes:
            return Problem(
                path=self._path,
                code="import.twice",
                message=f"The {track.class_name} {track.identity or track.name or track.id!r} stands twice "
                f"at frame {frame}; the later one was left out.",
                hint="Remove one of the two, or give them ids of their own.",
            )
        cuboid = Cuboid(
            id=EntityId(new_id()),
            track=track.id,
            stream=self._stream,
            frame=frame,
            centre=box.centre,
            size=box.size,
            rotation=box.rotation,
            attributes=held,
            made=made,
        )
        boxes[frame] = _Held(cuboid, is_key)
        return None

    def entities(self) -> Iterator[AnyEntity]:
        """Tracks, each followed by its key frames.

        The last box of each run of frames is a key frame after which nothing is seen of the track. What the
        source computed is computed here again, so it is kept only where a run begins or ends with it; a run
        that goes on to the last frame of the item needs no end.
        """
        for track in self._tracks.values():
            yield track
            boxes = self._boxes[track.id]
            for frame in sorted(boxes):
                held = boxes[frame]
                is_first, is_last = frame - 1 not in boxes, frame + 1 not in boxes
                needed = is_first or (is_last and frame != self._last)
                if held.is_key:
                    yield replace(held.cuboid, ends_here=is_last)
                elif needed:
                    yield replace(held.cuboid, ends_here=is_last, made="auto")
