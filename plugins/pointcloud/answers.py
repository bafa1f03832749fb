"""The class of new cuboids, and the class and attributes of what is selected."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.space_scene import SpaceScene
from studio.domain.entities import Track
from studio.domain.values import Value
from widgets.class_answers import ClassAnswers
from widgets.side_panel import SidePanel


def answers(bench: SpaceBench, panel: SidePanel) -> ClassAnswers:
    """Of tracks; what is asked of each frame is held by the key frame here."""
    return ClassAnswers(
        bench, panel, reclassed=changes.reclassed, answered=changes.answered, values_of=_values
    )


def _values(scene: SpaceScene) -> Iterator[dict[str, Value]]:
    seen = frozenset(scene.selected_here())
    for key in scene.selection:
        track, here = scene.document.get(key), scene.cuboid_at(key) if key in seen else None
        own = dict(track.attributes) if isinstance(track, Track) else {}
        yield own | (dict(here.attributes) if here is not None else {})
