"""What keys do along a sequence: frames, key frames, tracks that are carried on, joined and parted."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QWidget

from plugins.pointcloud import track_changes, track_joins
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.propagation import is_motion_known, propagated, propagation
from plugins.pointcloud.registration import auto_fit_next
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.edit import Edit
from studio.domain.entities import Cuboid, Track
from studio.domain.ids import EntityId, TrackId
from studio.domain.wording import counted
from widgets.transport import Transport

FAR = 10  # frames that propagating goes over unless told otherwise


class SequenceCommands(QObject):
    """`table` is what the editor runs by name."""

    def __init__(self, bench: SpaceBench, sweeps: Sweeps, transport: Transport, parent: QWidget) -> None:
        super().__init__(parent)
        self._transport = transport
        self._bench = bench
        self._sweeps = sweeps
        self._window = parent
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.frame_next": lambda: self.step(1),
            "pointcloud.frame_previous": lambda: self.step(-1),
            "pointcloud.play": self.turn_playing,
            "pointcloud.key_next": lambda: self.step_key(1),
            "pointcloud.key_previous": lambda: self.step_key(-1),
            "pointcloud.key_frame": self.make_key_frame,
            "pointcloud.end_here": self.end_here,
            "pointcloud.fit_next": self.fit_next,
            "pointcloud.propagate": lambda: self.propagate(1),
            "pointcloud.propagate_back": lambda: self.propagate(-1),
            "pointcloud.merge": self.merge,
            "pointcloud.split": self.split,
        }

    def step(self, by: int) -> bool:
        """A neighbouring frame."""
        self.stop()
        scene = self._bench.scene
        return scene is not None and self._bench.go_to(scene.frame + by)

    def step_key(self, by: int) -> bool:
        """The nearest key frame of what is selected, or of anything."""
        scene = self._bench.scene
        if scene is None:
            return False
        tracks = [TrackId(key) for key in scene.selection] or scene.index.tracks
        frames = {each.frame for track in tracks for each in scene.index.key_frames(track)}
        ahead = sorted((frame for frame in frames if (frame - scene.frame) * by > 0), reverse=by < 0)
        self.stop()
        return bool(ahead) and self._bench.go_to(ahead[0])

    def turn_playing(self) -> bool:
        """Play from here at the pace of the recording, or stand still."""
        scene = self._bench.scene
        if scene is None or scene.index.timeline.frames < 2:
            return False
        self._transport.toggle()
        return True

    def stop(self) -> None:
        """Stand still."""
        self._transport.pause()

    def _selected(self) -> list[TrackId]:
        scene = self._bench.scene
        return [TrackId(key) for key in sorted(scene.selection - scene.locked)] if scene is not None else []

    def _apply(self, title: str, edits: list[Edit | None]) -> bool:
        """The Edits of several tracks as one step."""
        made = [each for each in edits if each]
        if not made:
            return False
        whole = made[0]
        for each in made[1:]:
            whole = whole.then(each)
        return self._bench.apply(whole if len(made) == 1 else replace(whole, title=title))

    def make_key_frame(self) -> bool:
        """Key frames of the selection here; what an automatic step made is confirmed."""
        scene = self._bench.scene
        if scene is None:
            return False
        edits: list[Edit | None] = []
        for track in self._selected():
            shown = scene.cuboid_at(track)
            if isinstance(shown, Cuboid):
                edits.append(track_changes.confirmed(scene.document, [EntityId(shown.id)]))
            else:
                edits.append(track_changes.key_frame_made(scene.index, track, scene.frame))
        return self._apply("Make key frames", edits)

    def end_here(self) -> bool:
        """The selected tracks are not seen after this frame, or they are again."""
        scene = self._bench.scene
        if scene is None:
            return False
        edits = []
        for track in self._selected():
            key = scene.index.key_frame(track, scene.frame)
            change = track_changes.gap_closed if key is not None and key.ends_here else track_changes.ended
            edits.append(change(scene.index, track, scene.frame))
        return self._apply("End tracks here", edits)

    def fit_next(self) -> bool:
        """The selected track at the next frame: predicted, then by its points there; goes to that frame."""
        scene = self._bench.scene
        tracks = self._selected()
        if scene is None or len(tracks) != 1:
            self._bench.host.say("Select the one track that is to be followed.")
            return False
        found = auto_fit_next(scene.index, tracks[0], scene.frame, self._sweeps.points_at)
        if found is None:
            self._bench.host.say("There is no next frame, or its points have not come yet.")
            return False
        frame = found.cuboid.frame
        if scene.index.key_frame(tracks[0], frame) is not None:
            self._bench.host.say("The next frame has a key frame already; it was left as it is.")
            return self._bench.go_to(frame)
        made = Edit("Fit at the next frame", {EntityId(found.cuboid.id): (None, found.cuboid)}, tool="track")
        if not self._bench.apply(made):
            return False
        self._bench.host.say(
            f"{found.score:.0%} of its points lie on those before." if found.score else "By its motion alone."
        )
        return self._bench.go_to(frame)

    def propagate(self, way: int) -> bool:
        """Carry the selected tracks on by their motion; how far is asked, and what it would do said first."""
        scene, tracks = self._bench.scene, self._selected()
        if scene is None or not tracks:
            self._bench.host.say("Select what is to be carried on.")
            return False
        left = scene.index.timeline.frames - 1 - scene.frame if way > 0 else scene.frame
        if left < 1:
            return False
        where = "forwards" if way > 0 else "backwards"
        words = self._propagate_words(tracks, way * min(FAR, left), where)
        by, given = QInputDialog.getInt(self._window, f"Propagate {where}", words, min(FAR, left), 1, left)
        if not given:
            return False
        edits = [propagated(scene.index, track, scene.frame, way * by) for track in tracks]
        done = self._apply(f"Propagate {len(tracks)} tracks", edits)
        said = f"Carried on over {counted(by, 'frame')} {where}."
        self._bench.host.say(said if done else "Nothing was to be carried on.")
        return done

    def _propagate_words(self, tracks: list[TrackId], by: int, where: str) -> str:
        """What is asked: with what would be seen, and what stands still since its motion is not known."""
        scene = self._bench.scene
        assert scene is not None
        named = scene.title_of(EntityId(tracks[0])) if len(tracks) == 1 else counted(len(tracks), "track")
        plans = [propagation(scene.index, track, scene.frame, by) for track in tracks]
        seen = max((len(plan.covered) for plan in plans), default=0)
        more = f"at {counted(seen, 'more frame', 'more frames')}" if seen else "at no other frame than now"
        words = f"Carry {named} on {where}, by how many frames?\n{abs(by)} would show it {more}."
        still = [each for each in tracks if not is_motion_known(scene.index, each, scene.frame, by)]
        if not still:
            return words
        subject = "Its motion is" if len(tracks) == 1 else f"The motion of {len(still)} of them is"
        return (
            f"{words}\n{subject} not known from a single key frame, so it would stand still.\n"
            "Place it at another frame first, or follow its points with Fit at the next frame."
        )

    def merge(self) -> bool:
        """Two selected tracks as one: they were one thing all along."""
        scene, tracks = self._bench.scene, self._selected()
        if scene is None or len(tracks) != 2:
            self._bench.host.say("Select the two tracks that are one thing.")
            return False
        first, second = (scene.title_of(EntityId(each)) for each in tracks)
        edit = track_joins.merged(scene.index, tracks[0], tracks[1])
        if not self._apply("Merge tracks", [edit]):
            return False
        kept = next((each for each in tracks if EntityId(each) in scene.document), tracks[0])
        self._bench.select(frozenset({EntityId(kept)}))
        self._bench.host.say(f"{first} and {second} are {scene.title_of(EntityId(kept))} now.")
        return True

    def split(self) -> bool:
        """The selected tracks are two things each: another one from this frame on, which is selected."""
        scene = self._bench.scene
        if scene is None:
            return False
        edits = [track_joins.split(scene.index, each, scene.frame) for each in self._selected()]
        if not self._apply("Split tracks", edits):
            self._bench.host.say("Select a track that is seen before this frame and from it on.")
            return False
        new = [
            key
            for edit in edits
            if edit
            for key, (old, made) in edit.changes.items()
            if old is None and isinstance(made, Track)
        ]
        self._bench.select(frozenset(new))
        named = scene.title_of(new[0]) if len(new) == 1 else counted(len(new), "new track")
        self._bench.host.say(f"From this frame on it is {named}.")
        return True
