"""The cloud view in software, on Qt's offscreen platform: what it draws, reports and keeps."""

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.domain.space import Pose, turn
from widgets.cloud.drawn import (
    CloudLayer,
    Face,
    Grip,
    LineStyle,
    Look,
    Region,
    SpaceMark,
    SpaceText,
    one_style,
    polyline_segments,
)
from widgets.cloud.scene import LINES, CloudScene
from widgets.cloud_view import CloudView
from widgets.ortho_view import OrthoView

SIZE = (400, 300)


def wall(count: int = 4000, x: float = 10.0) -> np.ndarray:
    """Points of a rough wall across the camera's way, shuffled."""
    return np.random.default_rng(int(x)).uniform((x, -4, -3), (x + 0.2, 4, 3), (count, 3)).astype(np.float32)


def shown(qtbot, view: CloudView) -> CloudView:
    qtbot.addWidget(view)
    view.resize(*SIZE)
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.fixture
def scene() -> CloudScene:
    made = CloudScene()
    made.set_look(Look("plain", plain="#00ff00"))
    return made


@pytest.fixture
def view(qtbot, scene) -> CloudView:
    made = shown(qtbot, CloudView(scene))
    made.set_view(replace(made.view, centre=(10.0, 0.0, 0.0), distance=10.0, yaw=0.0, pitch=0.0))
    return made


