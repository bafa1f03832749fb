"""Taking a batch back from the window: counted first, then carried out, and put back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from plugins.image.formats.pascal_voc import PascalVoc
from studio.client import Client, Session, jobs, uploads
from studio.domain.contracts.formats import WriteItem
from studio.domain.edit import change
from studio.domain.entities import Box, Track
from studio.domain.ids import ItemId, ShapeId, StreamId, TrackId, new_id
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire import routes
from studio.domain.wire.documents import BatchReverted
from studio.domain.wire.projects import ItemQuery, NewProject, Project, Stream
from studio.pages.batches import BatchesDialog, batches_of_item, batches_of_project, said_of
from tests.plugins.formats_kit import Folder, picture
from tests.studio.pages.conftest import Workplace

LONG = 30_000  # ms
STREAM = StreamId("image")


@pytest.fixture
def labelled(workplace: Workplace, tmp_path: Path) -> Project:
    """A project of two pictures, each with a box that an import brought."""
    items = []
    for name in ("a.png", "b.png"):
        picture(tmp_path / "in" / name)
        track = Track(TrackId(new_id()), "car")
        box = Box(ShapeId(new_id()), track.id, STREAM, 0, (4.0, 4.0, 40.0, 30.0))
        stream = Stream(STREAM, "image", "image", width=64, height=48)
        items.append(WriteItem(name, (stream,), (track, box), ((name,),)))
    PascalVoc().write(items, Ontology(classes=(ClassType("car"),)), Folder(tmp_path / "in"))
    client = workplace.client
    project = client.call(routes.NEW_PROJECT, NewProject(f"Cars {new_id()}", Ontology()))
    state = uploads.Upload(client, project.id, tmp_path / "in", format="pascal_voc", name="cars").run()
    assert state.job is not None
    assert jobs.report(client, state.job.id).shapes == 2
    found = client.call(routes.PROJECT, project=project.id)
    workplace.window.desk.set_project(found)
    return found


@pytest.fixture
def dialog(workplace: Workplace, labelled: Project, qtbot: QtBot) -> Iterator[BatchesDialog]:
    over = QWidget()
    qtbot.addWidget(over)
    made = BatchesDialog(workplace.window.desk, "Batches", batches_of_project, over)
    made.show()
    qtbot.waitUntil(lambda: made.table.rowCount() == 1, timeout=LONG)
    yield made
    made.close()


def boxes(client: Client, project: Project) -> dict[str, list[Box]]:
    rows = client.call(routes.ITEMS, ItemQuery(), project=project.id).rows
    return {
        row.name: [
            each for each in client.call(routes.DOCUMENT, item=row.id).entities if isinstance(each, Box)
        ]
        for row in rows
    }


def first_item(client: Client, project: Project) -> ItemId:
    return client.call(routes.ITEMS, ItemQuery(), project=project.id).rows[0].id


def test_a_batch_is_counted_taken_back_but_for_what_was_changed_and_put_back(
    workplace: Workplace, labelled: Project, dialog: BatchesDialog, qtbot: QtBot
) -> None:
    client = workplace.client
    session = workplace.window.desk.session
    assert isinstance(session, Session)
    item = first_item(client, labelled)
    document = session.open_document(item)
    (box,) = (each for each in document.document if isinstance(each, Box))
    document.apply(change("Move", (box, replace(box, xyxy=(5.0, 5.0, 41.0, 31.0))), tool="select"))
    qtbot.waitUntil(lambda: document.work.is_saved, timeout=LONG)
    document.close()

    dialog.table.selectRow(0)
    qtbot.waitUntil(dialog.back.isEnabled, timeout=LONG)
    assert "2 changes in 2 items" in dialog.said.text()
    assert "Edited since: 1 item." in dialog.said.text()
    dialog.back.click()
    qtbot.waitUntil(lambda: "Taken back in 1 item." in dialog.said.text(), timeout=LONG)
    assert "Left as they are: 1 item" in dialog.said.text()
    assert sorted(len(each) for each in boxes(client, labelled).values()) == [0, 1]

    # what took it back is a batch itself, the newest, and puts it back
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 2, timeout=LONG)
    dialog.table.selectRow(0)
    qtbot.waitUntil(dialog.back.isEnabled, timeout=LONG)
    assert "1 change in 1 item." in dialog.said.text()
    dialog.back.click()
    qtbot.waitUntil(lambda: [len(each) for each in boxes(client, labelled).values()] == [1, 1], timeout=LONG)


def test_an_items_history_names_its_batches_with_who_made_them(
    workplace: Workplace, labelled: Project
) -> None:
    (row,) = batches_of_item(workplace.client, first_item(workplace.client, labelled))
    (of_project,) = batches_of_project(workplace.client, labelled.id)
    assert row.batch == of_project.batch
    assert row.who
    assert of_project.title == "Import cars"


def test_who_changed_the_same_things_is_named_once() -> None:
    left = tuple((ItemId(new_id()), name) for name in ("Bo", "Ann", "Bo"))
    done = BatchReverted(ItemId(new_id()), 7, left, 3)  # type: ignore[arg-type]
    said = "Taken back in 7 items. Left as they are: 3 items, where Ann, Bo changed the same things since."
    assert said_of(done) == said
