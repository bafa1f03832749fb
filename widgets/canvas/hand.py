"""What a hand does over a canvas: pans and zooms the view; all else is reported as Pointers and keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QInputEvent, QKeyEvent, QMouseEvent, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from studio.domain.contracts.editing import PointerKind
from widgets.canvas.pointers import BUTTONS, Button, key_name, pointer_of
from widgets.canvas.view import View

WHEEL_STEP = 1.2
KeyTaker = Callable[[str, bool], bool]
"""(key, whether it is only asked) -> whether the key is taken."""


class Hand(QObject):
    """Listens to a widget's events. Middle button or Space with the left one pan; the wheel zooms.

    Keys go to `key_taker`: only those that it takes are kept from menus and focus changes.
    """

    pointer = Signal(object)  # a Pointer
    view_wanted = Signal(object)  # a View
    moved = Signal(object)  # where the mouse pointer is, logical pixels of the widget; None: elsewhere

    def __init__(self, over: QWidget, view: Callable[[], View]) -> None:
        super().__init__(over)
        self.key_taker: KeyTaker | None = None
        self._over = over
        self._view = view
        self._cursor = Qt.CursorShape.ArrowCursor
        self._pressed: Button = "none"
        self._pan_from: tuple[QPointF, View] | None = None
        self._space = False
        over.installEventFilter(self)

    def set_cursor(self, shape: Qt.CursorShape) -> None:
        """How the mouse pointer looks while nothing is panned."""
        self._cursor = shape
        self._show_cursor()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event:
            case QTabletEvent():
                return self._tablet(event)
            case QMouseEvent():
                return self._mouse(event)
            case QWheelEvent():
                return self._wheel(event)
            case QKeyEvent():
                return self._key(event)
        kind = event.type()
        if kind in (QEvent.Type.UngrabMouse, QEvent.Type.WindowDeactivate, QEvent.Type.Hide):
            self._lose_grab()
        elif kind == QEvent.Type.FocusOut:
            self._space = False
            self._show_cursor()
        elif kind == QEvent.Type.Leave:
            self.moved.emit(None)
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        at, button = event.position(), BUTTONS.get(event.button())
        match event.type():
            case QEvent.Type.MouseMove:
                self._move(at, event)
            case QEvent.Type.MouseButtonPress if button:
                self._press(at, event, button)
            case QEvent.Type.MouseButtonRelease if button:
                self._release(at, event, button)
            case QEvent.Type.MouseButtonDblClick if button:
                self._press(at, event, button)
                if self._pan_from is None:
                    self._report("double", at, event, button)
            case _:
                return False
        return True

    def _tablet(self, event: QTabletEvent) -> bool:
        match event.type():
            case QEvent.Type.TabletPress:
                self._press(event.position(), event, BUTTONS.get(event.button(), "left"))
            case QEvent.Type.TabletMove:
                self._move(event.position(), event)
            case QEvent.Type.TabletRelease:
                self._release(event.position(), event, BUTTONS.get(event.button(), "left"))
        event.accept()  # or Qt makes a mouse event of it as well
        return True

    def _wheel(self, event: QWheelEvent) -> bool:
        turned, at, view = event.angleDelta(), event.position(), self._view()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.view_wanted.emit(view.panned((float(turned.x() + turned.y()), 0.0)))
        else:
            self.view_wanted.emit(view.zoomed(WHEEL_STEP ** (turned.y() / 120), (at.x(), at.y())))
        event.accept()
        return True

    def _key(self, event: QKeyEvent) -> bool:
        is_space = event.key() == Qt.Key.Key_Space and not event.modifiers()
        match event.type():
            case QEvent.Type.ShortcutOverride:
                if self._take(event, only_ask=True):
                    event.accept()
                    return True
            case QEvent.Type.KeyPress if is_space:
                self._space = True
                self._show_cursor()
                return True
            case QEvent.Type.KeyPress:
                return self._take(event, only_ask=False)
            case QEvent.Type.KeyRelease if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
                self._space = False
                self._show_cursor()
        return False

    def _take(self, event: QKeyEvent, only_ask: bool) -> bool:
        name = key_name(event)
        return bool(name) and self.key_taker is not None and self.key_taker(name, only_ask)

    def _report(self, kind: PointerKind, at: QPointF, event: QInputEvent, button: Button) -> None:
        self.pointer.emit(pointer_of(kind, at, self._view(), event, button))

    def _press(self, at: QPointF, event: QInputEvent, button: Button) -> None:
        self._over.setFocus(Qt.FocusReason.MouseFocusReason)
        if button == "middle" or (button == "left" and self._space):
            self._pan_from = (at, self._view())
            self._show_cursor()
            return
        self._pressed = button
        self._report("press", at, event, button)

    def _move(self, at: QPointF, event: QInputEvent) -> None:
        self.moved.emit((at.x(), at.y()))
        if self._pan_from is not None:
            start, view = self._pan_from
            self.view_wanted.emit(view.panned((at.x() - start.x(), at.y() - start.y())))
            return
        kind: PointerKind = "hover" if self._pressed == "none" else "move"
        self._report(kind, at, event, self._pressed)

    def _release(self, at: QPointF, event: QInputEvent, button: Button) -> None:
        if self._pan_from is not None and button in ("left", "middle"):
            self._pan_from = None
            self._show_cursor()
        elif self._pressed == button:
            self._pressed = "none"
            self._report("release", at, event, button)

    def _lose_grab(self) -> None:
        self._pan_from = None
        if self._pressed != "none":
            self._pressed = "none"
            none = Qt.MouseButton.NoButton
            plain = Qt.KeyboardModifier.NoModifier
            lost = QMouseEvent(QEvent.Type.MouseButtonRelease, QPointF(), QPointF(), none, none, plain)
            self._report("cancel", QPointF(), lost, "none")

    def _show_cursor(self) -> None:
        shape = self._cursor
        if self._pan_from is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        self._over.setCursor(shape)
