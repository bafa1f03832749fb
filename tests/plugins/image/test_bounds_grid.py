"""What the grid finds is what looking at every row finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plugins.image.bounds_grid import BoundsGrid
from studio.domain.geometry import Rect

numbers = st.one_of(st.integers(-50, 50).map(float), st.floats(-1e12, 1e12), st.floats(-5, 5))
rects = st.tuples(numbers, numbers, numbers, numbers)


def slowly(rows: list[Rect], x: float, y: float, margin: float) -> list[int]:
    return [
        row
        for row, (left, top, right, bottom) in enumerate(rows)
        if left <= x + margin and right >= x - margin and top <= y + margin and bottom >= y - margin
    ]


@given(
    st.lists(rects, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), rects), max_size=4),
    st.lists(st.tuples(numbers, numbers, st.sampled_from([0.0, 0.5, 3.0])), min_size=1, max_size=5),
)
def test_it_finds_what_looking_at_every_row_finds(
    rows: list[Rect], moves: list[tuple[int, Rect]], points: list[tuple[float, float, float]]
) -> None:
    grid = BoundsGrid(np.array(rows, float).reshape(-1, 4))
    for row, to in moves:
        if row < len(rows):
            rows[row] = to
            grid.move(row, to)
    corners = [(row[0], row[1], 0.0) for row in rows] + [(row[2], row[3], 0.0) for row in rows]
    for x, y, margin in [*points, *corners]:
        assert sorted(grid.under(x, y, margin)) == slowly(rows, x, y, margin)


def test_many_moves_wear_it_out() -> None:
    grid = BoundsGrid(np.tile([0.0, 0.0, 1.0, 1.0], (100, 1)))
    assert not grid.is_worn
    for row in range(100):
        grid.move(row, (5.0, 5.0, 6.0, 6.0))
    assert grid.is_worn
    assert len(grid.under(5.5, 5.5, 0.0)) == 100
