"""200,000 paints leave nothing behind: PySide6 6.12 leaked a reference to None at each QPainter call."""

import gc
import sys
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from widgets.canvas.drawables import Drawables, Mark, ShapeStyle
from widgets.canvas.pyramid import Pyramid, halvings
from widgets.image_canvas import ImageCanvas

PAINTS = 200_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_thousand_paints_keep_the_references_to_none_flat(qtbot):
    canvas = ImageCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(48, 40)
    canvas.show()
    qtbot.waitExposed(canvas)
    pyramid = Pyramid((48.0, 40.0), 1)
    image = QImage(48, 40, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    pyramid.put_levels(halvings(image))
    canvas.show_picture(pyramid)
    bounds = np.array([[4.0, 4.0, 30.0, 30.0]])
    shapes = Drawables(("a",), bounds, np.zeros(1, np.int32), (ShapeStyle(),))
    canvas.set_marks((Mark((2, 2, 2, 2), kind="pin"),))

    def paint(count: int) -> int:
        for number in range(count):
            if number % 50 == 0:  # a shape moves: the layer is patched
                canvas.set_shapes(replace(shapes, bounds=bounds + number % 7))
                canvas.set_active(replace(shapes, bounds=bounds + number % 5))
            canvas.repaint()
        QApplication.processEvents()
        gc.collect()
        return sys.getrefcount(None)

    before = paint(1000)
    assert abs(paint(PAINTS) - before) < 200
    assert canvas.fault_marks == 0
