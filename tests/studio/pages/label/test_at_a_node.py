"""The pages at a real node, in a window of this process."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QInputDialog, QListWidget, QMessageBox
from pytestqt.qtbot import QtBot

from studio.client import OpenDocument, Session, jobs, uploads
from studio.domain.edit import change, creation
from studio.domain.entities import Box, Remark, Track
from studio.domain.ids import EntityId, ItemId, new_id
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.people import NewTasks, PullNext, TaskNote
from studio.domain.wire.projects import ItemQuery, NewProject
from studio.pages.data.page import DataPage
from studio.pages.home.classes import class_types
from studio.pages.label.adding_classes import with_classes
from studio.pages.label.page import LabelPage
from studio.shell.page import Place
from tests.studio.pages.conftest import PICTURES, Workplace

LONG = 30_000  # ms; for what crosses to another process on a busy machine


def data_page(workplace: Workplace, qtbot: QtBot) -> DataPage:
    workplace.window.go(Place("data"))
    page = workplace.window.stack.page("data")
    assert isinstance(page, DataPage)
    qtbot.waitUntil(lambda: page.source.item_at(0) is not None, timeout=LONG)
    return page


def label_page(workplace: Workplace, qtbot: QtBot, item: ItemId, *, everything: bool = True) -> LabelPage:
    workplace.window.go(Place("label", item=item, query=ItemQuery() if everything else None))
    page = workplace.window.stack.page("label")
    assert isinstance(page, LabelPage)
    qtbot.waitUntil(lambda: page.host.opened is not None and page.host.opened.item.id == item, timeout=LONG)
    return page


def items(workplace: Workplace) -> list[ItemId]:
    page = workplace.client.call(routes.ITEMS, ItemQuery(), project=workplace.project.id)
    return [row.id for row in page.rows]


def drawn(page: LabelPage, xyxy: tuple[float, float, float, float] = (10.0, 10.0, 90.0, 70.0)) -> Box:
    opened = page.host.opened
    assert opened is not None
    track = Track(EntityId(new_id()), "car")
    box = Box(EntityId(new_id()), track.id, opened.item.streams[0].id, 0, xyxy)
    assert page.host.apply(creation("Draw box", track, box, tool="box"))
    return box


def texts(box: QListWidget) -> list[str]:
    return [box.item(row).text() for row in range(box.count())]


def document(page: LabelPage) -> OpenDocument:
    assert page.host.opened is not None
    return page.host.opened.document


def test_the_sheet_shows_every_item_with_its_picture(workplace: Workplace, qtbot: QtBot) -> None:
    came: list[str] = []
    page = data_page(workplace, qtbot)
    page.source.picture_came.connect(lambda item, _data: came.append(item))
    assert page.count.text() == f"{PICTURES} items"
    page.source.want_picture(str(page.source.item_at(0)))
    qtbot.waitUntil(lambda: bool(came), timeout=LONG)


def test_a_filter_shows_what_fits_and_says_how_many(workplace: Workplace, qtbot: QtBot) -> None:
    page = data_page(workplace, qtbot)
    page.filters.text.setText("photo-03")
    qtbot.waitUntil(lambda: page.count.text().startswith("1 item"), timeout=LONG)
    page.filters.clear()
    qtbot.waitUntil(lambda: page.count.text() == f"{PICTURES} items", timeout=LONG)
    page.filters.text.setText("no such picture")
    qtbot.waitUntil(lambda: page.views.currentWidget() is page.empty, timeout=LONG)
    page.filters.clear()
    qtbot.waitUntil(lambda: page.views.currentWidget() is page.sheet, timeout=LONG)


def test_an_item_opens_with_its_neighbours_and_steps_to_the_next(workplace: Workplace, qtbot: QtBot) -> None:
    known = items(workplace)
    page = label_page(workplace, qtbot, known[0])
    qtbot.waitUntil(lambda: page.around.place == 0, timeout=LONG)
    assert not page.can_step(-1)
    page.step(1)
    qtbot.waitUntil(
        lambda: page.host.opened is not None and page.host.opened.item.id == known[1], timeout=LONG
    )
    assert page.bar.place.text() == f"2 of {PICTURES}"


def test_what_is_applied_is_kept_then_saved_and_stands_in_the_history(
    workplace: Workplace, qtbot: QtBot
) -> None:
    page = label_page(workplace, qtbot, items(workplace)[2])
    drawn(page)
    assert page.panels.history.item(0).text() == "Draw box"
    qtbot.waitUntil(lambda: document(page).work.is_saved, timeout=LONG)
    state = workplace.client.call(routes.DOCUMENT, item=items(workplace)[2])
    assert len(state.entities) == 2
    page.undo()
    qtbot.waitUntil(lambda: document(page).work.is_saved, timeout=LONG)
    assert page.panels.history.item(0).text() == "Draw box  (undone)"
    assert not page.can_undo()
    assert page.can_redo()


def test_active_seconds_and_the_template_version_are_stamped(workplace: Workplace, qtbot: QtBot) -> None:
    item = items(workplace)[3]
    page = label_page(workplace, qtbot, item)
    assert page.host.clock is not None
    page.host.clock.touch()
    qtbot.wait(60)
    drawn(page)
    qtbot.waitUntil(lambda: document(page).work.is_saved, timeout=LONG)
    from studio.domain.wire.documents import RevisionQuery

    made = workplace.client.call(routes.REVISIONS, RevisionQuery(), item=item).revisions[-1].edit
    assert made.active_s >= 0.05
    assert made.ontology_version == workplace.project.ontology_version
    assert made.tool == "box"


def answer(button: str, asked: list[str]) -> None:
    """Press a button of the next question, and note what was asked."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(f"{box.text()} {box.informativeText()}")
        next(each for each in box.buttons() if each.text() == button).click()

    QTimer.singleShot(200, press)


