"""Words over the points: whole inside the window, and not over the view's caption."""

import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from studio.domain.space import Pose
from widgets.cloud.drawn import SpaceText
from widgets.cloud.overlay_paint import EDGE_PX, caption_patch, paint_texts
from widgets.cloud.space_view import XY, flat_view

VIEW = flat_view("top", Pose(), (300.0, 200.0), 30.0)
COLOR = QColor("#ff0000")


def painted(at: XY) -> tuple[list[int], list[int], float]:
    """Columns and rows with the patch of a word that belongs to a place of the window; the caption's end."""
    origin, _ = VIEW.ray(at)
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(0)
    with QPainter(image) as painter:
        caption = caption_patch(painter, VIEW, "Top")
        assert caption is not None
        text = SpaceText((origin[0], origin[1], 0.0), "a long name of a car", COLOR.name())
        assert paint_texts(painter, VIEW, [text], caption) == 1
    red = [(x, y) for x in range(300) for y in range(200) if image.pixelColor(x, y).red() > 100]
    return [x for x, _ in red], [y for _, y in red], caption.bottom()


def test_words_are_whole_at_the_edges_as_in_the_middle(qapp: object) -> None:
    columns, rows, _ = painted((150.0, 100.0))
    wide, high = max(columns) - min(columns), max(rows) - min(rows)
    for at in ((2.0, 100.0), (299.0, 100.0), (150.0, 2.0), (150.0, 210.0), (-20.0, 190.0)):
        columns, rows, _ = painted(at)
        assert (max(columns) - min(columns), max(rows) - min(rows)) == (wide, high), at
        assert min(columns) >= EDGE_PX
        assert max(rows) < 200 - EDGE_PX


@pytest.mark.parametrize("at", [(20.0, 20.0), (60.0, 32.0)])
def test_words_stay_off_the_caption(qapp: object, at: XY) -> None:
    _, rows, caption_end = painted(at)
    assert min(rows) >= caption_end
