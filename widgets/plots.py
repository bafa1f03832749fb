"""Curves over a number: training curves that grow, and precision over recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

COLORS = ("#2f7ed8", "#e0641e", "#2e9d4a", "#9b59b6", "#c0392b", "#00838f", "#b7950b", "#5d6d7e")
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


class Curve(Struct, frozen=True):
    """One line: its name in the legend, and its points in order of x. `dashed` for the run beside."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    dashed: bool = False


class CurvePlot(QWidget):
    """Named curves on one pair of axes. Lines differ by colour and pattern; the wheel zooms."""

    def __init__(
        self,
        title: str,
        x_title: str,
        y_title: str,
        y_range: tuple[float, float] | None = None,
        x_range: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        # half a second to import, and only these widgets need it: never before the first paint
        import pyqtgraph

        self._pyqtgraph: Any = pyqtgraph
        self.setAccessibleName(title)
        self._plot: Any = pyqtgraph.PlotWidget()
        self._plot.setAccessibleName(f"{title}, plot")
        self._plot.setTitle(title)
        self._plot.setLabel("bottom", x_title)
        self._plot.setLabel("left", y_title)
        self._plot.showGrid(x=True, y=True, alpha=0.2)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._legend: Any = self._plot.addLegend(offset=(-8, 8))
        if y_range is not None:
            self._plot.setYRange(*y_range, padding=0.02)
            self._plot.setLimits(yMin=y_range[0] - 0.05, yMax=y_range[1] + 0.05)
        if x_range is not None:
            self._plot.setXRange(*x_range, padding=0.02)
            self._plot.setLimits(xMin=x_range[0] - 0.05, xMax=x_range[1] + 0.05)
        self._x_is_fixed = x_range is not None
        self._items: dict[str, Any] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._tint()

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """These curves and no others. Lines that are there already only get their points."""
        wanted = {curve.name for curve in curves}
        for name in self._items.keys() - wanted:
            self._plot.removeItem(self._items.pop(name))
        for number, curve in enumerate(curves):
            item = self._items.get(curve.name)
            if item is None:
                item = self._plot.plot(name=curve.name)
                self._items[curve.name] = item
            item.setPen(self._pen(number, curve.dashed))
            item.setData(list(curve.x), list(curve.y))
            # a single point has no line yet
            item.setSymbol("o" if len(curve.x) == 1 else None)
        ends = [x for curve in curves for x in (curve.x[:1] + curve.x[-1:])]
        if self._x_is_fixed:
            pass
        elif ends and max(ends) - min(ends) < 1:
            # one point alone would be shown on an axis of thousandths
            self._plot.setXRange(min(ends) - 0.5, max(ends) + 0.5, padding=0)
        else:
            self._plot.enableAutoRange(axis="x")
        last = ", ".join(f"{curve.name} {curve.y[-1]:.4g}" for curve in curves if curve.y)
        self.setAccessibleDescription(last or "no points yet")

    def values(self) -> dict[str, tuple[list[float], list[float]]]:
        """What is drawn, by name: x and y."""
        found: dict[str, tuple[list[float], list[float]]] = {}
        for name, item in self._items.items():
            x, y = item.getData()
            found[name] = ([] if x is None else list(x), [] if y is None else list(y))
        return found

    def _pen(self, number: int, dashed: bool) -> QPen:
        pen = QPen(QColor(COLORS[number % len(COLORS)]), 2)
        pen.setCosmetic(True)
        pen.setStyle(Qt.PenStyle.DashLine if dashed else STYLES[number // len(COLORS) % len(STYLES)])
        return pen

    def _tint(self) -> None:
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.WindowText)
        self._plot.setBackground(palette.color(QPalette.ColorRole.Base))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
        self._plot.setTitle(self.accessibleName(), color=text.name())
        self._legend.setLabelTextColor(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()
