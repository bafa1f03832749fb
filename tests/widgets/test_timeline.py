"""The timeline: where frames lie, rows that are asked for, what a hand reports, and playback."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from widgets.time_scale import MOST, TimeScale
from widgets.timeline import Timeline
from widgets.timeline_grid import BarMove, RowPress, TimelineGrid
from widgets.timeline_rows import AUTO, HAND, MODEL, TimeBar, TimelineRow
from widgets.transport import Transport

scales = st.builds(
    lambda frames, width, zoom, x: TimeScale(frames, width).fitted().zoomed(zoom, x),
    st.integers(1, 20_000),
    st.floats(50, 3000),
    st.floats(1, 500),
    st.floats(0, 50),
)


@given(scales, st.floats(0, 1), st.floats(0.2, 5))
def test_a_zoom_keeps_the_frame_under_the_cursor_and_stays_within_the_frames(scale, share, factor):
    x = share * min(scale.width, scale.frames * scale.per_frame - 1e-6)
    frame = scale.frame_at(x)
    new = scale.zoomed(factor, x)
    assert new.least <= new.per_frame <= MOST or new.per_frame == pytest.approx(new.least)
    assert new.first >= 0
    assert new.x_of(scale.frames) >= min(scale.frames * new.per_frame, scale.width) - 1e-3
    if 0 < new.first < scale.frames - scale.width / new.per_frame - 1e-6:  # no bound was met
        assert abs(new.frame_at(x) - frame) <= 1


@given(scales, st.integers(0, 20_000))
def test_a_frame_is_found_where_it_lies_and_can_be_brought_into_sight(scale, frame):
    frame = min(frame, scale.frames - 1)
    shown = scale.containing(frame)
    assert shown.frame_at(shown.middle_of(frame)) == frame
    assert shown.edge_at(shown.x_of(frame)) == frame
    first, last = shown.shown()
    assert first <= frame < last
    assert shown.containing(frame) == shown


def test_what_was_shown_whole_stays_whole_in_another_window():
    scale = TimeScale(100, 1000).fitted()
    assert scale.resized(500).per_frame == 5
    assert scale.zoomed(2, 0).resized(500).per_frame == 20
    assert [TimeScale(1000, 100, per).label_step(50) for per in (60.0, 11.0, 4.0, 0.3)] == [1, 5, 20, 200]


def row(index: int) -> TimelineRow:
    keys = np.array([2, 10, 30], np.int32)
    if index == 1:
        bars = (TimeBar(5, 20, "member", "rider", movable=True), TimeBar(40, 60, "member", movable=True))
        return TimelineRow("lane", "Riding", "#f9a825", bars=bars, fold="open", is_lane=True)
    made = np.array([HAND, AUTO, MODEL], np.uint8)
    return TimelineRow(f"t{index}", f"Car #{index}", "#4dabf7", keys, made, (TimeBar(2, 31, "between"),))


@pytest.fixture
def grid(qtbot):
    made = TimelineGrid()
    qtbot.addWidget(made)
    made.resize(900, 240)
    made.asked = []

    def answer(offset: int, count: int) -> None:
        made.asked.append((offset, count))
        made.set_rows(offset, [row(index) for index in range(offset, offset + count)])

    made.rows_wanted.connect(answer)
    made.set_frames(100, [n * 50_000_000 for n in range(100)])
    made.set_total(10_000)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: made._rows.row(0) is not None)
    QApplication.processEvents()
    return made


def spot(grid: TimelineGrid, index: int, frame: float) -> QPoint:
    middle = grid._rect_of(index).center().y()
    return QPoint(round(grid.title_width() + grid.scale.middle_of(frame)), middle)


def drag(grid: TimelineGrid, start: QPoint, end: QPoint, held=Qt.KeyboardModifier.NoModifier) -> None:
    view = grid.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, held, start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, held, end)


def test_ten_thousand_rows_are_asked_for_as_they_come_into_sight(grid, qtbot):
    assert sum(count for _, count in grid.asked) <= 400
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: grid._rows.row(9_999) is not None)
    assert sum(count for _, count in grid.asked) <= 800
    assert grid._shown_rows().stop == 10_000
    grid.show_row(4000)
    assert 4000 in grid._shown_rows()


def test_a_press_reports_row_and_frame_and_selects_nothing_by_itself(grid):
    pressed, frames = [], []
    grid.row_pressed.connect(pressed.append)
    grid.frame_wanted.connect(frames.append)
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=spot(grid, 3, 42))
    ctrl = Qt.KeyboardModifier.ControlModifier
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, ctrl, QPoint(60, spot(grid, 2, 0).y()))
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.RightButton, pos=spot(grid, 2, 7))
    assert pressed == [
        RowPress("t3", 42),
        RowPress("t2", None, frozenset({"ctrl"})),
        RowPress("t2", 7, frozenset(), "right"),
    ]
    assert frames == [42]
    assert grid.frame == 0
    assert grid.selected == frozenset()


def test_the_ruler_scrubs_and_with_shift_marks_a_range(grid):
    frames, ranges = [], []
    grid.frame_wanted.connect(frames.append)
    grid.frame_wanted.connect(grid.set_frame)
    grid.range_wanted.connect(ranges.append)
    start, end = QPoint(spot(grid, 0, 10).x(), 6), QPoint(spot(grid, 0, 30).x(), 6)
    drag(grid, start, end)
    assert frames == [10, 20, 30]
    shift = Qt.KeyboardModifier.ShiftModifier
    drag(grid, end, start, shift)
    assert ranges == [(10, 31)]
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, shift, start)
    assert ranges[-1] is None
    assert frames[-1] == 30


def test_the_end_of_an_interval_is_dragged_and_told_once(grid):
    moves = []
    grid.bar_moved.connect(moves.append)
    y = spot(grid, 1, 0).y()

    def edge(frame: int) -> QPoint:
        return QPoint(round(grid.title_width() + grid.scale.x_of(frame)), y)

    drag(grid, edge(20), edge(35))
    drag(grid, edge(40), edge(90))  # not beyond its own end
    drag(grid, edge(5), edge(5))
    assert moves == [BarMove("lane", 0, 5, 35), BarMove("lane", 1, 59, 60)]
    assert grid._moved is None


def test_a_fold_is_asked_for_and_is_no_press(grid):
    folds, pressed = [], []
    grid.fold_wanted.connect(folds.append)
    grid.row_pressed.connect(pressed.append)
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(10, spot(grid, 1, 0).y()))
    assert (folds, pressed) == (["lane"], [])


def test_keys_step_frames_key_frames_and_rows(grid):
    frames, keys, pressed, opened = [], [], [], []
    grid.frame_wanted.connect(frames.append)
    grid.frame_wanted.connect(grid.set_frame)
    grid.key_frame_wanted.connect(keys.append)
    grid.row_pressed.connect(pressed.append)
    grid.row_opened.connect(opened.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Right):
        QTest.keyClick(grid, key)
    assert frames == [0, 1, 2, 99, 99]
    QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(grid, Qt.Key.Key_Down)
    QTest.keyClick(grid, Qt.Key.Key_Down)
    QTest.keyClick(grid, Qt.Key.Key_Return)
    assert keys == [1]
    assert [press.key for press in pressed] == ["t0", "lane"]
    assert opened == [RowPress("lane", None)]
    assert "at Riding" in grid.accessibleDescription()
    assert "frame 100 of 100" in grid.accessibleDescription()


def test_the_wheel_with_ctrl_zooms_about_the_cursor(grid):
    at = QPointF(spot(grid, 0, 60))
    turned = QWheelEvent(
        at, at, QPoint(), QPoint(0, 480), Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(grid.viewport(), turned)
    assert grid.scale.per_frame > 12
    assert grid.scale.frame_at(at.x() - grid.title_width()) == 60


def test_moving_the_current_frame_paints_no_row_again(grid):
    grid.repaint()
    kept = grid._kept
    assert kept is not None
    for frame in range(10):
        grid.set_frame(frame)
        grid.viewport().repaint()
    assert grid._kept is kept
    grid.replace_row(TimelineRow("t3", "Lorry #3"))
    assert grid._kept is None


def test_a_row_that_has_not_come_is_no_reason_to_fail(grid, caplog):
    grid.rows_wanted.disconnect()
    grid.set_total(50)
    grid.viewport().repaint()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=spot(grid, 3, 42))
    grid.rows_failed(0)
    assert "failed" not in caplog.text


def test_a_larger_text_makes_room_for_itself(grid):
    before = grid._row_height()
    font = grid.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    grid.setFont(font)
    assert grid._row_height() > before * 1.5
    assert grid.verticalScrollBar().maximum() > 10_000 * before * 1.4


def test_playing_waits_for_each_frame_to_be_shown_and_skips_what_is_late(qtbot):
    transport = Transport()
    qtbot.addWidget(transport)
    transport.set_frames(40, [n * 20_000_000 for n in range(40)])
    asked = []
    transport.frame_wanted.connect(asked.append)
    transport.play()
    qtbot.waitUntil(lambda: len(asked) == 1)
    qtbot.wait(150)
    assert len(asked) == 1  # nobody showed it
    transport.set_frame(asked[0])
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert asked[1] >= asked[0] + 5
    transport.frame_wanted.connect(transport.set_frame)
    transport.set_frame(asked[1])
    qtbot.waitUntil(lambda: not transport.is_playing, timeout=3000)
    assert transport.frame == 39
    assert asked == sorted(asked)


def test_a_range_is_played_over_and_over(qtbot):
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.set_frames(100, [n * 10_000_000 for n in range(100)])
    asked = []
    timeline.frame_wanted.connect(asked.append)
    timeline.frame_wanted.connect(timeline.set_frame)
    timeline.set_range((20, 26))
    timeline.transport.play()
    qtbot.waitUntil(lambda: asked.count(20) >= 3, timeout=3000)
    timeline.transport.pause()
    assert set(asked) <= set(range(20, 26))
    assert timeline.grid.frame == timeline.transport.frame


def test_space_plays_and_pauses_and_the_buttons_step(qtbot):
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.set_frames(10)
    timeline.show()
    qtbot.waitExposed(timeline)
    timeline.frame_wanted.connect(timeline.set_frame)
    told = []
    timeline.transport.playing_changed.connect(told.append)
    QTest.keyClick(timeline.grid, Qt.Key.Key_Space)
    QTest.keyClick(timeline.grid, Qt.Key.Key_Space)
    assert told == [True, False]
    for sign in ("last", "back", "back", "forward"):
        timeline.transport._buttons[sign].click()
    assert timeline.grid.frame == 8
    keys = []
    timeline.key_frame_wanted.connect(keys.append)
    timeline.transport._buttons["key before"].click()
    assert keys == [-1]


def test_times_that_do_not_rise_are_taken_for_unknown(qtbot):
    transport = Transport()
    qtbot.addWidget(transport)
    transport.set_frames(3, [5, 5, 1])
    assert transport._times_s == pytest.approx([0.0, 0.1, 0.2])
