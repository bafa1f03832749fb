"""The calibration doctor at the side: what is wrong with a camera, six nudges, before and after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import degrees, radians

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from plugins.pointcloud import doctor
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.doctor import Diagnosis, Prepared, Refined, Told, Way
from plugins.pointcloud.doctor_views import DoctorViews, spread
from plugins.pointcloud.sweeps import Sweeps
from studio.domain.edit import change
from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.wording import counted
from widgets.decoding import PictureDecoder
from widgets.posting import Poster

UNITS: dict[Way, tuple[str, float, float]] = {
    # title, what one of the field's units is in metres or radians, and the field's step
    "x": ("ahead", 0.01, 1.0),
    "y": ("left", 0.01, 1.0),
    "z": ("up", 0.01, 1.0),
    "pan": ("pan", radians(1.0), 0.1),
    "tilt": ("tilt", radians(1.0), 0.1),
    "roll": ("roll", radians(1.0), 0.1),
}
HANDFUL, MOST_FRAMES = 5, 20  # frames that are judged over
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
        self.frames = QSpinBox()
        self.frames.setRange(1, MOST_FRAMES)
        self.frames.setValue(HANDFUL)
        self.frames.setSuffix(" frames")
        self.frames.setAccessibleName("Frames to judge over")
        self.frames.setToolTip("How many frames, spread over the drive: faint edges add up, chance does not.")
        self.stop = QPushButton("Stop")
        self.stop.hide()
        self.before, self.keep = QPushButton("As it was"), QPushButton("Put right")
        self.before.setCheckable(True)
        self.before.setToolTip("Shows the calibration without the changes.")
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.cameras, 1)
        first.addWidget(self.frames)
        first.addWidget(self.diagnose)
        first.addWidget(self.stop)
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

    def show_busy(self, busy: bool) -> None:
        """While it looks there is a button to stop it in place of the one that began it."""
        self.diagnose.setVisible(not busy)
        self.stop.setVisible(busy)

    def show_drive(self, frames: int) -> None:
        """How many frames there are to choose from."""
        self.frames.setMaximum(max(1, min(frames, MOST_FRAMES)))
        self.frames.setValue(min(HANDFUL, self.frames.maximum()))
        self.frames.setVisible(frames > 1)

    def allow(self, can_look: bool, can_keep: bool) -> None:
        """Which buttons have a use now."""
        for button in (self.diagnose, self.search, self.frames, *self.fields.values()):
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

    def __init__(self, bench: SpaceBench, sweeps: Sweeps, cameras: CameraBench, panel: DoctorPanel) -> None:
        super().__init__(panel)
        self._bench = bench
        self._cameras = cameras
        self.panel = panel
        self._base: Calibration | None = None  # the document's, of the camera that is looked at
        self._start: Calibration | None = None  # what nudges begin from: that, or what the doctor found
        self._then: Callable[[list[Prepared]], None] | None = None
        self._turn = 0
        self._stop = threading.Event()
        self._views = DoctorViews(bench, sweeps, cameras, self)
        self._views.moved.connect(self._views_moved)
        self._views.ended.connect(self._views_there)
        self._poster = Poster(self)
        self._worker = PictureDecoder(self)
        self._worker.decoded.connect(self._done)
        panel.camera_chosen.connect(self.choose)
        panel.nudged.connect(self._nudged)
        panel.diagnose.clicked.connect(self.diagnose)
        panel.stop.clicked.connect(self.stop)
        panel.search.clicked.connect(self.search)
        panel.before.toggled.connect(lambda _on: self._show())
        panel.keep.clicked.connect(self.put_right)

    def open(self) -> None:
        """Another item, or none."""
        self._drop_work()
        self._views.forget()
        rig = self._cameras.rig
        self.panel.cameras.clear()
        known = self._calibrations()
        for each in rig.cameras if rig is not None else ():
            if each.id in known:
                self.panel.cameras.addItem(each.stream.name or each.id, each.id)
        scene = self._bench.scene
        self.panel.show_drive(scene.index.timeline.frames if scene is not None else 0)
        self.choose(self.panel.camera)

    def choose(self, camera: str) -> None:
        """Look at a camera as the document has it; what was tried on another is dropped."""
        self._drop_work()
        self._base = self._start = self._calibrations().get(StreamId(camera))
        self.panel.set_moves({})
        self.panel.before.setChecked(False)
        self.panel.score.setText("")
        there = self._base is not None
        self.panel.said.setText(BEGIN if there else "No camera of this item has a calibration.")
        self._show()

    def refresh(self) -> None:
        """A calibration or an ego pose has changed in the document, by anybody."""
        if self._calibrations().get(self.panel.camera) != self._base:
            self.choose(self.panel.camera)
        elif not self._views.is_busy:
            self._views.forget()  # of ego poses, which move outlines

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
            self._with_views(
                lambda views: self._run("Trying mistakes", lambda told: doctor.diagnose(base, views, told))
            )

    def search(self) -> None:
        tried = self.tried
        if tried is not None:
            self._with_views(
                lambda views: self._run("Searching", lambda told: doctor.refine(tried, views, told=told))
            )

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
        self._with_views(lambda _views: self._said_and_scored(), quiet=True)

    def _said_and_scored(self) -> None:
        self.panel.said.setText("")
        self._show_score()

    # Looking, beside the GUI thread

    def _with_views(self, then: Callable[[list[Prepared]], None], *, quiet: bool = False) -> None:
        """Edges and outlines of some frames of the drive; made once for each camera and choice of frames.

        quiet: nobody waits, so that buttons and fields stay as they are meanwhile.
        """
        scene = self._bench.scene
        if scene is None or self._base is None:
            return
        frames = spread(scene.index.timeline.frames, self.panel.frames.value(), scene.frame)
        self._then = then
        if self._views.want(self.panel.camera, frames):
            self._views_there()
        elif not quiet and self._views.is_busy:
            self._show_busy(True)

    def _views_there(self) -> None:
        then, self._then = self._then, None
        if not self._views.views:
            self._fault("This camera's pictures cannot be read, or these frames have no points.")
        elif then is not None:
            self._show_busy(False)
            then(self._views.views)

    def _views_moved(self, done: int, total: int) -> None:
        if total > 1:
            self.panel.said.setText(f"Looking at frame {min(done + 1, total)} of {total} …")
        else:
            self.panel.said.setText("Looking …")

    def _run(self, verb: str, work: Callable[[Told], object]) -> None:
        """Work that says how far it is, and ends when it is not wanted any more."""
        self._turn += 1
        self._stop = threading.Event()
        stop, turn, poster = self._stop, self._turn, self._poster
        self._show_busy(True)
        self.panel.said.setText(f"{verb} …")

        def told(share: float) -> None:
            if stop.is_set():
                raise _Stopped
            poster.post(lambda: self._progressed(turn, verb, share))

        self._worker.run(turn, lambda: _or_error(work, told))

    def _progressed(self, turn: int, verb: str, share: float) -> None:
        if turn == self._turn and not self._stop.is_set():
            self.panel.said.setText(f"{verb}: {share:.0%} …")

    def stop(self) -> None:
        """What is being looked at is not wanted any more; everything is as it was before."""
        self._drop_work()
        self.panel.said.setText("Stopped.")
        self._show()

    def _drop_work(self) -> None:
        self._turn += 1
        self._then = None
        self._stop.set()
        self._views.stop()
        self._show_busy(False)

    def _show_busy(self, busy: bool) -> None:
        self.panel.show_busy(busy)
        self._allow(busy)

    def _done(self, turn: object, made: object) -> None:
        if turn != self._turn:
            return  # for another camera or item
        self._show_busy(False)
        match made:
            case AtelierError():
                self._fault(str(made))
            case Diagnosis():
                self._start = made.mended
                self.panel.set_moves({})
                sure = f" ({made.confidence:.0%} sure)" if made.kind not in ("fine", "unsure") else ""
                self.panel.said.setText(f"{made.what}{sure}{self._over()}")
                self._show()
                self._show_score()
            case Refined():
                self._start = made.camera
                self.panel.set_moves({})
                ways = (_way(way, amount) for way, amount in made.moved.items() if amount)
                moved = ", ".join(ways) or "nothing"
                self.panel.said.setText(f"Moved: {moved}.{self._over()}")
                self._show()
                self._show_score()

    def _over(self) -> str:
        """Over how many frames it was judged, where that is not the visible one alone."""
        seen, asked = len(self._views.views), self._views.frames
        if asked == 1:
            return ""
        return f" Judged over {counted(seen, 'frame')}" + (f" of {asked}." if seen < asked else ".")

    def _fault(self, said: str) -> None:
        self._then = None
        self._show_busy(False)
        self.panel.said.setText(said)
        self._show()

    # Showing

    def _show(self) -> None:
        base, tried = self._base, self.tried
        differs = base is not None and tried != base
        self._allow(False)
        shown = None if self.panel.before.isChecked() or not differs else tried
        self._cameras.try_out(self.panel.camera, shown)

    def _allow(self, busy: bool) -> None:
        base = self._base
        differs = base is not None and self.tried != base
        self.panel.allow(base is not None and not busy and not self._bench.read_only, differs and not busy)

    def _show_score(self) -> None:
        base, tried = self._base, self.tried
        views = self._views.views
        if base is None or tried is None or not views or self._views.is_busy:
            return
        try:
            was, now = doctor.edge_score(base, views), doctor.edge_score(tried, views)
        except AtelierError as error:
            self.panel.score.setText(str(error))
            return
        self.panel.score.setText(f"Edges on edges: {now:.1f}, as it was {was:.1f} (0 is chance)")


def _way(way: Way, amount: float) -> str:
    title = UNITS[way][0]
    return f"{title} {100 * amount:.0f} cm" if way in ("x", "y", "z") else f"{title} {degrees(amount):.1f}°"


class _Stopped(Exception):
    """Nobody waits for the work any more."""


def _or_error(work: Callable[[Told], object], told: Told) -> object:
    try:
        return work(told)
    except AtelierError as error:
        return error
    except _Stopped:
        return False  # what comes of an earlier turn is dropped
