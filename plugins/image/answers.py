"""The class of new objects, and the class and attributes of what is selected."""

from __future__ import annotations

from plugins.image import changes
from plugins.image.bench import Bench
from plugins.image.scene import Scene
from studio.domain.entities import Shape
from studio.domain.values import Value
from widgets.class_answers import ClassAnswers
from widgets.side_panel import SidePanel


def answers(bench: Bench, panel: SidePanel) -> ClassAnswers:
    """Of shapes and their tracks."""
    return ClassAnswers(
        bench, panel, reclassed=changes.reclassed, answered=changes.answered, values_of=_values
    )


def _values(scene: Scene) -> list[dict[str, Value]]:
    held: list[dict[str, Value]] = []
    for key in scene.selection:
        shape = scene.document.get(key)
        if isinstance(shape, Shape):
            track = scene.document.get(shape.track)
            held.append(dict(getattr(track, "attributes", ())) | dict(getattr(shape, "attributes", ())))
    return held
