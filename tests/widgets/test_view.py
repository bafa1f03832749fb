"""Scale and offset maths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.canvas.view import LEAST, MOST, View

sizes = st.tuples(st.floats(1, 30_000), st.floats(1, 30_000))
points = st.tuples(st.floats(-100, 2_000), st.floats(-100, 2_000))


@given(sizes, points, st.floats(0.1, 10))
def test_screen_and_picture_are_each_others_inverse(picture, at, factor):
    view = View(picture, (1000.0, 800.0)).fitted().zoomed(factor, (500.0, 400.0))
    assert view.to_screen(view.to_picture(at)) == pytest.approx(at, abs=1e-5)


@given(sizes, sizes)
def test_a_fitted_picture_lies_within_the_window(picture, window):
    view = View(picture, window).fitted()
    left, top, right, bottom = view.rect_to_screen((0.0, 0.0, *picture))
    if LEAST < view.scale < MOST:
        assert left >= -1
        assert top >= -1
        assert right <= window[0] + 1
        assert bottom <= window[1] + 1


@given(sizes, st.lists(st.tuples(points, st.floats(0.2, 5)), max_size=20))
def test_the_picture_can_never_be_lost(picture, moves):
    view = View(picture, (1000.0, 800.0)).fitted()
    for by, factor in moves:
        view = view.panned((by[0] * 10, by[1] * 10)).zoomed(factor, (900.0, 10.0))
        left, top, right, bottom = view.rect_to_screen((0.0, 0.0, *picture))
        assert left < 1000
        assert top < 800
        assert right > 0
        assert bottom > 0
        assert LEAST <= view.scale <= MOST


def test_a_pan_moves_by_whole_pixels():
    view = View((900.0, 700.0), (640.0, 480.0), 1.37, (10.25, 20.5))
    assert view.panned((3.4, -2.6)).offset == (13.25, 17.5)


def test_a_place_is_shown_in_the_middle_and_a_tiny_one_not_too_close():
    view = View((9000.0, 7000.0), (600.0, 400.0)).fitted().showing((4000.0, 3000.0, 4002.0, 3002.0))
    assert view.to_screen((4001.0, 3001.0)) == pytest.approx((300, 200), abs=1)
    assert view.scale == 8
