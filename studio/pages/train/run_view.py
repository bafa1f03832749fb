"""One run: how far it is, its curves, its log, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.domain.wire.training import LogLine, Point, Run, RunLog, RunLogQuery
from studio.pages.train.saying import (
    CAN_RESUME,
    LIVE,
    STATES,
    epoch_of,
    metric_title,
    over_epochs,
    seconds,
    title_of,
)
from studio.shell.lineage import LineageButton
from studio.shell.moments import ago, moment
from widgets.plots import Curve, CurvePlot
from widgets.progress import ProgressRow

LOG_LINES = 5000


class RunView(QWidget):
    """`asked` carries pause, resume or cancel; `evaluate` asks for the model to be evaluated."""

    asked = Signal(str)
    evaluate = Signal()

    def __init__(self, show_lineage: Callable[[str, str], None]) -> None:
        super().__init__()
        self.run: Run | None = None
        self._other: Run | None = None
        self._points: dict[str, list[Point]] = {}
        self._next: dict[str, RunLogQuery] = {}
        self._fetched_at: dict[str, int] = {}
        self._templates: dict[str, str] = {}
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self.title.setFont(font)
        self.facts = QLabel()
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setWordWrap(True)
        self.trouble = QLabel()
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        self.trouble.setAccessibleName("What went wrong")
        self.progress = ProgressRow("Training", can_pause=True)
        self.progress.paused.connect(lambda: self.asked.emit("pause"))
        self.progress.resumed.connect(lambda: self.asked.emit("resume"))
        self.progress.cancelled.connect(lambda: self.asked.emit("cancel"))
        self.resume = QPushButton("Go on from the last checkpoint")
        self.resume.clicked.connect(lambda _checked=False: self.asked.emit("resume"))
        self.judge = QPushButton("Evaluate the model")
        self.judge.clicked.connect(lambda _checked=False: self.evaluate.emit())
        self.lineage = LineageButton(show_lineage)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("Log of the run")
        self.log.setMaximumBlockCount(LOG_LINES)
        self.plots = QSplitter(Qt.Orientation.Horizontal)
        self._curves: dict[str, CurvePlot] = {}
        self._lay_out()

    def know_templates(self, titles: dict[str, str]) -> None:
        """What templates are called."""
        self._templates = titles

    def show_run(self, run: Run) -> None:
        """Look at another run, or at another state of the one that is shown."""
        if self.run is None or run.id != self.run.id:
            self.log.clear()
            self._points.pop(run.id, None)
            self._next.pop(run.id, None)
            self._fetched_at.pop(run.id, None)
        self.run = run
        self.show_state(run)
        self._draw()

    def forget(self) -> None:
        """Show no run, and know none: another project is open."""
        self.run = self._other = None
        for known in (self._points, self._next, self._fetched_at):
            known.clear()
        self.log.clear()
        self._draw()

    def compare_with(self, other: Run | None) -> None:
        """Lay the curves of another run under those of this one."""
        self._other = other
        self._draw()

    def shown_runs(self) -> Sequence[Run]:
        """The runs whose logs are wanted."""
        return [run for run in (self.run, self._other) if run is not None]

    def next_of(self, run: Run) -> RunLogQuery:
        """What to ask for next."""
        return self._next.get(run.id, RunLogQuery())

    def is_behind(self, run: Run) -> bool:
        """Whether the log may hold more than was fetched since the run ended."""
        return self._fetched_at.get(run.id, 0) < max(run.ended_ns, 1)

    def take_log(self, run: Run, log: RunLog) -> None:
        """What a run logged since the last time; `run` as it was just before."""
        key = run.id
        if not log_is_open(run) and not log.points and not log.lines:
            self._fetched_at[key] = run.ended_ns or 1  # one answer may hold a part of a long log
        self._next[key] = RunLogQuery(after_point=log.next_point, after_line=log.next_line)
        self._points.setdefault(key, []).extend(log.points)
        if self.run is not None and key == self.run.id:
            for line in log.lines:
                self.log.appendPlainText(_line(line))
        if log.points:
            self._draw()

    def show_state(self, run: Run) -> None:
        """Another state of one of the runs that are shown."""
        if self._other is not None and run.id == self._other.id:
            self._other = run
        if self.run is None or run.id != self.run.id:
            return
        self.run = run
        self.title.setText(title_of(run))
        self.facts.setText(" · ".join(part for part in self._facts(run) if part))
        self.facts.setToolTip(moment(run.created_ns))
        made = (("Its model", "model", run.model),) if run.model is not None else ()
        self.lineage.offer((("This run", "run", run.id), *made, ("Its snapshot", "snapshot", run.snapshot)))
        live = run.state in LIVE or run.state == "paused"
        self.progress.setVisible(live)
        self.progress.set_title(STATES[run.state])
        share = run.epoch / run.epochs if run.epochs else None
        self.progress.show_progress(share, epoch_of(run), run.eta_s if run.state == "running" else None)
        self.progress.show_paused(run.state == "paused")
        self.resume.setVisible(run.state in CAN_RESUME and run.state != "paused")
        self.judge.setVisible(run.model is not None)
        self.trouble.setText(" ".join(part for part in (run.error, run.hint) if part))
        self.trouble.setVisible(bool(run.error))

    def pause_or_resume(self) -> None:
        """Pause when it trains, go on when it stands."""
        if self.run is None:
            return
        if self.run.state in ("queued", "running"):
            self.asked.emit("pause")
        elif self.run.state in CAN_RESUME:
            self.asked.emit("resume")

    def _facts(self, run: Run) -> list[str]:
        figures = [f"{metric_title(name)} {value:.4g}" for name, value in run.metrics]
        return [
            STATES[run.state],
            self._templates.get(run.template, run.template),
            run.snapshot_name,
            *figures,
            f"CPU {seconds(run.cpu_s)}" if run.cpu_s else "",
            f"took {seconds(run.wall_s)}" if run.wall_s else "",
            f"seed {run.seed}",
            f"attempt {run.attempt}" if run.attempt > 1 else "",
            f"{run.author}, {ago(run.created_ns)}",
        ]

    def _draw(self) -> None:
        names: dict[str, None] = {}
        for run in self.shown_runs():
            for point in self._points.get(run.id, ()):
                names.setdefault(point.name)
        losses = [name for name in names if "loss" in name]
        figures = [name for name in names if name not in losses]
        self._draw_plot("Loss", losses, None)
        self._draw_plot("Validation", figures, (0.0, 1.0))

    def _draw_plot(self, title: str, names: list[str], y_range: tuple[float, float] | None) -> None:
        if title not in self._curves:
            if not names:
                return
            plot = CurvePlot(title, "Epoch", "", y_range)
            self._curves[title] = plot
            self.plots.insertWidget(0 if title == "Loss" else self.plots.count(), plot)
        curves: list[Curve] = []
        for number, run in enumerate(self.shown_runs()):
            held = self._points.get(run.id, ())
            for name in names:
                points = [point for point in held if point.name == name]
                if points:
                    beside = f" ({title_of(run)})" if number else ""
                    curves.append(
                        Curve(
                            metric_title(name) + beside,
                            over_epochs(points),
                            tuple(point.value for point in points),
                            dashed=bool(number),
                        )
                    )
        self._curves[title].show_curves(curves)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.judge)
        buttons.addWidget(self.resume)
        buttons.addStretch(1)
        buttons.addWidget(self.lineage)
        down = QSplitter(Qt.Orientation.Vertical)
        down.addWidget(self.plots)
        down.addWidget(self.log)
        self.plots.setMinimumHeight(200)
        down.setSizes([520, 220])
        down.setStretchFactor(0, 3)
        down.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.facts)
        column.addWidget(self.trouble)
        column.addWidget(self.progress)
        column.addLayout(buttons)
        column.addWidget(down, 1)


def log_is_open(run: Run) -> bool:
    """Whether a run may still log."""
    return run.state in LIVE


def _line(line: LogLine) -> str:
    return f"{moment(line.time_ns)[11:]}  {line.text}"
