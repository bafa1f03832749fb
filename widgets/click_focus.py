"""What is used by a click alone leaves the keys where they are: with the views, whose tools they choose."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QScrollArea, QSlider, QTabBar, QWidget

# a scroll area as well: it takes what its content does not take
USED_BY_CLICK = (QAbstractButton, QTabBar, QComboBox, QSlider, QScrollArea)


def leave_keys(panel: QWidget) -> None:
    """Let buttons, tabs, choices and sliders of a panel, as it is now, take the focus by Tab alone.

    Text fields and lists keep theirs.
    """
    for each in (panel, *panel.findChildren(QWidget)):
        if isinstance(each, USED_BY_CLICK) and each.focusPolicy() & Qt.FocusPolicy.ClickFocus:
            each.setFocusPolicy(Qt.FocusPolicy.TabFocus)
