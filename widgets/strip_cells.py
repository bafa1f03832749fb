"""One cell of a track's film strip: what it says of a frame, and how its crops are painted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QPen, QPixmap

from studio.domain.contracts.editing import Modifier, PointerKind
from widgets.canvas.primitives import draw_lines
from widgets.canvas.shape_paint import letter_color

Floats = NDArray[np.float64]
XY = tuple[float, float]
CropName = Literal["top", "side", "front", "camera"]
State = Literal["hand", "auto", "model", "between", "absent"]

LETTERS: dict[State, str] = {"hand": "H", "auto": "A", "model": "M", "between": "I", "absent": ""}
WORDS: dict[State, str] = {
    "hand": "made by hand",
    "auto": "made by the machine",
    "model": "made by a model",
    "between": "interpolated",
    "absent": "not there",
}
DASHES: dict[State, list[float]] = {"auto": [4.0, 2.0], "model": [7.0, 2.0, 1.5, 2.0], "between": [1.5, 2.0]}
GROUND = "#14171c"
GAP = 3
POINT = "#9fb4cc"


class StripCell(Struct, frozen=True):
    """One frame of the track."""

    frame: int
    state: State = "between"
    note: str = ""  # a few letters beside the number: points inside


@dataclass(frozen=True, eq=False)
class SpaceCrop:
    """Points around the object as one of the flat views shows them: first number right, second up, metres."""

    points: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 2), np.float32))  # (N, 2)
    colors: NDArray[np.uint8] | None = None  # (N, 3) RGB
    reach: XY = (4.0, 4.0)  # metres that have to be in sight to either side of (0, 0)
    lines: Floats = field(default_factory=lambda: np.empty((0, 2, 2)))  # (M, 2, 2) the object, metres


@dataclass(frozen=True, eq=False)
class PictureCrop:
    """A part of a camera's picture: `image` shows `rect` of it."""

    image: QImage
    rect: tuple[float, float, float, float]  # xyxy, pixels of the whole picture
    lines: Floats = field(default_factory=lambda: np.empty((0, 2, 2)))  # (M, 2, 2) the object, pixels


Crop = SpaceCrop | PictureCrop


class CellPointer(Struct, frozen=True):
    """One event of a hand in a crop."""

    kind: PointerKind
    frame: int
    crop: CropName
    xy: XY  # metres as in the crop's points, right and up; in a camera pixels of the whole picture
    scale: float  # metres, or pixels of the picture, of one screen pixel
    button: Literal["none", "left", "middle", "right"] = "none"
    modifiers: frozenset[Modifier] = frozenset()
    time_ns: int = 0


class Placed(Struct, frozen=True):
    """Where a crop lies: `screen = middle + (xy - centre) * (per_unit, sign * per_unit)`."""

    rect: tuple[int, int, int, int]  # left, top, width, height
    centre: XY
    per_unit: float  # screen pixels of a metre, or of a pixel of the picture
    up: bool  # whether the second number grows upwards

    def to_screen(self, points: Floats) -> Floats:
        """(..., 2) -> the same on the screen."""
        left, top, wide, high = self.rect
        sign = -1.0 if self.up else 1.0
        factor = np.array([self.per_unit, sign * self.per_unit])
        moved: Floats = (points - self.centre) * factor + (left + wide / 2, top + high / 2)
        return moved

    def to_crop(self, xy: XY) -> XY:
        left, top, wide, high = self.rect
        sign = -1.0 if self.up else 1.0
        return (
            self.centre[0] + (xy[0] - left - wide / 2) / self.per_unit,
            self.centre[1] + sign * (xy[1] - top - high / 2) / self.per_unit,
        )


def placed(crop: Crop, rect: tuple[int, int, int, int], zoom: float = 1.0) -> Placed:
    """A crop in a rectangle of the screen: what it has to show fits, closer by `zoom`."""
    _, _, wide, high = rect
    if isinstance(crop, SpaceCrop):
        per = min(wide / 2 / max(crop.reach[0], 1e-3), high / 2 / max(crop.reach[1], 1e-3))
        return Placed(rect, (0.0, 0.0), per * zoom, True)
    left, top, right, bottom = crop.rect
    per = min(wide / max(right - left, 1e-3), high / max(bottom - top, 1e-3))
    return Placed(rect, ((left + right) / 2, (top + bottom) / 2), per * zoom, False)


def splatted(crop: SpaceCrop, place: Placed, ratio: float) -> QPixmap:
    """The points of a crop as a picture of its rectangle, in device pixels."""
    left, top, wide, high = place.rect
    columns, rows = max(round(wide * ratio), 1), max(round(high * ratio), 1)
    at = (place.to_screen(crop.points.astype(np.float64)) - (left, top)) * ratio
    side = max(round(1.6 * ratio), 1)
    with np.errstate(invalid="ignore"):
        seen = ((at >= 0) & (at < (columns - side + 1, rows - side + 1))).all(axis=1)
    x, y = at[seen].astype(np.intp).T
    pixels = np.full((rows, columns), QColor(GROUND).rgb(), np.uint32)
    shades: NDArray[np.uint32] | np.uint32 = np.uint32(QColor(POINT).rgb())
    if crop.colors is not None:
        rgb = crop.colors[seen].astype(np.uint32)
        shades = np.uint32(0xFF000000) | rgb[:, 0] << np.uint32(16) | rgb[:, 1] << np.uint32(8) | rgb[:, 2]
    for dy in range(side):
        for dx in range(side):
            pixels[y + dy, x + dx] = shades
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
    pixmap = QPixmap.fromImage(image.copy())  # the array goes away with this call
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def paint_crop(
    painter: QPainter,
    place: Placed,
    crop: Crop | None,
    points: QPixmap | None,
    lines: Floats | None,
    pen: QPen,
) -> None:
    """One crop with the object over it. points: what `splatted` made of it."""
    rect = QRect(*place.rect)
    if points is not None:
        painter.drawPixmap(rect.topLeft(), points)
    else:
        painter.fillRect(rect, QColor(GROUND))
    painter.save()
    painter.setClipRect(rect)
    if isinstance(crop, PictureCrop):
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        (x0, y0), (x1, y1) = place.to_screen(np.array(crop.rect).reshape(2, 2)).tolist()
        painter.drawImage(QRectF(x0, y0, x1 - x0, y1 - y0), crop.image)
    if lines is not None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(pen)
        draw_lines(painter, place.to_screen(lines))
    painter.restore()


def outline_pen(state: State, color: QColor, width: float = 1.6) -> QPen:
    """Solid, dashed or dotted, as the object in a frame came about."""
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if state in DASHES:
        pen.setDashPattern(DASHES[state])
    return pen


def paint_caption(painter: QPainter, rect: QRect, cell: StripCell, color: QColor, palette: QPalette) -> None:
    """The frame's number, a note, and the letter of its state."""
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    metrics = painter.fontMetrics()
    letter, side = LETTERS[cell.state], metrics.height()
    room = rect.adjusted(4, 0, -side - 6 if letter else -2, 0)
    words = f"{cell.frame + 1:,}"
    with_note = f"{words}  {cell.note}"
    if cell.note and metrics.horizontalAdvance(with_note) <= room.width():
        words = with_note
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
    if letter:
        patch = QRectF(rect.right() - side - 1, rect.center().y() - side / 2 + 1, side, side - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(outline_pen(cell.state, color, 1.2))
        painter.setBrush(color if cell.state == "hand" else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(patch, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        ink = letter_color(color) if cell.state == "hand" else palette.color(QPalette.ColorRole.WindowText)
        painter.setPen(ink)
        painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, letter)
