"""The lidars and radars of an item as layers: a row each to show or hide it, colour it, size its points."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QDoubleSpinBox,
    QGridLayout,
    QMenu,
    QToolButton,
    QWidget,
)

from plugins.pointcloud.layers import LayerLook
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.ids import StreamId

COLORS = {"White": "#ffffff", "Orange": "#ffa41b", "Green": "#6fdc6f", "Blue": "#5fb4ff", "Pink": "#ff7bd5"}
SWATCH_PX = 14
LARGEST_PX = 8.0


class LayerPanel(QWidget):
    """Rows of the streams of points; what is changed goes to `sweeps` at once."""

    filled = Signal()  # it has other rows

    def __init__(self, sweeps: Sweeps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Layers")
        self._sweeps = sweeps
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self._made: list[tuple[StreamId, LayerLook, bool]] = []
        sweeps.settled.connect(self.refresh)

    def refresh(self) -> None:
        """Other streams, another look, or it is known by now which of them are radars."""
        made = [
            (each.id, self._sweeps.look_of(each.id), self._sweeps.has_velocity(each.id))
            for each in self._sweeps.streams
        ]
        if made == self._made:
            return
        self._made = made
        while (taken := self._grid.takeAt(0)) is not None:
            if (widget := taken.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for row, (stream, look, has_velocity) in enumerate(made):
            self._add(row, stream, look, has_velocity)
        self.setVisible(len(made) > 1)
        self.filled.emit()

    def _add(self, row: int, stream: StreamId, look: LayerLook, has_velocity: bool) -> None:
        shown = QCheckBox(stream)
        shown.setAccessibleName(f"Show {stream}")
        shown.setChecked(look.shown)
        shown.toggled.connect(lambda on: self._change(stream, shown=on))
        color = QToolButton()
        color.setAccessibleName(f"Colour of {stream}")
        color.setToolTip(color.accessibleName())
        color.setIconSize(QSize(SWATCH_PX, SWATCH_PX))
        color.setIcon(_swatch(look.color))
        color.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        color.setMenu(self._colors(stream, color))
        size = QDoubleSpinBox()
        size.setAccessibleName(f"Size of points of {stream}")
        size.setToolTip(size.accessibleName())
        size.setRange(0.0, LARGEST_PX)
        size.setSpecialValueText("as all")
        size.setDecimals(1)
        size.setValue(look.point_size)
        size.valueChanged.connect(lambda value: self._change(stream, point_size=value))
        for column, widget in enumerate((shown, color, size)):
            self._grid.addWidget(widget, row, column)
        if has_velocity:
            arrows = QCheckBox("Arrows")
            arrows.setAccessibleName(f"Velocities of {stream}")
            arrows.setChecked(look.arrows)
            arrows.toggled.connect(lambda on: self._change(stream, arrows=on))
            self._grid.addWidget(arrows, row, 3)

    def _colors(self, stream: StreamId, over: QWidget) -> QMenu:
        menu = QMenu(over)
        menu.addAction("As all points", partial(self._change, stream, color=""))
        for title, color in COLORS.items():
            menu.addAction(_swatch(color), title, partial(self._change, stream, color=color))
        menu.addAction("Another…", partial(self._ask_color, stream))
        return menu

    def _ask_color(self, stream: StreamId) -> None:
        now = QColor(self._sweeps.look_of(stream).color or "#ffffff")
        if (chosen := QColorDialog.getColor(now, self, f"Colour of {stream}")).isValid():
            self._change(stream, color=chosen.name())

    def _change(self, stream: StreamId, **changes: object) -> None:
        look = replace(self._sweeps.look_of(stream), **changes)
        # the row shows it already: it would be made anew under the hand
        self._made = [(each, look if each == stream else was, has) for each, was, has in self._made]
        self._sweeps.set_look_of(stream, look)
        if "color" in changes:
            self._made = []
            self.refresh()


def _swatch(color: str) -> QIcon:
    pixmap = QPixmap(SWATCH_PX, SWATCH_PX)
    pixmap.fill(QColor(color) if color else QColor("#8a94a3"))
    return QIcon(pixmap)
