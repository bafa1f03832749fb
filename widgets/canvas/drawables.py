"""What a canvas is given to paint: arrays and styles, prepared by whoever knows what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from widgets.canvas.view import XY, Floats, Rect

Look = Literal["idle", "muted", "prediction", "preview"]


class ShapeStyle(Struct, frozen=True):
    """How one kind of shape is told from the others: by colour, dash and letter."""

    color: str = "#2f7ed8"
    dash: str = "solid"
    letter: str = ""
    look: Look = "idle"


class Outline(Struct, frozen=True):
    """A polygon or line in picture pixels."""

    points: tuple[XY, ...]
    holes: tuple[tuple[XY, ...], ...] = ()
    closed: bool = True


@dataclass(frozen=True, eq=False)
class Drawables:
    """Shapes in painting order: bounds, style and name of each; outlines where they are more than a box."""

    keys: tuple[str, ...] = ()
    bounds: Floats = field(default_factory=lambda: np.empty((0, 4)))  # (N, 4) xyxy, picture pixels
    style_of: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # (N,)
    styles: tuple[ShapeStyle, ...] = ()
    outlines: dict[int, Outline] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)  # short words beside a shape, a score

    def __len__(self) -> int:
        return len(self.keys)

    def within(self, xyxy: Rect) -> NDArray[np.intp]:
        """Indices of the shapes that touch a rectangle of the picture, in painting order."""
        b = self.bounds
        touching = (b[:, 0] <= xyxy[2]) & (b[:, 2] >= xyxy[0]) & (b[:, 1] <= xyxy[3]) & (b[:, 3] >= xyxy[1])
        return np.flatnonzero(touching)

    def only(self, indices: Sequence[int]) -> Drawables:
        """Some of them, in the order given."""
        chosen = np.asarray(indices, np.intp)
        return Drawables(
            tuple(self.keys[i] for i in indices),
            self.bounds[chosen],
            self.style_of[chosen],
            self.styles,
            {n: self.outlines[i] for n, i in enumerate(indices) if i in self.outlines},
            {n: self.texts[i] for n, i in enumerate(indices) if i in self.texts},
        )


class Mark(Struct, frozen=True):
    """A place to look at: a pin with a word, or a ring that pulses."""

    xyxy: Rect
    text: str = ""
    kind: Literal["pin", "ring"] = "pin"
    key: str = ""


def differences(old: Drawables, new: Drawables) -> list[Rect] | None:
    """The rectangles in which two sets of shapes look different; None where all must be painted again.

    Cheap where few shapes differ: arrays are compared as arrays.
    """
    if old.styles != new.styles:
        return None
    if old.keys == new.keys:
        changed = np.flatnonzero((old.bounds != new.bounds).any(axis=1) | (old.style_of != new.style_of))
        moved = set(changed.tolist()) | {
            i
            for i in old.outlines.keys() | new.outlines.keys()
            if old.outlines.get(i) != new.outlines.get(i)
        }
        moved |= {i for i in old.texts.keys() | new.texts.keys() if old.texts.get(i) != new.texts.get(i)}
        if len(moved) > 64:
            return None
        return [_rect(source.bounds[i]) for i in moved for source in (old, new)]
    before, after = set(old.keys), set(new.keys)
    apart = before ^ after
    if len(apart) > 64 or [k for k in old.keys if k in after] != [k for k in new.keys if k in before]:
        return None
    kept_old = old.only([i for i, k in enumerate(old.keys) if k in after])
    kept_new = new.only([i for i, k in enumerate(new.keys) if k in before])
    inner = differences(kept_old, kept_new)
    if inner is None:
        return None
    return inner + [
        _rect(source.bounds[i]) for source in (old, new) for i, k in enumerate(source.keys) if k in apart
    ]


def _rect(row: Floats) -> Rect:
    left, top, right, bottom = row.tolist()
    return left, top, right, bottom
