"""The image canvas with 10,000 boxes: from a pointer event to the pixel, beside what it replaces."""

import math
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QGraphicsRectItem, QGraphicsScene, QGraphicsView, QWidget

from studio.domain.contracts.editing import Pointer
from tests.bench.harness import Samples, bench, interleaved
from widgets.canvas.drawables import Drawables, ShapeStyle
from widgets.canvas.pyramid import Pyramid, halvings
from widgets.image_canvas import ImageCanvas

WINDOW = (1500, 900)
PICTURE = (4000, 3000)
MANY, FEW = 10_000, 100
EVENTS = 60  # timed a side, one event each

STYLES = tuple(ShapeStyle(color, dash, letter) for color, dash, letter in (
    ("#2f7ed8", "solid", "A"), ("#d8602f", "dash", "B"), ("#3fae49", "dot", "C"), ("#a04fc4", "solid", "D"),
))  # fmt: skip


def boxes(count: int) -> np.ndarray:
    """(count, 4) xyxy float64 in picture pixels, scattered with a fixed seed."""
    rng = np.random.default_rng(7)
    at = rng.uniform((0, 0), (PICTURE[0] - 60, PICTURE[1] - 60), (count, 2))
    return np.hstack([at, at + rng.uniform(8, 60, (count, 2))])


def drawables(xyxy: np.ndarray) -> Drawables:
    """The boxes as the canvas is given them, in four classes."""
    keys = tuple(map(str, range(len(xyxy))))
    return Drawables(keys, xyxy, (np.arange(len(xyxy)) % len(STYLES)).astype(np.int32), STYLES)


@cache
def picture() -> QImage:
    """A picture with something in every pixel."""
    height, width = PICTURE[1], PICTURE[0]
    grey = (np.add.outer(np.arange(height), np.arange(width)) % 251).astype(np.uint8)
    return QImage(grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).convertToFormat(
        QImage.Format.Format_RGB32
    )


class Stage(NamedTuple):
    """A shown widget, and what one more event does to it."""

    widget: QWidget
    step: Callable[[], None]
    painted: QWidget  # what paints of it


def shown(widget: QWidget) -> None:
    """Show it at the size of the benches and wait until it was painted."""
    widget.resize(*WINDOW)
    widget.show()
    settle()


def settle() -> None:
    """Let the window manager map and place what was shown."""
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        QApplication.processEvents()


def to_pixel(widget: QWidget) -> None:
    """Paint what is due and wait until the window system has it."""
    QApplication.sendPostedEvents(widget, int(QEvent.Type.UpdateRequest.value))
    QApplication.processEvents()
    QGuiApplication.sync()


def mouse(widget: QWidget, kind: QEvent.Type, x: float, y: float, held: Qt.MouseButton) -> None:
    """One mouse event, delivered as Qt would."""
    at = QPointF(x, y)
    changed = held if kind != QEvent.Type.MouseMove else Qt.MouseButton.NoButton
    event = QMouseEvent(kind, at, widget.mapToGlobal(at), changed, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


@cache
def application() -> QApplication:
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])


def ours(count: int, button: Qt.MouseButton) -> Stage:
    """Our canvas: the left button drags one box, the middle one pans; one step is one mouse move."""
    application()
    canvas = ImageCanvas()
    pyramid = Pyramid((float(PICTURE[0]), float(PICTURE[1])), 1)
    pyramid.put_levels(halvings(picture()))
    rest, active = boxes(count), boxes(count)[:1]
    canvas.show_picture(pyramid)
    canvas.set_shapes(drawables(rest[1:]))
    shown(canvas)

    def drag(pointer: Pointer) -> None:
        if pointer.kind == "move":
            corner = np.array(pointer.xy)
            canvas.set_active(drawables(np.hstack([corner, corner + active[0, 2:] - active[0, :2]])[None]))

    canvas.pointer.connect(drag)
    path = _path()
    held = False

    def step() -> None:
        nonlocal held
        if not held:  # not before: a window that loses the focus to the next one lets go
            mouse(canvas, QEvent.Type.MouseButtonPress, 700, 400, button)
            held = True
        mouse(canvas, QEvent.Type.MouseMove, *next(path), button)
        to_pixel(canvas)

    return Stage(canvas, step, canvas)


class Loop(QWidget):
    """What a first version does: every box, each time."""

    def __init__(self, xyxy: np.ndarray) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.pens = [QPen(QColor(style.color), 2) for style in STYLES]
        for pen in self.pens:
            pen.setCosmetic(True)
        self.rows = [QRectF(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in xyxy.tolist()]
        self.scale = min(WINDOW[0] / PICTURE[0], WINDOW[1] / PICTURE[1])
        self.offset = QPointF(0, 0)
        self.shown = picture().scaled(int(PICTURE[0] * self.scale), int(PICTURE[1] * self.scale))

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor("black"))
            painter.drawImage(self.offset, self.shown)
            painter.translate(self.offset)
            painter.scale(self.scale, self.scale)
            for number, rect in enumerate(self.rows):
                painter.setPen(self.pens[number % len(self.pens)])
                painter.drawRect(rect)


