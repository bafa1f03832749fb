"""Lineage beside the pages: every page opens it, and a click on a neighbour leads to its page."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget

from studio.domain.wire import routes
from studio.domain.wire.jobs import LineageNode
from studio.domain.wire.projects import ItemQuery
from studio.pages import PAGES
from studio.pages.data.page import DataPage
from studio.pages.evaluate.page import EvaluatePage
from studio.pages.label.page import LabelPage
from studio.pages.train.page import TrainPage
from studio.shell.lineage import place_of, words_of
from studio.shell.page import Place
from tests.studio.pages.science.conftest import Seat
from tests.studio.pages.science.test_evaluate import evaluated, shown

KINDS = (
    "import",
    "item",
    "items",
    "snapshot",
    "run",
    "model",
    "evaluation",
    "release",
    "service",
    "pool",
    "suite",
)


def stands_at(seat: Seat, kind: str, title: str = "") -> bool:
    """Whether the panel is in sight and has come there."""
    view = seat.window.lineage.view
    return view.isVisible() and view.kind.text() == kind and title in view.title.text()


def click(neighbours: QListWidget, beginning: str, *, twice: bool = False) -> None:
    """Click the first neighbour whose words begin so."""
    rows = [neighbours.item(row) for row in range(neighbours.count())]
    row = next(each for each in rows if each.text().startswith(beginning))
    neighbours.scrollToItem(row)
    at = neighbours.visualItemRect(row).center()
    QTest.mouseClick(neighbours.viewport(), Qt.MouseButton.LeftButton, pos=at)
    if twice:
        QTest.mouseDClick(neighbours.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_from_an_evaluation_over_its_snapshot_to_an_item_and_back(seat: Seat) -> None:
    page = shown(seat, evaluated(seat, seat.loop.poor))
    menu = page.lineage.menu()
    menu.actions()[0].trigger()
    seat.until(lambda: stands_at(seat, "Evaluation", "poor"))
    view = seat.window.lineage.view
    click(view.made_from, "Snapshot: first", twice=True)
    seat.until(lambda: stands_at(seat, "Snapshot", "first"))
    data = seat.window.stack.currentWidget()
    assert isinstance(data, DataPage)
    seat.until(lambda: data.source.total == 8)
    seat.until(lambda: data.filters.special.text() == "Only first  ✕")
    assert view.made_from.item(0).text() == "All 8 items"
    click(view.made_from, "Item: open-03")
    seat.until(lambda: stands_at(seat, "Item", "open-03"))
    label = seat.window.stack.currentWidget()
    assert isinstance(label, LabelPage)
    seat.until(lambda: label.host.opened is not None and label.host.opened.item.name == "open-03.png")
    seat.window.lineage.back.click()
    seat.until(lambda: stands_at(seat, "Snapshot"))
    assert seat.window.stack.currentWidget() is data


def test_data_opens_it_for_an_item_and_for_the_snapshot_that_is_shown(seat: Seat) -> None:
    seat.window.go(Place("data", query=ItemQuery(snapshot=seat.loop.snapshot)))
    page = seat.window.stack.page("data")
    assert isinstance(page, DataPage)
    seat.until(lambda: page.source.total == 8)
    page.filters.lineage.click()
    seat.until(lambda: stands_at(seat, "Snapshot", "first"))
    page.sheet.set_current(2)
    seat.window.actions_table.run("data.lineage")
    seat.until(lambda: stands_at(seat, "Item", "open-02"))


def test_train_opens_it_for_a_snapshot_and_a_model_leads_back_to_train(seat: Seat) -> None:
    page = seat.page("train")
    assert isinstance(page, TrainPage)
    seat.until(lambda: page.panel.snapshot.count() > 1)
    assert not page.panel.lineage.isVisible()
    page.panel.choose_snapshot(seat.loop.snapshot)
    page.panel.lineage.click()
    seat.until(lambda: stands_at(seat, "Snapshot", "first"))
    evaluated(seat, seat.loop.poor)
    seat.window.desk.show_lineage("snapshot", seat.loop.snapshot)
    seat.until(lambda: "Evaluation: of poor" in [*_texts(seat.window.lineage.view.used_in)])
    click(seat.window.lineage.view.used_in, "Evaluation: of poor")
    seat.until(lambda: stands_at(seat, "Evaluation", "poor"))
    assert isinstance(seat.window.stack.currentWidget(), EvaluatePage)
    click(seat.window.lineage.view.made_from, "Model: poor")
    seat.until(lambda: stands_at(seat, "Model", "poor"))
    assert seat.window.stack.currentWidget() is page


def test_evaluate_opens_it_for_the_pools(seat: Seat) -> None:
    page = seat.page("evaluate")
    assert isinstance(page, EvaluatePage)
    seat.until(lambda: page.lineage.isEnabled())
    offered = {action.text(): action for action in page.lineage.menu().actions()}
    offered["Bad cases"].trigger()
    seat.until(lambda: stands_at(seat, "Pool", "Bad cases"))
    assert seat.client.call(routes.POOLS, project=seat.loop.workspace.project).pools


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_place_among_the_pages(kind: str) -> None:
    node = LineageNode(kind, "id", "name")
    assert place_of(node, LineageNode("pool", "id", "Bad cases")).page in {info.name for info in PAGES}


def test_things_are_said_in_words() -> None:
    assert words_of(LineageNode("items", "x", "1 item")) == "1 item"
    assert words_of(LineageNode("items", "x", "1,200 items")) == "All 1,200 items"
    assert words_of(LineageNode("run", "0123456789ab", "")) == "Run: 01234567"
    assert words_of(LineageNode("snapshot", "x", "Snapshot 3")) == "Snapshot 3"
    assert words_of(LineageNode("snapshot", "x", "first")) == "Snapshot: first"


def _texts(neighbours: QListWidget) -> list[str]:
    return [neighbours.item(row).text().partition(",")[0] for row in range(neighbours.count())]
