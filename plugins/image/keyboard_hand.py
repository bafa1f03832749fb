"""A hand made of keys: arrows move a cross over the picture, Enter presses. No Qt."""

from __future__ import annotations

import time
from typing import Literal

from studio.domain.contracts.editing import Pointer, PointerKind
from studio.domain.values import XY


class KeyboardHand:
    """Where the cross is, and the Pointers that its keys stand for. Off until `take_up`."""

    def __init__(self) -> None:
        self.xy: XY | None = None

    def take_up(self, at: XY) -> None:
        self.xy = at

    def put_down(self) -> None:
        self.xy = None

    def moved(self, dx: float, dy: float, size: XY, scale: float) -> Pointer | None:
        """The cross so many picture pixels further, on the picture; None while it is off."""
        if self.xy is None:
            return None
        self.xy = min(max(self.xy[0] + dx, 0.0), size[0]), min(max(self.xy[1] + dy, 0.0), size[1])
        return self._pointer("hover", scale)

    def clicked(self, scale: float) -> tuple[Pointer, ...]:
        """Enter: press and release in one place."""
        if self.xy is None:
            return ()
        return self._pointer("press", scale), self._pointer("release", scale)

    def _pointer(self, kind: PointerKind, scale: float) -> Pointer:
        assert self.xy is not None
        button: Literal["none", "left"] = "none" if kind == "hover" else "left"
        return Pointer(kind, self.xy, scale=scale, button=button, device="key", time_ns=time.monotonic_ns())