def test_accepted_work_says_so_and_is_asked_about_once_before_it_is_changed(
    workplace: Workplace, qtbot: QtBot
) -> None:
    item = items(workplace)[8]
    client = workplace.client
    client.call(routes.NEW_TASKS, NewTasks(ItemQuery(text="photo-08")), project=workplace.project.id)
    task = client.call(routes.PULL_NEXT, PullNext(), project=workplace.project.id).task
    assert task is not None
    assert task.item == item
    client.call(routes.SUBMIT_TASK, TaskNote(), task=task.id)
    client.call(routes.OPEN_REVIEW, task=task.id)
    client.call(routes.ACCEPT_TASK, TaskNote(), task=task.id)
    page = label_page(workplace, qtbot, item)
    assert page.bar.about_state.text() == "changes stand at once"
    asked: list[str] = []
    opened = page.host.opened
    assert opened is not None
    edit = creation("Draw box", track := Track(EntityId(new_id()), "car"), tool="box")
    answer("Leave it", asked)
    assert not page.host.apply(edit)
    assert opened.document.document.get(track.id) is None
    answer("Change it", asked)
    assert page.host.apply(edit)
    assert len(asked) == 2
    assert "stays accepted" in asked[0]
    drawn(page)  # nobody asks again, not for an undo either
    page.undo()
    qtbot.waitUntil(lambda: document(page).work.is_saved, timeout=LONG)
    assert client.call(routes.ITEM, item=item).state == "accepted"


def test_a_project_without_classes_says_so_and_gets_some_where_one_labels(
    workplace: Workplace, qtbot: QtBot, tmp_path: Path
) -> None:
    client = workplace.client
    project = client.call(routes.NEW_PROJECT, NewProject("Bare", Ontology()))
    Image.new("RGB", (64, 48), (90, 120, 150)).save(tmp_path / "one.png")
    upload = uploads.Upload(client, project.id, tmp_path, format="image_folder", name="p")
    state = upload.run()
    assert state.job is not None
    jobs.report(client, state.job.id)
    workplace.window.desk.set_project(client.call(routes.PROJECT, project=project.id))
    (row,) = client.call(routes.ITEMS, ItemQuery(), project=project.id).rows
    page = label_page(workplace, qtbot, row.id)
    assert any("no classes yet" in each for each in page.strips.texts())
    palette = page.editor.panel.classes  # type: ignore[union-attr]
    assert palette.none.isVisible()

    def fill() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        dialog.setTextValue("car\nperson, van")
        dialog.accept()

    QTimer.singleShot(200, fill)
    page.adding.ask()
    qtbot.waitUntil(
        lambda: page.host.opened is not None and len(page.host.opened.ontology.classes) == 3, timeout=LONG
    )
    assert page.host.opened is not None
    assert [(each.name, each.key) for each in page.host.opened.ontology.classes] == [
        ("car", "1"),
        ("person", "2"),
        ("van", "3"),
    ]
    assert not any("no classes" in each for each in page.strips.texts())
    assert not palette.none.isVisible()


