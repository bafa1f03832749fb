"""The point-cloud editor with a document in memory: keys, mouse, panels; drawn in software."""

from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QBuffer, QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from plugins.pointcloud.lanes import new_line
from plugins.pointcloud.tools.reaching import grips_of
from studio.domain.edit import change, creation
from studio.domain.entities import Cuboid, EgoPose, Member, Remark, Track
from studio.domain.groups import grouped
from studio.domain.ids import EntityId, ModelId, StreamId, new_id
from studio.domain.ontology import AttributeType, ClassType, RoleType
from studio.domain.space import NO_TURN
from studio.domain.values import XYZ
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.space_ground import (
    ONTOLOGY,
    a_track,
    car_points,
    close,
    cuboid,
    item,
    yaw_degrees,
)
from tests.plugins.pointcloud.space_host import SpaceHost
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import Side
from widgets.strip_cells import CellPointer
from widgets.timeline_grid import RowPress

CAR: XYZ = (10.0, 0.0, -1.0)
Open = Callable[..., tuple[PointCloudEditor, SpaceHost]]


@pytest.fixture
def open_editor(qtbot: QtBot) -> Open:
    windows = []  # which would be gone with their editors otherwise

    def opened(*entities: Track | Cuboid, read_only: bool = False) -> tuple[PointCloudEditor, SpaceHost]:
        points = car_points(CAR, (4.0, 1.8, 1.5), yaw=0.3)
        host = SpaceHost(Cloud(points.xyz), *entities)
        window = QWidget()
        windows.append(window)
        window.resize(1200, 800)
        qtbot.addWidget(window)
        editor = PointCloudEditor(host, window)
        editor.resize(1200, 800)
        window.show()
        qtbot.waitExposed(window)
        editor.open(item(), host.document, ONTOLOGY, read_only)
        return editor, host

    return opened


def spot(editor: PointCloudEditor, xyz: XYZ) -> QPoint:
    x, y, _ = editor.views.top.view.to_screen(np.array([xyz]))[0].tolist()
    return QPoint(round(x), round(y))


def drag(editor: PointCloudEditor, start: XYZ, end: XYZ) -> None:
    view = editor.views.top
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=spot(editor, start))
    for share in (0.3, 0.6, 1.0):
        at = np.array(start) + share * (np.array(end) - np.array(start))
        x, y, z = at.tolist()
        QTest.mouseMove(view, spot(editor, (x, y, z)))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=spot(editor, end))


def test_its_points_come_piece_by_piece_and_are_looked_at_whole(open_editor: Open) -> None:
    editor, host = open_editor()
    assert [name for _, frame, name in host.asked if frame == 0] == ["cloud", "cloud-0"]
    assert len(editor.scene.points) == 24_000
    x, y, _ = editor.views.top.view.to_screen(np.array([CAR]))[0].tolist()
    assert 0 < x < editor.views.top.width()
    assert 0 < y < editor.views.top.height()


def test_the_next_frames_are_fetched_ahead(open_editor: Open) -> None:
    _, host = open_editor()
    assert {frame for _, frame, _ in host.asked} == {0, 1, 2}


def test_one_click_makes_a_fitted_and_selected_cuboid(open_editor: Open) -> None:
    editor, host = open_editor()
    QTest.keyClick(editor.views.space, Qt.Key.Key_C)
    QTest.mouseClick(editor.views.top, Qt.MouseButton.LeftButton, pos=spot(editor, (10.5, 0.1, -0.25)))
    (edit,) = host.edits
    assert edit.tool == "click"
    (track,) = editor.scene.selection
    at = editor.scene.placement(track)
    assert close(at.centre, CAR, 0.15)
    assert close(at.size, (4.0, 1.8, 1.5), 0.25)
    assert abs(yaw_degrees(at.rotation) - 17.2) % 180 < 4 or abs(yaw_degrees(at.rotation) - 17.2) % 180 > 176
    assert "points inside" in editor.info.words.text()


def test_it_is_drawn_with_a_drag_and_taken_back_by_the_inverse(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.draw")
    drag(editor, (7.0, 2.0, -1.7), (13.0, -2.0, -1.7))
    assert len(host.edits) == 1
    back = host.document.apply(host.edits[0].inverse())
    editor.document_changed(frozenset(back.changes))
    assert editor.scene.rows() == ()
    assert editor.scene.selection == frozenset()


def test_keys_alone_draw_and_fit_a_cuboid(open_editor: Open) -> None:
    editor, host = open_editor()
    view = editor.views.top
    view.set_view(replace(view.view, centre=(8.0, 0.0, 0.0)))
    QTest.keyClick(editor.views.space, Qt.Key.Key_K)
    for _ in range(5):  # from the middle of the view: a little to the left, then Enter
        QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Return)
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert [edit.title for edit in host.edits] == ["Draw Car"]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.keyClick(view, Qt.Key.Key_V)
    QTest.keyClick(view, Qt.Key.Key_F)
    assert host.edits[-1].title == "Fit Car"


def test_the_number_keys_choose_the_class_of_the_selection(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, centre=CAR))
    editor.bench.select(frozenset({EntityId(track.id)}))
    QTest.keyClick(editor.views.space, Qt.Key.Key_2)
    assert host.document.get(track.id).class_name == "person"
    assert editor.scene.class_name == "person"


def test_an_attribute_of_each_frame_makes_a_key_frame_here(open_editor: Open) -> None:
    track = a_track()
    editor, _ = open_editor(track, cuboid(track, 0, centre=CAR), cuboid(track, 10, centre=CAR))
    editor.bench.go_to(4)
    editor.bench.select(frozenset({EntityId(track.id)}))
    QTest.keyClick(editor.views.space, Qt.Key.Key_NumberSign)
    made = editor.scene.cuboid_at(track.id)
    assert isinstance(made, Cuboid)
    assert dict(made.attributes) == {"door": True}


