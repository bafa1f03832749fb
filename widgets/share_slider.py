"""The share of traffic that a candidate gets: a slider and a number that agree."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSlider, QWidget

STEPS = 1000  # tenths of a per cent


class ShareSlider(QWidget):
    """`changed(share)` once the hand lets go or a number is entered; share 0 to 1 of the second arm."""

    changed = Signal(float)

    def __init__(
        self, first: str = "In service", second: str = "Candidate", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Share of traffic")
        self._names = first, second
        self._first, self._second = QLabel(), QLabel()
        for label in (self._first, self._second):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.setPageStep(STEPS // 20)
        self._slider.setTickInterval(STEPS // 4)
        self._slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self._slider.setTracking(False)
        self._slider.sliderMoved.connect(self._show)
        self._slider.valueChanged.connect(self._chosen)
        self._number = QDoubleSpinBox()
        self._number.setRange(0, 100)
        self._number.setDecimals(1)
        self._number.setSuffix(" %")
        self._number.setKeyboardTracking(False)
        self._number.setMaximumWidth(self.fontMetrics().horizontalAdvance("100.0 %") + 44)
        self._number.valueChanged.connect(lambda value: self._slider.setValue(round(value * STEPS / 100)))
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._first, 0, 0)
        layout.addWidget(self._second, 0, 1, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self._slider, 1, 0, 1, 2)
        layout.addWidget(self._number, 1, 2)
        self._quiet = False
        self.set_names(first, second)
        self._show(0)

    def set_names(self, first: str, second: str) -> None:
        """What the two arms are called."""
        self._names = first, second
        self._slider.setAccessibleName(f"Share of traffic for {second}")
        self._number.setAccessibleName(f"Share of traffic for {second}, per cent")
        self._show(self._slider.value())

    def share(self) -> float:
        return self._slider.value() / STEPS

    def set_share(self, share: float) -> None:
        """Show a share that came from elsewhere; says nothing."""
        self._quiet = True
        self._slider.setValue(round(share * STEPS))
        self._quiet = False
        self._show(self._slider.value())

    def _show(self, value: int) -> None:
        share = value / STEPS * 100
        self._first.setText(f"{self._names[0]}  {100 - share:.1f} %")
        self._second.setText(f"{self._names[1]}  {share:.1f} %")
        blocked = self._number.blockSignals(True)
        self._number.setValue(share)
        self._number.blockSignals(blocked)

    def _chosen(self, value: int) -> None:
        self._show(value)
        if not self._quiet:
            self.changed.emit(value / STEPS)
