"""A QR code can be read by a camera, whatever the theme and the size."""

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage

from studio.shell.theme import palette_of
from widgets.qr_code import QUIET, QrCode

URI = "otpauth://totp/Atelier:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Atelier"


def read_by_a_camera(code: QrCode) -> str:
    """What OpenCV's reader finds in the widget as it is painted."""
    picture = code.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    seen = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(np.ascontiguousarray(seen[:, : picture.width()]))
    return text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_camera_reads_the_code_in_both_themes(qtbot, theme):
    code = QrCode("Key")
    qtbot.addWidget(code)
    code.setPalette(palette_of(theme))
    code.show_text(URI)
    code.resize(code.sizeHint())
    assert read_by_a_camera(code) == URI


def test_the_margin_is_light_at_any_size(qtbot):
    code = QrCode("Key")
    qtbot.addWidget(code)
    code.show_text(URI)
    for side in (code.sizeHint().width(), 207, 400):
        code.resize(side, side + 30)
        picture = code.grab().toImage()
        module = side // (len(code.rows) + 2 * QUIET)
        margin = QUIET * module
        edge = [picture.pixelColor(x, y).value() for x in range(side) for y in (0, margin - 1)]
        edge += [picture.pixelColor(x, y).value() for y in range(side) for x in (0, margin - 1)]
        assert set(edge) == {255}
        assert read_by_a_camera(code) == URI


def test_without_a_text_nothing_is_drawn(qtbot):
    code = QrCode("Key")
    qtbot.addWidget(code)
    code.show_text(URI)
    code.show_text("")
    assert code.sizeHint().isEmpty()
