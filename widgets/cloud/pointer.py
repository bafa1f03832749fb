"""What a hand does over a cloud view, as a plain value. No Qt."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from studio.domain.contracts.editing import Modifier, PointerKind
from studio.domain.values import XYZ
from widgets.cloud.space_view import XY, Side, SpaceView


class SpacePointer(Struct, frozen=True):
    """One event over a view of the scene. A tool needs nothing else: `view` projects and casts rays."""

    kind: PointerKind
    xy: XY  # logical pixels of the widget, y down
    origin: XYZ  # of the ray under the pointer, scene frame; in a flat view in the plane through its centre
    direction: XYZ  # unit length
    view: SpaceView
    side: Side = "space"  # which view it is over
    plane: XY | None = None  # metres along the two axes of the view's frame; flat views only
    scale: float = 1.0  # metres of one screen pixel at the view's centre
    button: Literal["none", "left", "middle", "right"] = "none"
    modifiers: frozenset[Modifier] = frozenset()
    device: Literal["mouse", "pen", "eraser", "touch", "key"] = "mouse"
    pressure: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)
    time_ns: int = 0