def test_arrows_move_what_is_selected_and_else_the_view(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, centre=CAR))
    before = editor.views.space.view
    QTest.keyClick(editor.views.space, Qt.Key.Key_Up)
    assert editor.views.space.view != before
    assert host.edits == []
    editor.bench.select(frozenset({EntityId(track.id)}))
    QTest.keyClick(editor.views.space, Qt.Key.Key_Up)
    assert close(editor.scene.placement(track.id).centre, (10.1, 0.0, -1.0))
    QTest.keyClick(editor.views.space, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert close(editor.scene.placement(track.id).size, (4.1, 2.0, 1.5))


def test_figures_typed_in_are_taken_exactly_and_nothing_else_moves(open_editor: Open) -> None:
    track = a_track()
    editor, _ = open_editor(track, cuboid(track, centre=(10.123456, 1.0, -1.0), yaw=0.3))
    editor.bench.select(frozenset({EntityId(track.id)}))
    editor.info._fields["length"].setValue(5.25)
    at = editor.scene.placement(track.id)
    assert at.size == (5.25, 2.0, 1.5)
    assert at.centre == (10.123456, 1.0, -1.0)
    editor.info._fields["yaw"].setValue(90.0)
    assert yaw_degrees(editor.scene.placement(track.id).rotation) == pytest.approx(90.0)


def test_the_heading_is_flipped_here_or_everywhere(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, 0, centre=CAR), cuboid(track, 10, centre=CAR))
    editor.bench.select(frozenset({EntityId(track.id)}))
    editor.run("pointcloud.flip_all")
    assert len(host.edits[-1].changes) == 2
    assert abs(yaw_degrees(editor.scene.placement(track.id).rotation)) == pytest.approx(180.0)


def test_frames_are_stepped_and_what_is_computed_is_said_to_be(open_editor: Open) -> None:
    track = a_track()
    ends = cuboid(track, 0, centre=CAR), cuboid(track, 10, centre=(20.0, 0.0, -1.0))
    editor, host = open_editor(track, *ends)
    editor.bench.select(frozenset({EntityId(track.id)}))
    for _ in range(5):
        QTest.keyClick(editor.views.space, Qt.Key.Key_Period)
    assert editor.scene.frame == 5
    assert close(editor.scene.placement(track.id).centre, (15.0, 0.0, -1.0), 1e-3)
    assert "computed" in editor.info.words.text()
    QTest.keyClick(editor.views.space, Qt.Key.Key_Delete)
    assert host.edits == []
    assert "X ends it" in host.said[-1]
    QTest.keyClick(editor.views.space, Qt.Key.Key_I)
    assert isinstance(editor.scene.cuboid_at(track.id), Cuboid)
    QTest.keyClick(editor.views.space, Qt.Key.Key_X)
    QTest.keyClick(editor.views.space, Qt.Key.Key_Period)
    assert editor.scene.placement(track.id) is None


def test_playing_goes_on_to_the_last_frame_and_stops(open_editor: Open, qtbot: QtBot) -> None:
    editor, _ = open_editor()
    editor.bench.go_to(8)
    editor.run("pointcloud.play")
    assert editor.timeline.transport.is_playing
    qtbot.waitUntil(lambda: not editor.timeline.transport.is_playing, timeout=5000)
    assert editor.scene.frame == 10


def test_nothing_is_changed_in_what_is_open_for_reading(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, centre=CAR), read_only=True)
    editor.bench.select(frozenset({EntityId(track.id)}))
    for key in (Qt.Key.Key_Up, Qt.Key.Key_F, Qt.Key.Key_J, Qt.Key.Key_Delete):
        QTest.keyClick(editor.views.space, key)
    assert host.edits == []
    assert "reading only" in host.said[-1]


def test_hidden_ones_come_back_and_locked_ones_stay_put(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, centre=CAR))
    editor.bench.select(frozenset({EntityId(track.id)}))
    editor.run("pointcloud.hide")
    assert [row.shown for row in editor.scene.rows()] == [False]
    editor.run("pointcloud.hide")
    assert [row.shown for row in editor.scene.rows()] == [True]
    editor.bench.select(frozenset({EntityId(track.id)}))
    editor.run("pointcloud.lock")
    assert not editor.gestures.arrow(1, 0, "", False)
    assert host.edits == []


def test_only_colourings_that_the_points_have_are_gone_through(open_editor: Open) -> None:
    editor, _ = open_editor()
    seen = []
    for _ in range(3):
        editor.run("pointcloud.colour")
        seen.append(editor.views.scene.look.mode)
    assert seen == ["plain", "height", "plain"]


def test_a_remark_opens_its_frame_and_its_track(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, 0, centre=CAR))
    remark = Remark(EntityId("019a0000-0000-7000-8000-000000000001"), "Too long", track.id, frame=7)
    host.document.apply(creation("Remark", remark))
    editor.document_changed(frozenset({remark.id}))
    editor.show_entity(remark.id)
    assert editor.scene.selection == {track.id}


def test_what_another_person_changes_is_shown(open_editor: Open) -> None:
    track = a_track()
    first = cuboid(track, 0, centre=CAR)
    editor, host = open_editor(track, first)
    done = host.document.apply(change("Move", (first, replace(first, centre=(30.0, 0.0, -1.0)))))
    editor.document_changed(frozenset(done.changes))
    assert editor.scene.placement(track.id).centre == (30.0, 0.0, -1.0)


def test_closing_leaves_nothing_and_a_late_piece_is_dropped(open_editor: Open) -> None:
    editor, _ = open_editor()
    editor.close_item()
    assert editor.views.scene.clouds == {}
    assert editor.views.space.accessibleDescription() == "No points"
    assert not editor.run("pointcloud.fit")


