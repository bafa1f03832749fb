"""The window around the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from studio.domain.errors import AtelierError
from studio.pages import PAGES
from studio.shell.headings import Heading
from studio.shell.page import Place
from studio.shell.rail import RailButton
from studio.shell.settings import Settings
from studio.shell.status import StatusBar
from studio.shell.theme import apply_text_size
from studio.shell.window import MainWindow

CLICKABLE = (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit)


def nameless(root: QWidget) -> list[str]:
    """What can be clicked or typed into and has no name for a screen reader."""
    found = []
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, CLICKABLE) or widget.objectName().startswith("qt_"):
            continue
        if (
            widget.isHidden()
        ):  # put away by itself, not by the page it is on: it gets its name when it is shown
            continue
        if isinstance(widget.parent().parent(), QComboBox):  # the list that drops down is the box's own
            continue
        own = [widget.accessibleName(), widget.text() if isinstance(widget, QAbstractButton) else ""]
        if type(widget).__name__ in ("QHeaderView", "QAbstractButton", "QToolBarExtension"):
            continue  # Qt's own parts of tables and tool bars
        if not any(each.strip() for each in own):
            found.append(
                f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parent()).__name__}"
            )
    return found


@pytest.mark.parametrize("name", [info.name for info in PAGES])
def test_everything_clickable_on_a_page_has_a_name(window: MainWindow, name: str) -> None:
    info = next(each for each in PAGES if each.name == name)
    window.stack.go(Place(info.name))
    page = window.stack.page(name)
    assert page is not None, window.notices.kept
    assert nameless(page) == []


def test_everything_clickable_around_the_pages_has_a_name(window: MainWindow) -> None:
    window.go(Place("home"))
    assert nameless(window.rail) + nameless(window.status) == []


def test_a_page_that_needs_a_project_says_so(window: MainWindow) -> None:
    window.go(Place("home"))
    window.go(Place("data"))
    assert window.stack.current_name == "home"
    assert window.status.currentMessage() == "Open a project first: Data belongs to one."


def test_an_error_is_shown_and_kept_in_the_list(window: MainWindow) -> None:
    window.desk.show_error(AtelierError("document.stale", "Somebody was quicker.", hint="Look at the tray."))
    assert [toast.accessibleName() for toast in window.toasts.toasts][-1].startswith(
        "error: Somebody was quicker."
    )
    assert window.notices.unread == 1
    assert window.status.notices.text() == "1"


def test_asking_the_node_before_it_is_there_says_so(window: MainWindow) -> None:
    with pytest.raises(AtelierError) as refused:
        _ = window.desk.client
    assert refused.value.code == "node.gone"


@pytest.mark.parametrize(
    ("work", "text"),
    [
        ((0, 0, 0, True), "Saved"),
        ((3, 3, 0, True), "Kept here: 3"),
        ((3, 3, 0, False), "Kept here: 3, sent when the node answers"),
        ((1, 3, 0, True), "Writing 2, kept here: 1"),
        ((0, 0, 2, True), "Saved · 2 to decide"),
    ],
)
def test_two_words_tell_the_state_of_work(
    window: MainWindow, work: tuple[int, int, int, bool], text: str
) -> None:
    status: StatusBar = window.status
    kept, unsaved, conflicts, reachable = work
    status.show_work(kept, unsaved, conflicts, reachable=reachable)
    assert status.work.text() == text


def test_settings_of_this_machine_come_back(qapp: QApplication, tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.keep("theme", "dark")
    settings.keep_local_bytes("window/geometry", QByteArray(b"\x00\xff"))
    settings.flush()
    again = Settings(tmp_path)
    assert again.get("theme") == "dark"
    assert again.local_bytes("window/geometry") == QByteArray(b"\x00\xff")


def test_settings_that_follow_a_person_are_read_from_the_node(qapp: QApplication, tmp_path: Path) -> None:
    on_node: dict[str, str] = {"theme": "dark"}
    settings = Settings(tmp_path)
    settings.follow(lambda name, default: on_node.get(name, default), on_node.__setitem__)
    assert settings.get("theme") == "dark"
    settings.keep("text_size", "125")
    assert on_node["text_size"] == "125"
    settings.follow(None, None)
    assert settings.get("text_size") == "125"


def test_headings_grow_with_all_other_text(window: MainWindow, qapp: QApplication) -> None:
    window.go(Place("home"))
    window.actions_table.run("text.usual")
    heading = window.findChildren(Heading)[0]
    before = heading.font().pointSizeF()
    window.actions_table.run("text.larger")
    assert heading.font().pointSizeF() > before
    window.actions_table.run("text.usual")
    assert heading.font().pointSizeF() == before


@pytest.fixture
def text_size(qapp: QApplication) -> Iterator[Callable[[int], None]]:
    """Sets the size of all text, in per cent, and the usual one afterwards."""
    yield lambda per_cent: apply_text_size(qapp, per_cent)
    apply_text_size(qapp, 100)


@pytest.mark.parametrize("per_cent", [100, 150, 200])
def test_the_names_of_the_pages_are_whole_at_every_text_size(
    window: MainWindow, qtbot: QtBot, text_size: Callable[[int], None], per_cent: int
) -> None:
    wide = QWidget()
    wide.setMinimumWidth(1366)  # a page that wants all that there is
    window.stack.addWidget(wide)
    window.stack.setCurrentWidget(wide)
    for each in window.rail.findChildren(RailButton):
        each.setVisible(True)
    text_size(per_cent)  # while the window is shown
    window.resize(1366, 730)  # of 768, less what a desktop keeps

    def is_whole(button: RailButton) -> bool:
        text = button.fontMetrics()
        room = button.contentsRect()
        return room.width() >= text.horizontalAdvance(button.text()) and room.height() >= 24 + text.height()

    buttons = window.rail.findChildren(RailButton)
    qtbot.waitUntil(lambda: all(map(is_whole, buttons)), timeout=2000)
    assert window.minimumSizeHint().height() <= 730
    assert window.minimumSizeHint().width() <= 1366, "its right edge would be off the screen"
    assert window.rail.geometry().left() == 0
    assert all(window.rail.rect().contains(each.geometry()) for each in buttons)
