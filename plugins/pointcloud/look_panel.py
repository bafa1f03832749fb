"""How points are looked at, in a small window: saved views, colouring, size, slab of heights, crop box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from widgets.canvas.hand import KeyTaker
from widgets.canvas.pointers import key_name
from widgets.cloud.drawn import Look, Mode

LOWEST_M, HIGHEST_M = -1000.0, 10_000.0  # of the slab, beside the ground
CROPS = {
    "": "None",
    "selection": "Around the selection",
    "top": "What the top view shows",
    "saved": "A saved one",
}
_NAME = 0x0101  # role of what a saved view is called, beside the key that its row shows
TITLES: dict[Mode, str] = {
    "height": "Height",
    "intensity": "Intensity",
    "rgb": "Own colour",
    "label": "Class",
    "instance": "Instance",
    "ring": "Ring",
    "time": "Time",
    "plain": "One colour",
}


class LookPanel(QWidget):
    """Shows a look and reports what a person wants of it; it decides nothing."""

    mode_wanted = Signal(str)
    size_wanted = Signal(float)
    slab_wanted = Signal(object)  # (low, high) metres above the ground, or None
    crop_wanted = Signal(str)  # one of `CROPS`
    dim_wanted = Signal(bool)
    view_wanted = Signal(str)  # the name of a saved view
    save_wanted = Signal()
    removal_wanted = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setWindowTitle("Display")
        self.key_taker: KeyTaker | None = None
        self.setAccessibleName("Display")
        self.saved = QListWidget()
        self.saved.setAccessibleName("Saved views")
        self.saved.setMaximumHeight(6 * self.fontMetrics().lineSpacing())
        self.saved.itemClicked.connect(lambda row: self.view_wanted.emit(row.data(_NAME)))
        self.saved.itemActivated.connect(lambda row: self.view_wanted.emit(row.data(_NAME)))
        self.modes = QComboBox()
        self.modes.setAccessibleName("Colour points by")
        self.modes.activated.connect(lambda row: self.mode_wanted.emit(self.modes.itemData(row)))
        self.point_size = QDoubleSpinBox()
        self.point_size.setAccessibleName("Size of points in pixels")
        self.point_size.setRange(1.0, 8.0)
        self.point_size.setSingleStep(0.5)
        self.point_size.setDecimals(1)
        self.point_size.valueChanged.connect(self.size_wanted)
        self.slab = QCheckBox("Heights")
        self.slab.setAccessibleName("Show some heights alone")
        self.slab.toggled.connect(self._slab_changed)
        self.low, self.high = (_metres(name) for name in ("Lowest height", "Highest height"))
        self.low.setValue(-1.0)
        self.high.setValue(3.0)
        for field in (self.low, self.high):
            field.valueChanged.connect(self._slab_changed)
        self.crops = QComboBox()
        self.crops.setAccessibleName("Crop box")
        for way, title in CROPS.items():
            self.crops.addItem(title, way)
        self.crops.activated.connect(lambda row: self.crop_wanted.emit(self.crops.itemData(row)))
        self.dim = QCheckBox("Dark outside, not hidden")
        self.dim.setAccessibleName("Show what is outside the crop box dark")
        self.dim.toggled.connect(self.dim_wanted)
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.saved)
        layout.addLayout(self._buttons_of_views())
        layout.addLayout(self._points())
        layout.addStretch()

    def _buttons_of_views(self) -> QHBoxLayout:
        save, remove = QPushButton("Save this view…"), QPushButton("Remove")
        remove.setAccessibleName("Remove the chosen view")
        save.clicked.connect(self.save_wanted)
        remove.clicked.connect(self._remove)
        return _row(save, remove)

    def _points(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.addWidget(QLabel("Colour by"), 0, 0)
        grid.addWidget(self.modes, 0, 1, 1, 2)
        grid.addWidget(QLabel("Point size"), 1, 0)
        grid.addWidget(self.point_size, 1, 1, 1, 2)
        grid.addWidget(QLabel("Crop box"), 2, 0)
        grid.addWidget(self.crops, 2, 1, 1, 2)
        grid.addWidget(self.dim, 3, 1, 1, 2)
        grid.addWidget(self.slab, 4, 0)
        grid.addWidget(self.low, 4, 1)
        grid.addWidget(self.high, 4, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        return grid

    def add_section(self, section: QWidget) -> None:
        """Below the others."""
        self._layout.insertWidget(self._layout.count() - 1, section)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the fields have no use for is the editor's; Escape closes the window."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif self.key_taker is None or not self.key_taker(key_name(event), False):
            super().keyPressEvent(event)

    # Showing

    def show_views(self, names: Iterable[str]) -> None:
        """The saved ones, with the keys that recall them."""
        self.saved.clear()
        for number, name in enumerate(names, 1):
            self.saved.addItem(f"{name}   Ctrl+{number}" if number <= 9 else name)
            self.saved.item(number - 1).setData(_NAME, name)
        self.saved.setVisible(self.saved.count() > 0)

    def show_look(self, look: Look, modes: Sequence[Mode], ground_z: float | None, crop: str) -> None:
        """How points are looked at now; heights are counted from the ground, where it is known.

        crop: which of `CROPS` the crop box is.
        """
        held = [
            (each, each.blockSignals(True))
            for each in (self.point_size, self.slab, self.low, self.high, self.dim)
        ]
        if [self.modes.itemData(row) for row in range(self.modes.count())] != list(modes):
            self.modes.clear()
            for mode in modes:
                self.modes.addItem(TITLES[mode], mode)
        self.modes.setCurrentIndex(self.modes.findData(look.mode))
        self.point_size.setValue(look.point_size)
        self.slab.setChecked(look.slab is not None)
        if look.slab is not None:
            self.low.setValue(look.slab[0] - (ground_z or 0.0))
            self.high.setValue(look.slab[1] - (ground_z or 0.0))
        self.dim.setChecked(look.dim_outside)
        self.dim.setVisible(look.crop is not None)
        self.crops.setCurrentIndex(self.crops.findData(crop))
        for each, blocked in held:
            each.blockSignals(blocked)

    def _slab_changed(self) -> None:
        low, high = sorted((self.low.value(), self.high.value()))
        self.slab_wanted.emit((low, high) if self.slab.isChecked() else None)

    def _remove(self) -> None:
        if (row := self.saved.currentItem()) is not None:
            self.removal_wanted.emit(row.data(_NAME))


def _row(*parts: QWidget) -> QHBoxLayout:
    across = QHBoxLayout()
    across.setSpacing(4)
    for each in parts:
        across.addWidget(each)
    across.addStretch()
    return across


def _metres(name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setAccessibleName(f"{name}, metres above the ground")
    field.setToolTip(field.accessibleName())
    field.setRange(LOWEST_M, HIGHEST_M)
    field.setSingleStep(0.1)
    field.setDecimals(1)
    field.setSuffix(" m")
    field.setKeyboardTracking(False)
    return field
