"""What keys and menus do with cuboids."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QInputDialog

from plugins.pointcloud import assist
from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.picture_boxes import unpinned
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.views import Views
from studio.domain.edit import Edit
from studio.domain.entities import Track
from studio.domain.ids import EntityId
from widgets.hide_and_lock import HideAndLock

TURN = math.radians(1)
FAR_TURN = math.radians(15)
LIFT_M = 0.05

Change = Callable[[SpaceScene], Edit | None]


class CuboidCommands:
    """`table` is what the editor runs by name."""

    def __init__(self, bench: SpaceBench, views: Views) -> None:
        self._bench = bench
        self.looks = HideAndLock(bench)
        self._views = views
        made: dict[str, Change] = {
            "pointcloud.fit": assist.fitted,
            "pointcloud.ground": assist.grounded,
            "pointcloud.flip": assist.flipped,
            "pointcloud.flip_all": assist.flipped_everywhere,
            "pointcloud.turn_left": lambda scene: changes.turned(scene, TURN),
            "pointcloud.turn_right": lambda scene: changes.turned(scene, -TURN),
            "pointcloud.turn_far_left": lambda scene: changes.turned(scene, FAR_TURN),
            "pointcloud.turn_far_right": lambda scene: changes.turned(scene, -FAR_TURN),
            "pointcloud.up": lambda scene: changes.nudged(scene, (0.0, 0.0, LIFT_M)),
            "pointcloud.down": lambda scene: changes.nudged(scene, (0.0, 0.0, -LIFT_M)),
            "pointcloud.delete_track": changes.deleted,
            "pointcloud.unpin": unpinned,
        }
        self.table: dict[str, Callable[[], bool]] = {
            **{name: partial(self._make, change) for name, change in made.items()},
            "pointcloud.delete": self.delete_here,
            "pointcloud.duplicate": lambda: self._make(changes.duplicated, select_new=True),
            "pointcloud.select_all": self.select_all,
            "pointcloud.next": lambda: self.step(1),
            "pointcloud.previous": lambda: self.step(-1),
            "pointcloud.hide": self.looks.turn_hidden,
            "pointcloud.lock": self.looks.turn_locked,
            "pointcloud.remark": self.remark,
            "pointcloud.accept": self.accept,
            "pointcloud.accept_all": self.accept_all,
            "pointcloud.accept_tracks": lambda: self.accept_all(whole=True),
        }

    def _make(self, change: Change, select_new: bool = False) -> bool:
        scene = self._bench.scene
        edit = change(scene) if scene is not None else None
        if edit is None or not self._bench.apply(edit):
            return False
        if select_new:
            made = (new for old, new in edit.changes.values() if old is None)
            self._bench.select(frozenset(EntityId(each.id) for each in made if isinstance(each, Track)))
        return True

    def delete_here(self) -> bool:
        """The key frames of this frame; of a track that is only computed here, say what to do instead."""
        scene = self._bench.scene
        if scene is None:
            return False
        if not scene.movable():  # lines have no key frames
            on_ground = scene.selection & scene.lines_here.keys()
            return bool(on_ground) and self._bench.apply(changes.deleted(scene))
        edit = changes.deleted_here(scene)
        if edit is None:
            self._bench.host.say("It is computed here, between key frames: X ends it, Shift+Del deletes it.")
        return self._bench.apply(edit)

    def select_all(self) -> bool:
        scene = self._bench.scene
        if scene is None:
            return False
        seen = {*scene.placed.tracks, *scene.lines_here}
        self._bench.select(frozenset(EntityId(key) for key in seen) - scene.hidden - scene.locked)
        return True

    def step(self, by: int) -> bool:
        """The next cuboid that is shown, close up; round and round."""
        scene = self._bench.scene
        shown = [key for key in scene.placed.tracks if key not in scene.hidden] if scene is not None else []
        if scene is None or not shown:
            return False
        at = [number for number, key in enumerate(shown) if key in scene.selection]
        here = at[-1 if by > 0 else 0] if at else (-1 if by > 0 else 0)
        key = shown[(here + by) % len(shown)]
        self._bench.select(frozenset({EntityId(key)}))
        if (place := scene.placement(EntityId(key))) is not None:
            self._views.show_place(place)
        return True

    def remark(self) -> bool:
        """Ask for words, and pin them to the selected track at this frame."""
        scene = self._bench.scene
        if scene is None or self._bench.read_only:
            return False
        if not scene.selection:
            self._bench.host.say("Select the cuboid that the remark is about.")
            return False
        text, given = QInputDialog.getMultiLineText(self._views, "Remark", "Remark on this cuboid")
        return bool(given) and self._make(lambda here: changes.remarked(here, text))

    def accept(self) -> bool:
        """Take over the surest prediction that is shown."""
        scene = self._bench.scene
        shown = self._bench.predictions.shown(scene) if scene is not None else []
        if scene is None or not shown:
            self._bench.host.say("No prediction is shown here.")
            return False
        return self._bench.apply(self._bench.predictions.accepted(scene, shown[:1]))

    def accept_all(self, whole: bool = False) -> bool:
        """Take over all that are shown; `whole`: with their tracks in the other frames."""
        scene = self._bench.scene
        shown = self._bench.predictions.shown(scene) if scene is not None else []
        return scene is not None and self._bench.apply(self._bench.predictions.accepted(scene, shown, whole))
