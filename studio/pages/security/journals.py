"""Work that lies on this machine and that no studio sends: what it holds, and handing it in to its node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.domain.errors import AtelierError
from studio.domain.wire.documents import HandedIn
from studio.domain.wording import counted
from studio.pages.security.records import fill, table
from studio.shell.calls import Call
from studio.shell.moments import moment
from studio.shell.page import Desk

if TYPE_CHECKING:
    from studio.client.left_journals import LeftJournal

_KEPT = "journals/kept"  # files that somebody has decided to leave, one a line
_MINE, _OTHERS, _ELSEWHERE = "yours", "another person's, of this node", "of another node"


def whose(journal: LeftJournal, node: str, user: str) -> str:
    """Of this node and person, of somebody else here, or of another node."""
    if journal.node != node:
        return _ELSEWHERE
    return _MINE if journal.user == user else _OTHERS


def held_in(journal: LeftJournal) -> str:
    """What it holds, as far as this machine can read it."""
    if journal.edits is None:
        return f"sealed under another key: {max(1, round(journal.size / 1024)):,} kB that its node can read"
    said = []
    if journal.edits:
        said.append(f"{counted(journal.edits, 'change')} on {counted(journal.items, 'item')}")
    if journal.unfinished:
        said.append(counted(journal.unfinished, "unfinished gesture"))
    return " and ".join(said) + (", before a damaged place" if journal.is_damaged else "")


def outcome(done: HandedIn) -> str:
    """What the node made of one that was handed in."""
    words = (
        f"Handed in: {counted(done.drafts, 'draft')} on {counted(len(done.items), 'item')} wait to be taken."
    )
    if done.drafts == 0:
        words = "Handed in: nothing of it was new to the node."
    lost = done.no_access + done.gone + done.left
    return words + (f" {lost:,} could not be taken; the file stays here." if lost else "")


class JournalsView(QWidget):
    """A row for each such journal. Nothing is ever applied by handing in: drafts wait for their owner."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._outcome = ""
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.table = table("Work that was left on this machine", ("Whose", "Holds", "Last changed", ""), 1)
        column = QVBoxLayout(self)
        column.addWidget(self.said)
        column.addWidget(self.table)

    def refresh(self) -> None:
        """Look through this machine's folder again."""
        if not self._desk.is_connected:
            self.said.setText("Sign in to a node to see what was left here.")
            self.table.setRowCount(0)
            return
        session = self._desk.session
        self._calls.start("look", lambda _call: session.left_journals(), self._show)

    def _show(self, found: Sequence[LeftJournal]) -> None:
        node, user = self._desk.client.handshake.node, self._desk.user
        kept = kept_here(self._desk)
        count = f"{counted(len(found), 'journal')} left on this machine, with work that no studio sends. "
        self.said.setText(
            self._outcome
            or (
                f"{count}Handing one in makes drafts of it, for whom it is; nothing is applied by itself."
                if found
                else "Nothing was left here: all work on this machine is sent, or waits in an open studio."
            )
        )
        self.table.setRowCount(len(found))
        for row, journal in enumerate(found):
            of = whose(journal, node, user.id if user is not None else "")
            state = f"{held_in(journal)} (kept here)" if name_of(journal) in kept else held_in(journal)
            fill(self.table, row, (of, state, moment(journal.changed_ns)))
            self.table.setCellWidget(row, 3, self._buttons(journal, of, name_of(journal) in kept))
        self.table.resizeRowsToContents()

    def _buttons(self, journal: LeftJournal, of: str, is_kept: bool) -> QWidget:
        cell = QWidget()
        inside = QHBoxLayout(cell)
        inside.setContentsMargins(4, 2, 4, 2)
        admin = self._desk.user is not None and self._desk.user.admin
        if of == _ELSEWHERE:
            inside.addWidget(QLabel("Sign in there: what this machine can read is then sent by itself."))
            return cell
        choices: list[tuple[str, Callable[[], object]]] = []
        if of == _MINE or admin:
            choices.append(("Hand in", partial(self._hand_in, journal)))
        if not is_kept:
            choices.append(("Keep here", partial(self._keep, journal)))
        for title, act in choices:
            button = QPushButton(title)
            button.setAccessibleName(f"{title}: {held_in(journal)}")
            button.clicked.connect(lambda _checked=False, act=act: act())
            inside.addWidget(button)
        return cell

    def _hand_in(self, journal: LeftJournal) -> None:
        client = self._desk.client
        self.said.setText("Handing in …")

        def work(_call: Call) -> HandedIn:
            from studio.client.handing_in import hand_in
            from studio.client.left_journals import mark_handed_in

            done = hand_in(client, journal.path)
            if not done.no_access and not done.left:
                mark_handed_in(journal)
            return done

        self._calls.start("hand in", work, lambda done: self._over(outcome(done)), self._refused)

    def _keep(self, journal: LeftJournal) -> None:
        self._desk.settings.keep_local(_KEPT, "\n".join(sorted(kept_here(self._desk) | {name_of(journal)})))
        self._over("It stays where it is, and you are not reminded of it. It can be handed in at any time.")

    def _refused(self, error: AtelierError) -> None:
        self._over(f"{error.message} {error.hint}".strip())

    def _over(self, words: str) -> None:
        self._outcome = words
        self.refresh()


def name_of(journal: LeftJournal) -> str:
    """By what a file is remembered: its place and its name."""
    return f"{journal.path.parent.parent.name}/{journal.path.name}"


def kept_here(desk: Desk) -> frozenset[str]:
    """The names of those that somebody has decided to leave."""
    return frozenset(filter(None, desk.settings.local(_KEPT).splitlines()))
