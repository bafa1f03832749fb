"""Painting points in the editor: colours at once, one stroke one Edit, labels that come with the item."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from plugins.pointcloud.painting.frame_labels import instance_of_track
from plugins.pointcloud.point_labels import PointLabels, joined, tiles_of, unlabelled
from studio.domain.edit import change
from studio.domain.entities import AnyEntity, Cuboid, Tile
from studio.domain.ids import EntityId
from studio.domain.values import XYZ
from tests.plugins.pointcloud.space_ground import LIDAR, ONTOLOGY, a_track, car_points, cuboid, item
from tests.plugins.pointcloud.space_host import SpaceHost

CAR: XYZ = (10.0, 0.0, -1.0)
POINTS = 24_000
Open = Callable[..., tuple[PointCloudEditor, SpaceHost]]


@pytest.fixture
def open_editor(qtbot: QtBot) -> Open:
    windows = []  # which would be gone with their editors otherwise

    def opened(
        *entities: AnyEntity, blobs: dict[str, bytes] | None = None
    ) -> tuple[PointCloudEditor, SpaceHost]:
        host = SpaceHost(Cloud(car_points(CAR, (4.0, 1.8, 1.5)).xyz), *entities)
        host.blobs.update(blobs or {})
        window = QWidget()
        windows.append(window)
        window.resize(1200, 800)
        qtbot.addWidget(window)
        editor = PointCloudEditor(host, window)
        editor.resize(1200, 800)
        window.show()
        qtbot.waitExposed(window)
        editor.open(item(), host.document, ONTOLOGY, False)
        return editor, host

    return opened


def spot(editor: PointCloudEditor, xyz: XYZ) -> QPoint:
    x, y, _ = editor.views.top.view.to_screen(np.array([xyz]))[0].tolist()
    return QPoint(round(x), round(y))


def stroke(editor: PointCloudEditor, *places: XYZ) -> None:
    view = editor.views.top
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=spot(editor, places[0]))
    for place in places[1:]:
        QTest.mouseMove(view, spot(editor, place))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=spot(editor, places[-1]))


def drawn(editor: PointCloudEditor, field: str = "label") -> np.ndarray:
    """What the points are drawn with, in the order they are drawn."""
    held = editor.views.scene.clouds[LIDAR].field(field)
    assert held is not None
    return held


def counts(editor: PointCloudEditor) -> dict[str, int]:
    labels = editor.paint.painter.labels
    assert labels is not None
    return labels.counts()


def test_a_stroke_colours_points_at_once_is_one_edit_and_is_undone(open_editor: Open) -> None:
    editor, host = open_editor()
    QTest.keyClick(editor.views.top, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert editor.views.scene.look.mode == "label"
    assert not drawn(editor).any()
    view = editor.views.top
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=spot(editor, CAR))
    during = int((drawn(editor) == 1).sum())
    assert during > 50
    assert not host.edits
    QTest.mouseMove(view, spot(editor, (14.0, 0.0, -1.0)))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=spot(editor, (14.0, 0.0, -1.0)))
    (edit,) = host.edits
    assert edit.title == "Paint points: Car"
    assert edit.tool == "brush"
    after = drawn(editor).copy()
    assert int((after == 1).sum()) > during
    (tile,) = [each for each in host.document if isinstance(each, Tile)]
    held = joined([tile], host.blobs.__getitem__)
    assert (len(held.class_of), int((held.class_of > 0).sum())) == (POINTS, int((after == 1).sum()))
    host.apply(edit.inverse())
    editor.document_changed(frozenset(edit.changes))
    assert not drawn(editor).any()
    host.apply(edit)
    editor.document_changed(frozenset(edit.changes))
    assert (drawn(editor) == after).all()


def test_escape_in_a_stroke_gives_the_colours_back(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.brush")
    QTest.mousePress(editor.views.top, Qt.MouseButton.LeftButton, pos=spot(editor, CAR))
    assert drawn(editor).any()
    QTest.keyClick(editor.views.top, Qt.Key.Key_Escape)
    assert not drawn(editor).any()
    QTest.mouseRelease(editor.views.top, Qt.MouseButton.LeftButton, pos=spot(editor, CAR))
    assert not host.edits


def test_labels_that_came_with_an_item_are_shown_counted_and_painted_on(
    open_editor: Open, qtbot: QtBot
) -> None:
    labels = unlabelled(POINTS)
    labels = PointLabels(("", "person", "pole"), labels.class_of.copy(), labels.instance_of.copy())
    labels.class_of[:100] = 1
    labels.instance_of[:100] = 7
    labels.class_of[100:130] = 2
    tiles, blobs = tiles_of(labels, LIDAR, 0)
    editor, host = open_editor(*tiles, blobs=dict(blobs))
    assert editor.views.scene.look.mode == "label"
    assert sorted(np.unique(drawn(editor), return_counts=True)[1].tolist()) == [30, 100, POINTS - 130]
    assert int((drawn(editor, "instance") == 7).sum()) == 100
    assert counts(editor) == {"": POINTS - 130, "person": 100, "pole": 30}
    qtbot.waitUntil(lambda: "Person: 100" in editor.paint.panel._words.text())
    editor.run("pointcloud.tool.brush")
    editor.run("pointcloud.paint.only_unlabelled")
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    (edit,) = host.edits
    assert list(edit.changes) == [tiles[0].id]
    assert counts(editor)["person"] == 100
    assert counts(editor)["car"] > 100


def test_labels_follow_the_frame(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.brush")
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    painted = counts(editor)["car"]
    editor.run("pointcloud.frame_next")
    assert counts(editor) == {"": POINTS}
    assert not drawn(editor).any()
    editor.run("pointcloud.frame_previous")
    assert counts(editor)["car"] == painted
    assert int((drawn(editor) == 1).sum()) == painted
    assert len(host.edits) == 1


def test_points_of_an_object_follow_its_cuboid_and_one_undo_takes_both_back(open_editor: Open) -> None:
    track = a_track()
    box = cuboid(track, centre=CAR, size=(4.2, 2.0, 1.4))
    editor, host = open_editor(track, box)
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert editor.run("pointcloud.paint.cuboid")
    number = instance_of_track(track.id)
    labels = editor.paint.painter.labels
    assert labels is not None
    before = labels.count_of(number)
    assert before > 1000
    assert "follow" in host.said[-1]
    assert editor.views.scene.look.mode == "label"
    QTest.keyClick(editor.views.top, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    moved = host.edits[-1]
    assert {type(new) for _, new in moved.changes.values()} == {Cuboid, Tile}
    assert 0 < labels.count_of(number) != before
    host.apply(moved.inverse())
    editor.document_changed(frozenset(moved.changes))
    assert host.document.get(box.id) == box
    assert labels.count_of(number) == before


def test_a_stroke_over_what_somebody_else_has_painted_is_taken_back_and_said(open_editor: Open) -> None:
    labels = unlabelled(POINTS)
    tiles, blobs = tiles_of(labels, LIDAR, 0)
    theirs = PointLabels(("person",), np.zeros(POINTS, np.uint16), labels.instance_of)
    (their_tile,), their_blobs = tiles_of(theirs, LIDAR, 0)
    editor, host = open_editor(*tiles, blobs=dict([*blobs, *their_blobs]))
    editor.run("pointcloud.tool.brush")
    waiting: list[tuple[Callable[[], object], Callable[[object], None]]] = []
    host.compute = lambda work, done: waiting.append((work, done))  # type: ignore[method-assign]
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    edit = change("Theirs", (tiles[0], replace(tiles[0], blob=their_tile.blob)))
    host.apply(edit)
    editor.document_changed(frozenset(edit.changes))
    ((work, done),) = waiting
    done(work())
    assert host.edits == [edit]
    assert counts(editor) == {"person": POINTS}
    assert "Somebody else" in host.said[-1]


def test_the_wheel_changes_the_brush_while_it_paints_and_the_view_otherwise(open_editor: Open) -> None:
    editor, _ = open_editor()
    editor.run("pointcloud.tool.brush")
    view, settings = editor.views.top, editor.paint.painter.settings
    before, at = view.view, QPointF(spot(editor, CAR))

    def turn(modifier: Qt.KeyboardModifier) -> None:
        turned = QWheelEvent(
            at,
            at,
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            modifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view, turned)

    turn(Qt.KeyboardModifier.ControlModifier)
    assert settings.radius_px > 20
    assert view.view == before
    turn(Qt.KeyboardModifier.NoModifier)
    assert view.view != before
    radius = settings.radius_px
    editor.run("pointcloud.paint.smaller")
    assert settings.radius_px < radius


def test_a_polygon_is_drawn_over_its_own_view_and_closed_with_enter(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.polygon")
    for corner in ((0.0, -9.0, -1.0), (20.0, -9.0, -1.0), (20.0, 9.0, -1.0), (0.0, 9.0, -1.0)):
        QTest.mouseClick(editor.views.top, Qt.MouseButton.LeftButton, pos=spot(editor, corner))
    assert len(editor.views.top._outline) >= 4
    assert not editor.views.space._outline
    QTest.keyClick(editor.views.top, Qt.Key.Key_Return)
    assert not editor.views.top._outline
    assert counts(editor)["car"] > 3000
    assert len(host.edits) == 1


@pytest.mark.parametrize("tool", ["polygon", "lasso"])
def test_an_outline_is_dropped_with_a_word_when_the_frame_changes(open_editor: Open, tool: str) -> None:
    editor, host = open_editor()
    editor.run(f"pointcloud.tool.{tool}")
    view, corners = editor.views.top, ((0.0, -9.0, -1.0), (20.0, -9.0, -1.0), (20.0, 9.0, -1.0))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=spot(editor, corners[0]))
    if tool == "polygon":
        for corner in corners:
            QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot(editor, corner))
    else:
        for corner in corners:
            QTest.mouseMove(view, spot(editor, corner))
    assert view._outline
    editor.run("pointcloud.frame_next")
    assert not view._outline
    assert host.said[-1] == "The frame has changed, so the outline was dropped."
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=spot(editor, corners[2]))
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert not host.edits


def test_what_is_above_the_ceiling_is_not_painted(open_editor: Open) -> None:
    editor, _ = open_editor()
    scene = editor.views.scene
    scene.set_look(replace(scene.look, slab=(-10.0, -1.2)))
    editor.run("pointcloud.tool.lasso")
    stroke(editor, (7.0, -2.0, 0.0), (13.0, -2.0, 0.0), (13.0, 2.0, 0.0), (7.0, 2.0, 0.0))
    labels = editor.paint.painter.labels
    assert labels is not None
    painted = editor.scene.points.xyz[labels.classes_of(np.arange(len(labels))) > 0]
    assert len(painted) > 100
    assert painted[:, 2].max() <= -1.2


def test_the_panel_changes_how_it_is_painted_and_commands_are_shown_in_it(open_editor: Open) -> None:
    editor, host = open_editor()
    panel, settings = editor.paint.panel, editor.paint.painter.settings
    editor.run("pointcloud.paint.erase")
    assert panel._checks["erase"].isChecked()
    panel._checks["erase"].click()
    assert not settings.erase
    editor.run("pointcloud.paint.keep_class")
    assert settings.kept == {"car"}
    assert panel._kept.text() == "Locked: Car"
    panel._menu.actions()[0].trigger()
    assert not settings.kept
    editor.run("pointcloud.tool.brush")
    panel._by.setCurrentIndex(1)
    assert settings.by == "instance"
    assert editor.views.scene.look.mode == "instance"
    stroke(editor, CAR)
    assert "Select" in host.said[-1]
    assert not host.edits


def test_an_undo_at_another_frame_is_gone_to(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.brush")
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    (tile,) = [each for each in host.document if isinstance(each, Tile)]
    editor.run("pointcloud.frame_next")
    editor.show_entity(tile.id)
    assert editor.scene is not None
    assert editor.scene.frame == 0


def test_an_item_without_labels_is_not_coloured_by_those_of_the_one_before(open_editor: Open) -> None:
    tiles, blobs = tiles_of(unlabelled(POINTS), LIDAR, 0)
    editor, host = open_editor(*tiles, blobs=dict(blobs))
    assert editor.views.scene.look.mode == "label"
    editor.close_item()
    host.document = type(host.document)()
    editor.open(item(), host.document, ONTOLOGY, False)
    assert editor.views.scene.look.mode == "height"


def test_points_in_the_selected_cuboid_show_their_label_while_a_paint_tool_is_in_hand(
    open_editor: Open,
) -> None:
    track = a_track()
    editor, _ = open_editor(track, cuboid(track, centre=CAR))
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert editor.views.scene.look.lit is not None
    editor.run("pointcloud.tool.lasso")
    assert editor.views.scene.look.lit is None
    editor.run("pointcloud.tool.select")
    assert editor.views.scene.look.lit is not None


def test_nothing_is_painted_over_labels_that_are_not_known(open_editor: Open) -> None:
    tiles, blobs = tiles_of(unlabelled(POINTS), LIDAR, 0)
    editor, host = open_editor(*tiles)  # the node does not answer
    editor.run("pointcloud.tool.brush")
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    assert not host.edits
    assert "cannot be fetched" in host.said[-1]
    host.blobs.update(blobs)
    editor.run("pointcloud.frame_next")
    editor.run("pointcloud.frame_previous")
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    assert len(host.edits) == 1


def test_labels_of_another_number_of_points_are_not_painted_over(open_editor: Open) -> None:
    tiles, blobs = tiles_of(unlabelled(POINTS - 1), LIDAR, 0)
    editor, host = open_editor(*tiles, blobs=dict(blobs))
    editor.run("pointcloud.tool.brush")
    stroke(editor, CAR, (12.0, 0.0, -1.0))
    assert not host.edits
    assert "another number" in host.said[-1]


def test_many_large_tiles_come_one_by_one_and_are_all_shown(
    open_editor: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.pointcloud.paint_bench.KEPT_BYTES", 10)
    labels = unlabelled(POINTS)
    labels.instance_of[:] = np.arange(POINTS)
    tiles, blobs = tiles_of(PointLabels(("car",), labels.class_of, labels.instance_of), LIDAR, 0)
    editor, _ = open_editor(*tiles, blobs=dict(blobs))
    assert counts(editor) == {"car": POINTS}
    assert (drawn(editor) == 1).all()


def test_a_stroke_that_the_frame_is_changed_under_is_kept_at_its_frame(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.brush")
    view = editor.views.top
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=spot(editor, CAR))
    painted = counts(editor)["car"]
    editor.run("pointcloud.frame_next")
    QTest.mouseMove(view, spot(editor, (14.0, 5.0, -1.0)))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=spot(editor, (14.0, 5.0, -1.0)))
    tiles = [each for each in host.document if isinstance(each, Tile)]
    assert sorted(each.frame for each in tiles) == [0, 1]
    editor.run("pointcloud.frame_previous")
    assert counts(editor)["car"] == painted


def test_an_undo_in_the_midst_of_a_stroke_that_is_given_up_leaves_what_the_document_says(
    open_editor: Open,
) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.brush")
    stroke(editor, (20.0, 5.0, -1.7), (22.0, 5.0, -1.7))
    first = host.edits[-1]
    QTest.mousePress(editor.views.top, Qt.MouseButton.LeftButton, pos=spot(editor, (21.0, 5.0, -1.7)))
    editor.scene.class_name = "person"
    QTest.mouseMove(editor.views.top, spot(editor, (23.0, 5.0, -1.7)))
    host.apply(first.inverse())
    editor.document_changed(frozenset(first.changes))
    QTest.keyClick(editor.views.top, Qt.Key.Key_Escape)
    assert counts(editor) == {"": POINTS}
    assert not drawn(editor).any()


def test_the_points_of_an_object_are_labelled_in_all_frames_as_one_edit(open_editor: Open) -> None:
    track = a_track()
    first = cuboid(track, 0, centre=CAR, size=(4.2, 2.0, 1.4))
    last = cuboid(track, 4, centre=(12.0, 0.0, -1.0), size=(4.2, 2.0, 1.4), ends_here=True)
    editor, host = open_editor(track, first, last)
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert editor.run("pointcloud.paint.everywhere")
    (edit,) = host.edits
    made = [new for _, new in edit.changes.values()]
    assert sorted(each.frame for each in made if isinstance(each, Tile)) == [0, 1, 2, 3, 4]
    assert "5 frames" in host.said[-1]
    assert editor.views.scene.look.mode == "label"
    number = instance_of_track(track.id)
    xyz = editor.scene.points.xyz
    for frame in range(5):
        editor.bench.go_to(frame)
        labels = editor.paint.painter.labels
        assert labels is not None
        mine = xyz[labels.with_instance(number)]
        at = editor.scene.placement(EntityId(track.id))
        inside = editor.scene.points.places_inside(at.centre, at.size, at.rotation)
        assert set(labels.with_instance(number)) == set(inside), frame
        assert len(mine) > 500
    assert editor.run("pointcloud.paint.everywhere")
    assert len(host.edits) == 1, "they are labelled already"
    host.apply(edit.inverse())
    editor.document_changed(frozenset(edit.changes))
    assert counts(editor) == {"": POINTS}
