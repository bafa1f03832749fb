"""A place for one view, which can be torn off into a window of its own, and comes home again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QEnterEvent,
    QGuiApplication,
    QHideEvent,
    QMouseEvent,
    QMoveEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QScreen,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

SETTLE_MS = 400  # after which a window that was moved counts as left there
CORNER_PX = 24  # of the button
MARGIN_PX = 4
ROOMY_PX = 180
SHARE = 0.8  # of a second screen that a view takes up at first
BESIDE = 1.25  # times as large as it was, where there is no second one


class TearOff(QWidget):
    """Holds `content`. Torn off, it stands in a window of its own, and what is left says how to get it back.

    It comes home by its buttons, by a double click on its title, when its window is closed, and when the
    screen on which it stands goes. The window goes and comes with the place that it was torn from, and keys
    of the place's window work in it.
    """

    turned = Signal()  # a person tore it off, moved it or brought it home; not: its screen went
    left_or_came = Signal()  # it is torn off or at home now, for whatever reason

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        self.title = title
        self._torn: _TornWindow | None = None
        self._share: float | None = None  # of the splitter that it stands in, when it was torn off
        self._empty = _EmptyPlace(self.come_home)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(content)
        self._stack.addWidget(self._empty)
        self._corner = _CornerButton(self)
        self._corner.clicked.connect(lambda: self.tear_off())
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLE_MS)
        self._settled.timeout.connect(self.turned)
        self.setFocusProxy(content)
        self.set_title(title)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.screenRemoved.connect(self._screen_gone)

    def set_title(self, title: str) -> None:
        """What the view is called, in its window and in the place that it leaves."""
        self.title = title
        self._empty.say(title)
        self._corner.setAccessibleName(f"Tear off {title}")
        self._corner.setToolTip(f"{title} in a window of its own")
        if self._torn is not None:
            self._torn.set_title(title)

    @property
    def is_torn(self) -> bool:
        """Whether the view stands in a window of its own."""
        return self._torn is not None

    @property
    def place(self) -> QRect | None:
        """Where the window of its own is, on all screens together; None while it is at home."""
        return self._torn.geometry() if self._torn is not None else None

    def turn(self) -> None:
        """Tear it off, or bring it home."""
        if self.is_torn:
            self.come_home()
        else:
            self.tear_off()

    def tear_off(self, where: QRect | None = None, quietly: bool = False) -> None:
        """Into a window of its own: at `where`, else on another screen, else beside where it was."""
        if self._torn is not None:
            return
        # where it is torn off at a start, nobody has given it a share yet
        self._share = self._share_now() if where is None else None
        self._torn = torn = _TornWindow(self.title, self)
        torn.left.connect(self.come_home)
        torn.moved.connect(self._settled.start)
        torn.setGeometry(where if where is not None else self._first_place())
        torn.take(self.content)
        self._stack.setCurrentWidget(self._empty)
        self._show_corner()
        self.setFocusProxy(None)  # type: ignore[arg-type]  # Qt takes it for none
        if self.isVisible():
            torn.show()
        self.left_or_came.emit()
        if not quietly:
            torn.activateWindow()
            self.content.setFocus()
            self.turned.emit()

    def come_home(self, quietly: bool = False) -> None:
        """Back to where it was torn from."""
        torn, self._torn = self._torn, None
        if torn is None:
            return
        self._settled.stop()
        self._stack.insertWidget(0, self.content)
        self._stack.setCurrentWidget(self.content)
        self.setFocusProxy(self.content)
        torn.hide()
        torn.deleteLater()
        self._take_share()
        self._show_corner()
        self.left_or_came.emit()
        if not quietly:
            self.window().activateWindow()  # or keys go nowhere until the window manager thinks of it
            self.content.setFocus()
            self.turned.emit()

    def _share_now(self) -> float | None:
        """How much of the splitter around it has it; None where there is none, or none to be seen."""
        around = self.parentWidget()
        if not isinstance(around, QSplitter) or not (room := sum(around.sizes())):
            return None
        return around.sizes()[around.indexOf(self)] / room

    def _take_share(self) -> None:
        """At least what it had, or else as much as each: what is left of a torn view is made small."""
        around, now = self.parentWidget(), self._share_now()
        if not isinstance(around, QSplitter) or now is None:
            return
        sizes = around.sizes()
        wanted = self._share if self._share is not None else 1 / sum(size > 0 for size in sizes)
        if now >= wanted:
            return
        room, own = sum(sizes), around.indexOf(self)
        shrunk = (1 - wanted) / (1 - now)
        around.setSizes(
            [round(wanted * room if place == own else size * shrunk) for place, size in enumerate(sizes)]
        )

    def _first_place(self) -> QRect:
        others = [each for each in QGuiApplication.screens() if each is not self.screen()]
        if others:
            room = others[0].availableGeometry()
            found = QRect(0, 0, round(room.width() * SHARE), round(room.height() * SHARE))
            found.moveCenter(room.center())
            return found
        room = self.screen().availableGeometry()
        size = (self.content.size() * BESIDE).expandedTo(QSize(480, 320)).boundedTo(room.size())
        found = QRect(self.mapToGlobal(self.rect().topLeft()), size)
        # its title and its edges have to be within reach
        found.moveRight(min(found.right(), room.right()))
        found.moveBottom(min(found.bottom(), room.bottom()))
        return found

    def _screen_gone(self, screen: QScreen) -> None:
        if self._torn is not None and self._torn.screen() is screen:
            self.come_home(quietly=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._torn is not None and not event.spontaneous():
            self._torn.show()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._torn is not None and not event.spontaneous():
            self._torn.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._corner.move(self.width() - CORNER_PX - MARGIN_PX, MARGIN_PX)
        self._show_corner()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._show_corner()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._show_corner()

    def _show_corner(self) -> None:
        """Of a small view the button would hide the name: it is there while the mouse pointer is."""
        self._corner.setVisible(self._torn is None and (self.width() >= ROOMY_PX or self.underMouse()))
        self._corner.raise_()


class _TornWindow(QWidget):
    """A window with a title strip over the view. `left` tells that it is to come home."""

    left = Signal()
    moved = Signal()

    def __init__(self, title: str, parent: QWidget) -> None:
        # a Tool: keys of the window that it belongs to work in it, as in a dock that floats
        super().__init__(
            parent,
            Qt.WindowType.Tool | Qt.WindowType.WindowCloseButtonHint | Qt.WindowType.WindowMaximizeButtonHint,
        )
        # it comes back with a page: the keys stay where the person is
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._strip = _TitleStrip(title)
        self._strip.left.connect(self.left)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._strip)
        self.set_title(title)

    def set_title(self, title: str) -> None:
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._strip.title.setText(title)

    def take(self, content: QWidget) -> None:
        """Show a view below the title."""
        self._column.addWidget(content, 1)
        content.show()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.left.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.moved.emit()


class _TitleStrip(QWidget):
    """The view's name and the way home; so is a double click on it."""

    left = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = QLabel(title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        home = QToolButton()
        home.setText("Bring home")
        home.setAutoRaise(True)
        home.setToolTip("Back into the main window (double click on the title)")
        home.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay the view's
        home.clicked.connect(self.left)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 4, 2)
        layout.addWidget(self.title, 1)
        layout.addWidget(home)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.left.emit()


class _EmptyPlace(QWidget):
    """What is left where a view was torn off."""

    def __init__(self, come_home: Callable[[], None]) -> None:
        super().__init__()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._home = QPushButton("Bring it home")
        self._home.clicked.connect(lambda: come_home())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addStretch()
        layout.addWidget(self._words)
        layout.addWidget(self._home, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch()

    def say(self, title: str) -> None:
        self._words.setText(f"{title} is in a window of its own")
        self._home.setAccessibleName(f"Bring {title} home")


class _CornerButton(QAbstractButton):
    """Two windows, one before the other, in the corner over a view."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(CORNER_PX, CORNER_PX)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay the view's
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 190 if self.underMouse() else 110))
            painter.drawRoundedRect(self.rect(), 4, 4)
            # white on a dark patch: a picture below it may have any colour
            painter.setPen(QPen(QColor(255, 255, 255, 235 if self.underMouse() else 170), 1.4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(6, 10, 9, 8)
            painter.drawPolyline([QPoint(x, y) for x, y in ((9, 9), (9, 6), (18, 6), (18, 14), (16, 14))])
