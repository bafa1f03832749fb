"""What a canvas is given to paint: arrays and styles, prepared by whoever knows what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from widgets.canvas.view import XY, Floats, Rect

MANY = 64  # more shapes than this are cheaper painted all at once
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
    style_of: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # (N,); -1: not shown
    styles: tuple[ShapeStyle, ...] = ()
    outlines: dict[int, Outline] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)  # short words beside a shape, a score

    def __len__(self) -> int:
        return len(self.keys)

    def within(self, xyxy: Rect) -> NDArray[np.intp]:
        """Indices of the shapes that touch a rectangle of the picture, in painting order."""
        b = self.bounds
        touching = (
            (self.style_of >= 0)
            & (b[:, 0] <= xyxy[2])
            & (b[:, 2] >= xyxy[0])
            & (b[:, 1] <= xyxy[3])
            & (b[:, 3] >= xyxy[1])
        )
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

    Cheap where few shapes differ: what both have at the start and at the end is compared as arrays.
    """
    if old.styles != new.styles:
        return None
    start = _common(old.keys, new.keys)
    end = 0 if old.keys == new.keys else _common(old.keys[start:][::-1], new.keys[start:][::-1])
    middles = [(each, range(start, len(each) - end)) for each in (old, new)]
    rects = [_rect(each.bounds[i]) for each, middle in middles for i in middle[: MANY + 1]]
    for mine, theirs in ((slice(0, start),) * 2, (slice(len(old) - end, None), slice(len(new) - end, None))):
        unlike = (old.bounds[mine] != new.bounds[theirs]).any(axis=1)
        unlike |= old.style_of[mine] != new.style_of[theirs]
        shift = (theirs.start or 0) - (mine.start or 0)
        changed = {int(i) + (mine.start or 0) for i in np.flatnonzero(unlike)[: MANY + 1]}
        for held, other in ((old.outlines, new.outlines), (old.texts, new.texts)):
            if held or other:
                ours = range(len(old))[mine]
                changed |= {i for i in ours if held.get(i) != other.get(i + shift)}
        rects += [_rect(each.bounds[i + by]) for i in changed for each, by in ((old, 0), (new, shift))]
    return rects if len(rects) <= 2 * MANY else None


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """How many keys two lists share from their start."""
    if first == second:
        return len(first)
    pairs = zip(first, second, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _rect(row: Floats) -> Rect:
    left, top, right, bottom = row.tolist()
    return left, top, right, bottom