def test_what_is_selected_becomes_a_group_that_grows_and_is_selected_as_one(open_editor: Open) -> None:
    tracks = [a_track() for _ in range(3)]
    placed = [cuboid(each, centre=(10.0, 4.0 * n, -1.0)) for n, each in enumerate(tracks)]
    editor, host = open_editor(*tracks, *placed)
    editor.bench.select(frozenset(EntityId(each.id) for each in tracks[:2]))
    QTest.keyClick(editor.views.space, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    (group,) = editor.groups.index.groups
    assert editor.groups.index.count(group.id) == 2
    tree = editor.groups.panel.tree
    tree.selectAll()
    editor.bench.select(frozenset({EntityId(tracks[2].id)}))
    assert editor.run("pointcloud.group_add")
    assert editor.groups.index.count(group.id) == 3
    editor.bench.select(frozenset({EntityId(tracks[0].id)}))
    assert editor.run("pointcloud.group_select")
    assert editor.scene.selection == {each.id for each in tracks}
    for edit in reversed(host.edits):
        editor.document_changed(frozenset(host.document.apply(edit.inverse()).changes))
    assert len(editor.groups.index) == 0
    assert tree.model().rowCount() == 0


def test_members_of_a_new_group_get_the_roles_that_their_classes_decide(open_editor: Open) -> None:
    car, person = a_track(), a_track("person")
    editor, host = open_editor(car, person, cuboid(car, centre=CAR), cuboid(person, centre=CAR))
    roles = (
        RoleType("tractor", classes=("car",)),
        RoleType("driver", classes=("person",)),
        RoleType("passenger", classes=("person",)),
    )
    editor.scene.ontology = replace(ONTOLOGY, groups=(ClassType("lorry", roles=roles),))
    editor.bench.select(frozenset({EntityId(car.id), EntityId(person.id)}))
    editor.run("pointcloud.group")
    made = [each for each in host.document if isinstance(each, Member)]
    assert {each.entity: each.role for each in made} == {car.id: "tractor", person.id: ""}


def in_a_group(open_editor: Open, *asked: AttributeType) -> tuple[PointCloudEditor, SpaceHost]:
    """Two cars in a group of a class that asks so, and the group chosen in the tree."""
    tracks = [a_track() for _ in range(2)]
    placed = [cuboid(each, centre=(10.0, 4.0 * n, -1.0)) for n, each in enumerate(tracks)]
    editor, host = open_editor(*tracks, *placed)
    editor.scene.ontology = replace(ONTOLOGY, groups=(ClassType("convoy", attributes=asked),))
    editor.bench.select(frozenset(EntityId(each.id) for each in tracks))
    assert editor.run("pointcloud.group")
    editor.groups.panel.tree.selectAll()
    return editor, host


def test_what_is_asked_of_a_group_is_answered_once_or_from_a_frame_on(open_editor: Open) -> None:
    lights, reason = AttributeType("lights", "check", each_frame=True), AttributeType("reason")
    editor, host = in_a_group(open_editor, lights, reason)
    panel = editor.groups.panel
    assert not panel.form.isHidden()
    assert panel.asked.text() == "Attributes of convoy"
    panel.form.changed.emit("reason", "wedding")
    editor.run("pointcloud.frame_next")
    panel.form.changed.emit("lights", True)
    assert panel.form.values() == {"lights": True, "reason": "wedding"}
    editor.run("pointcloud.frame_previous")
    assert panel.form.values() == {"reason": "wedding"}
    editor.document_changed(frozenset(host.document.apply(host.edits[-1].inverse()).changes))
    editor.run("pointcloud.frame_next")
    assert panel.form.values() == {"reason": "wedding"}
    panel.tree.clearSelection()
    assert panel.form.isHidden()


def test_a_group_is_turned_about_its_middle_and_copied_as_one(open_editor: Open) -> None:
    editor, _ = in_a_group(open_editor)
    before = editor.scene.placed.centres
    assert editor.run("pointcloud.group_turn_left")
    after = editor.scene.placed.centres
    assert after.mean(axis=0) == pytest.approx(before.mean(axis=0))
    assert (np.abs(after - before)[:, 0] > 0.1).all()
    assert editor.run("pointcloud.group_copy")
    assert len(editor.groups.index.groups) == 2
    copied = [editor.scene.placement(key).centre for key in editor.scene.selection]
    assert sorted(copied) == [pytest.approx((x, y - 4.0, z)) for x, y, z in sorted(after.tolist())]


def test_the_tree_makes_rows_only_as_far_as_they_are_looked_at(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, centre=CAR))
    many = [a_track() for _ in range(1200)]
    host.document.apply(creation("Many", *many, *(cuboid(each) for each in many)))
    made = host.document.apply(grouped("convoy", [EntityId(each.id) for each in many]))
    editor.document_changed(frozenset(made.changes))
    tree = editor.groups.panel.tree
    top = tree.model().index(0, 0)
    tree.model().fetchMore(top)
    assert tree.model().data(tree.model().index(0, 1)) == "1,200"
    assert tree.model().rowCount(top) == 500
    tree.model().fetchMore(top)
    assert tree.model().rowCount(top) == 1000


def test_the_timeline_shows_key_frames_and_goes_where_it_is_pressed(open_editor: Open, qtbot: QtBot) -> None:
    track = a_track()
    ends = cuboid(track, 0, centre=CAR), cuboid(track, 6, centre=CAR, made="auto", ends_here=True)
    editor, _ = open_editor(track, *ends)
    grid = editor.timeline.grid
    qtbot.waitUntil(lambda: grid.index_of(track.id) == 0)
    row = editor._rows._row(track.id, 0, "")
    assert (row.keys.tolist(), row.made.tolist()) == ([0, 6], [0, 1])
    assert [(bar.start, bar.stop) for bar in row.bars] == [(0, 7)]
    grid.row_pressed.emit(RowPress(track.id, 4))
    assert (editor.scene.frame, editor.scene.selection) == (4, {track.id})


def test_the_row_of_what_is_selected_comes_into_sight_on_the_timeline(open_editor: Open) -> None:
    tracks = [a_track() for _ in range(40)]
    editor, _ = open_editor(*tracks, *(cuboid(each, 0, centre=CAR) for each in tracks))
    bar = editor.timeline.grid.verticalScrollBar()
    editor.bench.select(frozenset({EntityId(tracks[39].id)}))
    assert bar.value() == bar.maximum() > 0
    bar.setValue(0)
    editor.bench.select(frozenset({EntityId(tracks[39].id)}))  # as it was: what a hand scrolled to stays
    assert bar.value() == 0


