"""One template, one snapshot, one button; parameters for those who want them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.plugin import installed_plugins
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.training import NewRun, NewSnapshot, Snapshot, Template
from studio.pages.train.saying import machine_line, ontology_line, snapshot_line
from studio.shell.lineage import LineageButton
from widgets.form import Form
from widgets.form_fields import fields_of_schema

NEW = "A new snapshot of all labelled items"
NEW_OF_QUERY = "A new snapshot of what Data showed"
ONE_ITEM = (
    "There is only one item to learn from, so nothing can be held back to validate on. "
    "Choose or import items of at least two drives or sources."
)


class NewRunPanel(QScrollArea):
    """`wanted(recipe, run)`: a NewSnapshot that is to be made first, or None; and the NewRun."""

    wanted = Signal(object, object)

    def __init__(self, show_lineage: Callable[[str, str], None]) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._templates: tuple[Template, ...] = ()
        self._snapshots: tuple[Snapshot, ...] = ()
        self._query = ItemQuery()
        self._items = 0  # that the query finds; 0: not known
        self._may_train = False
        self._is_held = False  # a run was asked for and has not begun
        self.template = QComboBox()
        self.template.setAccessibleName("Template")
        self.template.currentIndexChanged.connect(self._template_chosen)
        self.template.activated.connect(lambda _index: self._was_chosen())
        self._chooses = True  # the template, until a person does
        self.about = _wrapped()
        self.snapshot = QComboBox()
        self.snapshot.setAccessibleName("Snapshot")
        self.snapshot.currentIndexChanged.connect(self._snapshot_chosen)
        self.lineage = LineageButton(show_lineage)
        self.holds = _wrapped()
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the snapshot")
        self.share = QDoubleSpinBox()
        self.share.setRange(0.05, 0.5)
        self.share.setSingleStep(0.05)
        self.share.setValue(0.2)
        self.share.setAccessibleName("Share for validation")
        self.machine_share = QSpinBox()
        self.machine_share.setRange(0, 100)
        self.machine_share.setSingleStep(5)
        self.machine_share.setPrefix("at most ")
        self.machine_share.setSuffix(" % of the items")
        self.machine_share.setValue(100)
        self.machine_share.setAccessibleName("Share of items with machine labels alone")
        self.machine_share.setToolTip(
            "How many of the items may have no labels but those of a model or a proposer that nobody has "
            "changed since. Which are left out is drawn by the seed."
        )
        self.machine_weight = QDoubleSpinBox()
        self.machine_weight.setRange(0.0, 1.0)
        self.machine_weight.setSingleStep(0.1)
        self.machine_weight.setPrefix("weight ")
        self.machine_weight.setValue(1.0)
        self.machine_weight.setAccessibleName("Weight of machine labels")
        self.machine_weight.setToolTip(
            "How much a label of a machine counts in what is learned, beside one of a person at 1."
        )
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setAccessibleName("Seed")
        self.run_name = QLineEdit()
        self.run_name.setAccessibleName("Name of the run")
        self.run_name.setPlaceholderText("optional")
        self.go = QPushButton("Train")
        self.go.setDefault(True)
        self.go.setMinimumHeight(48)
        font = self.go.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self.go.setFont(font)
        self.go.setEnabled(False)  # until the node has said what can be trained
        self.go.clicked.connect(lambda _checked=False: self.start())
        self.why_not = _wrapped()
        self.why_not.setAccessibleName("Why nothing can be trained")
        self.trouble = _wrapped()
        self.more = QToolButton()
        self.more.setText("Parameters")
        self.more.setAccessibleName("Show parameters")
        self.more.setCheckable(True)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.toggled.connect(self._fold)
        self.form = Form(explains=True)
        self._lay_out()
        self._fold(False)

    def offer(
        self, templates: Sequence[Template], snapshots: Sequence[Snapshot], items: int, may_train: bool
    ) -> None:
        """What can be chosen, and how many items `query` finds; what was chosen stays chosen."""
        kept = self.snapshot.currentData()
        self._items, self._may_train = items, may_train
        if tuple(templates) != self._templates:
            self._templates = tuple(templates)
            self.template.clear()
            for template in self._templates:
                self.template.addItem(template.title, template.name)
        self._snapshots = tuple(sorted(snapshots, key=lambda each: -each.created_ns))
        self.snapshot.blockSignals(True)
        self.snapshot.clear()
        self.snapshot.addItem(NEW if self._query == ItemQuery() else NEW_OF_QUERY, "")
        for snapshot in self._snapshots:
            self.snapshot.addItem(snapshot_line(snapshot), snapshot.id)
        self.snapshot.setCurrentIndex(max(0, self.snapshot.findData(kept)))
        self.snapshot.blockSignals(False)
        self._snapshot_chosen()

    def hold(self, held: bool) -> None:
        """Whether the button has to wait for a run that it has asked for."""
        self._is_held = held
        self._settle()

    def forget(self) -> None:
        """Another project is open: nothing is known of it, and nobody has chosen anything for it."""
        self._chooses = True
        self._items, self._may_train = 0, False
        self._snapshots = ()
        self.snapshot.clear()
        self.run_name.clear()
        self.show_trouble("")
        self.choose_query(ItemQuery())
        self._snapshot_chosen()

    def suit(self, kind: str) -> None:
        """Choose the first template that learns from items of this kind, unless a person has chosen one."""
        modalities = {plugin.name for plugin in installed_plugins() if kind in plugin.streams}
        fitting = [each.name for each in self._templates if each.modality in modalities]
        if self._chooses and fitting and self.template.currentData() not in fitting:
            self.template.setCurrentIndex(self.template.findData(fitting[0]))

    @property
    def query(self) -> ItemQuery:
        """The items of a new snapshot."""
        return self._query

    def choose_query(self, query: ItemQuery, name: str = "") -> None:
        """A new snapshot of these items, as the Data page sent them."""
        if query != self._query:
            self._query, self._items = query, 0
        self.snapshot.setItemText(0, NEW if query == ItemQuery() else NEW_OF_QUERY)
        self.snapshot.setCurrentIndex(0)
        self.name.setText(name)
        self._settle()

    def choose_snapshot(self, key: str) -> None:
        """One of the snapshots that are offered."""
        self.snapshot.setCurrentIndex(max(0, self.snapshot.findData(key)))

    def show_trouble(self, text: str) -> None:
        """Why the last press did not start anything."""
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def start(self) -> None:
        """Say what is wanted."""
        problems = self.form.problems()
        template = self._template()
        if problems or template is None:
            self.show_trouble(" ".join(problems) or "There is no training template on this node.")
            return
        self.show_trouble("")
        given = self.form.values()
        defaults = dict(template.defaults)
        changed = tuple(sorted((name, value) for name, value in given.items() if defaults.get(name) != value))
        chosen = self._chosen()
        recipe = None
        if chosen is None:
            name = self.name.text().strip() or f"Snapshot {len(self._snapshots) + 1}"
            recipe = NewSnapshot(
                name=name,
                query=self._query,
                validation_share=self.share.value(),
                seed=self.seed.value(),
                weight_of_machine_labels=round(self.machine_weight.value(), 2),
                share_of_machine_labels=self.machine_share.value() / 100,
            )
        run = NewRun(
            template=template.name,
            snapshot=chosen.id if chosen else "",  # type: ignore[arg-type]
            name=self.run_name.text().strip(),
            parameters=changed,
            seed=self.seed.value(),
        )
        self.wanted.emit(recipe, run)

    def _template(self) -> Template | None:
        name = self.template.currentData()
        return next((each for each in self._templates if each.name == name), None)

    def _chosen(self) -> Snapshot | None:
        key = self.snapshot.currentData()
        return next((each for each in self._snapshots if each.id == key), None)

    def _was_chosen(self) -> None:
        self._chooses = False

    def _template_chosen(self) -> None:
        template = self._template()
        if template is None:
            return
        self.about.setText(template.description)
        self.form.set_fields(fields_of_schema(json.loads(template.parameters)))
        self.form.set_values(dict(template.defaults))

    def _snapshot_chosen(self) -> None:
        chosen = self._chosen()
        for label, field in self._of_new:
            label.setVisible(chosen is None)
            field.setVisible(chosen is None)
        self.lineage.offer((("This snapshot", "snapshot", chosen.id),) if chosen else ())
        self.lineage.setVisible(chosen is not None)
        lines = (ontology_line(chosen), machine_line(chosen.recipe)) if chosen else ()
        self.holds.setText("\n".join(line for line in lines if line))
        self.holds.setVisible(chosen is not None)
        self.name.setPlaceholderText(f"Snapshot {len(self._snapshots) + 1}")
        self._settle()

    def _settle(self) -> None:
        """Let the button be pressed, or say why it cannot be."""
        chosen = self._chosen()
        has_one = (chosen.items - chosen.erased if chosen else self._items) == 1
        self.why_not.setText(ONE_ITEM if has_one else "")
        self.why_not.setVisible(has_one)
        self.go.setEnabled(self._may_train and bool(self._templates) and not has_one and not self._is_held)
        role = "" if self._may_train else "Your role here does not train models."
        self.go.setToolTip(ONE_ITEM if has_one else role)

    def _fold(self, shown: bool) -> None:
        self.form.setVisible(shown)
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)

    def _lay_out(self) -> None:
        grid = QFormLayout()
        grid.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        grid.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for box in (self.template, self.snapshot):
            # a long name must not make the whole panel as wide as itself
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(24)
        grid.addRow("Template", self.template)
        grid.addRow("", self.about)
        snapshot = QHBoxLayout()
        snapshot.addWidget(self.snapshot, 1)
        snapshot.addWidget(self.lineage)
        grid.addRow("Snapshot", snapshot)
        grid.addRow("", self.holds)
        self._of_new: list[tuple[QLabel, QWidget]] = []
        machine = QWidget()
        beside = QHBoxLayout(machine)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.machine_share, 1)
        beside.addWidget(self.machine_weight, 1)
        rows = (("Its name", self.name), ("For validation", self.share), ("Labelled by machine", machine))
        for words, field in rows:
            label = QLabel(words)
            label.setBuddy(field)
            grid.addRow(label, field)
            self._of_new.append((label, field))
        grid.addRow("Name of the run", self.run_name)
        grid.addRow("Seed", self.seed)
        title = QLabel("New run")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        title.setFont(font)
        inside = QWidget()
        inside.setMaximumWidth(720)
        column = QVBoxLayout(inside)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(title)
        column.addLayout(grid)
        column.addWidget(self.why_not)
        column.addWidget(self.trouble)
        column.addWidget(self.go)  # above the parameters, so that it is in sight while they are set
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.form)
        column.addStretch(1)
        self.show_trouble("")
        self._settle()
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        across.addWidget(inside, 100)  # as wide as it may be, the rest stays free
        across.addStretch(1)
        self.setWidget(row)


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return label