def test_classes_that_are_added_are_told_apart_from_those_that_are_there() -> None:
    known = Ontology(classes=class_types(["car", "person"]))
    grown = with_classes(known, ["cat", "car", "pole"]).classes
    assert [each.name for each in grown] == ["car", "person", "cat", "pole"]
    assert [each.letter for each in grown] == ["C", "P", "A", "O"]
    assert [each.key for each in grown] == ["1", "2", "3", "4"]
    assert len({each.color for each in grown}) == 4


def test_two_changes_of_one_field_meet_in_the_tray_with_both_versions(
    workplace: Workplace, qtbot: QtBot
) -> None:
    item = items(workplace)[4]
    page = label_page(workplace, qtbot, item)
    box = drawn(page)
    qtbot.waitUntil(lambda: document(page).work.is_saved, timeout=LONG)
    with Session.open(workplace.client, own_node=True) as other:
        theirs = other.open_document(item)
        held = theirs.document.get(box.id)
        assert isinstance(held, Box)
        # mine is made while the node cannot be asked: what comes first there is theirs
        workplace.client.call(routes.HANDSHAKE)
        moved = replace(held, xyxy=(20.0, 10.0, 100.0, 70.0))
        mine = replace(held, xyxy=(15.0, 15.0, 95.0, 75.0))
        theirs.apply(change("Move", (held, moved)))
        page.host.apply(change("Move", (held, mine)))
        assert theirs.flush(20.0)
        qtbot.waitUntil(lambda: bool(document(page).conflicts) or bool(theirs.conflicts), timeout=LONG)
        if not document(page).conflicts:  # mine was quicker: then theirs is in their tray, and mine stands
            assert document(page).document.get(box.id) == mine
            return
        qtbot.waitUntil(lambda: bool(page.panels.conflicts.shown), timeout=LONG)
        page.panels._resolve_conflict(document(page).conflicts[0].id, "mine")
        qtbot.waitUntil(lambda: document(page).work.is_saved, timeout=LONG)
        assert document(page).document.get(box.id) == mine
        assert page.panels.conflicts.shown == ()


def test_a_remark_on_the_selected_object_is_listed_and_resolved(workplace: Workplace, qtbot: QtBot) -> None:
    page = label_page(workplace, qtbot, items(workplace)[5])
    box = drawn(page)
    page.host.select(frozenset((box.id,)))
    page.panels.remarks.text.setText("too wide")
    page.panels.remarks.text.returnPressed.emit()
    remark = page.panels.remarks.remarks[0]
    assert (remark.text, remark.on) == ("too wide", box.id)
    page.panels.remarks.list.setCurrentRow(0)
    page.panels.remarks.button.click()
    held = document(page).document.get(remark.id)
    assert isinstance(held, Remark)
    assert held.resolved
    assert page.panels.remarks.list.item(0).text() == "No open remark."


def test_findings_name_what_the_template_asks_for(workplace: Workplace, qtbot: QtBot) -> None:
    page = label_page(workplace, qtbot, items(workplace)[6])
    opened = page.host.opened
    assert opened is not None
    track = Track(EntityId(new_id()), "ghost")
    box = Box(EntityId(new_id()), track.id, opened.item.streams[0].id, 0, (1.0, 1.0, 30.0, 30.0))
    page.host.apply(creation("Draw", track, box))
    qtbot.waitUntil(
        lambda: any("no class 'ghost'" in text for text in texts(page.panels.findings)), timeout=LONG
    )
    page.undo()
    qtbot.waitUntil(lambda: texts(page.panels.findings) == ["No rule is broken."], timeout=LONG)


def test_a_place_of_a_false_positive_is_shown_once_its_item_is_open(
    workplace: Workplace, qtbot: QtBot
) -> None:
    known = items(workplace)
    page = label_page(workplace, qtbot, known[7])
    stream = page.host.opened.item.streams[0].id if page.host.opened is not None else None
    workplace.window.go(Place("label", item=known[7], stream=stream, xyxy=(200.0, 150.0, 260.0, 200.0)))
    left, top, right, bottom = page.editor.canvas.view.shown()  # type: ignore[union-attr]
    assert left <= 200.0 <= 260.0 <= right
    assert top <= 150.0 <= 200.0 <= bottom
    assert right - left < 320.0


def test_every_page_opens_at_a_node_without_an_error(workplace: Workplace, qtbot: QtBot) -> None:
    for name in ("home", "data", "label", "review", "train", "evaluate", "release", "security"):
        workplace.window.go(Place(name))
        assert workplace.window.stack.current_name == name
        qtbot.wait(150)
    errors = [notice.text for notice in workplace.window.notices.kept if notice.tone == "error"]
    assert errors == []