def test_a_group_has_a_lane_that_opens_to_its_members(open_editor: Open) -> None:
    tracks = [a_track() for _ in range(2)]
    editor, host = open_editor(*tracks, *(cuboid(each) for each in tracks))
    at_times = ((0, 300_000_000),)
    made = host.document.apply(grouped("convoy", [EntityId(each.id) for each in tracks], intervals=at_times))
    editor.document_changed(frozenset(made.changes))
    (group,) = editor.groups.index.groups
    lane = editor._rows._row(group.id, 0, "")
    assert (lane.is_lane, lane.fold, lane.note) == (True, "closed", "2")
    assert [(bar.start, bar.stop) for bar in lane.bars] == [(0, 3)]
    editor.timeline.grid.fold_wanted.emit(group.id)
    assert [depth for _, depth, _ in editor._rows._lanes] == [0, 1, 1]
    assert len(editor._rows._tracks) == 2
    editor.timeline.grid.row_pressed.emit(RowPress(group.id, None))
    assert editor.scene.selection == {each.id for each in tracks}


def test_sweeps_around_are_laid_over_the_visible_one_and_tools_see_that_one_alone(open_editor: Open) -> None:
    editor, _ = open_editor()
    editor.bench.go_to(5)
    editor.run("pointcloud.around")
    assert sorted(editor.views.scene.clouds) == ["lidar", "lidar 3", "lidar 4", "lidar 6", "lidar 7"]
    assert len(editor.scene.points) == 24_000
    for _ in range(3):
        editor.run("pointcloud.around")
    assert sorted(editor.views.scene.clouds) == ["lidar"]


def test_a_parked_cars_sweeps_lie_over_each_other_while_the_ego_car_drives(qtbot: QtBot) -> None:
    still = np.array([[20.0, 3.0, 0.0]] * 50, np.float32)
    poses = [EgoPose(EntityId(new_id()), f * 100_000_000, (2.0 * f, 0.0, 0.0), NO_TURN) for f in range(11)]
    host = SpaceHost(Cloud(still), *poses)
    window = QWidget()
    qtbot.addWidget(window)
    editor = PointCloudEditor(host, window)
    editor.open(item(), host.document, ONTOLOGY, False)
    editor.bench.go_to(5)
    editor.run("pointcloud.around")
    clouds = editor.views.scene.clouds
    # the host gives every frame the same points: a sweep two frames on was taken four metres further
    assert close(clouds["lidar 7"].placed(slice(0, 1))[0], (24.0, 3.0, 0.0), 1e-4)
    assert close(clouds["lidar 3"].placed(slice(0, 1))[0], (16.0, 3.0, 0.0), 1e-4)


def test_tracks_without_a_name_have_one_number_everywhere(open_editor: Open) -> None:
    tracks = [a_track(), a_track(), replace(a_track(), name="our van")]
    placed = [cuboid(each, 3, centre=(10.0 + 10 * n, 0.0, -1.0)) for n, each in enumerate(tracks)]
    editor, _ = open_editor(*tracks, *placed)
    wanted = ["Car #1", "Car #2", "our van"]
    keys = [EntityId(each.id) for each in tracks]
    assert [editor.scene.title_of(key) for key in keys] == wanted
    assert [editor._rows._row(key, 0, "").title for key in keys] == wanted
    editor.bench.go_to(5)  # held there
    assert {row.key: row.title for row in editor.scene.rows()} == dict(zip(keys, wanted, strict=True))


def test_a_number_that_a_person_gave_by_a_name_is_given_to_no_other(open_editor: Open) -> None:
    tracks = [replace(a_track(), name="car 2"), a_track(), replace(a_track(), name="Car #3"), a_track()]
    placed = [cuboid(each, 0, centre=(10.0 + 10 * n, 0.0, -1.0)) for n, each in enumerate(tracks)]
    editor, _ = open_editor(*tracks, *placed)
    titles = [editor.scene.title_of(EntityId(each.id)) for each in tracks]
    assert titles == ["car 2", "Car #4", "Car #3", "Car #6"]


def test_speed_and_way_of_a_track_are_told(open_editor: Open) -> None:
    track = a_track()
    ends = cuboid(track, 0, centre=CAR), cuboid(track, 10, centre=(20.0, 0.0, -1.0))
    editor, _ = open_editor(track, *ends)
    editor.bench.go_to(5)
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert "10.0 m/s, +0°/s" in editor.info.words.text()
    editor.run("pointcloud.paths")
    editor.bench.go_to(10)  # its last: from the step before
    assert "10.0 m/s" in editor.info.words.text()
    editor.bench.go_to(5)
    path = editor.views.scene.lines["ghosts"]
    assert len(path) == 10
    assert close(path.ends[0, 0], (10.0, 0.0, -1.75))
    assert close(path.ends[-1, 1], (20.0, 0.0, -1.75))


def test_the_speed_of_a_single_key_frame_is_unknown_and_not_nought(open_editor: Open) -> None:
    track = a_track()
    editor, _ = open_editor(track, cuboid(track, 3, centre=CAR))
    editor.bench.go_to(3)
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert "m/s" not in editor.info.words.text()
    assert editor.info.words.text().endswith("key frame; its speed is unknown")
    editor.bench.go_to(6)
    assert editor.info.words.text().endswith("stands still after its only key frame; its speed is unknown")


def test_a_group_is_chosen_no_more_once_nothing_is_selected(open_editor: Open) -> None:
    tracks = [a_track(), a_track()]
    placed = [cuboid(each, 0, centre=(10.0 + 8 * n, 0.0, -1.0)) for n, each in enumerate(tracks)]
    editor, _ = open_editor(*tracks, *placed)
    editor.bench.select(frozenset(EntityId(each.id) for each in tracks))
    assert editor.run("pointcloud.group")
    tree = editor.groups.panel.tree
    tree.setCurrentIndex(tree.model().index(0, 0))
    assert len(tree.rows()) == 1
    assert len(editor.scene.selection) == 2
    editor.bench.select(frozenset())
    assert tree.rows() == []
    # and chosen again, it selects again
    tree.setCurrentIndex(tree.model().index(0, 0))
    tree.selectAll()
    assert len(editor.scene.selection) == 2


