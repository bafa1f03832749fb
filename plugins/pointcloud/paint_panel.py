"""How points are painted: by class or object, what is kept, sizes; and how many points are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from plugins.pointcloud.commands import BY_NAME
from plugins.pointcloud.painting.painter import GAP_M, RADIUS_PX, STEP_M, PaintSettings

BY = (("class", "The class in hand"), ("instance", "The one selected object"))
CHECKS = (
    ("erase", "Rub out", "pointcloud.paint.erase"),
    ("only_unlabelled", "Keep what has a label", "pointcloud.paint.only_unlabelled"),
    ("seen_only", "Only points in front", "pointcloud.paint.seen_only"),
)
SIZES = (
    ("radius_px", "Brush", " px", 0, 5.0, RADIUS_PX),
    ("gap_m", "Widest gap", " m", 2, 0.05, GAP_M),
    ("step_m", "Highest step", " m", 2, 0.05, STEP_M),
)
MOST_ROWS = 8


class PaintPanel(QWidget):
    """Changes the settings that it is made with; `changed` tells."""

    changed = Signal()

    def __init__(self, settings: PaintSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._by = QComboBox()
        self._by.setAccessibleName("What is painted")
        for name, title in BY:
            self._by.addItem(title, name)
        self._by.setToolTip(_help("pointcloud.paint.by"))
        self._by.currentIndexChanged.connect(self._by_chosen)
        self._checks: dict[str, QCheckBox] = {}
        self._sizes: dict[str, QDoubleSpinBox] = {}
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.addWidget(self._by, 0, 0, 1, 2)
        for row, (name, title, command) in enumerate(CHECKS, 1):
            self._checks[name] = box = QCheckBox(f"{title}  {BY_NAME[command].keys[0]}")
            box.setAccessibleName(title)
            box.setToolTip(_help(command))
            box.toggled.connect(partial(self._checked, name))
            grid.addWidget(box, row, 0, 1, 2)
        self._kept = QToolButton()
        self._kept.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._kept.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._kept.setAccessibleName("Classes whose points keep their label")
        self._kept.setToolTip(_help("pointcloud.paint.keep_class"))
        self._menu = QMenu(self._kept)
        self._kept.setMenu(self._menu)
        grid.addWidget(self._kept, 4, 0, 1, 2)
        for row, (name, title, unit, decimals, step, (low, high)) in enumerate(SIZES, 5):
            self._sizes[name] = field = QDoubleSpinBox()
            field.setRange(low, high)
            field.setDecimals(decimals)
            field.setSingleStep(step)
            field.setSuffix(unit)
            field.setKeyboardTracking(False)
            field.setAccessibleName(title)
            field.valueChanged.connect(partial(self._sized, name))
            label = QLabel(title)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAccessibleName("Labelled points")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self._words)
        layout.addLayout(grid)
        layout.addStretch()
        self.show_settings()

    def show_settings(self) -> None:
        """The settings as they are now."""
        fields = (self._by, *self._checks.values(), *self._sizes.values())
        for each in fields:
            each.blockSignals(True)
        self._by.setCurrentIndex([name for name, _ in BY].index(self._settings.by))
        for name, box in self._checks.items():
            box.setChecked(getattr(self._settings, name))
        for name, field in self._sizes.items():
            field.setValue(getattr(self._settings, name))
        for each in fields:
            each.blockSignals(False)
        self._show_kept()

    def show_classes(self, classes: Sequence[tuple[str, str]]) -> None:
        """Name and title of the classes that may be locked; locks of others end."""
        self._settings.kept &= {name for name, _ in classes}
        self._menu.clear()
        for name, title in classes:
            action = QAction(title, self._menu)
            action.setCheckable(True)
            action.setData(name)
            action.toggled.connect(partial(self._kept_chosen, name))
            self._menu.addAction(action)
        self._show_kept()

    def show_counts(self, rows: Sequence[tuple[str, int]], total: int) -> None:
        """How many of `total` points have each class, the most frequent first."""
        labelled = sum(count for _, count in rows)
        said = [f"{labelled:,} of {total:,} points are labelled" if total else "No points"]
        said += [f"{title}: {count:,}" for title, count in rows[:MOST_ROWS]]
        if len(rows) > MOST_ROWS:
            said.append(f"and {len(rows) - MOST_ROWS} more classes")
        self._words.setText("\n".join(said))

    def _show_kept(self) -> None:
        kept = self._settings.kept
        titles = []
        for action in self._menu.actions():
            action.blockSignals(True)
            action.setChecked(action.data() in kept)
            action.blockSignals(False)
            titles += [action.text()] if action.data() in kept else []
        self._kept.setText(f"Locked: {', '.join(titles)}" if titles else "No class is locked")

    def _by_chosen(self, _row: int) -> None:
        self._settings.by = self._by.currentData()
        self.changed.emit()

    def _checked(self, name: str, on: bool) -> None:
        setattr(self._settings, name, on)
        self.changed.emit()

    def _sized(self, name: str, value: float) -> None:
        setattr(self._settings, name, value)
        self.changed.emit()

    def _kept_chosen(self, name: str, on: bool) -> None:
        self._settings.kept = self._settings.kept | {name} if on else self._settings.kept - {name}
        self._show_kept()
        self.changed.emit()


def _help(command: str) -> str:
    declared = BY_NAME[command]
    return f"{declared.title} ({declared.keys[0]}). {declared.help}"
