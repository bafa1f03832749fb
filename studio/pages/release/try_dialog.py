"""Trying a service: choose an item of the project, or a file, and see the answer on the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery, ItemRow
from studio.domain.wire.releases import Answer, Detection, Service, TryService
from studio.domain.wording import counted
from studio.pages.items import ItemSource
from studio.pages.release.answer_picture import AnswerPicture, read_file, read_picture, shown
from studio.pages.sheet import cell_of
from studio.shell.icons import set_icon
from studio.shell.page import Desk
from widgets.contact_sheet import ContactSheet

PICTURES = "Pictures (*.png *.jpg *.jpeg *.bmp)"


class TryDialog(QDialog):
    """Whoever chooses sees the picture first; asking is a step of its own, since every request comes back
    as online data. `asked` after each answer."""

    asked = Signal()

    def __init__(self, desk: Desk, project: ProjectId, service: Service, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Try {service.name}")
        self._desk, self._project, self._service = desk, project, service
        self._calls = desk.calls_of(self)
        self._chosen: TryService | None = None
        self._image = QImage()  # of what is chosen
        self._answer: Answer | None = None  # to it
        self.source = ItemSource(desk, self)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Part of a name")
        self.text.setAccessibleName("Part of an item's name")
        self.text.setClearButtonEnabled(True)
        self._typing = QTimer(self, singleShot=True, interval=250)
        self._typing.timeout.connect(self._search)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.sheet = ContactSheet(name="Items to ask with")
        self.sheet.set_side(130)
        self.file = QPushButton("A file …")
        self.file.setAccessibleName("Ask with a file")
        self.file.setAutoDefault(False)  # Enter asks, wherever the keys are
        self.file.setToolTip("A picture of your own, which is no item of the project")
        set_icon(self.file, "folder")
        self.picture = AnswerPicture()
        self.score = QSlider(Qt.Orientation.Horizontal)
        self.score.setRange(0, 100)
        self.score.setAccessibleName("Least score of what is drawn")
        self.score.valueChanged.connect(lambda _value: self._draw())
        self.score.setEnabled(False)
        self.shown = QLabel()
        self.said = QLabel("Choose an item at the left, or a file.")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.ask = QPushButton("Ask")
        self.ask.setAccessibleName(f"Ask {service.name}")
        self.ask.setEnabled(False)
        self.ask.setDefault(True)
        close = QPushButton("Close")
        close.setAutoDefault(False)
        close.clicked.connect(lambda _checked=False: self.reject())
        self._lay_out(close)
        self._wire()
        self._search()

    def choose_file(self, path: Path) -> None:
        """Ask with a picture of the person's own."""

        def read(_call: object) -> tuple[TryService, QImage]:
            data = read_file(path)
            return TryService(picture=data), read_picture(data)

        self._take(path.name, read)

    def choose_item(self, key: str) -> None:
        """Ask with an item's picture."""
        row = self.source.row(ItemId(key))
        if row is None:
            return
        session = self._desk.session

        def read(_call: object) -> tuple[TryService, QImage]:
            return TryService(row.id), read_picture(session.media(row.id, row.stream, 0, "original"))

        self._take(row.name.rpartition("/")[2], read)

    def send(self) -> None:
        """Ask the service with what is chosen."""
        chosen = self._chosen
        if chosen is None or not self.ask.isEnabled():
            return
        client, service = self._desk.client, self._service.id
        self.ask.setEnabled(False)
        self.said.setText("The service is asked …")
        self._calls.start(
            "ask",
            lambda _call: client.call(routes.TRY_SERVICE, chosen, service=service),
            self._answered,
            self._failed,
        )

    def _take(self, name: str, read: Callable[[object], tuple[TryService, QImage]]) -> None:
        self._chosen = None
        self.ask.setEnabled(False)
        self._calls.cancel_all()

        def done(found: tuple[TryService, QImage]) -> None:
            self._chosen = found[0]
            self._answer = None
            self.score.setEnabled(False)
            self.shown.setText("")
            self.picture.show_picture(found[1])
            self._image = found[1]
            self.said.setText(f"{name}. Press Ask, or Enter.")
            self.ask.setEnabled(True)

        self._calls.start("picture", read, done, self._failed)

    def _answered(self, answer: Answer) -> None:
        self._answer = answer
        blocked = self.score.blockSignals(True)
        self.score.setValue(sensible_score(answer))
        self.score.blockSignals(blocked)
        self.score.setEnabled(True)
        self._draw()
        self.ask.setEnabled(True)
        self.asked.emit()

    def _draw(self) -> None:
        """The answer from the score on that is chosen."""
        answer = self._answer
        if answer is None:
            return
        least = self.score.value() / 100
        self.picture.show_picture(self._image, answer, least)
        found = shown(answer, least)
        self.shown.setText(f"score ≥ {least:.2f}: {len(found):,} of {len(answer.detections):,} shown")
        self.said.setText(
            f"{self._name_of(answer)} found {found_words(found)}. Request {answer.request}; it comes back "
            "as latest online data."
        )

    def _failed(self, error: AtelierError) -> None:
        self.said.setText(str(error))
        self.ask.setEnabled(self._chosen is not None)

    def _name_of(self, answer: Answer) -> str:
        arms = self._service.arms
        return next((arm.model_name for arm in arms if arm.model == answer.model), "The model")

    def _search(self) -> None:
        self._typing.stop()
        self.source.show_query(self._project, ItemQuery(text=self.text.text().strip()))

    def _rows_came(self, offset: int, rows: tuple[ItemRow, ...]) -> None:
        self.sheet.set_rows(offset, [cell_of(row) for row in rows])

    def _pick_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Picture to ask with", "", PICTURES)
        if name:
            self.choose_file(Path(name))

    def _wire(self) -> None:
        source, sheet = self.source, self.sheet
        source.total_changed.connect(sheet.set_total)
        source.rows_came.connect(self._rows_came)
        source.rows_failed.connect(sheet.rows_failed)
        source.picture_came.connect(sheet.set_picture)
        source.picture_failed.connect(sheet.picture_failed)
        sheet.rows_wanted.connect(source.want_rows)
        sheet.picture_wanted.connect(source.want_picture)
        sheet.current_changed.connect(self.choose_item)
        sheet.opened.connect(lambda _key: self.send())
        self.file.clicked.connect(lambda _checked=False: self._pick_file())
        self.ask.clicked.connect(lambda _checked=False: self.send())

    def _lay_out(self, close: QPushButton) -> None:
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self.sheet, 1)
        column.addWidget(self.file)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        drawn = QHBoxLayout()
        drawn.addWidget(self.score, 1)
        drawn.addWidget(self.shown)
        column.addLayout(drawn)
        column.addWidget(self.said)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.ask)
        buttons.addWidget(close)
        column.addLayout(buttons)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(left)
        across.addWidget(right)
        across.setStretchFactor(1, 1)
        across.setSizes([330, 640])
        outer = QVBoxLayout(self)
        outer.addWidget(across)
        self.resize(1000, 640)


def sensible_score(answer: Answer) -> int:
    """From which score on, in per cent, an answer is drawn at first: half of its surest one.

    A service answers with everything down to scores that nobody acts on, and a model that was trained
    shortly is never sure.
    """
    return int(50 * max((each.score for each in answer.detections), default=1.0))


def found_words(found: Sequence[Detection]) -> str:
    """What was found, counted by class: "3 objects: cell ×2, debris"."""
    counts = Counter(each.class_name for each in found)
    total = sum(counts.values())
    if not total:
        return "nothing"
    each = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in counts.most_common())
    return f"{counted(total, 'object')}: {each}"