def test_findings_wait_in_a_queue_open_their_frame_and_are_mended_by_a_press(open_editor: Open) -> None:
    track = a_track()
    placed = [cuboid(track, f, centre=(10.0 + f, 0.0, -1.0), yaw=0.0 if f != 5 else np.pi) for f in range(11)]
    editor, host = open_editor(track, *placed)
    queue = editor.lint.queue
    queue.look.click()
    rules = [each.rule for each in editor.lint._found.values()]
    assert any("flip" in each or "heading" in each for each in rules)
    at = next(n for n, row in enumerate(queue.model.rows) if row.proposal)
    said = queue.model.rows[at].sentence  # a whole sentence, in which the track is named once
    assert said.count("Car #1") == 1
    assert said.startswith("Car #1 ")
    assert said.endswith(".")
    assert "this" not in said.lower()
    queue.table.selectRow(at)
    assert editor.scene.selection == {track.id}
    before = len(queue.model.rows)
    queue.mend.click()
    assert len(host.edits) == 1
    assert len(queue.model.rows) < before
    if queue.model.rows:
        queue.table.selectRow(0)
        left = len(queue.model.rows)
        queue.skip.click()
        assert len(queue.model.rows) == left - 1


def test_every_frame_of_a_track_is_changed_in_the_film_strip(open_editor: Open, qtbot: QtBot) -> None:
    track = a_track()
    ends = cuboid(track, 0, centre=CAR), cuboid(track, 10, centre=CAR)
    editor, _ = open_editor(track, *ends)
    editor._below.setCurrentIndex(1)
    editor.bench.select(frozenset({EntityId(track.id)}))
    strip = editor.strip.strip
    assert [cell.state for cell in strip.cells] == ["hand", *["between"] * 9, "hand"]
    qtbot.waitUntil(lambda: strip.crops.is_answered(7))
    crop = strip.crops.of(7)["top"]
    assert len(crop.points) > 500
    assert crop.reach == pytest.approx((1.0 + 1.2, 2.0 + 1.2))

    # up in the crop from above is ahead: half a metre forwards, half a metre to the left
    for kind, xy in (("press", (0.2, 0.3)), ("move", (-0.3, 0.8)), ("release", (-0.3, 0.8))):
        strip.pointer.emit(CellPointer(kind, 7, "top", xy, 0.02, "left"))
    made = editor.scene.index.cuboid_at(track.id, 7)
    assert isinstance(made, Cuboid)
    assert close(made.centre, (10.5, 0.5, -1.0))
    assert editor.scene.frame == 0

    # its upper edge in the crop from the side is the top face, at all key frames
    for kind, xy in (("press", (0.0, 0.75)), ("move", (0.0, 1.0)), ("release", (0.0, 1.0))):
        strip.pointer.emit(CellPointer(kind, 7, "side", xy, 0.02, "left"))
    assert {each.size for each in editor.scene.index.key_frames(track.id)} == {(4.0, 2.0, 1.75)}
    assert close(editor.scene.index.cuboid_at(track.id, 7).centre, (10.5, 0.5, -0.875))


def test_what_stands_there_is_proposed_without_a_model_and_accepted_by_a_key(
    open_editor: Open, qtbot: QtBot
) -> None:
    editor, host = open_editor()
    assert editor.run("pointcloud.propose")
    qtbot.waitUntil(lambda: not editor.bench.predictions.is_empty, timeout=20_000)
    editor.bench.predictions.threshold = 0.0
    shown = editor.bench.predictions.shown(editor.scene)
    nearest = min(shown, key=lambda each: abs(each.cuboid.centre[0] - CAR[0]) + abs(each.cuboid.centre[1]))
    assert close(nearest.cuboid.centre[:2], CAR[:2], 0.6)
    QTest.keyClick(editor.views.space, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    assert host.edits[0].made_by == "rule:proposer"
    assert {each.made for _, each in host.edits[0].changes.values() if isinstance(each, Cuboid)} == {"auto"}
    assert editor.bench.predictions.shown(editor.scene) == []


def test_what_a_model_followed_is_accepted_here_alone_or_as_whole_tracks(open_editor: Open) -> None:
    editor, host = open_editor()
    track, other = a_track(), a_track()
    model = ModelId("m")
    seen = [cuboid(track, frame, centre=CAR) for frame in (0, 1, 2)]
    beside = cuboid(other, 1, centre=(20.0, 5.0, -1.0))
    scores = tuple((each.id, 0.9 if each is not seen[2] else 0.1) for each in (*seen, beside))
    found = Prediction(editor.scene.item.id, model, (track, *seen, other, beside), scores)
    editor.set_predictions((found,), 0.5)
    assert editor.run("pointcloud.accept")
    assert set(host.edits[0].changes) == {track.id, seen[0].id}
    assert host.edits[0].made_by == "model:m"
    editor.bench.go_to(1)
    assert editor.run("pointcloud.accept_tracks")
    # with what scores less in another frame, and without what is there already
    assert set(host.edits[1].changes) == {seen[1].id, seen[2].id, other.id, beside.id}
    assert {each.made for each in host.document if isinstance(each, Cuboid)} == {"model"}
    assert editor.bench.predictions.shown(editor.scene) == []


def test_a_lane_is_drawn_by_clicks_and_kept_as_a_draft_until_it_ends(open_editor: Open, qtbot: QtBot) -> None:
    editor, host = open_editor()
    view = editor.views.top
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    for place in ((4.0, 3.0, -1.7), (8.0, 4.0, -1.7), (12.0, 6.0, -1.7)):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot(editor, place))
    qtbot.waitUntil(lambda: bool(host.drafts), timeout=5_000)
    tool, state = host.drafts[-1]
    assert tool == "lane"
    assert state is not None
    QTest.keyClick(view, Qt.Key.Key_Return)
    (edit,) = host.edits
    assert edit.title == "Draw Car"
    assert host.drafts[-1] == ("lane", None)
    assert len(host.selected) == 1
    assert editor.resume_draft("lane", state)
    assert not editor.resume_draft("unknown", b"")
    assert not editor.resume_draft("lane", b"\xff")
    assert "cannot be read" in host.said[-1]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.keyClick(view, Qt.Key.Key_V)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert host.edits[-1].title == "Delete Car"


