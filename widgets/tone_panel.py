"""Sliders for brightness, contrast and gamma."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSlider, QWidget

from widgets.canvas.tone import Tone


class TonePanel(QWidget):
    """`changed(Tone)` while a slider moves; the middle of each slider leaves the picture as it is."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._sliders: dict[str, QSlider] = {}
        for row, title in enumerate(("Brightness", "Contrast", "Gamma")):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(-100, 100)
            slider.setAccessibleName(title)
            slider.valueChanged.connect(self._tell)
            label = QLabel(title)
            label.setBuddy(slider)
            layout.addWidget(label, row, 0)
            layout.addWidget(slider, row, 1)
            self._sliders[title] = slider
        reset = QPushButton("As it is")
        reset.setAccessibleName("Show the picture as it is")
        reset.clicked.connect(self.reset)
        layout.addWidget(reset, 3, 1, Qt.AlignmentFlag.AlignRight)

    def tone(self) -> Tone:
        brightness, contrast, gamma = (slider.value() / 100 for slider in self._sliders.values())
        return Tone(brightness, 4.0**contrast, 4.0**gamma)

    def reset(self) -> None:
        """All sliders to the middle; tells of it once."""
        for slider in self._sliders.values():
            blocked = slider.blockSignals(True)
            slider.setValue(0)
            slider.blockSignals(blocked)
        self._tell()

    def _tell(self) -> None:
        self.changed.emit(self.tone())
