"""The selected cuboid in figures: place, size and heading to type in, points inside, where it comes from."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.interpolation import Interpolated
from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.edit import Edit
from studio.domain.ids import EntityId, TrackId
from studio.domain.space import angles_of, turn

# name, unit, decimals, step, lowest, highest
FIELDS: tuple[tuple[str, str, int, float, float, float], ...] = (
    ("x", "m", 2, 0.1, -1e6, 1e7),
    ("y", "m", 2, 0.1, -1e6, 1e7),
    ("z", "m", 2, 0.05, -1e5, 1e5),
    ("length", "m", 2, 0.1, changes.SMALLEST_M, 1e4),
    ("width", "m", 2, 0.1, changes.SMALLEST_M, 1e4),
    ("height", "m", 2, 0.1, changes.SMALLEST_M, 1e4),
    ("yaw", "°", 1, 1.0, -360.0, 360.0),
    ("pitch", "°", 1, 1.0, -90.0, 90.0),
    ("roll", "°", 1, 1.0, -360.0, 360.0),
)
STATE_WORDS = {
    "hand": "key frame",
    "auto": "key frame, made by a step: I confirms it",
    "model": "key frame, made by a model: I confirms it",
}


class InfoPanel(QWidget):
    """Shows the one selected cuboid; `changed` carries a function from the scene to an Edit."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel("Nothing is selected")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        # a splitter asks for one line of it, and would cut the second off
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
        self._track: EntityId | None = None
        self._fields: dict[str, QDoubleSpinBox] = {}
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (name, unit, decimals, step, low, high) in enumerate(FIELDS):
            field = QDoubleSpinBox()
            field.setAccessibleName(f"{name.capitalize()} in {'degrees' if unit == '°' else 'metres'}")
            field.setToolTip(field.accessibleName())
            field.setDecimals(decimals)
            field.setSingleStep(step)
            field.setRange(low, high)
            field.setPrefix(f"{name[0].upper() if name in ('length', 'width', 'height') else name} ")
            field.setSuffix(f" {unit}" if unit == "m" else unit)
            field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
            field.setKeyboardTracking(False)
            field.setMinimumWidth(40)
            field.valueChanged.connect(partial(self._typed, name))
            self._fields[name] = field
            grid.addWidget(field, number // 3, number % 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.words)
        layout.addLayout(grid)
        layout.addStretch()
        self.show_scene(None)

    def show_scene(self, scene: SpaceScene | None) -> None:
        """What is selected now."""
        keys = [] if scene is None else scene.selected_here()
        at = scene.placement(keys[0]) if scene is not None and len(keys) == 1 else None
        self._track = keys[0] if at is not None else None
        self.words.setText(_words(scene, keys))
        values = _values(at) if at is not None else {}
        for name, field in self._fields.items():
            is_free = name not in ("pitch", "roll") or (scene is not None and not scene.yaw_only)
            field.setEnabled(bool(values) and is_free)
            blocked = field.blockSignals(True)
            field.setValue(values.get(name, 0.0))  # a length of nothing is the least that can be typed
            field.blockSignals(blocked)

    def _typed(self, name: str, value: float) -> None:
        track = self._track
        if track is not None:
            change: Callable[[SpaceScene], Edit | None] = partial(_with, track, name, value)
            self.changed.emit(change)


def _values(at: Placement) -> dict[str, float]:
    yaw, pitch, roll = (math.degrees(angle) for angle in angles_of(at.rotation))
    names = [name for name, *_ in FIELDS]
    return dict(zip(names, (*at.centre, *at.size, yaw, pitch, roll), strict=True))


def _with(track: EntityId, name: str, value: float, scene: SpaceScene) -> Edit | None:
    """The cuboid of a track with one figure set; the others stay exactly what they are."""
    at = scene.placement(track)
    if at is None:
        return None
    values = _values(at) | {name: value}
    if name in ("yaw", "pitch", "roll"):
        angles = (math.radians(values[each]) for each in ("yaw", "pitch", "roll"))
        wanted = replace(at, rotation=turn(*angles))
    elif name in ("length", "width", "height"):
        wanted = replace(at, size=(values["length"], values["width"], values["height"]))
    else:
        wanted = replace(at, centre=(values["x"], values["y"], values["z"]))
    return changes.put(scene, {track: wanted}, f"Set {name}", "figures")


def _words(scene: SpaceScene | None, keys: list[EntityId]) -> str:
    if scene is None or not scene.selection:
        return "Nothing is selected"
    if not keys and (line := scene.selected_line()) is not None:
        way = float(np.linalg.norm(line.segments()[:, 1] - line.segments()[:, 0], axis=1).sum())
        what = "Area" if line.shape.closed else "Line"
        return (
            f"{what} of {len(line.points)} points, {way:,.1f} m {'around' if line.shape.closed else 'long'}"
        )
    if len(keys) != 1:
        lines = len(scene.selection & scene.lines_here.keys())
        if not keys:
            return f"{lines} lines are selected" if lines else "What is selected is not seen at this frame"
        also = f" and {lines} lines" if lines > 1 else " and 1 line" if lines else ""
        return f"{len(keys)} cuboids{also} are selected"
    found = scene.cuboid_at(keys[0])
    assert found is not None  # it has a place
    count = scene.points.count(found.centre, found.size, found.rotation) if len(scene.points) else None
    said = []
    if count is not None:
        said.append("no point inside" if not count else f"{count:,} points inside")
    if (motion := scene.motion_of(keys[0])) is not None:
        said.append(f"{motion[0]:.1f} m/s, {round(math.degrees(motion[1])):+d}°/s")
    alone = len(scene.index.key_frames(TrackId(keys[0]))) == 1 and scene.index.timeline.frames > 1
    if isinstance(found, Interpolated):
        held = f"stands still after its {'only' if alone else 'last'} key frame"
        said.append("computed between key frames" if found.after else held)
    else:
        said.append(STATE_WORDS[found.made] + (", ends here" if found.ends_here else ""))
    if alone:
        said.append("its speed is unknown")
    return "; ".join(said)