def test_what_was_hidden_over_one_items_ground_hides_nothing_of_the_next(open_editor: Open) -> None:
    editor, _ = open_editor()
    editor.run("pointcloud.ceiling")
    there = editor.views.scene.look.slab[1]
    survey = car_points((10.0, 0.0, 400.0), (4.0, 1.8, 1.5), yaw=0.3)
    upstairs = SpaceHost(Cloud(survey.xyz))
    editor.sweeps._host = upstairs
    editor.open(item(), upstairs.document, ONTOLOGY, False)
    look = editor.views.scene.look
    assert look.slab[1] - there == pytest.approx(401.0, abs=0.3)
    assert look.crop is None


def test_what_propagating_did_is_said_for_it_is_seen_at_other_frames_alone(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, 0, centre=CAR, ends_here=True))
    editor.bench.select(frozenset({EntityId(track.id)}))
    asked: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        asked.append(dialog.labelText())
        dialog.accept()

    QTimer.singleShot(0, answer)
    assert editor.run("pointcloud.propagate")
    assert asked[0].startswith("Carry Car #1 on forwards, by how many frames?\n10 would show it at 10 more")
    assert "not known from a single key frame, so it would stand still" in asked[0]
    assert host.said[-1] == "Carried on over 10 frames forwards."
    assert editor.scene.index.cuboid_at(track.id, 7) is not None


def test_after_a_split_the_later_half_is_in_hand_and_after_a_merge_what_is_left(open_editor: Open) -> None:
    track = a_track()
    placed = [cuboid(track, frame, centre=(10.0 + frame, 0.0, -1.0)) for frame in range(11)]
    editor, host = open_editor(track, *placed)
    key = EntityId(track.id)
    editor.bench.select(frozenset({key}))
    assert not editor.run("pointcloud.split")  # nothing is before the first frame
    assert "seen before this frame" in host.said[-1]
    editor.bench.go_to(5)
    assert editor.run("pointcloud.split")
    (new,) = editor.scene.selection
    assert new != key
    assert editor.scene.cuboid_at(new) is not None
    assert host.said[-1] == "From this frame on it is Car #2."
    editor.bench.select(frozenset({key, new}))
    assert editor.run("pointcloud.merge")
    (left,) = editor.scene.selection
    assert left in editor.scene.document
    assert host.said[-1] == "Car #1 and Car #2 are Car #1 now."


def test_the_keyboards_cross_begins_in_the_middle_of_what_is_seen_and_says_its_keys(
    open_editor: Open,
) -> None:
    editor, host = open_editor()
    editor.run("pointcloud.tool.three")
    assert host.said[-1] == "Rear, front, then one side."
    editor.views.top.set_view(replace(editor.views.top.view, centre=(40.0, -12.0, 0.0)))
    editor.run("pointcloud.keyboard")
    assert close(editor.gestures.cross[:2], (40.0, -12.0), 0.2)
    assert "Arrows move the cross" in host.said[-1]


def test_a_key_frame_that_is_deleted_here_is_seen_nowhere_that_it_was_not(open_editor: Open) -> None:
    track = a_track()
    placed = [cuboid(track, 0, centre=CAR), cuboid(track, 3, centre=CAR, ends_here=True)]
    placed.append(cuboid(track, 8, centre=CAR))
    editor, host = open_editor(track, *placed)
    assert not editor.scene.index.is_seen(track.id, 5)
    editor.bench.select(frozenset({EntityId(track.id)}))
    editor.bench.go_to(3)
    assert editor.run("pointcloud.delete")
    assert host.edits[-1].title == "Delete Car here"
    assert not editor.scene.index.is_seen(track.id, 5)
    assert editor.scene.index.is_seen(track.id, 0)
    for frame in (0, 8):  # with the last one the track goes
        editor.bench.select(frozenset({EntityId(track.id)}))
        editor.bench.go_to(frame)
        assert editor.run("pointcloud.delete")
    assert editor.scene.document.get(EntityId(track.id)) is None


def test_an_unfinished_lane_stays_on_its_ground_while_frames_are_stepped_through(open_editor: Open) -> None:
    poses = [
        EgoPose(EntityId(new_id()), frame * 100_000_000, (2.0 * frame, 0.0, 0.0), NO_TURN)
        for frame in range(11)
    ]
    editor, host = open_editor(*poses)
    editor.run("pointcloud.tool.lane")
    for place in ((4.0, 3.0, -1.7), (8.0, 4.0, -1.7)):
        QTest.mouseClick(editor.views.top, Qt.MouseButton.LeftButton, pos=spot(editor, place))
    begun = editor.views.scene.lines["preview"].ends
    editor.bench.go_to(2)
    assert close(editor.views.scene.lines["preview"].ends, begun - [4.0, 0.0, 0.0], 1e-6)
    editor.bench.go_to(0)
    QTest.keyClick(editor.views.top, Qt.Key.Key_Return)
    assert len(host.edits) == 1


def test_figures_tell_of_lines_too_and_nothing_of_what_is_no_longer_selected(open_editor: Open) -> None:
    track = a_track()
    editor, _ = open_editor(track, cuboid(track, 0, centre=CAR))
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert editor.info._fields["x"].value() == CAR[0]
    lane, line = new_line(ONTOLOGY, "car", "lidar", 0, [(0, 0, 0), (3, 4, 0), (3, 5, 0)], closed=False)
    editor.bench.apply(creation("Draw a line", lane, line))
    editor.bench.select(frozenset({EntityId(lane.id)}))
    assert editor.info.words.text() == "Line of 3 points, 6.0 m long"
    assert editor.info._fields["x"].value() == 0.0
    assert not editor.info._fields["x"].isEnabled()
    other, area = new_line(ONTOLOGY, "car", "lidar", 0, [(0, 0, 0), (3, 4, 0), (3, 5, 0)], closed=True)
    editor.bench.apply(creation("Draw an area", other, area))
    editor.bench.select(frozenset({EntityId(lane.id), EntityId(other.id)}))
    assert editor.info.words.text() == "2 lines are selected"
    assert editor.info.words.minimumHeight() >= 2 * editor.info.words.fontMetrics().height()


