"""The image canvas: what is cached equals what is painted anew, hands are reported, faults are survived."""

import random
import sys
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from widgets.canvas.drawables import Drawables, Mark, Outline, ShapeStyle
from widgets.canvas.pointers import key_name
from widgets.canvas.pyramid import Pyramid, halvings
from widgets.canvas.tone import Tone
from widgets.image_canvas import ImageCanvas

STYLES = (
    ShapeStyle("#e53935", "solid", "C"),
    ShapeStyle("#43a047", "dash", "D"),
    ShapeStyle("#1e88e5", "dot", "E", "muted"),
    ShapeStyle("#8e24aa", "long_dash", "F", "prediction"),
)
SIZE = (900, 700)


def shapes(count: int, seed: int = 3) -> Drawables:
    rng = np.random.default_rng(seed)
    corner = rng.uniform((0, 0), (SIZE[0] - 90, SIZE[1] - 90), (count, 2))
    bounds = np.hstack([corner, corner + rng.uniform(1, 90, (count, 2))])
    outlines = {
        n: Outline(((x0, y0), (x1, y0), (x1, y1)))
        for n, (x0, y0, x1, y1) in enumerate(bounds.tolist())
        if n % 7 == 0
    }
    keys = tuple(f"k{n}" for n in range(count))
    return Drawables(keys, bounds, (np.arange(count) % 4).astype(np.int32), STYLES, outlines)


def picture() -> Pyramid:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, (70, 90, 4), np.uint8)
    small = QImage(pixels.data, 90, 70, QImage.Format.Format_RGB32)
    made = Pyramid((float(SIZE[0]), float(SIZE[1])), 1)
    made.put_levels(halvings(small.scaled(*SIZE)))
    return made


@pytest.fixture
def canvas(qtbot):
    made = ImageCanvas()
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    qtbot.waitExposed(made)
    made.show_picture(picture())
    return made


def pixels(canvas: ImageCanvas) -> np.ndarray:
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    held = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return held[:, : image.width(), :3].copy()


def painted_anew(canvas: ImageCanvas, qtbot) -> np.ndarray:
    canvas.set_tone(Tone(0.1))  # both throw away what is cached
    canvas.set_tone(Tone())
    canvas.set_letters(True)
    return pixels(canvas)


def rested(canvas: ImageCanvas, qtbot) -> None:
    """Wait until everything was made crisp."""
    canvas.repaint()
    qtbot.waitUntil(lambda: not canvas._rest.isActive())
    QApplication.processEvents()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_shifted_and_patched_is_what_painting_everything_would_give(canvas, qtbot, seed):
    rng = random.Random(seed)
    shown = shapes(60)
    canvas.set_shapes(shown)
    canvas.set_view(canvas.view.at_scale(rng.choice((0.7, 1.0, 2.5))))
    rested(canvas, qtbot)
    for _ in range(12):
        match rng.choice(("pan", "move", "remove", "add", "hide")):
            case "pan":
                canvas.set_view(canvas.view.panned((rng.randint(-200, 200), rng.randint(-150, 150))))
            case "move":
                bounds = shown.bounds.copy()
                number = rng.choice([n for n in range(len(shown)) if n not in shown.outlines])
                bounds[number] += rng.randint(-60, 60)
                shown = replace(shown, bounds=bounds)
            case "remove":
                left = list(range(len(shown)))
                left.pop(rng.randrange(len(left)))
                shown = shown.only(left)
            case "add":
                more = shapes(1, seed=rng.randint(0, 999))
                shown = Drawables(
                    (*shown.keys, f"new{rng.random()}"),
                    np.vstack([shown.bounds, more.bounds]),
                    np.append(shown.style_of, 1).astype(np.int32),
                    STYLES,
                    shown.outlines,
                )
            case _:
                numbers = shown.style_of.copy()
                numbers[rng.randrange(len(shown))] = -1
                shown = replace(shown, style_of=numbers)
        canvas.set_shapes(shown)
        canvas.repaint()
    rested(canvas, qtbot)
    kept = pixels(canvas)
    assert canvas._shape_layer.patches > canvas._shape_layer.rebuilds
    differ = (kept != painted_anew(canvas, qtbot)).any(axis=2)
    # Qt begins to count dashes where a line enters the clip: the ends of a few may be a pixel further.
    assert differ.sum() <= 60


