"""The tree of groups makes only the rows that somebody looks at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from widgets.group_tree import AT_ONCE, GroupRow, GroupTree, LazyRows

MANY = 100_000


class _Rows:
    def __init__(self) -> None:
        self.made: list[str] = []

    def row(self, key: int) -> GroupRow:
        self.made.append(f"{key}")
        return GroupRow(f"{key}", f"group {key}", "3", opens=True, color="#ff0000" if key == 0 else "")

    def children(self, key: str) -> Sequence[GroupRow]:
        return LazyRows(range(MANY), lambda each: self.member(key, each))

    def member(self, key: str, each: int) -> GroupRow:
        self.made.append(f"{key}/{each}")
        return GroupRow(f"{key}/{each}", f"car {each}", "", f"track {each}")


def test_of_many_groups_and_members_only_what_is_looked_at_is_made(qtbot: QtBot) -> None:
    rows, tree = _Rows(), GroupTree()
    qtbot.addWidget(tree)
    tree.set_rows(LazyRows(range(MANY), rows.row), rows.children)
    model = tree.model()
    assert len(rows.made) == model.rowCount() == AT_ONCE
    assert model.canFetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    assert model.rowCount() == 2 * AT_ONCE
    first = model.index(0, 0)
    assert model.data(first, Qt.ItemDataRole.DecorationRole) == QColor("#ff0000")
    assert model.data(model.index(1, 0), Qt.ItemDataRole.DecorationRole) is None
    model.fetchMore(first)
    tree.expand(first)
    assert model.rowCount(first) == AT_ONCE
    before = len(rows.made)
    tree.set_rows(LazyRows(range(MANY), rows.row), rows.children)  # one more member: the branch stays open
    assert tree.isExpanded(model.index(0, 0))
    assert model.rowCount(model.index(0, 0)) == AT_ONCE
    assert len(rows.made) - before <= 3 * AT_ONCE


def test_rows_that_are_made_late_are_those_that_a_list_would_hold() -> None:
    rows = LazyRows("abcd", lambda each: GroupRow(each, each.upper()))
    assert len(rows) == 4
    assert [each.title for each in rows] == ["A", "B", "C", "D"]
    assert [each.key for each in rows[1:3]] == ["b", "c"]
    assert rows[-1].key == "d"
    assert rows[4:] == []
