"""The lists beside the editor: undo history, findings, remarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.entities import Remark
from studio.domain.ids import EntityId
from studio.domain.ontology import Finding
from studio.shell.icons import icon

_KEY = Qt.ItemDataRole.UserRole
_SHOWN = 500
_STEPS = 150  # made anew after each Edit; keys go further back


class UndoList(QListWidget):
    """One's own steps, newest first; what was undone stands above in grey. Double-click goes there."""

    def __init__(self, undo: Callable[[int], None], redo: Callable[[int], None]) -> None:
        """undo, redo: take back or do again so many steps."""
        super().__init__()
        self.setAccessibleName("History")
        self._undo = undo
        self._redo = redo
        self.itemActivated.connect(self._go)

    def show_steps(self, undo_titles: Sequence[str], redo_titles: Sequence[str]) -> None:
        """Both lists next first."""
        self.clear()
        for steps, title in reversed(list(enumerate(redo_titles[:_STEPS], 1))):
            row = QListWidgetItem(f"{title}  (undone)")
            row.setForeground(self.palette().placeholderText())
            row.setData(_KEY, steps)
            self.addItem(row)
        for steps, title in enumerate(undo_titles[:_STEPS]):
            row = QListWidgetItem(title)
            row.setData(_KEY, -steps)
            self.addItem(row)
        if not self.count():
            self.addItem("Nothing has been changed by you here.")

    def _go(self, row: QListWidgetItem) -> None:
        steps = row.data(_KEY)
        if isinstance(steps, int) and steps > 0:
            self._redo(steps)
        elif isinstance(steps, int) and steps < 0:
            self._undo(-steps)


class FindingList(QListWidget):
    """Rules of the labelling template that the item breaks; Enter or double-click goes to the object."""

    def __init__(self, go_to: Callable[[EntityId], None]) -> None:
        super().__init__()
        self.setAccessibleName("Findings")
        self.setWordWrap(True)
        self.itemActivated.connect(lambda row: go_to(row.data(_KEY)) if row.data(_KEY) else None)

    def show_findings(self, found: Sequence[Finding]) -> None:
        """Those that block submitting first."""
        self.clear()
        for finding in sorted(found, key=lambda each: not each.blocks)[:_SHOWN]:
            row = QListWidgetItem(icon("warning" if finding.blocks else "help"), finding.message)
            row.setData(_KEY, finding.entity)
            row.setToolTip("Must be mended before the item can be submitted." if finding.blocks else "")
            self.addItem(row)
        if not found:
            self.addItem("No rule is broken.")


class RemarkList(QWidget):
    """Remarks on the item; one may be added on what is selected, and resolved."""

    def __init__(
        self,
        go_to: Callable[[EntityId], None],
        add: Callable[[str], None],
        resolve: Callable[[EntityId, bool], None],
    ) -> None:
        super().__init__()
        self._resolve = resolve
        self._remarks: tuple[Remark, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("Remarks")
        self.list.setWordWrap(True)
        self.list.itemActivated.connect(lambda row: go_to(row.data(_KEY)) if row.data(_KEY) else None)
        self.list.currentItemChanged.connect(lambda _now, _before: self._offer())
        self.all = QCheckBox("Resolved ones too")
        self.all.toggled.connect(lambda _on: self._fill())
        self.button = QPushButton("Resolve")
        self.button.clicked.connect(self._press)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Remark on what is selected, or on the item")
        self.text.setAccessibleName("New remark")
        self.text.returnPressed.connect(lambda: self._add(add))
        row = QHBoxLayout()
        row.addWidget(self.all)
        row.addStretch(1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        column.addLayout(row)
        column.addWidget(self.text)
        self._offer()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Those that are known, resolved ones too."""
        return self._remarks

    def show_remarks(self, remarks: Iterable[Remark]) -> None:
        """Fill the list."""
        self._remarks = tuple(remarks)
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        shown = [each for each in self._remarks if self.all.isChecked() or not each.resolved]
        for remark in shown[:_SHOWN]:
            row = QListWidgetItem(icon("check" if remark.resolved else "remark"), remark.text)
            row.setData(_KEY, remark.id)
            row.setToolTip(remark.text)
            self.list.addItem(row)
        if not shown:
            self.list.addItem("No open remark.")
        self._offer()

    def _chosen(self) -> Remark | None:
        row = self.list.currentItem()
        key = row.data(_KEY) if row is not None else None
        return next((each for each in self._remarks if each.id == key), None)

    def _offer(self) -> None:
        chosen = self._chosen()
        self.button.setEnabled(chosen is not None)
        self.button.setText("Open again" if chosen is not None and chosen.resolved else "Resolve")

    def _press(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._resolve(chosen.id, not chosen.resolved)

    def _add(self, add: Callable[[str], None]) -> None:
        if text := self.text.text().strip():
            add(text)
            self.text.clear()


class Nothing(QLabel):
    """What stands where the editor would be while no item is open."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
