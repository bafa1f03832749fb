"""Icons: strokes in one colour, drawn from small SVG files and tinted with the palette."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

_SIZES = (16, 20, 24, 32, 48, 64)
_PROPERTY = "atelier_icon"


def names() -> list[str]:
    """Every icon there is."""
    return sorted(
        each.name.removesuffix(".svg")
        for each in files("resources.icons").iterdir()
        if each.name.endswith(".svg")
    )


def icon(name: str, palette: QPalette | None = None) -> QIcon:
    """The icon `name` in the colours of `palette` (the application's, where none is given)."""
    colors = palette or QApplication.palette()
    made = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        color = colors.color(group, QPalette.ColorRole.ButtonText)
        for size in _SIZES:
            made.addPixmap(pixmap(name, size, color), mode)
    return made


def pixmap(name: str, size: int, color: QColor, ratio: float = 1.0) -> QPixmap:
    """The icon `name` at `size` (device-independent pixels) in one colour."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", color.name().encode())))
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    with QPainter(made) as painter:
        renderer.render(painter, QRectF(0, 0, size, size))
    return made


def set_icon(target: QAction | QAbstractButton, name: str) -> None:
    """Give a button or action an icon that follows the theme."""
    target.setProperty(_PROPERTY, name)
    target.setIcon(icon(name))


def retint(root: QObject) -> None:
    """Draw the icons of everything below `root` again, after the palette has changed."""
    targets: list[QAction | QAbstractButton] = [
        *root.findChildren(QAction),
        *root.findChildren(QAbstractButton),
    ]
    for each in targets:
        if isinstance(name := each.property(_PROPERTY), str):
            each.setIcon(icon(name))


@lru_cache(maxsize=256)
def _source(name: str) -> bytes:
    # the name is ours, yet it becomes part of a path
    if not re.fullmatch(r"[a-z_]+", name):
        raise ValueError(f"not an icon's name: {name!r}")
    return files("resources.icons").joinpath(f"{name}.svg").read_bytes()
