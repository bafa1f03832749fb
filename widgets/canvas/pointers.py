"""From Qt's events to Pointers: mouse, pen and eraser, in picture pixels."""

from __future__ import annotations

import sys
import time
from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputEvent, QKeyEvent, QKeySequence, QPointingDevice, QTabletEvent

from studio.domain.contracts.editing import Modifier, Pointer, PointerKind
from widgets.canvas.view import View

Button = Literal["none", "left", "middle", "right"]

BUTTONS: dict[Qt.MouseButton, Button] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
}
MODIFIERS: tuple[tuple[Qt.KeyboardModifier, Modifier], ...] = (
    (Qt.KeyboardModifier.ShiftModifier, "shift"),
    (Qt.KeyboardModifier.ControlModifier, "ctrl"),
    (Qt.KeyboardModifier.AltModifier, "alt"),
)
ONLY_MODIFIERS = {
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_Meta,
    Qt.Key.Key_CapsLock,
    Qt.Key.Key_unknown,
}


def modifiers_of(event: QInputEvent) -> frozenset[Modifier]:
    held = event.modifiers()
    return frozenset(name for flag, name in MODIFIERS if held & flag)


Device = Literal["mouse", "pen", "eraser"]


def device_of(event: QInputEvent) -> tuple[Device, float, tuple[float, float]]:
    """What an event came from, how hard it is pressed (0 to 1) and how it is tilted, in degrees."""
    if not isinstance(event, QTabletEvent):
        return "mouse", 1.0, (0.0, 0.0)
    is_eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
    tilt = float(event.xTilt()), float(event.yTilt())
    return "eraser" if is_eraser else "pen", event.pressure(), tilt


def pointer_of(
    kind: PointerKind, at: QPointF, view: View, event: QInputEvent, button: Button, wheel: float = 0.0
) -> Pointer:
    """What `event` says, as a Pointer; `at` is in the widget's logical pixels."""
    device, pressure, tilt = device_of(event)
    return Pointer(
        kind,
        view.to_picture((at.x(), at.y())),
        scale=view.scale,
        button=button,
        modifiers=modifiers_of(event),
        device=device,
        pressure=pressure,
        tilt=tilt,
        wheel=wheel,
        time_ns=time.monotonic_ns(),
    )


def key_name(event: QKeyEvent) -> str:
    """A key in Qt's portable notation ("Shift+N"), or nothing for a modifier alone."""
    key, modifiers = event.key(), event.modifiers()
    if key in ONLY_MODIFIERS:
        return ""
    if key == Qt.Key.Key_Backtab:  # what Shift+Tab arrives as
        return "Shift+Tab"
    held = modifiers & ~Qt.KeyboardModifier.KeypadModifier
    if held & Qt.KeyboardModifier.ShiftModifier and (digit := _digit_row(event)) is not None:
        key = digit
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    if key in (Qt.Key.Key_Plus, Qt.Key.Key_Asterisk, Qt.Key.Key_Question):  # Shift made the letter
        held &= ~Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(held.value | key).toString(QKeySequence.SequenceFormat.PortableText)


def _digit_row(event: QKeyEvent) -> int | None:
    """The digit on a key of the upper row: with Shift most layouts say "!" and "@", each its own."""
    scan, virtual = event.nativeScanCode(), event.nativeVirtualKey()
    if sys.platform == "win32":
        return virtual if 0x30 <= virtual <= 0x39 else None  # VK_0 to VK_9
    if sys.platform.startswith("linux") and 10 <= scan <= 19:  # evdev + 8, on X11 and Wayland
        return ord("1234567890"[scan - 10])
    return None
