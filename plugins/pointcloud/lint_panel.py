"""The fix queue of a sequence: findings that open their frame, each mended by one press."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from plugins.pointcloud import linter
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.frame_points import FramePoints
from plugins.pointcloud.group_panel import GroupCommands
from plugins.pointcloud.linter import SequenceFinding
from plugins.pointcloud.neighbours import Neighbours
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.ids import EntityId
from studio.domain.space import Floats
from studio.domain.values import Quaternion
from studio.domain.wording import counted
from widgets.fix_queue import FixQueue, FixRow


class LintPanel(QObject):
    """Looks when it is asked to, and after each mend; what was ignored stays so while the item is open."""

    def __init__(
        self,
        bench: SpaceBench,
        sweeps: Sweeps,
        cameras: CameraBench,
        groups: GroupCommands,
        neighbours: Neighbours,
        queue: FixQueue,
    ) -> None:
        super().__init__(queue)
        self._bench = bench
        self._sweeps = sweeps
        self._cameras = cameras
        self._groups = groups
        self._neighbours = neighbours
        self.queue = queue
        self._found: dict[str, SequenceFinding] = {}
        self._ignored: set[str] = set()
        self._looked_at: dict[int, FramePoints | None] = {}
        queue.check_wanted.connect(lambda: self.check())
        queue.opened.connect(self._open)
        queue.mend_wanted.connect(self._mend)
        queue.ignored.connect(self._ignore)

    def open(self) -> None:
        """Another item, or none."""
        self._found, self._ignored = {}, set()
        self.queue.set_rows((), "Not looked at yet")

    def check(self, *, afresh: bool = True) -> None:
        """Look at all frames, and at the seam to the clip before, once that has come (anew, if `afresh`).

        Points and ground are looked at where their sweeps are here.
        """
        scene, index = self._bench.scene, self._groups.index
        if scene is None:
            return
        self._looked_at.clear()
        found = linter.check(
            scene.index, groups=index, counts=self._counts, ground=self._ground, rig=self._cameras.rig
        )
        self._looked_at.clear()
        self._found = {_key(each): each for each in found}
        self._show()
        self._neighbours.look_at_seam(self._add, afresh=afresh)

    def _add(self, found: list[SequenceFinding]) -> None:
        """What is wrong at the seam comes first: identities decide what else is."""
        if found:
            self._found = {_key(each): each for each in found} | self._found
            self._show()

    def _show(self) -> None:
        scene = self._bench.scene
        if scene is None:
            return
        shown = {key: each for key, each in self._found.items() if key not in self._ignored}
        rows = [
            FixRow(
                key,
                f"frame {each.frame + 1}",
                scene.title_of(EntityId(each.track)),
                each.message,
                each.severity,
                each.proposal if each.mend is not None else "",
            )
            for key, each in shown.items()
        ]
        ignored = len(self._found) - len(shown)
        words = counted(len(rows), "finding") if rows else "Nothing was found"
        self.queue.set_rows(rows, words + (f", {ignored} ignored" if ignored else ""))

    def _open(self, key: str) -> None:
        scene, finding = self._bench.scene, self._found.get(key)
        if scene is None or finding is None:
            return
        self._bench.go_to(finding.frame)
        tracks = {EntityId(finding.track), *(EntityId(each) for each in finding.others)}
        self._bench.select(frozenset(each for each in tracks if each in scene.document))

    def _mend(self, key: str) -> None:
        scene, finding = self._bench.scene, self._found.get(key)
        if scene is None or finding is None or finding.mend is None:
            return
        edit = finding.mend(scene.index)
        if not self._bench.apply(edit):
            self._bench.host.say("There is nothing left to mend there.")
        self.check(afresh=False)

    def _ignore(self, key: str) -> None:
        self._ignored.add(key)
        self._show()

    # What points and ground say

    def _points(self, frame: int) -> FramePoints | None:
        """The points of a frame whose sweep is here; made once for each look."""
        if frame not in self._looked_at:
            xyz = self._sweeps.points_at(frame)
            self._looked_at[frame] = FramePoints([xyz.astype(np.float32)]) if xyz is not None else None
        return self._looked_at[frame]

    def _counts(
        self, frame: int, centres: Floats, sizes: Floats, rotations: Floats
    ) -> NDArray[np.int64] | None:
        points = self._points(frame)
        if points is None:
            return None
        counted = [
            points.count(_xyz(centre), _xyz(size), _xyzw(rotation))
            for centre, size, rotation in zip(centres, sizes, rotations, strict=True)
        ]
        return np.array(counted, np.int64)

    def _ground(self, frame: int, xy: Floats) -> Floats | None:
        points = self._points(frame)
        if points is None:
            return None
        levels = [points.ground_z(x, y) for x, y in xy.tolist()]
        return np.array([np.nan if level is None else level for level in levels])


def _key(finding: SequenceFinding) -> str:
    """By what a finding is known again after a look anew."""
    return f"{finding.rule} {finding.track} {finding.frame} {' '.join(finding.others)}"


def _xyz(values: Floats) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z


def _xyzw(values: Floats) -> Quaternion:
    x, y, z, w = values.tolist()
    return x, y, z, w
