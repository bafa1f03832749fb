"""The film strip of a track: crops that are asked for, states that look different, and hands in crops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from widgets.strip_cells import LETTERS, PictureCrop, SpaceCrop, StripCell, placed
from widgets.strip_crops import IN_FLIGHT, KEPT, StripCrops
from widgets.track_strip import TrackStrip

COLOR = "#ff00ff"
STATES = ("hand", "auto", "model", "between", "absent")


def box(half: tuple[float, float]) -> np.ndarray:
    x, y = half
    ring = np.array([[-x, -y], [x, -y], [x, y], [-x, y]])
    return np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)


def crops(frame: int) -> dict:
    points = np.random.default_rng(frame).uniform(-3, 3, (500, 2)).astype(np.float32)
    image = QImage(80, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("#204060"))
    return {
        "top": SpaceCrop(points, None, (3.0, 3.0), box((1.0, 2.0))),
        "side": SpaceCrop(points, np.full((500, 3), 200, np.uint8), (3.0, 2.0), box((2.0, 0.8))),
        "camera": PictureCrop(
            image, (100.0, 50.0, 180.0, 110.0), box((20.0, 10.0)) + np.array([140.0, 80.0])
        ),
    }


@pytest.fixture
def strip(qtbot):
    made = TrackStrip()
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.asked = []

    def answer(frame: int) -> None:
        made.asked.append(frame)
        made.set_crops(frame, crops(frame))

    made.crops_wanted.connect(answer)
    made.frame_wanted.connect(made.show_frame)
    made.set_track("Car #3", COLOR, [StripCell(10 + n, STATES[n % 5], f"{n} pts") for n in range(1000)])
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: made.crops.is_answered(10))
    QApplication.processEvents()
    return made


def middle(strip: TrackStrip, index: int, name: str) -> QPoint:
    left, top, wide, high = strip._crop_rects(index)[name]
    return QPoint(left + wide // 2, top + high // 2)


def colored(strip: TrackStrip, index: int) -> int:
    image = strip.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    held = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    rgb = held[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)
    left, top, wide, high = strip._crop_rects(index)["side"]
    part = rgb[top : top + high, left : left + wide]
    return int((np.abs(part - [255, 0, 255]).max(axis=2) < 60).sum())


@given(
    st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(20, 300), st.integers(20, 300)),
    st.tuples(st.floats(0.5, 20), st.floats(0.5, 20)),
    st.floats(0.2, 5),
    st.tuples(st.floats(-10, 10), st.floats(-10, 10)),
)
def test_a_place_in_a_crop_is_found_again(rect, reach, zoom, at):
    for crop in (
        SpaceCrop(reach=reach),
        PictureCrop(QImage(), (10.0, 20.0, 10.0 + reach[0], 20.0 + reach[1])),
    ):
        place = placed(crop, rect, zoom)
        assert place.to_crop(tuple(place.to_screen(np.array(at)))) == pytest.approx(at, abs=1e-6)
    edge = placed(SpaceCrop(reach=reach), rect).to_screen(np.array(reach))
    assert edge[0] <= rect[0] + rect[2] + 1e-6
    assert edge[1] >= rect[1] - 1e-6


def test_only_crops_in_sight_are_asked_for_and_none_where_the_object_is_not(strip, qtbot):
    assert len(strip.asked) < 20
    assert 14 not in strip.asked  # absent
    strip.show_frame(900)
    qtbot.waitUntil(lambda: strip.crops.is_answered(900))
    assert len(strip.asked) < 40


def test_states_look_different(strip):
    counts = [colored(strip, index) for index in range(4)]
    assert counts[0] > max(counts[1:]) > 0  # solid covers more than dashes and dots
    assert counts[3] < min(counts[1:3])
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_a_drag_is_told_in_the_crops_own_metres_and_pixels(strip):
    heard = []
    strip.pointer.connect(heard.append)
    for name, expected in (("top", (0.0, 0.0)), ("camera", (140.0, 80.0))):
        heard.clear()
        start = middle(strip, 2, name)
        QTest.mousePress(strip.viewport(), Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(strip.viewport(), start + QPoint(12, 9))
        QTest.mouseMove(strip.viewport(), start + QPoint(400, 9))  # over other cells
        QTest.mouseRelease(strip.viewport(), Qt.MouseButton.LeftButton, pos=start + QPoint(400, 9))
        assert [pointer.kind for pointer in heard] == ["press", "move", "move", "release"]
        assert {(pointer.frame, pointer.crop, pointer.button) for pointer in heard} == {(12, name, "left")}
        press, move = heard[:2]
        assert press.xy == pytest.approx(expected, abs=press.scale)
        sign = -1 if name == "top" else 1
        moved = (move.xy[0] - press.xy[0], move.xy[1] - press.xy[1])
        assert moved == pytest.approx((12 * press.scale, sign * 9 * press.scale), abs=1e-6)


def test_a_press_wants_the_frame_and_a_click_on_a_caption_reports_no_pointer(strip):
    wanted, heard = [], []
    strip.frame_wanted.connect(wanted.append)
    strip.pointer.connect(heard.append)
    left, top, _, _ = strip._grid().rect(1, 0)
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(left + 8, top + 6))
    assert wanted == [11]
    assert heard == []
    assert "at frame 12, made by the machine" in strip.accessibleDescription()


def test_an_outline_that_is_dragged_is_shown_until_crops_are_put_anew(strip):
    before = strip.crops.lines_of(10, "side")
    strip.set_lines(10, "side", before * 1.2)
    assert np.array_equal(strip.crops.lines_of(10, "side"), before * 1.2)
    strip.set_crops(10, crops(10))
    assert np.array_equal(strip.crops.lines_of(10, "side"), before)


def test_after_an_edit_stale_crops_are_asked_for_again_and_the_others_stay(strip):
    strip.asked.clear()
    cells = list(strip.cells)
    cells[1] = StripCell(11, "hand")
    strip.update_cells(cells, stale=(11, 700))
    assert strip.asked == [11]
    assert strip.crops.is_answered(10)


def test_what_there_is_not_is_said_and_not_asked_for_again(strip, qtbot):
    strip.asked.clear()
    strip.crops_failed(10)
    strip.viewport().repaint()
    qtbot.wait(80)
    assert strip.asked == []
    assert strip.crops.of(10) == {}


def test_keys_go_to_whoever_takes_them_and_arrows_step_otherwise(strip):
    taken, wanted = [], []
    strip.key_taker = lambda key, only_ask: key == "Shift+Up" and (only_ask or not taken.append(key))
    strip.frame_wanted.connect(wanted.append)
    strip.show_frame(20)
    QTest.keyClick(strip, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End):
        QTest.keyClick(strip, key)
    assert taken == ["Shift+Up"]
    assert wanted == [21, 20, 1009]


def test_the_wheel_with_ctrl_zooms_every_crop(strip):
    at = QPointF(middle(strip, 0, "top"))
    before = strip._place(0, "top").per_unit
    turned = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(strip.viewport(), turned)
    assert strip._place(3, "camera").per_unit > 0
    assert strip._place(0, "top").per_unit == pytest.approx(before * 1.2)


def test_a_window_that_goes_away_mid_drag_cancels_the_gesture(strip):
    heard = []
    strip.pointer.connect(heard.append)
    QTest.mousePress(strip.viewport(), Qt.MouseButton.LeftButton, pos=middle(strip, 0, "top"))
    strip.hide()
    assert [pointer.kind for pointer in heard] == ["press", "cancel"]


def test_crops_are_asked_for_a_few_at_once_and_the_oldest_are_forgotten(qtbot):
    held = StripCrops(None)
    asked = []
    held.wanted.connect(asked.append)
    held.ask(range(100))
    assert asked == list(range(IN_FLIGHT))
    held.put(3, {})
    held.put_none(4)
    held.ask(range(100))
    assert asked == list(range(IN_FLIGHT + 2))
    for frame in range(1000, 1000 + KEPT):
        held.put(frame, {})
    assert not held.is_answered(3)
    assert held.is_answered(4)


def test_other_crops_and_a_larger_text_lay_the_cells_out_anew(strip, qtbot):
    wide = strip._grid().cell[0]
    strip.set_shown(("top",))
    assert strip._grid().cell[0] > wide
    font = strip.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    strip.setFont(font)
    assert strip._crop_rects(0)["top"][1] >= strip.fontMetrics().height()
    strip.viewport().repaint()


def test_a_strip_without_a_frame_says_what_it_waits_for(strip):
    strip.show()
    strip.set_track("", COLOR, ())
    before = strip.grab().toImage()
    strip.set_track("Select one cuboid", COLOR, ())
    assert strip.grab().toImage() != before


def test_crops_that_would_be_too_small_lie_in_a_row(strip):
    strip.resize(900, 400)
    stacked = strip._crop_rects(0)
    assert stacked["top"][0] == stacked["camera"][0]
    assert stacked["top"][1] < stacked["side"][1] < stacked["camera"][1]
    strip.resize(900, 170)
    row = strip._crop_rects(0)
    assert row["top"][1] == row["side"][1] == row["camera"][1]
    assert row["top"][0] < row["side"][0] < row["camera"][0]
    assert row["camera"][3] > 2 * (170 - 40) // 3