def test_keys_work_beside_the_views_as_they_do_over_them(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, 0, centre=CAR))
    lists = (editor.panel.objects, editor.panel.classes.tree, editor.lint.queue.table)
    for number, each in enumerate((*lists, editor.timeline.grid, editor.strip.strip), 1):
        QTest.keyClick(each, Qt.Key.Key_Period)
        assert editor.scene.frame == number
        QTest.keyClick(each, Qt.Key.Key_End)  # a list's own
        editor.bench.go_to(number)
    editor.bench.go_to(0)
    editor.bench.select(frozenset({EntityId(track.id)}))
    QTest.keyClick(editor.panel.objects, Qt.Key.Key_Delete)
    assert host.edits[-1].title.startswith("Delete")
    editor.lint.queue.look.setFocus()
    editor.views.space.setFocus()
    QTest.mouseClick(editor.lint.queue.look, Qt.MouseButton.LeftButton)
    assert not editor.lint.queue.look.hasFocus()


def test_clicks_beside_the_views_leave_the_keys_with_them(open_editor: Open, qtbot: QtBot) -> None:
    editor, _ = open_editor()
    editor.window().activateWindow()
    qtbot.waitUntil(editor.window().isActiveWindow)
    editor.views.space.setFocus()
    pages = editor._pages.tabBar()
    for number in range(pages.count()):
        QTest.mouseClick(pages, Qt.MouseButton.LeftButton, pos=pages.tabRect(number).center())
        assert editor._pages.currentIndex() == number
        assert editor.views.space.hasFocus()
    box = editor.paint.panel._checks["erase"]
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert box.isChecked()
    QTest.mouseClick(editor.panel._buttons["draw"], Qt.MouseButton.LeftButton)
    assert editor.gestures.tool.name == "draw"
    held = QApplication.focusWidget()
    assert held is editor.views.space
    QTest.keyClick(held, Qt.Key.Key_V)
    assert editor.gestures.tool.name == "select"
    typed = editor.info._fields["x"]
    assert typed.focusPolicy() & Qt.FocusPolicy.ClickFocus


def test_keys_work_after_a_click_into_the_tree_of_groups(open_editor: Open) -> None:
    editor, _ = open_editor()
    QTest.keyClick(editor.groups.panel.tree, Qt.Key.Key_Period)
    assert editor.scene.frame == 1


def test_the_next_item_never_shows_the_pictures_of_the_last(qtbot: QtBot) -> None:
    """Both have a camera of the same name, and both are at their first frame."""
    camera = Stream(StreamId("CAM"), "CAM", "image", width=32, height=20)
    host = _WithPictures(Cloud(car_points(CAR, (4.0, 1.8, 1.5), yaw=0.3).xyz))
    editor = PointCloudEditor(host)
    qtbot.addWidget(editor)
    editor.show()
    for color in ("#ff0000", "#0000ff"):
        host.color = color
        with qtbot.waitSignal(editor.cameras.strip.picture_shown):
            held = item(frames=1)
            editor.open(replace(held, streams=(*held.streams, camera)), host.document, ONTOLOGY, False)
        shown = editor.cameras.strip.picture("CAM")
        assert shown is not None
        assert shown.pixelColor(5, 5).name() == color


class _WithPictures(SpaceHost):
    """Its cameras show one colour."""

    color = ""

    def media(self, stream: StreamId, frame: int, rendition: str, done: Callable[[bytes], None]) -> None:
        if rendition != "original":
            super().media(stream, frame, rendition, done)
            return
        picture = QImage(32, 20, QImage.Format.Format_RGB32)
        picture.fill(QColor(self.color))
        held = QBuffer()
        held.open(QBuffer.OpenModeFlag.WriteOnly)
        picture.save(held, "PNG")
        done(held.data().data())


def test_the_face_whose_handle_is_pointed_at_snaps_to_its_points(open_editor: Open) -> None:
    track = a_track()
    editor, host = open_editor(track, cuboid(track, centre=CAR, size=(3.4, 1.8, 1.5), yaw=0.3))
    view = editor.views.top
    editor.bench.select(frozenset({EntityId(track.id)}))
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert host.edits == []
    assert "handle" in host.said[-1]
    side = editor.views.sides[0].view
    front = next(grip for grip in grips_of(editor.scene.placement(track.id)) if grip.name == "front")
    x, y, _ = side.to_screen(np.array([front.xyz]))[0].tolist()
    origin, direction = side.ray((x, y))
    editor.gestures.handle(
        SpacePointer("hover", (x, y), origin, direction, side, "side", None, side.scale, "none")
    )
    assert editor.run("pointcloud.snap")
    at = editor.scene.placement(track.id)
    assert 3.55 < at.size[0] < 3.85  # the front went 30 cm out to its points, the rear stayed
    assert at.size[1:] == (1.8, 1.5)


def test_handles_on_pictures_go_while_another_tool_is_in_hand(open_editor: Open) -> None:
    editor, _ = open_editor()
    assert editor.cameras._handles
    QTest.keyClick(editor.views.space, Qt.Key.Key_B)
    assert not editor.cameras._handles
    QTest.keyClick(editor.views.space, Qt.Key.Key_V)
    assert editor.cameras._handles


def test_views_torn_off_are_remembered_and_come_home_together(open_editor: Open, qtbot: QtBot) -> None:
    editor, host = open_editor()
    top = editor.views.places["top"]
    QTest.mouseMove(editor.views.top, QPoint(60, 60))
    editor.run("pointcloud.tear_off")
    assert top.is_torn
    assert '"top"' in host.setting("pointcloud.torn", here=True)
    other, other_host = open_editor()
    other_host.settings = host.settings
    other.open(item(), other_host.document, ONTOLOGY, False)
    assert other.views.places["top"].is_torn
    assert other.views.places["top"].place.size() == top.place.size()
    assert other.run("pointcloud.all_home")
    assert not other.views.places["top"].is_torn
    assert host.setting("pointcloud.torn", here=True) == "{}"


