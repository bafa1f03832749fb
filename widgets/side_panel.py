"""What stands beside an editor's canvas: tools, classes, objects, attributes, predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.command import Command
from studio.domain.ontology import Ontology, lineage
from widgets.choice_palette import Choice, ChoicePalette
from widgets.class_styles import styles_of
from widgets.form import Form
from widgets.object_list import ObjectList
from widgets.swatch import SIDE

COLUMNS = 3  # of tool buttons


class SidePanel(QWidget):
    """Reports what a person does; knows no document.

    tools: (name, its command), in the order of their buttons. accept_all: the command of that button.
    """

    commanded = Signal(str)  # the name of a command
    threshold_changed = Signal(float)

    def __init__(
        self, tools: Sequence[tuple[str, Command]], accept_all: Command, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.classes = ChoicePalette("Classes", "None yet: Item ▸ Add classes …")
        self.objects = ObjectList()
        self.form = Form()
        self._tools = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._predictions = self._make_predictions(accept_all)
        self._form_title = _title("Attributes")
        self._parts = parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(_section(_title("Classes"), self.classes))
        parts.addWidget(_section(_title("Objects"), self.objects))
        parts.setStretchFactor(1, 1)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addLayout(self._make_tools(tools))
        layout.addWidget(parts, 1)
        layout.addWidget(self._form_title)
        layout.addWidget(self.form)
        layout.addWidget(self._predictions)
        self._layout = layout
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(_Scroll(content))

    def sizeHint(self) -> QSize:
        return QSize(280, 600)

    def add_section(self, title: str, content: QWidget) -> None:
        """A section below the others, that opens by its title."""
        self._layout.addWidget(_folded(title, content))

    def add_part(self, title: str, content: QWidget) -> None:
        """A part between the others, with a share of the height; without a title it heads itself."""
        self._parts.addWidget(_section(_title(title), content) if title else content)

    def _make_tools(self, tools: Sequence[tuple[str, Command]]) -> QGridLayout:
        rows = QGridLayout()
        rows.setSpacing(4)
        for number, (tool, declared) in enumerate(tools):
            button = QToolButton()
            button.setText(f"{tool.capitalize()}  {declared.keys[0]}")
            button.setToolTip(f"{declared.title} ({declared.keys[0]}). {declared.help}")
            button.setAccessibleName(declared.title)
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(partial(self.commanded.emit, declared.name))
            self._tools.addButton(button)
            self._buttons[tool] = button
            rows.addWidget(button, number // COLUMNS, number % COLUMNS)
        return rows

    def _make_predictions(self, accept_all: Command) -> QWidget:
        self._threshold = QSlider(Qt.Orientation.Horizontal)
        self._threshold.setRange(0, 100)
        self._threshold.setAccessibleName("Least score of shown predictions")
        self._threshold.valueChanged.connect(self._threshold_moved)
        self._threshold_words = QLabel()
        self._accept = accept = QToolButton()
        accept.setText("Accept all shown")
        accept.setAccessibleName("Accept all shown predictions")
        accept.setToolTip(accept_all.keys[0])
        accept.clicked.connect(partial(self.commanded.emit, accept_all.name))
        across = QHBoxLayout()
        across.addWidget(self._threshold_words)
        across.addStretch()
        across.addWidget(accept)
        section = _section(_title("Predictions"), self._threshold)
        below = section.layout()
        if isinstance(below, QVBoxLayout):
            below.addLayout(across)
        section.hide()
        return section

    def show_tool(self, name: str) -> None:
        """Mark the tool that is in hand, in the colour of what is selected elsewhere."""
        self._buttons[name].setChecked(True)
        self._mark_tool()

    def _mark_tool(self) -> None:
        role, own = QPalette.ColorRole, self.palette()
        for button in self._buttons.values():
            colors = QPalette(own)
            if button.isChecked():
                colors.setColor(role.Button, own.color(role.Highlight))
                colors.setColor(role.ButtonText, own.color(role.HighlightedText))
            button.setPalette(colors)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mark_tool()

    def show_ontology(self, ontology: Ontology, key_of: Mapping[str, str]) -> None:
        """The classes of a labelling template, children indented below their parents; keys by class."""
        line = max(self.fontMetrics().height(), SIDE) + 6
        shares = 10 if self._parts.count() == 2 else 4  # classes in sight, where more than objects want room
        classes = min(max(len(ontology.classes), 2), shares) * line + 2 * line
        others = [self._parts.widget(place).sizeHint().height() for place in range(2, self._parts.count())]
        objects = max(self._parts.height() - classes - sum(others), 5 * line)
        self._parts.setSizes([classes, objects, *others])
        styles, numbers = styles_of(ontology)
        self.classes.set_choices(
            [
                Choice(
                    each.name,
                    each.title or each.name,
                    key_of.get(each.name, ""),
                    styles[2 * numbers[each.name]],
                    len(lineage(ontology.classes, each.name)) - 1,
                    each.description,
                )
                for each in ontology.classes
            ]
        )

    def show_form(self, title: str) -> None:
        """Head the attribute form; an empty title hides it."""
        self._form_title.setText(title)
        self._form_title.setVisible(bool(title))
        self.form.setVisible(bool(title))

    def show_predictions(self, count: int, threshold: float, are_there: bool) -> None:
        """The slider where it is, and how many predictions it leaves."""
        self._predictions.setVisible(are_there)
        blocked = self._threshold.blockSignals(True)
        self._threshold.setValue(round(threshold * 100))
        self._threshold.blockSignals(blocked)
        self._threshold_words.setText(f"score ≥ {threshold:.2f}: {count:,} shown")
        self._accept.setEnabled(count > 0)

    def _threshold_moved(self, value: int) -> None:
        self.threshold_changed.emit(value / 100)


class _Scroll(QScrollArea):
    """As wide as its content has to be; where the window is too low for it, it scrolls."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar()
        width = self.widget().minimumSizeHint().width() + (bar.sizeHint().width() if bar.isVisible() else 0)
        return QSize(width, 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        done = super().eventFilter(watched, event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return done


def _title(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def _section(title: QLabel, content: QWidget) -> QWidget:
    section = QWidget()
    layout = QVBoxLayout(section)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    layout.addWidget(title)
    layout.addWidget(content)
    return section


def _folded(title: str, content: QWidget) -> QWidget:
    """A section that opens by its title."""
    section = QWidget()
    opener = QToolButton()
    opener.setText(title)
    opener.setAccessibleName(title)
    opener.setCheckable(True)
    opener.setAutoRaise(True)
    opener.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    opener.setArrowType(Qt.ArrowType.RightArrow)
    opener.toggled.connect(content.setVisible)
    opener.toggled.connect(
        lambda on: opener.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
    )
    content.hide()
    layout = QVBoxLayout(section)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(opener)
    layout.addWidget(content)
    return section
