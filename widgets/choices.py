"""A list that drops down and is filled anew while somebody may be choosing from it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox


def choice_box(name: str) -> QComboBox:
    """An empty one. A long entry does not make the page as wide as itself."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(16)
    return box


def fill_choices(box: QComboBox, rows: Sequence[tuple[str, str]]) -> None:
    """(key, title) of each entry. What was chosen stays chosen, and no signal is sent."""
    kept = box.currentData()
    box.blockSignals(True)
    box.clear()
    for key, title in rows:
        box.addItem(title, key)
    box.setCurrentIndex(max(0, box.findData(kept)) if rows else -1)
    box.blockSignals(False)
