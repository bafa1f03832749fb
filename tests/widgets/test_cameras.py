"""Camera views and the strip of them: lines over pictures, pictures that come late, which is in front."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from widgets.camera_cells import cells
from widgets.camera_strip import CameraStrip
from widgets.camera_view import CameraView
from widgets.canvas.pyramid import Pyramid, halvings
from widgets.cloud.drawn import LineSet, LineStyle, one_style
from widgets.cloud.scene import LINES

SIZE = (320, 180)


def picture(color: str = "#204060", size: tuple[int, int] = SIZE) -> QImage:
    made = QImage(*size, QImage.Format.Format_RGB32)
    made.fill(QColor(color))
    return made


def encoded(color: str, size: tuple[int, int] = SIZE) -> bytes:
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture(color, size).save(buffer, "PNG")
    return bytes(held.data())


def count_of(widget, color: str) -> int:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    held = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    rgb = held[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)
    wanted = QColor(color)
    near = np.abs(rgb - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=2) < 30
    return int(near.sum())


def across(y: float = 90.0, style: LineStyle | None = None) -> LineSet:
    return one_style(np.array([[[20.0, y], [300.0, y]]]), style or LineStyle("#ff00ff", 2.0), "car")


@pytest.fixture
def camera(qtbot):
    made = CameraView("CAM_FRONT")
    qtbot.addWidget(made)
    made.resize(640, 360)
    made.show()
    qtbot.waitExposed(made)
    pyramid = Pyramid((float(SIZE[0]), float(SIZE[1])), 1)
    pyramid.put_levels(halvings(picture()))
    made.show_picture(pyramid)
    qtbot.waitUntil(lambda: not made._rest.isActive())
    return made


def test_lines_lie_where_their_pixels_are_and_leave_nothing_behind(camera):
    for name in LINES:
        camera.set_lines(across(), name)
        assert count_of(camera, "#ff00ff") > 800, name
        at = camera.view.to_screen((160.0, 90.0))
        assert camera.grab().toImage().pixelColor(round(at[0]), round(at[1])).blue() > 200
        camera.set_lines(LineSet(), name)
        assert count_of(camera, "#ff00ff") == 0, name


def test_a_line_at_rest_ends_with_the_picture_and_one_that_moves_does_not(camera):
    camera.set_view(camera.view.at_scale(0.5))
    camera._rest.stop()
    long = one_style(np.array([[[-300.0, 90.0], [600.0, 90.0]]]), LineStyle("#ff00ff", 2.0))
    camera.set_lines(long, "rest")
    resting = count_of(camera, "#ff00ff")
    camera.set_lines(LineSet(), "rest")
    camera.set_lines(long, "active")
    assert count_of(camera, "#ff00ff") > 2 * resting > 0


def test_what_is_not_in_sight_is_no_reason_to_paint(camera):
    camera.set_lines(one_style(np.full((12, 2, 2), np.nan), LineStyle()), "active")
    assert camera._lines["active"] is camera._lines["rest"]
    assert camera.line_at((160.0, 90.0)) is None


def test_the_line_under_a_pointer_is_named(camera):
    camera.set_lines(across(), "rest")
    assert camera.line_at((160.0, 91.0)) == "car"
    assert camera.line_at((160.0, 150.0)) is None


def test_points_lie_over_the_picture_the_last_on_top(camera):
    xy = np.array([[100.0, 50.0], [200.0, 100.0], [200.0, 100.0], [-9.0, 4.0], [np.nan, 4.0]])
    colors = np.array([[255, 0, 255], [0, 255, 0], [255, 255, 0], [255, 0, 255], [255, 0, 255]], np.uint8)
    camera.set_points(xy, colors, 4)
    assert count_of(camera, "#ff00ff") == 16
    assert count_of(camera, "#ffff00") == 16
    assert count_of(camera, "#00ff00") == 0


def test_without_a_picture_there_are_no_lines_either(camera):
    camera.set_lines(across(), "rest")
    camera.show_picture(None)
    camera.say("No picture in this frame")
    assert count_of(camera, "#ff00ff") == 0


@given(st.integers(0, 12), st.integers(80, 2000), st.integers(60, 1200), st.integers(-1, 11))
def test_cells_lie_in_the_window_and_none_over_another(count, wide, high, front):
    rects = cells(count, front if 0 <= front < count else None, (wide, high))
    assert len(rects) == count
    for number, (left, top, width, height) in enumerate(rects):
        assert width >= 1
        assert height >= 1
        assert left >= 0
        assert top >= 0
        if min(wide, high) > 400:
            assert left + width <= wide
            assert top + height <= high
            for x, y, w, h in rects[:number]:
                assert left >= x + w or x >= left + width or top >= y + h or y >= top + height
    if count > 1 and 0 <= front < count and min(wide, high) > 400:
        areas = [w * h for _, _, w, h in rects]
        assert max(areas) == areas[front]


@pytest.fixture
def strip(qtbot):
    made = CameraStrip()
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.set_cameras({"left": "Left", "front": "Front", "right": "Right"})
    made.show()
    qtbot.waitExposed(made)
    return made


def test_pictures_are_decoded_and_one_that_came_too_late_is_not_shown(strip, qtbot):
    strip.put_picture("front", "frame 1", encoded("#a01010"))
    strip.put_picture("front", "frame 2", encoded("#10a010"))
    qtbot.waitUntil(lambda: len(strip._kept) == 2)
    qtbot.waitUntil(lambda: count_of(strip.cameras["front"], "#10a010") > 1000)
    assert count_of(strip.cameras["front"], "#a01010") == 0
    assert count_of(strip.cameras["left"], "#10a010") == 0
    strip.put_picture("front", "frame 1", b"not even asked for: it is still here")
    assert count_of(strip.cameras["front"], "#a01010") > 1000


def test_a_large_picture_is_decoded_small_first_and_whole_where_that_is_seen(strip, qtbot):
    strip.put_picture("front", "large", encoded("#10a010", (2400, 1350)))
    qtbot.waitUntil(lambda: len(strip._kept) == 1)
    kept = strip._kept["front", "large"]
    assert not kept.is_whole
    assert kept.images[0].width() < 1000
    assert strip.cameras["front"].view.picture == (2400.0, 1350.0)
    qtbot.wait(400)
    assert not strip._kept["front", "large"].is_whole
    strip.cameras["front"].show_actual_size()
    qtbot.waitUntil(lambda: strip._kept["front", "large"].is_whole)
    assert strip.cameras["front"].view.scale == 1.0
    assert strip._bytes == strip._kept["front", "large"].bytes


def test_what_cannot_be_read_is_said(strip, qtbot):
    strip.put_picture("left", "broken", b"no picture")
    qtbot.waitUntil(lambda: strip.cameras["left"]._words != "")
    strip.put_picture("left", "good", encoded("#10a010"))
    qtbot.waitUntil(lambda: count_of(strip.cameras["left"], "#10a010") > 1000)
    assert strip.cameras["left"]._words == ""


def test_a_double_click_brings_a_camera_to_the_front_and_back(strip):
    heard, pointed = [], []
    strip.front_changed.connect(heard.append)
    strip.pointer.connect(lambda name, pointer: pointed.append((name, pointer.kind)))
    before = strip.cameras["right"].size()
    QTest.mouseDClick(strip.cameras["right"], Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    assert strip.cameras["right"].width() > before.width()
    QTest.mouseDClick(strip.cameras["right"], Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    assert strip.cameras["right"].size() == before
    assert heard == ["right", ""]
    assert ("right", "double") in pointed


def test_other_cameras_take_the_place_of_those_that_are_gone(strip):
    strip.bring_to_front("left")
    kept = strip.cameras["front"]
    strip.set_cameras({"front": "Front", "rear": "Rear"})
    assert list(strip.cameras) == ["front", "rear"]
    assert strip.cameras["front"] is kept
    assert strip.front is None
    strip.set_lines({"rear": across()}, "active")
    assert len(strip.cameras["rear"]._lines["active"]) == 1
    assert len(kept._lines["active"]) == 0


def test_a_camera_that_is_torn_off_needs_no_room_in_front_and_goes_with_its_item(qtbot):
    strip = CameraStrip()
    qtbot.addWidget(strip)
    strip.resize(960, 300)
    strip.set_cameras({"A": "A", "B": "B", "C": "C: not calibrated"})
    strip.show()
    qtbot.waitExposed(strip)
    strip.bring_to_front("B")
    strip.places["B"].tear_off(QRect(40, 40, 400, 300), quietly=True)
    assert strip.front is None
    assert strip.cameras["B"].isVisible()
    strip.bring_to_front("B")
    assert strip.front is None
    said = []
    strip.pointer.connect(lambda name, pointer: said.append((name, pointer.kind)))
    QTest.mouseClick(strip.cameras["B"], Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert ("B", "press") in said
    with qtbot.waitSignal(strip.picture_shown):
        strip.put_picture("B", "1", encoded("#aa0000"))
    assert strip.cameras["B"].grab().toImage().pixelColor(190, 120).red() > 150
    torn = strip.cameras["B"].window()
    assert torn is not strip
    with qtbot.waitSignal(torn.destroyed):
        strip.set_cameras({"A": "A"})
    assert set(strip.places) == {"A"}


def test_another_zoom_is_told_and_another_place_is_not(qtbot):
    strip = CameraStrip()
    qtbot.addWidget(strip)
    strip.resize(600, 300)
    strip.set_cameras({"A": "A"})
    strip.show()
    qtbot.waitExposed(strip)
    with qtbot.waitSignal(strip.picture_shown):
        strip.put_picture("A", "1", encoded("#204060"))
    view = strip.cameras["A"].view
    with qtbot.waitSignal(strip.zoomed):
        strip.cameras["A"].set_view(view.zoomed(2.0, (100.0, 100.0)))
    with qtbot.assertNotEmitted(strip.zoomed):
        strip.cameras["A"].set_view(strip.cameras["A"].view.panned((10.0, 5.0)))
