"""A form made from fields; it reports each answer as it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.domain.values import Value
from widgets.form_fields import Field, problem_of

UNANSWERED = "–"


class Form(QWidget):
    """`set_fields`, then `set_values`; `changed(name, value)` when a person answers, None for no answer.

    `explains`: each field's help stands below it, and not only in its tooltip.
    """

    changed = Signal(str, object)

    def __init__(self, parent: QWidget | None = None, *, explains: bool = False) -> None:
        super().__init__(parent)
        self._explains = explains
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._answers: dict[str, Answer] = {}

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(answer.field for answer in self._answers.values())

    def set_fields(self, fields: tuple[Field, ...]) -> None:
        """Ask these; answers given so far are forgotten, defaults are shown."""
        if fields == self.fields:
            self.set_values({})
            return
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._answers = {}
        for field in fields:
            answer = Answer(field, self, self._explains)
            answer.changed.connect(partial(self.changed.emit, field.name))
            label = QLabel(field.label + (f"  [{field.key.upper()}]" if field.key else ""))
            label.setToolTip(field.help)
            label.setBuddy(answer.control)
            self._layout.addRow(label, answer)
            self._answers[field.name] = answer
        self.set_values({})

    def set_values(self, values: Mapping[str, Value]) -> None:
        """Show these answers; fields without one show their default."""
        for name, answer in self._answers.items():
            answer.show_value(values.get(name, answer.field.default))

    def values(self) -> dict[str, Value]:
        """The answers that are given."""
        given = {name: answer.value() for name, answer in self._answers.items()}
        return {name: value for name, value in given.items() if value is not None}

    def problems(self) -> list[str]:
        """What is wrong with the answers, in words."""
        return [problem for answer in self._answers.values() if (problem := answer.problem())]

    def focus(self, name: str) -> None:
        """Put the keyboard into a field."""
        if answer := self._answers.get(name):
            answer.control.setFocus(Qt.FocusReason.ShortcutFocusReason)


class Answer(QWidget):
    """The control for one field, with its help and what is wrong below it."""

    changed = Signal(object)

    def __init__(self, field: Field, parent: QWidget, explains: bool = False) -> None:
        super().__init__(parent)
        self.field = field
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        dark = self.palette().window().color().lightness() < 128
        self._problem.setStyleSheet(f"color: {'#ff8a80' if dark else '#c62828'}")
        self._problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._boxes: dict[str, QCheckBox] = {}
        self.control = self._make_control()
        self.control.setAccessibleName(field.label)
        self.control.setAccessibleDescription(field.help)
        self.control.setToolTip(field.help)
        self.control.installEventFilter(self)
        layout.addWidget(self.control)
        layout.addWidget(self._problem)
        if explains and field.help:
            explained = QLabel(field.help)
            explained.setTextFormat(Qt.TextFormat.PlainText)
            explained.setWordWrap(True)
            explained.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            layout.addWidget(explained)
            layout.addSpacing(6)
            # as wide as the form, whatever the control is: a text that wraps elsewhere is cut
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def _make_control(self) -> QWidget:
        match self.field.kind:
            case "check":
                check = QCheckBox()
                check.setTristate(not self.field.required and self.field.default is None)
                check.clicked.connect(self._told)
                return check
            case "choice":
                combo = QComboBox()
                if not self.field.required or self.field.default is None:
                    combo.addItem(UNANSWERED)
                combo.addItems(list(self.field.choices))
                combo.activated.connect(self._told)
                return combo
            case "choices":
                row = QWidget()
                across = QHBoxLayout(row)
                across.setContentsMargins(0, 0, 0, 0)
                for choice in self.field.choices:
                    box = QCheckBox(choice)
                    box.setAccessibleName(f"{self.field.label}: {choice}")
                    box.clicked.connect(self._told)
                    across.addWidget(box)
                    self._boxes[choice] = box
                across.addStretch()
                return row
        line = QLineEdit()
        line.setClearButtonEnabled(not self.field.required)
        line.editingFinished.connect(self._told)
        if self.field.kind != "text":
            line.setPlaceholderText(_bounds(self.field))
        return line

    def value(self) -> Value | None:
        """What is answered, or None. A number that cannot be read counts as none."""
        match self.control:
            case QCheckBox() as check:
                state = check.checkState()
                return None if state == Qt.CheckState.PartiallyChecked else state == Qt.CheckState.Checked
            case QComboBox() as combo:
                return None if combo.currentText() == UNANSWERED else combo.currentText()
            case QLineEdit() as line:
                return self._typed(line.text().strip())
        chosen = tuple(name for name, box in self._boxes.items() if box.isChecked())
        return chosen or None

    def _typed(self, text: str) -> Value | None:
        if not text:
            return None
        readers: dict[str, Callable[[str], Value]] = {"integer": int, "number": float}
        try:
            value = readers.get(self.field.kind, str)(text)
        except ValueError:
            return None
        return value if not isinstance(value, float) or math.isfinite(value) else None

    def show_value(self, value: Value | None) -> None:
        """Show an answer that came from elsewhere; says nothing."""
        match self.control:
            case QCheckBox() as check:
                states = {True: Qt.CheckState.Checked, False: Qt.CheckState.Unchecked}
                partly = Qt.CheckState.PartiallyChecked
                check.setCheckState(states.get(bool(value), partly) if value is not None else partly)
                if value is None and not check.isTristate():
                    check.setCheckState(Qt.CheckState.Unchecked)
            case QComboBox() as combo:
                combo.setCurrentIndex(max(combo.findText(UNANSWERED if value is None else str(value)), 0))
            case QLineEdit() as line:
                text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                if not (line.hasFocus() and line.isModified()):
                    line.setText(text)
            case _:
                chosen = value if isinstance(value, tuple) else () if value is None else (str(value),)
                for name, box in self._boxes.items():
                    box.setChecked(name in chosen)
        self._show_problem(required_too=False)

    def problem(self) -> str:
        """What is wrong with the answer, or an empty text."""
        if isinstance(self.control, QLineEdit) and self.control.text().strip() and self.value() is None:
            whole = "whole number" if self.field.kind == "integer" else "number"
            return f"{self.field.label} takes a {whole}."
        return problem_of(self.field, self.value())

    def _told(self) -> None:
        if isinstance(self.control, QLineEdit):
            if not self.control.isModified():
                return
            self.control.setModified(False)
        self._show_problem(required_too=True)
        if not self.problem():
            self.changed.emit(self.value())

    def _show_problem(self, required_too: bool) -> None:
        problem = self.problem()
        shown = problem if required_too or self.value() is not None else ""
        self._problem.setText(shown)
        self._problem.setVisible(bool(shown))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A wheel over an unfocused choice would change it while the person only scrolls the form.
        if event.type() == QEvent.Type.Wheel and not self.control.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def _bounds(field: Field) -> str:
    if field.minimum is not None and field.maximum is not None:
        return f"{field.minimum:g} to {field.maximum:g}"
    if field.minimum is not None:
        return f"{'above' if field.exclusive_minimum else 'at least'} {field.minimum:g}"
    return "" if field.maximum is None else f"at most {field.maximum:g}"
