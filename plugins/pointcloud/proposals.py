"""Cuboids proposed by geometry alone, as predictions to accept: usable before the first label exists."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject

from plugins.pointcloud import proposer
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.proposer import Proposals
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.entities import Cuboid
from studio.domain.ids import ModelId
from studio.domain.space import Floats
from studio.domain.values import XYZ
from studio.domain.wire.evaluation import Prediction
from widgets.decoding import PictureDecoder

PROPOSER = ModelId("proposer")
MOST = 12  # frames at once: some three seconds
FREE_M = 0.5  # between the middles of a proposal and of a cuboid that is there, below which they are the same


class ProposalCommands(QObject):
    """Looks beside the GUI thread; what it finds for another item or frame is still of that one."""

    def __init__(
        self, bench: SpaceBench, sweeps: Sweeps, changed: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._bench = bench
        self._sweeps = sweeps
        self._changed = changed
        self._busy = False
        self._worker = PictureDecoder(self)
        self._worker.decoded.connect(self._found)
        self._worker.failed.connect(self._failed)
        self.table: dict[str, Callable[[], bool]] = {"pointcloud.propose": self.propose}

    def propose(self) -> bool:
        """Propose cuboids from this frame on, as far as the points have come."""
        scene = self._bench.scene
        if scene is None or self._busy:
            return False
        clouds: list[Floats] = []
        while len(clouds) < MOST and (xyz := self._sweeps.points_at(scene.frame + len(clouds))) is not None:
            clouds.append(xyz)
        sizes = sizes_of(scene)
        if not clouds or not sizes:
            self._bench.host.say("There are no points yet, or no class whose size is known.")
            return False
        first, line, sensor = scene.frame, scene.index.timeline, scene.points.sensor
        times = [line.time_ns(first + number) for number in range(len(clouds))]
        poses, stream = list(line.poses), scene.stream
        self._busy = True
        self._bench.host.say(f"Looking at {len(clouds)} sweeps…")
        self._worker.run(
            (scene.item.id, first),
            lambda: proposer.propose(clouds, poses, times, sizes, stream=stream, sensor=sensor),
        )
        return True

    def _found(self, key: tuple[str, int], found: Proposals) -> None:
        self._busy = False
        scene = self._bench.scene
        if scene is None or scene.item.id != key[0]:
            return
        placed = [replace(each, frame=each.frame + key[1], made="auto") for each in found.cuboids]
        new = [each for each in placed if not is_taken(scene, each)]
        used = {each.track for each in new}
        tracks = [each for each in found.tracks if each.id in used]
        kept = {each.id for each in new}
        scores = tuple((id_, score) for id_, score in found.scores if id_ in kept)
        self._bench.predictions.set_proposed(
            Prediction(scene.item.id, PROPOSER, (*tracks, *new), scores) if new else None
        )
        here = sum(each.frame == scene.frame for each in new)
        self._bench.host.say(f"{len(tracks)} things are proposed, {here} of them here. A accepts the surest.")
        self._changed()

    def _failed(self, _key: object) -> None:
        self._busy = False
        self._bench.host.say("Nothing could be proposed for these points.")


def sizes_of(scene: SpaceScene) -> dict[str, XYZ]:
    """The classes whose usual size is known."""
    found = {each.name: scene.usual_size(each.name) for each in scene.ontology.classes}
    return {name: size for name, size in found.items() if size is not None}


def is_taken(scene: SpaceScene, proposed: Cuboid) -> bool:
    """Whether a cuboid stands there already."""
    placed = scene.index.cuboids_at(proposed.frame)
    reach = max(FREE_M, min(proposed.size[:2]) / 2)
    x, y, _ = proposed.centre
    away = (placed.centres[:, 0] - x) ** 2 + (placed.centres[:, 1] - y) ** 2
    return bool((away < reach * reach).any())
