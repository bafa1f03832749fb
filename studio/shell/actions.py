"""Actions: made once from declared commands, so menu, shortcut, palette, tooltip and help always agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from studio.domain.contracts.command import Command
from studio.domain.errors import AtelierError

MENUS = ("File", "Edit", "View", "Go", "Item", "Task", "Tools", "Help")


class Bound(Struct, frozen=True):
    """A command with what it acts on and the QAction made from it."""

    command: Command
    context: Any
    action: QAction

    def possible(self) -> bool:
        """Whether it can be done now."""
        return self.action.isEnabled() and (
            self.command.when is None or bool(self.command.when(self.context))
        )

    @property
    def key(self) -> str:
        """Its first key as this system writes it, or an empty text."""
        return native(self.command.keys[0]) if self.command.keys else ""


class Actions(QObject):
    """Every action of the window. Those of a scope are live while the scope is; `app` always is.

    A fault in a command ends here: it is logged and shown, the window goes on.
    """

    def __init__(
        self,
        window: QWidget,
        show_error: Callable[[AtelierError], None],
        explain: Callable[[Exception], AtelierError],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._show_error = show_error
        self._explain = explain
        self._say = say
        self._bound: dict[str, Bound] = {}
        self._live: frozenset[str] = frozenset(("app",))
        self._follows: dict[str, str] = {}

    def register(self, commands: Iterable[Command], context: Any, *, own_keys: bool = False) -> None:
        """Make an action of each command; `run` and `when` get `context`. A known name is made anew.

        own_keys: whoever `context` is listens to the keys itself (an editor, while its picture has the
        focus); they are shown, and not taken away from text fields and buttons.
        """
        for command in commands:
            if (earlier := self._bound.pop(command.name, None)) is not None:
                self._window.removeAction(earlier.action)
                earlier.action.deleteLater()
            shown = (
                f"{command.title}\t{native(command.keys[0])}" if own_keys and command.keys else command.title
            )
            action = QAction(shown, self._window)
            action.setObjectName(command.name)
            if not own_keys:
                action.setShortcuts([QKeySequence(key) for key in command.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.setCheckable(command.checkable)
            bound = Bound(command, context, action)
            action.setToolTip(tooltip(bound))
            action.setStatusTip(command.help)
            action.setEnabled(command.scope in self._live)
            action.triggered.connect(lambda _checked=False, name=command.name: self.run(name))
            self._window.addAction(action)
            self._bound[command.name] = bound

    def follow(self, scope: str, page: str) -> None:
        """From now on `scope` (an editor's) is live whenever `page` is."""
        self._follows[scope] = page
        if page in self._live:
            self.go_live(self._live)

    def go_live(self, scopes: Iterable[str]) -> None:
        """Make exactly `app`, `scopes` and what follows them live: keys of other pages do nothing."""
        wanted = frozenset(scopes) | {"app"}
        self._live = wanted | {scope for scope, page in self._follows.items() if page in wanted}
        for bound in self._bound.values():
            bound.action.setEnabled(bound.command.scope in self._live)

    def run(self, name: str) -> bool:
        """Carry out a command, if it can be done now; whether it was."""
        bound = self._bound.get(name)
        if bound is None or bound.command.scope not in self._live:
            return False
        try:
            if bound.command.when is not None and not bound.command.when(bound.context):
                self._say(f"{bound.command.title} cannot be done just now.")
                return False
            bound.command.run(bound.context)
        except AtelierError as error:
            self._show_error(error)
        except Exception as fault:  # noqa: BLE001  one of the doors: shown without a trace, logged with it
            self._show_error(self._explain(fault))
        return True

    def action(self, name: str) -> QAction:
        """The QAction of a command, for buttons and tool bars. Raises KeyError."""
        return self._bound[name].action

    def live(self) -> list[Bound]:
        """What is offered now, in the order of registration."""
        return [each for each in self._bound.values() if each.command.scope in self._live]

    def all(self) -> list[Bound]:
        """Every registered command."""
        return list(self._bound.values())

    def fill(self, bar: QMenuBar) -> None:
        """Make the menus: one for each `menu` that a live command names, in the usual order."""
        bar.clear()
        by_menu: dict[str, list[Bound]] = {}
        for bound in self.live():
            if bound.command.menu:
                by_menu.setdefault(bound.command.menu, []).append(bound)
        others = sorted(set(by_menu) - set(MENUS))
        # Help is the last one, wherever people look
        order = [name for name in (*MENUS[:-1], *others, MENUS[-1]) if name in by_menu]
        for title in order:
            menu = bar.addMenu(_with_mnemonic(title, order))
            menu.setObjectName(f"menu.{title}")
            menu.setToolTipsVisible(True)
            scope = by_menu[title][0].command.scope
            for bound in by_menu[title]:
                if bound.command.scope != scope:
                    menu.addSeparator()
                    scope = bound.command.scope
                menu.addAction(bound.action)
            _grey_while_open(menu, by_menu[title])


def native(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def tooltip(bound: Bound) -> str:
    """What a button of this action says: its title, its key and what it does."""
    head = f"{bound.command.title} ({bound.key})" if bound.key else bound.command.title
    return f"{head}\n{bound.command.help}" if bound.command.help else head


def _grey_while_open(menu: QMenu, bound: list[Bound]) -> None:
    # An action that is disabled loses its key, so they are greyed only while somebody looks at them; the
    # key itself asks `when` as it is pressed.
    def grey() -> None:
        for each in bound:
            each.action.setEnabled(each.possible())

    def restore() -> None:
        for each in bound:
            each.action.setEnabled(True)

    menu.aboutToShow.connect(grey)
    # queued: the chosen action is triggered after the menu has closed
    menu.aboutToHide.connect(restore, Qt.ConnectionType.QueuedConnection)


def _with_mnemonic(title: str, titles: list[str]) -> str:
    taken = {each[0].lower() for each in titles[: titles.index(title)]}
    for index, letter in enumerate(title):
        if letter.lower() not in taken:
            return f"{title[:index]}&{title[index:]}"
    return title
