"""Which clickable widgets say what they are to those who cannot see them."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QWidget,
)

CLICKABLE = (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QLineEdit,
    QAbstractSpinBox,
    QAbstractItemView,
)


def nameless_and_named(root: QWidget) -> tuple[list[QWidget], list[QWidget]]:
    """The clickable widgets below `root` without and with a name; a caption on a button is a name too."""
    found: tuple[list[QWidget], list[QWidget]] = ([], [])
    for widget in root.findChildren(QWidget):
        if isinstance(widget, CLICKABLE) and not _is_inner(widget):
            caption = widget.text() if isinstance(widget, QAbstractButton) else ""
            found[bool(widget.accessibleName() or caption)].append(widget)
    return found


def _is_inner(widget: QWidget) -> bool:
    """A part that Qt makes inside of a control, which speaks for it."""
    if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
        return True
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QLineEdit | QComboBox | QAbstractSpinBox | QAbstractItemView):
            return True
        above = above.parentWidget()
    return False