@pytest.mark.parametrize("name", ["space", "top", "side"])
def test_a_view_torn_off_before_a_restart_comes_home_to_a_fair_share(
    open_editor: Open, qtbot: QtBot, name: Side
) -> None:
    editor, host = open_editor()
    editor.views.places[name].tear_off()
    other, other_host = open_editor()
    other_host.settings = host.settings
    other.open(item(), other_host.document, ONTOLOGY, False)
    place = other.views.places[name]
    assert place.is_torn
    around = place.parentWidget()
    assert isinstance(around, QSplitter)
    own, room = around.indexOf(place), sum(around.sizes())
    around.setSizes([1 if number == own else room for number in range(around.count())])
    place.come_home()
    qtbot.wait(1)
    assert around.sizes()[own] >= 0.9 * room / around.count()


def test_a_torn_off_view_stays_linked(open_editor: Open) -> None:
    editor, host = open_editor()
    editor.views.places["top"].tear_off(quietly=True)
    view = editor.views.top
    QTest.keyClick(view, Qt.Key.Key_C)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot(editor, (10.5, 0.1, -0.25)))
    assert [edit.tool for edit in host.edits] == ["click"]
    assert len(editor.scene.selection) == 1
    QTest.keyClick(view, Qt.Key.Key_V)
    QTest.keyClick(view, Qt.Key.Key_Z)
    QTest.mouseMove(view, spot(editor, CAR))
    assert view.grips


def test_a_right_click_over_a_view_offers_to_tear_it_off(open_editor: Open, qtbot: QtBot) -> None:
    editor, _ = open_editor()
    at = QPoint(60, 60)
    QTest.mouseClick(editor.views.top, Qt.MouseButton.RightButton, pos=at)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.actions()[0].text() == "Into a window of its own"
    menu.actions()[0].trigger()
    menu.close()
    assert editor.views.places["top"].is_torn
    editor.views.places["top"].come_home()


def test_a_view_is_kept_under_a_name_and_recalled_by_its_key_after_a_restart(open_editor: Open) -> None:
    editor, host = open_editor()
    views = editor.views
    views.top.set_view(views.top.view.zoomed(3.0, (50.0, 50.0)))
    editor.looks.panel.slab.setChecked(True)
    editor.run("pointcloud.crop_top")
    kept = {view.side: view.view for view in views.all}, views.scene.look
    assert editor.looks.save("Close")
    assert "Ctrl+1" in host.said[-1]
    views.fit()
    editor.run("pointcloud.focus")
    other, other_host = open_editor()
    other_host.settings = host.settings
    other.open(item(), other_host.document, ONTOLOGY, False)
    QTest.keyClick(other.views.space, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    for view in other.views.all:
        assert view.view.centre == kept[0][view.side].centre
        assert view.view.distance == kept[0][view.side].distance
    assert other.views.scene.look == kept[1]
    other.looks.remove("Close")
    assert other.looks.panel.saved.count() == 0
    QTest.keyClick(other.views.space, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert "Ctrl+Shift+V" in other_host.said[-1]


def test_what_is_looked_at_alone_is_followed_from_frame_to_frame(open_editor: Open) -> None:
    track = a_track()
    editor, _ = open_editor(track, cuboid(track, 0, centre=CAR), cuboid(track, 10, centre=(20.0, 0.0, -1.0)))
    scene = editor.views.scene
    editor.bench.select(frozenset({EntityId(track.id)}))
    assert editor.run("pointcloud.focus")
    assert close(scene.look.crop.centre, CAR)
    editor.bench.go_to(5)
    assert close(scene.look.crop.centre, (15.0, 0.0, -1.0))
    assert editor.run("pointcloud.focus")
    assert scene.look.crop is None
    editor.bench.go_to(6)
    assert scene.look.crop is None


def test_the_panel_shows_and_sets_how_points_are_looked_at(open_editor: Open) -> None:
    editor, _ = open_editor()
    panel, scene = editor.looks.panel, editor.views.scene
    editor.run("pointcloud.larger_points")
    assert panel.point_size.value() == scene.look.point_size == 3.0
    panel.point_size.setValue(5.0)
    assert scene.look.point_size == 5.0
    editor.run("pointcloud.ceiling")
    assert panel.slab.isChecked()
    assert abs(panel.high.value() - 3.0) < 0.06
    panel.high.setValue(1.5)
    assert abs(scene.look.slab[1] - scene.ground_z - 1.5) < 1e-6
    assert editor.run("pointcloud.crop_top")
    crop, top = scene.look.crop, editor.views.top.view
    assert close(crop.size[:2], (top.window[1] * top.scale, top.window[0] * top.scale), 1e-6)
    assert panel.crops.currentText() == "What the top view shows"
    panel.crop_wanted.emit("selection")  # nothing is selected: it stays what it was
    assert panel.crops.currentText() == "What the top view shows"
    panel.crop_wanted.emit("")
    assert scene.look.crop is None
    QTest.keyClick(editor.views.space, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert panel.isVisible()
    QTest.keyClick(panel.high, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert not panel.isVisible()


def test_sweeps_around_are_laid_without_what_moves_and_has_a_cuboid(open_editor: Open) -> None:
    track = a_track()
    away: XYZ = (22.0, 0.0, -1.0)
    keys = [cuboid(track, frame, centre=CAR, size=(4.4, 2.2, 1.8), yaw=0.3) for frame in (0, 1)]
    editor, host = open_editor(track, *keys, cuboid(track, 10, centre=away, size=(4.4, 2.2, 1.8)))
    editor.run("pointcloud.around")
    clouds = editor.views.scene.clouds
    whole = len(clouds["lidar"])
    assert len(clouds["lidar 1"]) < whole  # the car's points of then are left out, those of now are not
    held = editor.scene.index.key_frame(track.id, 10)
    stands = change("Park", (held, replace(held, centre=CAR, rotation=keys[0].rotation)))
    editor.document_changed(frozenset(host.document.apply(stands).changes))
    assert len(editor.views.scene.clouds["lidar 1"]) == whole