def test_with_many_shapes_detail_goes_and_comes_back(canvas, qtbot):
    canvas.set_shapes(shapes(3000))
    rested(canvas, qtbot)
    assert not canvas._detailed
    canvas.set_view(canvas.view.at_scale(8.0))
    rested(canvas, qtbot)
    assert canvas._detailed
    assert np.array_equal(pixels(canvas), painted_anew(canvas, qtbot))


def test_a_wheel_turn_keeps_the_point_under_the_cursor(canvas):
    at = QPointF(200, 150)
    before = canvas.view.to_picture((200, 150))
    turn = QWheelEvent(
        at, at, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    scale = canvas.view.scale
    QApplication.sendEvent(canvas, turn)
    assert canvas.view.scale > scale
    assert canvas.view.to_picture((200, 150)) == pytest.approx(before)


@pytest.mark.parametrize("how", ["middle", "space"])
def test_the_middle_button_and_space_pan_and_report_no_press(canvas, how):
    heard = []
    canvas.pointer.connect(heard.append)
    button = Qt.MouseButton.MiddleButton if how == "middle" else Qt.MouseButton.LeftButton
    before = canvas.view.offset
    if how == "space":
        QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.mousePress(canvas, button, pos=QPoint(300, 200))
    QTest.mouseMove(canvas, QPoint(330, 180))
    QTest.mouseRelease(canvas, button, pos=QPoint(330, 180))
    assert canvas.view.offset == (before[0] + 30, before[1] - 20)
    assert [pointer.kind for pointer in heard if pointer.kind != "hover"] == []


def test_after_a_pan_the_tools_own_cursor_is_back(canvas):
    canvas.hand.set_cursor(Qt.CursorShape.CrossCursor)
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(300, 200))
    assert canvas.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(330, 180))
    assert canvas.cursor().shape() == Qt.CursorShape.CrossCursor


def test_pointers_are_in_picture_pixels_with_buttons_and_modifiers(canvas):
    heard = []
    canvas.pointer.connect(heard.append)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(300, 200))
    QTest.mouseMove(canvas, QPoint(310, 200))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(310, 200))
    assert [pointer.kind for pointer in heard] == ["press", "move", "release"]
    press = heard[0]
    assert press.xy == pytest.approx(canvas.view.to_picture((300, 200)))
    assert (press.button, press.modifiers, press.scale) == ("left", {"shift"}, canvas.view.scale)


def test_a_window_that_goes_away_mid_drag_cancels_the_gesture(canvas):
    heard = []
    canvas.pointer.connect(heard.append)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    canvas.hide()
    assert [pointer.kind for pointer in heard] == ["press", "cancel"]


def test_keys_that_are_taken_do_not_reach_menus_and_others_do(canvas):
    asked = []

    def take(key: str, only_ask: bool) -> bool:
        asked.append((key, only_ask))
        return key in ("B", "Shift+N", "Ctrl+]", "+", "Tab")

    canvas.hand.key_taker = take
    for key, held in (
        (Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Plus, Qt.KeyboardModifier.ShiftModifier),
    ):
        QTest.keyClick(canvas, key, held)
    done = [key for key, only_ask in asked if not only_ask]
    assert done == ["B", "Shift+N", "Tab", "+"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="scan codes are the platform's own")
def test_shift_and_a_digit_is_that_digit_whatever_the_layout_makes_of_it():
    shift = Qt.KeyboardModifier.ShiftModifier
    for key, scan, name in ((Qt.Key.Key_Exclam, 10, "Shift+1"), (Qt.Key.Key_QuoteDbl, 11, "Shift+2")):
        assert key_name(QKeyEvent(QEvent.Type.KeyPress, key, shift, scan, 0, 0)) == name
    assert key_name(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_N, shift, 57, 0, 0)) == "Shift+N"


