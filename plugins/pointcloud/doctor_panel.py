"""The calibration doctor at the side: what is wrong with a camera, six nudges, before and after."""

from __future__ import annotations

from collections.abc import Callable
from math import degrees, radians

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from plugins.pointcloud import doctor
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.doctor import Diagnosis, Prepared, Refined, Way
from studio.domain.edit import change
from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.space import Floats, as_xyz
from widgets.decoding import PictureDecoder, read_picture

UNITS: dict[Way, tuple[str, float, float]] = {
    # title, what one of the field's units is in metres or radians, and the field's step
    "x": ("ahead", 0.01, 1.0),
    "y": ("left", 0.01, 1.0),
    "z": ("up", 0.01, 1.0),
    "pan": ("pan", radians(1.0), 0.1),
    "tilt": ("tilt", radians(1.0), 0.1),
    "roll": ("roll", radians(1.0), 0.1),
}
BEGIN = "Diagnose tries what people get wrong, and looks whether edges then lie on edges."


class DoctorPanel(QWidget):
    """What a person sees and presses."""

    camera_chosen = Signal(str)
    nudged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Calibration")
        self.cameras = QComboBox()
        self.cameras.setAccessibleName("Camera to look at")
        self.cameras.activated.connect(lambda _row: self.camera_chosen.emit(self.camera))
        self.said = QLabel(BEGIN)
        self.said.setWordWrap(True)
        self.said.setAccessibleName("What the doctor says")
        self.score = QLabel()
        self.score.setAccessibleName("Edge score")
        self.fields: dict[Way, QDoubleSpinBox] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for place, (way, (title, _, step)) in enumerate(UNITS.items()):
            field = QDoubleSpinBox()
            field.setRange(-500.0, 500.0)
            field.setSingleStep(step)
            field.setDecimals(1)
            field.setPrefix(f"{title} ")
            field.setSuffix(" cm" if place < 3 else "°")
            field.setAccessibleName(f"Move the camera: {title}")
            field.setMinimumWidth(60)
            field.valueChanged.connect(lambda _value: self.nudged.emit())
            grid.addWidget(field, place % 3, place // 3)
            self.fields[way] = field
        self.diagnose, self.search = QPushButton("Diagnose"), QPushButton("Search")
        self.search.setToolTip("Moves the camera to the nearest place where edges lie on edges best.")
        self.before, self.keep = QPushButton("As it was"), QPushButton("Put right")
        self.before.setCheckable(True)
        self.before.setToolTip("Shows the calibration without the changes.")
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.cameras, 1)
        first.addWidget(self.diagnose)
        for button in (self.before, self.keep, self.search):
            second.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(first)
        layout.addWidget(self.said)
        layout.addWidget(self.score)
        layout.addLayout(second)
        layout.addLayout(grid)
        layout.addStretch(1)

    @property
    def camera(self) -> StreamId:
        """The camera that is looked at; "" where there is none."""
        return StreamId(self.cameras.currentData() or "")

    def moves(self) -> dict[Way, float]:
        """By the fields: metres and radians."""
        return {way: self.fields[way].value() * UNITS[way][1] for way in UNITS}

    def set_moves(self, moves: dict[Way, float]) -> None:
        """Show these in the fields, without telling."""
        for way, field in self.fields.items():
            field.blockSignals(True)
            field.setValue(moves.get(way, 0.0) / UNITS[way][1])
            field.blockSignals(False)

    def allow(self, can_look: bool, can_keep: bool) -> None:
        """Which buttons have a use now."""
        for button in (self.diagnose, self.search, *self.fields.values()):
            button.setEnabled(can_look)
        self.before.setEnabled(can_keep)
        self.keep.setEnabled(can_keep)


