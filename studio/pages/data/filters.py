"""The filters of the Data page: text, state, class, tag, unsure; each with how many items it would show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.domain.wire.projects import ItemQuery, ProjectSummary
from studio.shell.lineage import LineageButton
from widgets.tick_list import TickList

STATE_TITLES = {
    "new": "New",
    "labelling": "Being labelled",
    "submitted": "Submitted",
    "in_review": "In review",
    "returned": "Returned",
    "accepted": "Accepted",
    "skipped": "Skipped",
}
_ORDERS = (
    ("name", "By name"),
    ("newest", "Newest first"),
    ("shapes", "Most shapes first"),
    ("state", "By state"),
)
_VALUE = Qt.ItemDataRole.UserRole


class Filters(QWidget):
    """`changed` carries the ItemQuery that the filters stand for."""

    changed = Signal(object)

    def __init__(self, show_lineage: Callable[[str, str], None]) -> None:
        super().__init__()
        self._base = ItemQuery()
        self._name = ""  # of what `held` tells
        self.text = QLineEdit()
        self.text.setPlaceholderText("Part of a name")
        self.text.setAccessibleName("Part of a name")
        self.text.setClearButtonEnabled(True)
        self._typing = QTimer(self, singleShot=True, interval=250)
        self._typing.timeout.connect(self._say)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.order = QComboBox()
        self.order.setAccessibleName("Order")
        for value, title in _ORDERS:
            self.order.addItem(title, value)
        self.order.currentIndexChanged.connect(lambda _index: self._say())
        self.unsure = QCheckBox("Unsure only")
        self.unsure.toggled.connect(lambda _on: self._say())
        self.states = _checks("States")
        self.classes = _checks("Classes")
        self.tags = _checks("Tags")
        self.tags_title = _heading("Tags")
        for each in (self.states, self.classes, self.tags):
            each.itemChanged.connect(lambda _item: self._say())
        self.special = QPushButton()
        self.special.setToolTip("Show all items again")
        self.special.clicked.connect(lambda _checked=False: self.clear())
        self.lineage = LineageButton(show_lineage)
        self.reset = QPushButton("Clear filters")
        self.reset.clicked.connect(lambda _checked=False: self.clear())
        self._lay_out()
        self._show_special()

    def query(self) -> ItemQuery:
        """What the filters stand for."""
        return replace(
            self._base,
            text=self.text.text().strip(),
            states=tuple(_checked(self.states)),
            classes=tuple(_checked(self.classes)),
            tags=tuple(_checked(self.tags)),
            unsure=True if self.unsure.isChecked() else None,
            order=self.order.currentData(),
        )

    def clear(self) -> None:
        """Show everything."""
        self.show_query(ItemQuery())
        self.changed.emit(self.query())

    def show_query(self, query: ItemQuery) -> None:
        """Set the filters as `query` has them; what has no filter of its own (a pool) is kept beside."""
        before = self.held()
        self._base = replace(query, text="", states=(), classes=(), tags=(), unsure=None)
        if self.held() != before:
            self._name = ""
        widgets = (self.text, self.order, self.unsure, self.states, self.classes, self.tags)
        for each in widgets:
            each.blockSignals(True)
        self.text.setText(query.text)
        self.order.setCurrentIndex(max(0, self.order.findData(query.order)))
        self.unsure.setChecked(bool(query.unsure))
        for box, values in (
            (self.states, query.states),
            (self.classes, query.classes),
            (self.tags, query.tags),
        ):
            wanted = set(values)
            for name in wanted - {box.item(row).data(_VALUE) for row in range(box.count())}:
                _add(box, name, name, 0)
            for row in range(box.count()):
                on = box.item(row).data(_VALUE) in wanted
                box.item(row).setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        for each in widgets:
            each.blockSignals(False)
        self._typing.stop()
        self._show_special()

    def show_summary(self, summary: ProjectSummary) -> None:
        """Counts beside each choice."""
        self._refill(
            self.states, ((name, STATE_TITLES.get(name, name), count) for name, count in summary.states)
        )
        self._refill(
            self.classes, ((each.class_name, each.class_name, each.items) for each in summary.classes)
        )
        self._refill(self.tags, ((name, name, count) for name, count in summary.tags))
        self.unsure.setText(f"Unsure only  ({summary.unsure:,})")
        self.tags.setVisible(self.tags.count() > 0)
        self.tags_title.setVisible(self.tags.count() > 0)

    def _refill(self, box: QListWidget, choices: Iterable[tuple[str, str, int]]) -> None:
        kept = set(_checked(box))
        box.blockSignals(True)
        box.clear()
        for value, title, count in choices:
            _add(box, value, title, count)
        known = {box.item(row).data(_VALUE) for row in range(box.count())}
        for value in kept - known:
            _add(box, value, STATE_TITLES.get(value, value), 0)
        for row in range(box.count()):
            if box.item(row).data(_VALUE) in kept:
                box.item(row).setCheckState(Qt.CheckState.Checked)
        box.blockSignals(False)
        rows = min(max(box.count(), 1), 12)
        box.setFixedHeight(rows * (self.fontMetrics().height() + 8) + 6)

    def _say(self) -> None:
        self._typing.stop()
        self.changed.emit(self.query())

    def held(self) -> tuple[str, str] | None:
        """(kind, id) of the snapshot, pool or import whose items alone are shown."""
        base = self._base
        for kind, key in (("snapshot", base.snapshot), ("pool", base.pool), ("import", base.origin)):
            if key is not None:
                return kind, key
        return None

    def name_held(self, name: str) -> None:
        """What the snapshot or pool is called, once that is known."""
        self._name = name
        self._show_special()

    def _show_special(self) -> None:
        base = self._base
        parts = [
            self._name or ("a pool" if base.pool else "a snapshot" if base.snapshot else ""),
            f"split {base.split}" if base.split else "",
            f"the sequence {base.sequence}" if base.sequence else "",
            "one import" if base.origin else "",
        ]
        said = ", ".join(part for part in parts if part)
        self.special.setText(f"Only {said}  ✕")
        self.special.setVisible(bool(said))
        held = self.held()
        self.lineage.offer((("Of these items", *held),) if held is not None else ())
        self.lineage.setVisible(held is not None)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(6)
        column.addWidget(self.special)
        column.addWidget(self.lineage)
        column.addWidget(self.text)
        column.addWidget(self.order)
        column.addSpacing(4)
        column.addWidget(_heading("State"))
        column.addWidget(self.states)
        column.addWidget(self.unsure)
        column.addSpacing(4)
        column.addWidget(_heading("Class"))
        column.addWidget(self.classes)
        column.addWidget(self.tags_title)
        column.addWidget(self.tags)
        column.addStretch(1)
        column.addWidget(self.reset)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self.setFixedWidth(max(220, self.fontMetrics().averageCharWidth() * 30))


def _checks(name: str) -> QListWidget:
    box = TickList(name)
    box.setFrameShape(QListWidget.Shape.NoFrame)
    box.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    box.viewport().setAutoFillBackground(False)
    return box


def _add(box: QListWidget, value: str, title: str, count: int) -> None:
    item = QListWidgetItem(f"{title}  ({count:,})" if count else title)
    item.setData(_VALUE, value)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Unchecked)
    item.setToolTip(title)
    box.addItem(item)


def _checked(box: QListWidget) -> list[Any]:
    return [
        box.item(row).data(_VALUE)
        for row in range(box.count())
        if box.item(row).checkState() == Qt.CheckState.Checked
    ]


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label