def test_a_failing_paint_is_marked_and_later_paints_work(canvas, qtbot, caplog):
    canvas.set_shapes(shapes(20))
    rested(canvas, qtbot)
    good = pixels(canvas)
    broken = replace(shapes(20), style_of=np.full(20, 99, np.int32))  # no such style
    failed = []
    canvas.painting_failed.connect(lambda: failed.append(True))
    canvas.set_view(canvas.view.panned((1, 0)))
    canvas._shapes = broken
    canvas._shape_layer.invalidate()
    marked = pixels(canvas)
    assert failed
    assert "painting Image canvas failed" in caplog.text
    assert not np.array_equal(marked, good)
    assert (marked.reshape(-1, 3) == (0x28, 0x28, 0xC6)).all(axis=1).any()  # BGR of the mark
    canvas._shapes = shapes(20)
    canvas.set_view(canvas.view.panned((-1, 0)))
    canvas._shape_layer.invalidate()
    rested(canvas, qtbot)
    assert np.array_equal(pixels(canvas), good)


def test_pixels_are_shown_as_they_are_when_close(canvas, qtbot):
    canvas.set_view(canvas.view.at_scale(12.0))
    rested(canvas, qtbot)
    assert len(np.unique(pixels(canvas)[100:112, 100:112].reshape(-1, 3), axis=0)) <= 4


def test_tone_changes_what_is_shown_and_stays_for_the_next_picture(canvas, qtbot):
    rested(canvas, qtbot)
    before = pixels(canvas).mean()
    canvas.set_tone(Tone(brightness=0.4))
    assert pixels(canvas).mean() > before + 30
    canvas.show_picture(picture())
    rested(canvas, qtbot)
    assert pixels(canvas).mean() > before + 30


def test_marks_crosshair_and_previews_leave_nothing_behind(canvas, qtbot):
    canvas.set_shapes(shapes(5))
    rested(canvas, qtbot)
    before = pixels(canvas)
    one = shapes(5).only([1])
    canvas.set_crosshair(True)
    QTest.mouseMove(canvas, QPoint(100, 100))
    canvas.set_active(one)
    canvas.set_preview(one)
    canvas.set_hover(one)
    canvas.set_keyboard_cursor((50, 50))
    canvas.set_marks((Mark((100, 100, 200, 200), "look here", "ring"), Mark((5, 5, 5, 5), "pin")))
    canvas.set_pulse(0.3)
    QApplication.processEvents()
    assert not np.array_equal(pixels(canvas), before)
    canvas.set_crosshair(False)
    for clear in (canvas.set_active, canvas.set_preview, canvas.set_hover):
        clear(Drawables())
    canvas.set_keyboard_cursor(None)
    canvas.set_marks(())
    QApplication.processEvents()
    assert np.array_equal(pixels(canvas), before)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_on_dense_screens_layers_are_painted_in_device_pixels(qtbot, ratio):
    canvas = ImageCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.show()
    qtbot.waitExposed(canvas)
    canvas.show_picture(picture())
    canvas.set_shapes(shapes(40))
    canvas.set_view(canvas.view.at_scale(1.0))
    image = QImage(int(400 * ratio), int(300 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("black"))
    with QPainter(image) as painter:
        canvas._shape_layer.paint(painter, canvas.view, ratio)
        canvas.view = canvas.view.panned((-300, 7))
        canvas._shape_layer.paint(painter, canvas.view, ratio)
    held = canvas._shape_layer._pixmap
    assert (held.width(), held.height()) == (int((400 + 512) * ratio), int((300 + 512) * ratio))
    scrolled = held.toImage()
    canvas._shape_layer.invalidate()
    with QPainter(image) as painter:
        canvas._shape_layer.paint(painter, canvas.view, ratio)
    anew = canvas._shape_layer._pixmap.toImage()
    assert scrolled == anew


def test_the_palette_is_followed(canvas, qtbot):
    palette = canvas.palette()
    palette.setColor(palette.ColorRole.Dark, QColor("#102030"))
    canvas.setPalette(palette)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.PaletteChange))
    assert canvas.grab().toImage().pixelColor(2, 2) == QColor("#102030")