def pixels(view: CloudView) -> np.ndarray:
    """(H, W, 3) RGB."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    held = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return held[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def count_of(view: CloudView, color: str) -> int:
    wanted = QColor(color)
    rgb = np.array([wanted.red(), wanted.green(), wanted.blue()])
    return int((np.abs(pixels(view).astype(int) - rgb).max(axis=2) < 12).sum())


def test_without_opengl_the_same_points_are_drawn_and_it_is_said(view, scene):
    scene.set_cloud([CloudLayer("wall", wall())])
    assert count_of(view, "#00ff00") > 4000
    assert scene.renderer().note.startswith("Software view")
    assert view.fault_marks == 0


def test_a_look_changes_colours_and_what_is_shown_and_sends_nothing(view, scene):
    labels = (np.arange(4000) % 3).astype(np.uint8)
    scene.set_cloud([CloudLayer("wall", wall(), {"label": labels})])
    whole = count_of(view, "#00ff00")
    half = replace(scene.look, slab=(0.0, 9.0))
    scene.set_look(half)
    assert 0.4 < count_of(view, "#00ff00") / whole < 0.6
    scene.set_look(Look("plain", plain="#00ff00", crop=Region((10, 2, 0), (1, 4, 9))))
    assert 0.4 < count_of(view, "#00ff00") / whole < 0.6
    red, clear, blue = bytes([255, 0, 0, 255]), bytes([0, 0, 0, 0]), bytes([0, 0, 255, 255])
    scene.set_look(Look("label", palette=red + clear + blue))
    assert count_of(view, "#ff0000") > whole * 0.2
    assert count_of(view, "#0000ff") > whole * 0.2
    scene.set_look(Look("plain", plain="#00ff00", lit=Region((10, 2, 0), (1, 4, 9)), lit_color="#ff00ff"))
    assert 0.3 < count_of(view, "#ff00ff") / whole < 0.6
    scene.set_look(Look("plain", plain="#00ff00", crop=Region((10, 2, 0), (1, 4, 9)), dim_outside=True))
    assert 0.3 < count_of(view, "#004000") / whole < 0.6


def test_pieces_that_arrive_are_drawn_without_the_others_being_drawn_again(view, scene, qtbot):
    scene.set_cloud([CloudLayer("wall", wall()[:100], expected=4000)])
    with qtbot.waitSignal(view.refined):
        view.repaint()
    few = count_of(view, "#00ff00")
    started = []
    view._frame.start = lambda *_: started.append(True)
    with qtbot.waitSignal(view.refined):
        scene.append("wall", wall()[100:])
    assert count_of(view, "#00ff00") > 5 * few
    assert started == []


def test_what_is_drawn_bit_by_bit_ends_as_all_at_once(view, scene, qtbot):
    scene.set_cloud([CloudLayer("wall", wall(60_000)), CloudLayer("other", wall(3000, 9.0))])
    view.budget.points, view.budget.took = 1000, lambda *_: None
    view._slice = 7000
    scene.set_look(replace(scene.look, mode="height", low=-3.0, high=3.0))
    with qtbot.waitSignal(view.refined):
        view.repaint()
        assert sum(view._frame.drawn.values()) <= 1000
    refined = pixels(view)
    view.budget.points = 10**6
    view._points_changed()
    with qtbot.waitSignal(view.refined):
        view.repaint()
    assert np.array_equal(refined, pixels(view))


def test_new_labels_are_drawn_over_the_old(view, scene, qtbot):
    palette = bytes([40, 40, 40, 255, 255, 0, 0, 255])
    scene.set_look(Look("label", palette=palette))
    scene.set_cloud([CloudLayer("wall", wall(), {"label": np.zeros(4000, np.uint8)})])
    with qtbot.waitSignal(view.refined):
        view.repaint()
    assert count_of(view, "#ff0000") == 0
    upper = np.flatnonzero(wall()[:, 2] > 1)
    scene.set_labels("wall", 1, upper)
    once = pixels(view)
    assert count_of(view, "#ff0000") > 500
    view._points_changed()
    with qtbot.waitSignal(view.refined):
        view.repaint()
    assert (pixels(view) != once).any(axis=2).mean() < 0.02  # only where two points share a pixel and a depth


def test_the_first_labels_of_a_cloud_colour_its_other_points_as_well(view, scene, qtbot):
    scene.set_look(Look("label", palette=bytes([40, 40, 40, 255, 255, 0, 0, 255]), plain="#00ff00"))
    scene.set_cloud([CloudLayer("wall", wall())])
    with qtbot.waitSignal(view.refined):
        view.repaint()
    assert count_of(view, "#00ff00") > 500
    scene.set_labels("wall", 1, np.arange(40))
    with qtbot.waitSignal(view.refined):
        view.repaint()
    assert count_of(view, "#00ff00") == 0
    assert count_of(view, "#282828") > 500


def test_lines_words_and_grips_are_drawn_and_leave_nothing_behind(view, scene, qtbot):
    scene.set_cloud([CloudLayer("wall", wall(50))])
    with qtbot.waitSignal(view.refined):
        view.repaint()
    QApplication.processEvents()
    before = pixels(view)
    across = polyline_segments(np.array([[9, -3, 0], [9, 3, 0], [9, 3, 2]]))
    for name in LINES:
        scene.set_lines(one_style(across, LineStyle("#ff00ff", 2.0)), name)
        assert not np.array_equal(pixels(view), before), name
        scene.set_lines(one_style(across[:0], LineStyle()), name)
        assert np.array_equal(pixels(view), before), name
    changes = (
        lambda on: scene.set_words(texts=[SpaceText((9, 0, 0), "Car #1")] if on else ()),
        lambda on: scene.set_words(marks=[SpaceMark((9, 0, 0), "Look", "ring", 1.0)] if on else ()),
        lambda on: scene.set_words(faces=[Face(((9, 0, 0), (9, 1, 0), (9, 1, 1)))] if on else ()),
        lambda on: view.set_grips((Grip((9, 0, 0)), Grip((9, 1, 0), "disc", True)) if on else ()),
        lambda on: view.set_keyboard_cursor((9, 0, 0) if on else None),
        lambda on: scene.set_ground(-2.0 if on else None),
        lambda on: view.set_title("Sweep 4" if on else ""),
        lambda on: view.say("No cloud" if on else ""),
    )
    for number, change in enumerate(changes):
        change(True)
        assert not np.array_equal(pixels(view), before), number
        change(False)
        assert np.array_equal(pixels(view), before), number
    assert view.fault_marks == 0


def test_a_line_that_changes_draws_no_point(view, scene, qtbot):
    scene.set_cloud([CloudLayer("wall", wall())])
    with qtbot.waitSignal(view.refined):
        view.repaint()
    view.repaint()
    drawn = []
    for name in ("start", "extend", "image"):
        setattr(view._frame, name, lambda *_, n=name: drawn.append(n))
    scene.set_lines(one_style(polyline_segments(np.eye(3)), LineStyle()), "active")
    view.repaint()
    assert drawn == []


def test_a_pointer_carries_the_ray_under_it(view, scene):
    heard = []
    view.pointer.connect(heard.append)
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(view, Qt.MouseButton.LeftButton, shift, QPoint(250, 120))
    QTest.mouseMove(view, QPoint(260, 130))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(260, 130))
    assert [pointer.kind for pointer in heard] == ["press", "move", "release"]
    press = heard[0]
    assert (press.button, press.modifiers, press.side, press.plane) == ("left", {"shift"}, "space", None)
    assert (press.origin, press.direction) == view.view.ray((250, 120))
    assert press.view.to_screen(np.array(press.origin) + press.direction)[0, :2] == pytest.approx((250, 120))


def test_dragging_the_right_button_orbits_and_a_click_of_it_is_reported(view):
    heard = []
    view.pointer.connect(heard.append)
    before = view.view
    QTest.mousePress(view, Qt.MouseButton.RightButton, pos=QPoint(200, 150))
    QTest.mouseMove(view, QPoint(240, 160))
    QTest.mouseRelease(view, Qt.MouseButton.RightButton, pos=QPoint(240, 160))
    assert view.view.yaw != before.yaw
    assert [p.kind for p in heard if p.kind != "hover"] == []
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=QPoint(100, 100))
    assert [(p.kind, p.button) for p in heard] == [("press", "right"), ("release", "right")]


@pytest.mark.parametrize("how", ["middle", "space"])
def test_the_middle_button_and_space_pan_with_the_point_under_the_hand(view, scene, how):
    scene.set_cloud([CloudLayer("wall", wall())])
    view.repaint()
    button = Qt.MouseButton.MiddleButton if how == "middle" else Qt.MouseButton.LeftButton
    if how == "space":
        QTest.keyPress(view, Qt.Key.Key_Space)
    held = view.pick((200, 150)).xyz
    start = view.view.to_screen(np.array(held))[0, :2]
    QTest.mousePress(view, button, pos=QPoint(200, 150))
    QTest.mouseMove(view, QPoint(230, 130))
    QTest.mouseRelease(view, button, pos=QPoint(230, 130))
    assert view.view.to_screen(np.array(held))[0, :2] == pytest.approx((start[0] + 30, start[1] - 20), abs=1)


def test_the_wheel_zooms_to_the_point_under_it(view, scene):
    scene.set_cloud([CloudLayer("wall", wall())])
    view.repaint()
    at = QPointF(300, 100)
    held = view.pick((300, 100), radius=12.0).xyz
    before = view.view.to_screen(np.array(held))[0]
    turned = QWheelEvent(
        at, at, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, turned)
    after = view.view.to_screen(np.array(held))[0]
    assert after[:2] == pytest.approx(before[:2], abs=0.01)
    assert after[2] == pytest.approx(before[2] / 1.44, rel=0.01)


def test_a_double_click_on_a_point_makes_it_the_pivot_and_moves_nothing(view, scene):
    scene.set_cloud([CloudLayer("wall", wall())])
    view.repaint()
    before = pixels(view)
    heard = []
    view.pointer.connect(heard.append)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert "double" in [pointer.kind for pointer in heard]
    assert view.view.pivot == view.pick((200, 150)).xyz
    assert (pixels(view) != before).mean() < 0.01


def test_keys_go_to_whoever_takes_them_and_arrows_orbit_otherwise(view):
    taken = []
    view.hand.key_taker = lambda key, only_ask: key == "B" and (only_ask or not taken.append(key))
    QTest.keyClick(view, Qt.Key.Key_B)
    assert taken == ["B"]
    yaw, distance = view.view.yaw, view.view.distance
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.view.yaw != yaw
    centre = view.view.centre
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert view.view.centre != centre
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.view.distance < distance


def test_a_window_that_goes_away_mid_drag_cancels_the_gesture(view):
    heard = []
    view.pointer.connect(heard.append)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    view.hide()
    assert [pointer.kind for pointer in heard] == ["press", "cancel"]


def test_points_that_are_no_numbers_or_empty_clouds_are_survived(view, scene):
    broken = np.array([[np.nan, 0, 0], [np.inf, 0, 0], [10, 0, 0]], np.float32)
    scene.set_cloud([CloudLayer("a", broken), CloudLayer("b", np.empty((0, 3), np.float32))])
    assert count_of(view, "#00ff00") > 0
    view.fit()
    assert view.pick((200, 150), 500).index == 2
    scene.set_cloud([])
    view.fit()
    assert count_of(view, "#00ff00") == 0
    assert view.fault_marks == 0


def test_a_failing_paint_is_marked_and_later_paints_work(view, scene, caplog):
    scene.set_cloud([CloudLayer("wall", wall())])
    with_fault = one_style(polyline_segments(np.array([[9, -1, 0], [9, 1, 0]])), LineStyle())
    failed = []
    view.painting_failed.connect(lambda: failed.append(True))
    scene.set_lines(
        dataclasses.replace(with_fault, style_of=with_fault.style_of + 5), "active"
    )  # no such style
    view.repaint()
    assert failed
    scene.set_lines(one_style(np.empty((0, 2, 3)), LineStyle()), "active")
    before = view.fault_marks
    view.repaint()
    assert view.fault_marks == before
    assert "painting Cloud view failed" in caplog.text


@pytest.mark.parametrize("side", ["top", "side", "front"])
def test_a_flat_view_reports_metres_in_its_frame_and_never_turns(qtbot, scene, side):
    made = shown(qtbot, OrthoView(scene, side))
    frame = Pose((20.0, 5.0, 1.0), turn(0.7))
    made.show_target(frame, (4.0, 2.0, 1.5))
    heard = []
    made.pointer.connect(heard.append)
    middle = QPoint(made.width() // 2, made.height() // 2)
    QTest.mousePress(made, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(made, middle + QPoint(30, -20))
    QTest.mouseRelease(made, Qt.MouseButton.LeftButton, pos=middle + QPoint(30, -20))
    assert heard[0].plane == pytest.approx((0.0, 0.0), abs=1e-6)
    metres = heard[0].scale
    expected = {"top": (20, -30), "side": (30, 20), "front": (-30, 20)}[side]
    assert heard[1].plane == pytest.approx([each * metres for each in expected], abs=1e-6)
    before = made.view
    QTest.mousePress(made, Qt.MouseButton.RightButton, pos=middle)
    QTest.mouseMove(made, middle + QPoint(30, -20))
    QTest.mouseRelease(made, Qt.MouseButton.RightButton, pos=middle)
    assert (made.view.yaw, made.view.pitch, made.view.base) == (before.yaw, before.pitch, before.base)
    assert made.view.centre != before.centre


def test_a_target_fills_its_share_of_a_flat_view(qtbot, scene):
    made = shown(qtbot, OrthoView(scene, "top"))
    made.show_target(Pose(), (4.0, 2.0, 1.5))
    high = 4.0 / made.view.scale
    assert high / made.height() == pytest.approx(0.55, abs=0.01)
    made.show_target(Pose((9.0, 0.0, 0.0)), (40.0, 2.0, 1.5), keep_scale=True)
    assert 4.0 / made.view.scale == pytest.approx(high)


def test_a_slab_hides_what_is_before_and_behind_the_target(qtbot, scene):
    scene.set_cloud([CloudLayer("near", wall(x=10.0)), CloudLayer("far", wall(x=20.0))])
    made = shown(qtbot, OrthoView(scene, "front"))
    made.show_target(Pose((10.0, 0.0, 0.0)), (2.0, 8.0, 6.0))
    both = count_of(made, "#00ff00")
    made.set_slab(1.0)
    assert 0.3 < count_of(made, "#00ff00") / both < 0.75
    made.set_slab(None)
    assert count_of(made, "#00ff00") == both


def test_views_of_one_scene_share_it_and_keep_their_own_cameras(qtbot, scene, view):
    other = shown(qtbot, OrthoView(scene, "side"))
    scene.set_cloud([CloudLayer("wall", wall())])
    assert count_of(view, "#00ff00") > 0
    other.show_target(Pose((10.0, 0.0, 0.0)), (2.0, 8.0, 6.0))
    assert count_of(other, "#00ff00") > 0
    camera = view.view
    other.zoom(2.0)
    assert view.view is camera
