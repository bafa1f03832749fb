"""Work that was left on this machine: listed with what it holds, handed in, or kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from studio.client.device_key import device_key
from studio.client.journal import Journal
from studio.client.ledger import Kept
from studio.client.sealing import derived
from studio.domain.edit import creation
from studio.domain.entities import Track
from studio.domain.ids import OperationId, TrackId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import HandedIn
from studio.domain.wire.projects import ItemQuery
from studio.folders import state_folder
from studio.pages.home.page import HomePage
from studio.pages.security.journals import JournalsView, outcome
from studio.pages.security.page import SecurityPage
from studio.shell.page import Place
from tests.studio.pages.conftest import Workplace

LONG = 30_000  # ms
OTHER_KEY = bytes(32)


def leave(workplace: Workplace, key: bytes, node: str = "") -> Path:
    """A journal with one change, as a studio leaves it that was killed and whose key is gone."""
    desk = workplace.window.desk
    assert desk.user is not None
    told = desk.client.handshake
    (item, *_) = workplace.client.call(routes.ITEMS, ItemQuery(), project=workplace.project.id).rows
    folder = state_folder() / new_id() / "journal"
    journal = Journal(folder, key, node or told.node, desk.user.id, told.public_key)
    track = Track(TrackId(new_id()), "car")
    journal.append(Kept(OperationId(new_id()), item.id, 0, creation("Draw", track), 0))
    assert journal.sync()
    journal.close()
    return next(folder.glob("*.journal"))


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other studios left on this machine is none of this test's business."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def view_of(workplace: Workplace, qtbot: QtBot, rows: int) -> JournalsView:
    workplace.window.go(Place("security", subject="journals"))
    page = workplace.window.stack.page("security")
    assert isinstance(page, SecurityPage)
    assert page.tabs.currentWidget() is page.journals
    page.journals.refresh()
    qtbot.waitUntil(lambda: page.journals.table.rowCount() == rows, timeout=LONG)
    return page.journals


def reminded(workplace: Workplace, qtbot: QtBot) -> bool:
    """Whether somebody who signs in now is told of left work."""
    workplace.window.go(Place("home"))
    home = workplace.window.stack.page("home")
    assert isinstance(home, HomePage)
    home._look_for_left_work(True)
    qtbot.waitUntil(lambda: not home.calls.is_running("left work"), timeout=LONG)
    said = [each.text for each in workplace.window.notices.kept]
    workplace.window.notices.kept = []
    return any("could not be sent" in each for each in said)


def button(view: JournalsView, title: str, row: int = 0) -> QPushButton:
    found = view.table.cellWidget(row, 3).findChildren(QPushButton)
    return next(each for each in found if each.text() == title)


def test_work_under_a_lost_key_is_handed_in_and_waits_as_a_draft(workplace: Workplace, qtbot: QtBot) -> None:
    path = leave(workplace, OTHER_KEY)
    view = view_of(workplace, qtbot, 1)
    assert view.table.item(0, 0).text() == "yours"
    assert "sealed under another key" in view.table.item(0, 1).text()
    button(view, "Hand in").click()
    qtbot.waitUntil(lambda: "1 draft on 1 item" in view.said.text(), timeout=LONG)
    qtbot.waitUntil(lambda: view.table.rowCount() == 0, timeout=LONG)
    assert not path.exists()
    assert path.with_name(path.name + ".handed-in").exists()


def test_what_another_node_waits_for_is_read_and_told_and_what_is_kept_stays(
    workplace: Workplace, qtbot: QtBot
) -> None:
    mine = leave(workplace, OTHER_KEY)
    elsewhere = leave(workplace, derived(device_key(True).key, "journal", "another node"), "another node")
    view = view_of(workplace, qtbot, 2)
    told = {view.table.item(row, 0).text(): view.table.item(row, 1).text() for row in range(2)}
    assert told["of another node"] == "1 change on 1 item"
    own = next(row for row in range(2) if view.table.item(row, 0).text() == "yours")
    assert not view.table.cellWidget(1 - own, 3).findChildren(QPushButton)
    assert reminded(workplace, qtbot)
    button(view, "Keep here", own).click()
    qtbot.waitUntil(
        lambda: "(kept here)" in " ".join(view.table.item(row, 1).text() for row in range(2)), timeout=LONG
    )
    assert not reminded(workplace, qtbot)
    assert mine.exists()
    assert elsewhere.exists()


def test_the_journal_of_a_studio_that_runs_is_not_listed(workplace: Workplace) -> None:
    session = workplace.window.desk.session
    assert list(state_folder().glob("*/journal/*.journal"))
    assert session.left_journals() == []


def test_what_the_node_made_of_it_is_said() -> None:
    done = HandedIn("Ann", "Ann", 3, 2, items=((new_id(), ""),), left=1)  # type: ignore[arg-type]
    assert outcome(done) == (
        "Handed in: 2 drafts on 1 item wait to be taken. 1 could not be taken; the file stays here."
    )
