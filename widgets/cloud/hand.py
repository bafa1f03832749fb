"""What a hand does over a view of a scene: orbits, pans and zooms the camera; all else is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from studio.domain.contracts.editing import PointerKind
from studio.domain.values import XYZ
from widgets.canvas.hand import WHEEL_STEP, Hand
from widgets.canvas.pointers import Button
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import XY, SpaceView

CLICK_REACH = 4.0  # screen pixels that a right click may slip before it is an orbit

WheelTaker = Callable[[SpacePointer, float], bool]
"""(where, how many notches away from the hand) -> whether the wheel is taken, and does not zoom."""
MakePointer = Callable[[PointerKind, QPointF, QInputEvent, Button], SpacePointer]


class SpaceHand(Hand):
    """Middle button or Space with the left one pan; the right one, or Alt with the left one, orbits.

    A right click that does not move is reported as press and release. Where the view may not turn, what
    would orbit pans. The wheel zooms to what lies under it, unless `wheel_taker` has it. `hold(xy)` finds the
    point of the scene there.
    """

    def __init__(
        self,
        over: QWidget,
        view: Callable[[], SpaceView],
        make_pointer: MakePointer,
        hold: Callable[[XY], XYZ | None],
        turns: bool,
    ) -> None:
        super().__init__(over, view)  # type: ignore[arg-type]  # moved by the methods below alone
        self._space_view = view
        self._make_pointer = make_pointer
        self._hold = hold
        self._turns = turns
        self._held: XYZ | None = None
        self._turn_from: tuple[QPointF, SpaceView] | None = None
        self._right_press: tuple[QPointF, SpacePointer] | None = None
        self.wheel_taker: WheelTaker | None = None

    def _report(self, kind: PointerKind, at: QPointF, event: QInputEvent, button: Button) -> None:
        self.pointer.emit(self._make_pointer(kind, at, event, button))

    def _wheel(self, event: QWheelEvent) -> bool:
        at = (event.position().x(), event.position().y())
        turned = event.angleDelta().y() or event.angleDelta().x()
        if self.wheel_taker is not None:
            none: Button = "none"
            if self.wheel_taker(self._make_pointer("wheel", event.position(), event, none), turned / 120):
                event.accept()
                return True
        self.view_wanted.emit(self._space_view().zoomed(WHEEL_STEP ** (turned / 120), at, self._hold(at)))
        event.accept()
        return True

    def _press(self, at: QPointF, event: QInputEvent, button: Button) -> None:
        with_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if button == "right":
            self._over.setFocus(Qt.FocusReason.MouseFocusReason)
            self._right_press = (at, self._make_pointer("press", at, event, button))
        elif button == "left" and with_alt and not self._space:
            self._over.setFocus(Qt.FocusReason.MouseFocusReason)
            self._begin_turn(at)
        else:
            super()._press(at, event, button)
            if self._pan_from is not None:
                self._held = self._hold((at.x(), at.y()))

    def _begin_turn(self, at: QPointF) -> None:
        if self._turns:
            self._turn_from = (at, self._space_view())
        else:
            self._held = self._hold((at.x(), at.y()))
            self._pan_from = (at, self._space_view())  # type: ignore[assignment]
        self._show_cursor()

    def _move(self, at: QPointF, event: QInputEvent) -> None:
        self.moved.emit((at.x(), at.y()))
        if self._right_press is not None:
            slip = at - self._right_press[0]
            if abs(slip.x()) + abs(slip.y()) < CLICK_REACH:
                return
            self._begin_turn(self._right_press[0])
            self._right_press = None
        if self._turn_from is not None:
            self.view_wanted.emit(_moved(self._turn_from, at, SpaceView.orbited))
        elif self._pan_from is not None:
            held = self._held
            self.view_wanted.emit(_moved(self._pan_from, at, lambda view, by: view.panned(by, held)))
        else:
            super()._move(at, event)

    def _release(self, at: QPointF, event: QInputEvent, button: Button) -> None:
        if self._right_press is not None and button == "right":
            pressed, self._right_press = self._right_press[1], None
            self.pointer.emit(pressed)
            self._report("release", at, event, button)
        elif self._turn_from is not None or self._pan_from is not None:
            self._turn_from = self._pan_from = self._held = None
            self._show_cursor()
        else:
            super()._release(at, event, button)

    def _lose_grab(self) -> None:
        self._turn_from = self._right_press = self._held = None
        super()._lose_grab()

    def _show_cursor(self) -> None:
        super()._show_cursor()
        if self._turn_from is not None:
            self._over.setCursor(Qt.CursorShape.SizeAllCursor)


def _moved(start: tuple[QPointF, Any], at: QPointF, how: Callable[[SpaceView, XY], SpaceView]) -> SpaceView:
    by = at - start[0]
    return how(start[1], (by.x(), by.y()))
