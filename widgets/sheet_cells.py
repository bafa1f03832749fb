"""One cell of a contact sheet: what it says, and how it is painted."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPixmap

from widgets.canvas.drawables import ShapeStyle
from widgets.canvas.shape_paint import pen_of

Box = tuple[float, float, float, float]
Tone = Literal["neutral", "good", "warning", "bad", "accent"]

TONES: dict[str, str] = {"good": "#2e7d32", "warning": "#b26a00", "bad": "#c62828"}
PAD = 5


class Badge(Struct, frozen=True):
    """A short word on a cell."""

    text: str
    tone: Tone = "neutral"


class SheetBox(Struct, frozen=True):
    """An outline over the picture, in pixels of the full-size picture."""

    xyxy: Box
    color: str = "#2f7ed8"
    dash: str = "solid"


class SheetCell(Struct, frozen=True):
    """What one cell shows. `thumbnail` names the picture that is asked for; empty: the key does.

    With `crop` only that part of the picture is shown; it is cut out of whatever picture comes, so for a
    crop a larger rendition should be given than a thumbnail.
    """

    key: str
    caption: str = ""
    detail: str = ""  # a second line
    badges: tuple[Badge, ...] = ()
    size: tuple[int, int] = (0, 0)  # of the full-size picture
    boxes: tuple[SheetBox, ...] = ()
    crop: Box | None = None
    thumbnail: str = ""
    is_sentence: bool = False  # the caption, which is a name otherwise: where it is cut when it is too long

    @property
    def picture_name(self) -> str:
        return self.thumbnail or self.key

    @property
    def picture_key(self) -> tuple[str, Box | None]:
        """What its pixmap is kept under: one picture may be cut in several ways."""
        return self.picture_name, self.crop

    def words(self) -> str:
        """What a screen reader says of it."""
        return ", ".join(part for part in (self.caption, self.detail, *(b.text for b in self.badges)) if part)


def crop_around(xyxy: Box, size: tuple[int, int], share: float = 0.5, least: float = 48.0) -> Box:
    """What to show around a box, which takes up about `share` of its side, moved to lie on the picture."""
    width, height = float(size[0]), float(size[1])
    side = max((xyxy[2] - xyxy[0]) / share, (xyxy[3] - xyxy[1]) / share, least)
    wide, high = min(side * 1.22, width), min(side, height)  # as wide as a cell
    left = min(max((xyxy[0] + xyxy[2] - wide) / 2, 0.0), width - wide)
    top = min(max((xyxy[1] + xyxy[3] - high) / 2, 0.0), height - high)
    return left, top, left + wide, top + high


def caption_height(metrics: QFontMetrics, lines: int) -> int:
    """Pixels below the picture for so many lines of text."""
    return lines * metrics.height() + 8


def paint_cell(
    painter: QPainter,
    rect: QRect,
    cell: SheetCell | None,
    picture: QPixmap | None,
    palette: QPalette,
    selected: bool,
    current: bool,
    broken: bool = False,
    lines: int = 2,
) -> None:
    """Paint one cell; a cell or picture that is not here yet is a quiet placeholder, a broken one says so."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    back = palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base)
    painter.setBrush(back)
    painter.drawRoundedRect(rect, 6, 6)
    room = caption_height(painter.fontMetrics(), lines)
    frame = rect.adjusted(PAD, PAD, -PAD, -room)
    painter.fillRect(frame, palette.color(QPalette.ColorRole.AlternateBase))
    if cell is not None:
        if picture is not None:
            _paint_picture(painter, frame, cell, picture)
        elif broken:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(
                frame, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), "No picture"
            )
        _paint_badges(painter, frame, cell.badges, palette)
        _paint_words(painter, rect.adjusted(0, rect.height() - room, 0, 0), cell, palette, selected, lines)
    if current:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 2))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)


def _paint_picture(painter: QPainter, frame: QRect, cell: SheetCell, picture: QPixmap) -> None:
    shown = cell.crop or (0.0, 0.0, float(cell.size[0]), float(cell.size[1]))
    width, height = shown[2] - shown[0], shown[3] - shown[1]
    if width <= 0 or height <= 0:
        width, height = float(picture.width()), float(picture.height())
    scale = min(frame.width() / width, frame.height() / height)
    at = QRectF(0, 0, width * scale, height * scale)
    at.moveCenter(QRectF(frame).center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    painter.drawPixmap(at, picture, QRectF(picture.rect()))
    painter.save()
    painter.setClipRect(at)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for box in cell.boxes:
        left, top, right, bottom = (
            edge * scale + off
            for edge, off in zip(
                (
                    box.xyxy[0] - shown[0],
                    box.xyxy[1] - shown[1],
                    box.xyxy[2] - shown[0],
                    box.xyxy[3] - shown[1],
                ),
                (at.left(), at.top()) * 2,
                strict=True,
            )
        )
        outline = QRectF(round(left), round(top), max(round(right - left), 1), max(round(bottom - top), 1))
        painter.setPen(pen_of(ShapeStyle(box.color, box.dash), 2.0 if cell.crop else 1.0))
        painter.drawRect(outline)
    painter.restore()


def _paint_badges(painter: QPainter, frame: QRect, badges: tuple[Badge, ...], palette: QPalette) -> None:
    own = painter.font()
    font = QFont(own)
    font.setPixelSize(max(round(painter.fontInfo().pixelSize() * 0.85), 8))
    painter.setFont(font)
    metrics = painter.fontMetrics()
    right = frame.right() - 3
    for badge in badges:
        width = metrics.horizontalAdvance(badge.text) + 12
        pill = QRectF(right - width, frame.top() + 4, width, metrics.height() + 4)
        if pill.left() < frame.left():
            break
        accent = palette.color(QPalette.ColorRole.Highlight)
        neutral = palette.color(QPalette.ColorRole.Window)
        fill = (
            QColor(TONES[badge.tone])
            if badge.tone in TONES
            else accent
            if badge.tone == "accent"
            else neutral
        )
        text = QColor("white")
        if badge.tone == "accent":
            text = palette.color(QPalette.ColorRole.HighlightedText)
        elif badge.tone == "neutral":
            text = palette.color(QPalette.ColorRole.WindowText)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(pill, 8, 8)
        painter.setPen(text)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, badge.text)
        right -= width + 3
    painter.setFont(own)


def _paint_words(
    painter: QPainter, rect: QRect, cell: SheetCell, palette: QPalette, selected: bool, lines: int
) -> None:
    role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
    metrics = painter.fontMetrics()
    first = QRect(rect.left() + PAD + 2, rect.top() + 3, rect.width() - 2 * PAD - 4, metrics.height())
    painter.setPen(palette.color(role))
    # names of items differ at their end, sentences at their start
    elide = Qt.TextElideMode.ElideRight if cell.is_sentence else Qt.TextElideMode.ElideLeft
    middle = int(Qt.AlignmentFlag.AlignVCenter)
    painter.drawText(first, middle, metrics.elidedText(cell.caption, elide, first.width()))
    if cell.detail and lines > 1:
        faint = palette.color(role)
        faint.setAlpha(170)
        painter.setPen(faint)
        second = first.translated(0, metrics.height())
        text = metrics.elidedText(cell.detail, Qt.TextElideMode.ElideRight, second.width())
        painter.drawText(second, middle, text)