class LowScroll(QScrollArea):
    """A panel in a part that others share: it scrolls rather than ask for more room than they do."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidget(panel)

    def sizeHint(self) -> QSize:
        return QSize(200, 150)


class DoctorCommands(QObject):
    """Nothing of it is in the document until *Put right*; until then the pictures show what is tried."""

    def __init__(self, bench: SpaceBench, cameras: CameraBench, panel: DoctorPanel) -> None:
        super().__init__(panel)
        self._bench = bench
        self._cameras = cameras
        self.panel = panel
        self._base: Calibration | None = None  # the document's, of the camera that is looked at
        self._start: Calibration | None = None  # what nudges begin from: that, or what the doctor found
        self._prepared: tuple[object, list[Prepared]] | None = None
        self._then: Callable[[list[Prepared]], None] | None = None
        self._turn = 0
        self._worker = PictureDecoder(self)
        self._worker.decoded.connect(self._done)
        self._worker.failed.connect(lambda _key: self._fault("This camera's picture cannot be read."))
        panel.camera_chosen.connect(self.choose)
        panel.nudged.connect(self._nudged)
        panel.diagnose.clicked.connect(self.diagnose)
        panel.search.clicked.connect(self.search)
        panel.before.toggled.connect(lambda _on: self._show())
        panel.keep.clicked.connect(self.put_right)

    def open(self) -> None:
        """Another item, or none."""
        self._prepared = None
        rig = self._cameras.rig
        self.panel.cameras.clear()
        known = self._calibrations()
        for each in rig.cameras if rig is not None else ():
            if each.id in known:
                self.panel.cameras.addItem(each.stream.name or each.id, each.id)
        self.choose(self.panel.camera)

    def choose(self, camera: str) -> None:
        """Look at a camera as the document has it; what was tried on another is dropped."""
        self._turn += 1
        self._then = None
        self._base = self._start = self._calibrations().get(StreamId(camera))
        self.panel.set_moves({})
        self.panel.before.setChecked(False)
        self.panel.score.setText("")
        there = self._base is not None
        self.panel.said.setText(BEGIN if there else "No camera of this item has a calibration.")
        self._show()

    def refresh(self) -> None:
        """A calibration has changed in the document, by anybody."""
        if self._calibrations().get(self.panel.camera) != self._base:
            self.choose(self.panel.camera)

    def _calibrations(self) -> dict[StreamId, Calibration]:
        scene = self._bench.scene
        if scene is None:
            return {}
        return {each.stream: each for each in scene.document if isinstance(each, Calibration)}

    @property
    def tried(self) -> Calibration | None:
        """The calibration as found and nudged."""
        return doctor.nudged(self._start, self.panel.moves()) if self._start is not None else None

    # What the buttons do

    def diagnose(self) -> None:
        base = self._base
        if base is not None:
            self._with_views("Looking …", lambda views: self._run(lambda: doctor.diagnose(base, views)))

    def search(self) -> None:
        tried = self.tried
        if tried is not None:
            self._with_views("Searching …", lambda views: self._run(lambda: doctor.refine(tried, views)))

    def put_right(self) -> None:
        base, tried = self._base, self.tried
        if base is None or tried is None or tried == base:
            return
        name = self.panel.cameras.currentText()
        if self._bench.apply(change(f"Put the calibration of {name} right", (base, tried), tool="doctor")):
            self.choose(self.panel.camera)

    def _nudged(self) -> None:
        self.panel.before.setChecked(False)
        self._show()
        self._with_views("", lambda _views: self._show_score())

    # Looking, beside the GUI thread

    def _with_views(self, said: str, then: Callable[[list[Prepared]], None]) -> None:
        """Edges and outlines of the visible frame; made once for each camera and frame."""
        scene, rig = self._bench.scene, self._cameras.rig
        camera = rig.camera(self.panel.camera) if rig is not None else None
        if scene is None or rig is None or camera is None:
            return
        key = (camera.id, scene.frame, len(scene.points))
        if self._prepared is not None and self._prepared[0] == key:
            if said:
                self.panel.said.setText(said)
            then(self._prepared[1])
            return
        self.panel.said.setText(said or "Looking …")
        busy, self._then = self._then is not None, then
        if busy:
            return  # it is on its way
        self._turn += 1
        turn = self._turn
        points = rig.at_its_time(camera, scene.frame, scene.points.xyz.astype(np.float64))
        sensor = as_xyz(rig.at_its_time(camera, scene.frame, np.array([scene.points.sensor]))[0])

        def take(data: bytes) -> None:
            self._worker.run((turn, key), lambda: _views_of(data, points, sensor))

        self._bench.host.media(camera.id, rig.picture_of(camera, scene.frame), "original", take)

    def _run(self, work: Callable[[], object]) -> None:
        self._turn += 1
        self.panel.allow(False, False)
        self._worker.run((self._turn, None), lambda: _or_error(work))

    def _done(self, key: object, made: object) -> None:
        turn, prepared_for = key if isinstance(key, tuple) else (0, None)
        if turn != self._turn:
            return  # for another camera or item
        match made:
            case AtelierError():
                self._fault(str(made))
            case list():
                self._prepared = (prepared_for, made)
                then, self._then = self._then, None
                self.panel.said.setText("")
                if then is not None:
                    then(made)
            case Diagnosis():
                self._start = made.mended
                self.panel.set_moves({})
                sure = f" ({made.confidence:.0%} sure)" if made.kind not in ("fine", "unsure") else ""
                self.panel.said.setText(f"{made.what}{sure}")
                self._show()
                self._show_score()
            case Refined():
                self._start = made.camera
                self.panel.set_moves({})
                ways = (_way(way, amount) for way, amount in made.moved.items() if amount)
                moved = ", ".join(ways) or "nothing"
                self.panel.said.setText(f"Moved: {moved}.")
                self._show()
                self._show_score()

    def _fault(self, said: str) -> None:
        self._then = None
        self.panel.said.setText(said)
        self._show()

    # Showing

    def _show(self) -> None:
        base, tried = self._base, self.tried
        differs = base is not None and tried != base
        self.panel.allow(base is not None and not self._bench.read_only, differs)
        shown = None if self.panel.before.isChecked() or not differs else tried
        self._cameras.try_out(self.panel.camera, shown)

    def _show_score(self) -> None:
        base, tried = self._base, self.tried
        if base is None or tried is None or self._prepared is None:
            return
        views = self._prepared[1]
        try:
            was, now = doctor.edge_score(base, views), doctor.edge_score(tried, views)
        except AtelierError as error:
            self.panel.score.setText(str(error))
            return
        self.panel.score.setText(f"Edges on edges: {now:.1f}, as it was {was:.1f} (0 is chance)")


def _way(way: Way, amount: float) -> str:
    title = UNITS[way][0]
    return f"{title} {100 * amount:.0f} cm" if way in ("x", "y", "z") else f"{title} {degrees(amount):.1f}°"


def _or_error(work: Callable[[], object]) -> object:
    try:
        return work()
    except AtelierError as error:
        return error


def _views_of(data: bytes, points: Floats, sensor: tuple[float, float, float]) -> list[Prepared] | None:
    image = read_picture(data, None, None) if data else None
    if image is None:
        return None
    return doctor.prepared([doctor.View(points, _grey(image), sensor)])


def _grey(image: QImage) -> NDArray[np.uint8]:
    plain = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    found: NDArray[np.uint8] = rows[:, : plain.width()].copy()
    return found
