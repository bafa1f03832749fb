"""Commands, declared once: menus, keys, palette and help page agree."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from studio.domain.contracts.command import Command
from studio.domain.contracts.plugin import installed_plugins, load_part, load_parts
from studio.domain.errors import AtelierError
from studio.pages import PAGES
from studio.shell.actions import Actions
from studio.shell.command_palette import CommandPalette, score
from studio.shell.key_help import KeyHelp
from studio.shell.page import Page
from studio.shell.window import MainWindow


def of_plugins() -> dict[str, list[Command]]:
    """By plug-in: one editor is open at a time, so two may use one key."""
    found: dict[str, list[Command]] = {}
    for plugin in installed_plugins():
        held = found.setdefault(plugin.name, [])
        for part in load_parts(plugin.commands):
            held += [part] if isinstance(part, Command) else list(part)
    return found


def page_commands(window: MainWindow, name: str) -> list[Command]:
    info = next(each for each in PAGES if each.name == name)
    page: Page = load_part(info.part)(window.desk)
    return list(page.commands())


@pytest.mark.parametrize("name", [info.name for info in PAGES])
def test_no_two_commands_of_a_page_share_a_key(window: MainWindow, name: str) -> None:
    commands = [each.command for each in window.actions_table.all()] + page_commands(window, name)
    for more in of_plugins().values() if name == "label" else [[]]:
        keys = Counter(QKeySequence(key).toString() for each in [*commands, *more] for key in each.keys)
        assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("name", [info.name for info in PAGES])
def test_every_command_has_a_name_a_title_and_a_scope_of_its_page(window: MainWindow, name: str) -> None:
    commands = page_commands(window, name)
    assert {command.scope for command in commands} <= {name}
    assert all(command.title and "." in command.name for command in commands)
    names = Counter(command.name for command in commands)
    assert [each for each, count in names.items() if count > 1] == []


def test_a_command_that_is_not_possible_is_not_run_and_said(window: MainWindow) -> None:
    ran: list[str] = []
    window.actions_table.register(
        [Command("t.never", "Never", lambda _context: ran.append("x"), when=lambda _context: False)], None
    )
    assert not window.actions_table.run("t.never")
    assert ran == []
    assert window.status.currentMessage() == "Never cannot be done just now."


def test_a_fault_in_a_command_becomes_a_notification(window: MainWindow) -> None:
    def break_down(_context: object) -> None:
        raise ZeroDivisionError

    window.actions_table.register([Command("t.break", "Break", break_down)], None)
    window.actions_table.run("t.break")
    assert "went wrong" in window.notices.kept[-1].text
    assert "Traceback" not in window.notices.kept[-1].text


def test_commands_of_a_page_that_is_not_shown_have_no_keys(window: MainWindow) -> None:
    table = window.actions_table
    table.register([Command("label.x", "X", lambda _context: None, keys=("F9",), scope="label")], None)
    table.go_live(("data",))
    assert not table.action("label.x").isEnabled()
    table.go_live(("label",))
    assert table.action("label.x").isEnabled()


def test_an_editors_commands_follow_their_page(window: MainWindow) -> None:
    table = window.actions_table
    table.register(
        [Command("image.y", "Y", lambda _context: None, keys=("Y",), scope="image")], None, own_keys=True
    )
    table.follow("image", "label")
    table.go_live(("label",))
    assert table.action("image.y").isEnabled()
    assert table.action("image.y").shortcuts() == []  # the editor listens to its keys itself
    assert "Y" in table.action("image.y").text().partition("\t")[2]


def test_the_palette_finds_by_letters_in_order_and_prefers_beginnings() -> None:
    assert score("lgt", "Theme: light") is not None
    assert score("xyz", "Theme: light") is None
    best = max(("Undo", "Unsure", "Find a command"), key=lambda title: score("un", title) or -1)
    assert best in ("Undo", "Unsure")
    assert (score("pn", "Pull next") or 0) > (score("pn", "Panel: Findings") or 0)


def test_the_palette_runs_what_is_chosen_and_gives_the_keys_back(qtbot: QtBot, window: MainWindow) -> None:
    ran: list[str] = []
    window.actions_table.register([Command("t.zebra", "Zebra crossing", lambda _c: ran.append("z"))], None)
    field = QLineEdit(window)
    field.show()
    window.activateWindow()
    field.setFocus()
    palette = CommandPalette(window.actions_table, window)
    palette.open()
    qtbot.keyClicks(palette.typed, "zebra")
    qtbot.keyClick(palette.typed, Qt.Key.Key_Return)
    assert ran == ["z"]
    assert not palette.isVisible()


def test_the_page_of_keys_lists_every_command(window: MainWindow) -> None:
    help_page = KeyHelp(window.actions_table, {"app": "Everywhere"}, window)
    model = help_page.table.model()
    listed = []
    for group in range(model.rowCount()):
        parent = model.index(group, 0)
        listed += [model.index(row, 0, parent).data() for row in range(model.rowCount(parent))]
    assert sorted(listed) == sorted(each.command.title for each in window.actions_table.all())


def test_the_table_refuses_an_unknown_name(window: MainWindow) -> None:
    table: Actions = window.actions_table
    assert not table.run("there.is.none")
    with pytest.raises(KeyError):
        table.action("there.is.none")


def test_an_error_of_a_command_is_shown_with_its_hint(window: MainWindow) -> None:
    def refuse(_context: object) -> None:
        raise AtelierError("document.stale", "Somebody was quicker.", hint="Look at the tray.")

    window.actions_table.register([Command("t.refuse", "Refuse", refuse)], None)
    window.actions_table.run("t.refuse")
    assert window.notices.kept[-1].text == "Somebody was quicker. Look at the tray."
