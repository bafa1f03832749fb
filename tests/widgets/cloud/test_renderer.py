"""How many points are drawn at a time: shares, slices and the budget."""

from hypothesis import given
from hypothesis import strategies as st

from widgets.cloud.renderer import Budget, next_slice, shared_out

sizes = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10_000_000), max_size=4)


@given(sizes, st.integers(1, 1_000_000))
def test_a_budget_is_shared_by_size_and_never_overdrawn(clouds, points):
    counts = shared_out(clouds, points)
    assert counts.keys() == clouds.keys()
    assert all(0 <= counts[key] <= size for key, size in clouds.items())
    if sum(clouds.values()) <= points:
        assert counts == clouds
    else:
        assert points - len(clouds) <= sum(counts.values()) <= points


@given(sizes, st.integers(1, 1_000_000), st.integers(10_000, 3_000_000))
def test_slices_end_with_every_point_drawn_once(clouds, points, slice_points):
    drawn = shared_out(clouds, points)
    turns = 0
    while (counts := next_slice(clouds, drawn, slice_points)) is not None:
        assert all(drawn[key] <= counts[key] <= clouds[key] for key in clouds)
        assert sum(counts.values()) - sum(drawn.values()) <= slice_points + len(clouds)
        drawn = counts
        turns += 1
    assert drawn == clouds
    assert turns <= sum(clouds.values()) // slice_points + 1


@given(st.floats(1e-7, 2e-6), st.floats(0.001, 0.01))
def test_a_budget_settles_where_a_frame_takes_as_long_as_is_meant(seconds_a_point, overhead):
    budget = Budget()
    for _ in range(80):
        budget.took(overhead + budget.points * seconds_a_point, budget.points)
    took_ms = (overhead + budget.points * seconds_a_point) * 1000
    assert budget.points == Budget.LEAST or 0.6 * Budget.MEANT_MS < took_ms < 1.4 * Budget.MEANT_MS


def test_a_frame_that_was_not_full_lifts_no_budget():
    budget = Budget(75_000)
    budget.took(0.001, 500)
    assert budget.points == 75_000
    budget.took(0.1, 500)
    assert budget.points < 75_000
