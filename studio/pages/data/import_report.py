"""What an import brought in and what it could not, to be read and copied."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.domain.wire.jobs import ImportReport
from studio.domain.wording import counted


class ImportReportView(QWidget):
    """Counts in a sentence, problems in a table: file, what was wrong, how to mend it."""

    def __init__(self) -> None:
        super().__init__()
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.table = QTableWidget(0, 3)
        self.table.setAccessibleName("Problems")
        self.table.setHorizontalHeaderLabels(["File", "What was wrong", "How to mend it"])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.verticalHeader().hide()
        self.table.setWordWrap(True)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(0, 220)
        self.copy = QPushButton("Copy this report")
        self.copy.clicked.connect(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.said)
        column.addWidget(self.table, 1)
        column.addWidget(self.copy)

    def show_report(self, report: ImportReport) -> None:
        """Fill it."""
        self.said.setText(heading(report))
        self.table.setRowCount(len(report.problems))
        for row, problem in enumerate(report.problems):
            for column, text in enumerate((problem.path, problem.message, problem.hint)):
                cell = QTableWidgetItem(text)
                cell.setToolTip(text)
                self.table.setItem(row, column, cell)
        self.table.resizeRowsToContents()
        self.table.setVisible(bool(report.problems))
        self.copy.setVisible(bool(report.problems))

    def _copy(self) -> None:
        lines = [self.said.text()]
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, column) for column in range(3))
            lines.append("\t".join(cell.text() if cell is not None else "" for cell in cells))
        QGuiApplication.clipboard().setText("\n".join(lines))


def sentence(report: ImportReport) -> str:
    """What an import did, in words that stand alone."""
    said = f"{counted(report.items, 'item')} with {counted(report.shapes, 'shape')} came in."
    if report.skipped:
        said += f" {report.skipped:,} {'was' if report.skipped == 1 else 'were'} skipped."
    if report.new_classes:
        said += f" New classes: {', '.join(report.new_classes)}."
    if count := _problems(report):
        said += f" {counted(count, 'problem')}."
    return said


def heading(report: ImportReport) -> str:
    """The sentence above the table of problems."""
    said, listed = sentence(report), len(report.problems)
    if not listed:
        return said
    return f"{said[:-1]}: the first {listed:,} are listed." if _problems(report) > listed else f"{said[:-1]}:"


def _problems(report: ImportReport) -> int:
    return max(report.problem_count, len(report.problems))