def naive(count: int, *, pan: bool = False) -> Stage:
    """The loop over all boxes, of which one moves or which are all shifted."""
    application()
    widget = Loop(boxes(count))
    shown(widget)
    path = _path()

    def step() -> None:
        x, y = next(path)
        if pan:
            widget.offset = QPointF(x - 700, y - 400)
        else:
            widget.rows[0].moveTo(x / widget.scale, y / widget.scale)
        widget.update()
        to_pixel(widget)

    return Stage(widget, step, widget)


def graphics_view(count: int, mode: QGraphicsView.ViewportUpdateMode) -> Stage:
    """Qt's own: an item a box, of which one moves."""
    application()
    scene = QGraphicsScene(0, 0, *PICTURE)
    scene.setBackgroundBrush(QBrush(QColor("black")))
    items = []
    for number, (x0, y0, x1, y1) in enumerate(boxes(count).tolist()):
        item = QGraphicsRectItem(0, 0, x1 - x0, y1 - y0)
        pen = QPen(QColor(STYLES[number % len(STYLES)].color), 2)
        pen.setCosmetic(True)
        item.setPen(pen)
        item.setPos(x0, y0)
        scene.addItem(item)
        items.append(item)
    view = QGraphicsView(scene)
    scene.setParent(view)  # a view does not own its scene
    view.setViewportUpdateMode(mode)
    shown(view)
    view.fitInView(scene.sceneRect(), Qt.AspectRatioMode.KeepAspectRatio)
    path = _path()

    def step() -> None:
        x, y = next(path)
        items[0].setPos(view.mapToScene(int(x), int(y)))
        to_pixel(view.viewport())

    return Stage(view, step, view.viewport())


def _path() -> Iterator[tuple[float, float]]:
    """An endless walk over the window, the same for both sides."""
    angle = 0.0
    while True:
        angle += 0.05
        yield 700 + 300 * math.cos(angle), 400 + 200 * math.sin(angle * 1.3)


class PaintCount(QObject):
    """Counts how often a widget is really painted: one that is covered by another never is."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.paints = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.paints += event.type() == QEvent.Type.Paint
        return False


def compared(left: Stage, right: Stage, events: int = EVENTS) -> Samples:
    """Time a step of each by turns, side by side on the screen; both windows are closed afterwards."""
    right.widget.move(WINDOW[0] + 50, 0)
    left.widget.move(0, 0)
    settle()
    counts = [PaintCount(left.painted), PaintCount(right.painted)]
    try:
        samples = interleaved(left.step, right.step, pairs=events, warm_up=5)
        unpainted = [count.paints for count in counts if count.paints < events]
        assert not unpainted, f"a side was not painted at each event: {unpainted} of {events}"
        return samples
    finally:
        for stage in (left, right):
            stage.widget.close()
            stage.widget.deleteLater()
        QApplication.processEvents()


@bench("P1", "drag one of 10,000 boxes, event to pixel; naive loop over all", at_least=5, p95_ms=16)
def drag_beside_a_loop() -> Samples:
    return compared(ours(MANY, Qt.MouseButton.LeftButton), naive(MANY))


@bench("P1-pan", "pan over 10,000 boxes, event to pixel; naive loop over all", at_least=5, p95_ms=16)
def pan_beside_a_loop() -> Samples:
    return compared(ours(MANY, Qt.MouseButton.MiddleButton), naive(MANY, pan=True))


@bench("P2", "drag one of 10,000 boxes, event to pixel; QGraphicsView, whole window", at_least=10)
def drag_beside_a_graphics_view() -> Samples:
    whole = QGraphicsView.ViewportUpdateMode.FullViewportUpdate
    return compared(ours(MANY, Qt.MouseButton.LeftButton), graphics_view(MANY, whole))


@bench("P2-least", "the same; QGraphicsView painting the least that it can", at_most=1.2)
def drag_beside_a_frugal_graphics_view() -> Samples:
    least = QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate
    return compared(ours(MANY, Qt.MouseButton.LeftButton), graphics_view(MANY, least))


@bench("P3", "drag one box: among 10,000 beside among 100", at_most=5)
def drag_among_many_beside_among_few() -> Samples:
    return compared(ours(MANY, Qt.MouseButton.LeftButton), ours(FEW, Qt.MouseButton.LeftButton))
