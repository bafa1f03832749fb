"""Where the cameras of a strip lie: a grid as large as there is room for, or one in front. No Qt."""

from __future__ import annotations

Rect = tuple[int, int, int, int]
"""Left, top, width, height."""

GAP = 4
FRONT_SHARE = 0.72  # of the length that the camera in front takes, where others are beside it


def cells(count: int, front: int | None, size: tuple[int, int], aspect: float = 16 / 9) -> list[Rect]:
    """The place of each of `count` pictures of about `aspect` (width / height) in a window of `size`.

    front: which one is large; the others then lie in a row below it, or beside it where the window is wide.
    """
    if count <= 0:
        return []
    if front is None or count == 1:
        return _grid(count, (0, 0, *size), aspect)
    wide, high = size
    if wide / max(high, 1) > aspect * 1.25:  # a column beside it leaves the large one more
        large = min(round(wide * FRONT_SHARE), wide - GAP)
        main: Rect = (0, 0, large, high)
        others = _grid(count - 1, (large + GAP, 0, wide - large - GAP, high), aspect)
    else:
        large = min(round(high * FRONT_SHARE), high - GAP)
        main = (0, 0, wide, large)
        others = _grid(count - 1, (0, large + GAP, wide, high - large - GAP), aspect)
    return [*others[:front], main, *others[front:]]


def _grid(count: int, room: Rect, aspect: float) -> list[Rect]:
    left, top, wide, high = room
    columns = max(range(1, count + 1), key=lambda n: _shown_area(n, count, wide, high, aspect))
    rows = -(-count // columns)
    xs = [round(i * (wide + GAP) / columns) for i in range(columns + 1)]
    ys = [round(i * (high + GAP) / rows) for i in range(rows + 1)]
    return [
        (
            left + xs[i % columns],
            top + ys[i // columns],
            max(xs[i % columns + 1] - xs[i % columns] - GAP, 1),
            max(ys[i // columns + 1] - ys[i // columns] - GAP, 1),
        )
        for i in range(count)
    ]


def _shown_area(columns: int, count: int, wide: int, high: int, aspect: float) -> float:
    """Pixels of picture in one cell."""
    rows = -(-count // columns)
    cell_wide, cell_high = (wide + GAP) / columns - GAP, (high + GAP) / rows - GAP
    shown_wide = min(cell_wide, cell_high * aspect)
    return shown_wide * shown_wide / aspect
