"""Sets of times against the times themselves, one by one."""

from hypothesis import given
from hypothesis import strategies as st

from studio.domain.entities import Group, Member
from studio.domain.ids import EntityId
from studio.domain.intervals import (
    ALWAYS,
    EARLIEST,
    LATEST,
    as_intervals,
    common,
    holds,
    said,
    tidy,
    times_of,
    union,
    without,
)
from tests.studio.domain.strategies import counted_id

spans = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=5).map(tuple)
RANGE = range(-1, 14)


def _times(intervals):
    return {time for time in RANGE if holds(intervals, time)}


@given(spans, spans)
def test_joining_cutting_and_taking_away_are_those_of_sets(first, second):
    assert _times(tidy(first)) == _times(first)
    assert _times(union(first, second)) == _times(first) | _times(second)
    assert _times(common(first, second)) == _times(first) & _times(second)
    assert _times(without(first, second)) == _times(first) - _times(second)


@given(spans, spans)
def test_results_are_sorted_apart_and_never_empty(first, second):
    for found in (tidy(first), union(first, second), common(first, second), without(first, second)):
        flat = [edge for span in found for edge in span]
        assert flat == sorted(set(flat))


@given(spans)
def test_always_is_all_times_and_is_held_as_none(given_spans):
    assert union(given_spans, ALWAYS) == ALWAYS
    assert common(given_spans, ALWAYS) == tidy(given_spans)
    assert without(given_spans, ALWAYS) == ()
    member = Member(EntityId(counted_id(1)), Group(counted_id(2), "g").id, counted_id(3))
    assert times_of(member) == ALWAYS
    assert as_intervals(ALWAYS) == ()


def test_a_stretch_of_time_is_said_in_words():
    assert said((1_500_000_000, 2_000_000_000)) == "from 1.5 s to 2 s"
    assert said((EARLIEST, 2_000_000_000)) == "to 2 s"
    assert said((0, LATEST)) == "from 0 s"
    assert said((EARLIEST, LATEST)) == ""
    start = 1_700_000_000_250_000_000  # a clock that counts since 1970
    assert said((start, start + 10**9)) == "from 22:13:20.25 to 22:13:21.25"
