"""The image editor as a person uses it: a real window, real keys and mouse, a real document."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from plugins.image.editor import ImageEditor
from plugins.image.tools.polygon import PolygonTool
from studio.domain.contracts.editing import Editor
from studio.domain.document import Document
from studio.domain.edit import Edit, creation
from studio.domain.entities import Box, Polygon, Remark, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ModelId, ProjectId, StreamId, new_id
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item, Stream
from tests.plugins.image.ground import ONTOLOGY, STREAM, box_of
from tests.plugins.image.memory_host import MemoryHost, item_of, png
from tests.widgets.names import nameless_and_named


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def editor(qtbot, host):
    made = ImageEditor(host)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    made.open(item_of(), host.document, ONTOLOGY, False)
    made.canvas.setFocus()
    return made


def place(editor: ImageEditor, xy: tuple[float, float]) -> QPoint:
    x, y = editor.canvas.view.to_screen(xy)
    return QPoint(round(x), round(y))


def drag(editor: ImageEditor, start: tuple[float, float], end: tuple[float, float]) -> None:
    QTest.mousePress(editor.canvas, Qt.MouseButton.LeftButton, pos=place(editor, start))
    for share in (0.4, 0.8, 1.0):
        step = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
        QTest.mouseMove(editor.canvas, place(editor, step))
    QTest.mouseRelease(editor.canvas, Qt.MouseButton.LeftButton, pos=place(editor, end))


def press(
    editor: ImageEditor, *keys: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    for key in keys:
        QTest.keyClick(editor.canvas, key, held)


def boxes(host: MemoryHost) -> list[Box]:
    return [entity for entity in host.document if isinstance(entity, Box)]


def draw(editor: ImageEditor, host: MemoryHost, *xyxys: tuple[float, float, float, float]) -> list[Box]:
    """Boxes that were there before: made by an Edit of somebody else."""
    made = [box_of(xyxy) for xyxy in xyxys]
    edit = creation("Draw", *(entity for pair in made for entity in pair))
    host.document.apply(edit)
    editor.document_changed(frozenset(edit.changes))
    return [box for _, box in made]


def test_the_editor_has_everything_that_the_contract_asks(editor):
    for name in dir(Editor):
        if not name.startswith("_"):
            assert callable(getattr(editor, name)), name


def test_the_picture_is_shown(editor, qtbot):
    qtbot.waitUntil(lambda: not editor.canvas.pyramid.is_empty)
    editor.canvas.repaint()
    middle = editor.canvas.rect().center()
    qtbot.waitUntil(lambda: editor.canvas.grab().toImage().pixelColor(middle) == QColor("#336699"))


def test_a_middling_picture_is_shown_small_before_it_is_decoded_whole(editor, host, qtbot):
    host.pictures["original"] = png(3000, 2000, "#884422")
    seen = []
    editor.pictures.arrived.connect(lambda part: seen.append(bool(editor.canvas.pyramid._whole)))
    editor.open(item_of(3000, 2000), Document(), ONTOLOGY, False)
    qtbot.waitUntil(lambda: len(seen) == 2, timeout=8000)
    assert seen == [False, True]
    editor.canvas.repaint()
    assert editor.canvas.grab().toImage().pixelColor(editor.canvas.rect().center()) == QColor("#884422")


def test_bytes_that_are_no_picture_are_said_to_be_none(editor, host, qtbot):
    host.pictures["original"] = b"not a picture"
    editor.open(item_of(), Document(), ONTOLOGY, False)
    qtbot.waitUntil(lambda: editor.canvas._words == "This picture cannot be shown.")


def test_a_large_picture_is_asked_for_tile_by_tile(editor, host, qtbot):
    host.pictures["thumb"] = png(256, 192)
    editor.open(item_of(8000, 6000, levels=5), Document(), ONTOLOGY, False)
    editor.canvas.repaint()
    assert "thumb" in host.asked
    assert any(name.startswith("tile-3-") for name in host.asked)
    assert not any(name.startswith("tile-0-") for name in host.asked)
    editor.canvas.show_actual_size()
    editor.canvas.repaint()
    zero = [name for name in host.asked if name.startswith("tile-0-")]
    assert 0 < len(zero) == len(set(zero)) < 100


def test_a_drag_with_the_box_tool_is_one_edit_and_selects_what_was_drawn(editor, host):
    press(editor, Qt.Key.Key_B)
    drag(editor, (50, 60), (150, 160))
    (box,) = boxes(host)
    assert box.xyxy == pytest.approx((50, 60, 150, 160), abs=1)
    assert [edit.title for edit in host.edits] == ["Draw Car"]
    assert host.selected == {box.id}
    assert editor.canvas.accessibleDescription() == "1 shape, Car #1 selected"


def test_a_box_is_drawn_by_keys_alone(editor, host):
    press(editor, Qt.Key.Key_K)
    start = editor.gestures.hand.xy
    press(editor, Qt.Key.Key_Return)
    press(editor, Qt.Key.Key_Right, Qt.Key.Key_Right, held=Qt.KeyboardModifier.ShiftModifier)
    press(editor, Qt.Key.Key_Down, held=Qt.KeyboardModifier.ControlModifier)
    press(editor, Qt.Key.Key_Left, Qt.Key.Key_Return)
    (box,) = boxes(host)
    assert box.xyxy == pytest.approx((start[0], start[1], start[0] + 19, start[1] + 50))


def test_a_polygon_is_drawn_by_keys_alone(editor, host):
    press(editor, Qt.Key.Key_P, Qt.Key.Key_K, Qt.Key.Key_Return)
    press(editor, Qt.Key.Key_Right, held=Qt.KeyboardModifier.ControlModifier)
    press(editor, Qt.Key.Key_Return)
    press(editor, Qt.Key.Key_Down, held=Qt.KeyboardModifier.ControlModifier)
    press(editor, Qt.Key.Key_Return, Qt.Key.Key_Return)
    (polygon,) = (entity for entity in host.document if isinstance(entity, Polygon))
    assert len(polygon.outline) == 3


def test_arrows_nudge_and_with_alt_resize_what_is_selected(editor, host):
    (box,) = draw(editor, host, (50, 50, 90, 90))
    editor.set_selection(frozenset({box.id}))
    press(editor, Qt.Key.Key_Right, held=Qt.KeyboardModifier.ShiftModifier)
    press(editor, Qt.Key.Key_Up)
    press(editor, Qt.Key.Key_Down, held=Qt.KeyboardModifier.AltModifier)
    assert host.document.get(box.id).xyxy == (60, 49, 100, 90)
    assert [edit.title for edit in host.edits] == ["Move Car", "Move Car", "Resize Car"]


def test_a_drag_moves_what_is_under_the_pointer(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    drag(editor, (100, 100), (130, 90))
    assert host.document.get(box.id).xyxy == pytest.approx((80, 40, 180, 140), abs=1)


def test_a_class_key_is_for_new_objects_and_for_the_selection(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.set_selection(frozenset({box.id}))
    press(editor, Qt.Key.Key_1)  # the first key that is free: person has none of its own
    assert host.document.get(box.track).class_name == "person"
    press(editor, Qt.Key.Key_Escape, Qt.Key.Key_B)
    drag(editor, (200, 200), (240, 240))
    assert {e.class_name for e in host.document if isinstance(e, Track)} == {"person"}


def test_attribute_keys_step_through_the_choices(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.set_selection(frozenset({box.id}))
    seen = []
    for key in (Qt.Key.Key_O, Qt.Key.Key_O, Qt.Key.Key_O):
        press(editor, key)
        seen.append(dict(host.document.get(box.track).attributes).get("color"))
    press(editor, Qt.Key.Key_U)
    assert seen == ["red", "blue", None]
    assert host.document.get(box.id).attributes == (("occluded", True),)


def test_next_and_previous_go_round_and_show_each_close_up(editor, host):
    first, second = draw(editor, host, (10, 10, 20, 20), (300, 200, 330, 240))
    press(editor, Qt.Key.Key_N)
    assert host.selected == {first.id}
    assert editor.canvas.view.to_picture((editor.canvas.width() / 2, editor.canvas.height() / 2)) == (
        pytest.approx((15, 15), abs=1)
    )
    press(editor, Qt.Key.Key_N)
    assert host.selected == {second.id}
    press(editor, Qt.Key.Key_N)
    assert host.selected == {first.id}
    press(editor, Qt.Key.Key_N, held=Qt.KeyboardModifier.ShiftModifier)
    assert host.selected == {second.id}


def test_what_was_copied_is_pasted_on_the_next_picture(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.set_selection(frozenset({box.id}))
    press(editor, Qt.Key.Key_C, held=Qt.KeyboardModifier.ControlModifier)
    host.document = Document()
    editor.open(item_of(), host.document, ONTOLOGY, False)
    press(editor, Qt.Key.Key_V, held=Qt.KeyboardModifier.ControlModifier)
    (pasted,) = boxes(host)
    assert pasted.xyxy == box.xyxy
    assert pasted.id != box.id
    assert host.selected == {pasted.id}


def test_an_unfinished_polygon_is_kept_each_second_and_its_end_is_told(editor, host, qtbot):
    press(editor, Qt.Key.Key_P)
    for point in ((50, 50), (100, 50), (100, 100)):
        QTest.mouseClick(editor.canvas, Qt.MouseButton.LeftButton, pos=place(editor, point))
    qtbot.waitUntil(lambda: bool(host.drafts), timeout=3000)
    tool, state = host.drafts[-1]
    assert tool == "polygon"
    press(editor, Qt.Key.Key_Return)
    assert host.drafts[-1] == ("polygon", None)
    assert [type(e) for e in host.document if isinstance(e, Polygon)] == [Polygon]
    assert PolygonTool().resume(state) is None


def test_a_draft_is_resumed_and_survives_closing_the_item(editor, host):
    press(editor, Qt.Key.Key_P)
    for point in ((50, 50), (100, 50), (100, 100)):
        QTest.mouseClick(editor.canvas, Qt.MouseButton.LeftButton, pos=place(editor, point))
    editor.close_item()
    tool, state = host.drafts[-1]
    assert state is not None
    editor.open(item_of(), host.document, ONTOLOGY, False)
    assert editor.resume_draft(tool, state)
    press(editor, Qt.Key.Key_Return)
    (polygon,) = (entity for entity in host.document if isinstance(entity, Polygon))
    assert polygon.outline[0] == pytest.approx((50, 50), abs=1)
    assert not editor.resume_draft("polygon", b"\xc1")
    assert "cannot be read" in host.said[-1]


def test_a_refused_edit_selects_nothing_and_leaves_the_picture_as_it_was(editor, host):
    host.refuses = True
    press(editor, Qt.Key.Key_B)
    drag(editor, (50, 60), (150, 160))
    assert host.selected == frozenset()
    assert editor.canvas.accessibleDescription() == "0 shapes"


def test_an_item_open_for_reading_can_be_looked_at_and_not_changed(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.open(item_of(), host.document, ONTOLOGY, True)
    drag(editor, (100, 100), (130, 90))
    press(editor, Qt.Key.Key_Delete)
    assert host.edits == []
    assert host.selected == {box.id}
    assert "reading only" in host.said[-1]


def test_somebody_elses_deletion_ends_the_selection(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    drag(editor, (100, 100), (101, 100))
    track = host.document.get(box.track)
    gone = Edit("Delete", {box.id: (box, None), track.id: (track, None)})
    host.document.apply(gone)
    editor.document_changed(frozenset(gone.changes))
    assert host.selected == frozenset()
    assert editor.panel.objects.model_of_rows.rowCount() == 0


def test_a_prediction_is_accepted_by_a_key_as_made_by_its_model(editor, host):
    (track, sure), (other, unsure) = box_of((50, 50, 100, 100)), box_of((200, 100, 260, 160), "person")
    scores = ((sure.id, 0.9), (unsure.id, 0.3))
    prediction = Prediction(ItemId(new_id()), ModelId("m-1"), (track, sure, other, unsure), scores)
    editor.set_predictions((prediction,), 0.5)
    press(editor, Qt.Key.Key_A)
    assert boxes(host) == [sure]
    assert host.edits[-1].made_by == "model:m-1"
    editor.panel.threshold_changed.emit(0.2)
    press(editor, Qt.Key.Key_A, held=Qt.KeyboardModifier.ShiftModifier)
    assert boxes(host) == [sure, unsure]


def test_a_remark_is_written_at_the_object(editor, host, qtbot):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.set_selection(frozenset({box.id}))
    press(editor, Qt.Key.Key_R)
    line = next(each for each in editor.findChildren(QLineEdit) if "Remark" in each.accessibleName())
    qtbot.waitUntil(line.isVisible)
    QTest.keyClicks(line, "Two cars?")
    QTest.keyClick(line, Qt.Key.Key_Return)
    (remark,) = (entity for entity in host.document if isinstance(entity, Remark))
    assert (remark.text, remark.on) == ("Two cars?", box.id)


def test_a_false_positive_is_shown_with_a_ring_until_the_next_press(editor, host):
    editor.show_box(STREAM, 0, (300, 200, 320, 230))
    assert editor.canvas.view.scale > 3
    assert editor.gestures.would("image.cancel")
    press(editor, Qt.Key.Key_Escape)
    assert not editor.gestures.would("image.cancel")


def test_the_object_list_and_the_picture_select_the_same(editor, host):
    _, second = draw(editor, host, (10, 10, 60, 60), (200, 100, 300, 200))
    rows = editor.panel.objects
    rows.setCurrentIndex(rows.model_of_rows.index(1, 0))
    assert host.selected == {second.id}
    drag(editor, (30, 30), (30, 30))
    assert [index.row() for index in rows.selectionModel().selectedRows()] == [0]
    assert rows.model_of_rows.index(0, 0).data() == "Car #1"


def test_hidden_and_locked_are_ways_of_looking_and_make_no_edit(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.set_selection(frozenset({box.id}))
    press(editor, Qt.Key.Key_L, Qt.Key.Key_Delete, Qt.Key.Key_H)
    assert boxes(host) == [box]
    assert editor.scene.hidden == {box.id}
    assert host.edits == []
    press(editor, Qt.Key.Key_H)
    assert editor.scene.hidden == frozenset()


def test_clicks_beside_the_picture_leave_its_keys_alone(editor, host, qtbot):
    editor.activateWindow()
    qtbot.waitUntil(editor.isActiveWindow)
    editor.canvas.setFocus()
    QTest.mouseClick(editor.panel._buttons["box"], Qt.MouseButton.LeftButton)
    assert editor.gestures.tool.name == "box"
    assert QApplication.focusWidget() is editor.canvas
    press(editor, Qt.Key.Key_V)
    assert editor.gestures.tool.name == "select"
    for each in (editor.panel.objects, editor.panel.classes.tree):
        QTest.keyClick(each, Qt.Key.Key_B)
        assert editor.gestures.tool.name == "box"
        press(editor, Qt.Key.Key_V)


def test_tab_leaves_the_picture_where_nothing_lies_under_the_pointer(editor, host):
    draw(editor, host, (10, 10, 200, 200), (50, 50, 100, 100))
    assert not editor._key("Tab", True)
    drag(editor, (70, 70), (70, 70))
    assert editor._key("Tab", True)


def test_an_item_without_a_picture_is_refused_and_what_is_open_stays(editor):
    before = editor.scene
    text = Item(ItemId("i"), ProjectId("p"), "a.txt", "new", 0, 1, (Stream(StreamId("t"), "t", "text"),))
    with pytest.raises(AtelierError) as refused:
        editor.open(text, Document(), ONTOLOGY, False)
    assert refused.value.code == "item.no_picture"
    assert editor.scene is before


def test_everything_that_can_be_clicked_has_a_name(editor, host):
    (box,) = draw(editor, host, (50, 50, 150, 150))
    editor.set_selection(frozenset({box.id}))
    assert len(nameless_and_named(editor)[1]) > 10
    assert nameless_and_named(editor)[0] == []
