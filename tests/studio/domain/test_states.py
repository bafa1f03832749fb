"""Attributes that change with time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.document import Document
from studio.domain.edit import creation
from studio.domain.entities import Group, Member, State, Track
from studio.domain.states import keyed, state_at, states_of, unkeyed
from tests.studio.domain.strategies import counted_id

TRACK = Track(counted_id(1), "car", attributes=(("brake", False), ("colour", "red")))


def _state(number, time_ns, *held, of=TRACK.id):
    return State(counted_id(number), of, time_ns, held)


def test_a_state_holds_until_the_next_one_over_the_standing_attributes():
    document = Document([TRACK, _state(2, 10, ("brake", True)), _state(3, 20, ("door", "open"))])
    assert state_at(document, TRACK.id, 9) == TRACK.attributes
    assert state_at(document, TRACK.id, 10) == (("brake", True), ("colour", "red"))
    assert state_at(document, TRACK.id, 19) == (("brake", True), ("colour", "red"))
    assert state_at(document, TRACK.id, 20) == (("brake", False), ("colour", "red"), ("door", "open"))


def test_two_states_of_one_moment_both_count():
    document = Document(
        [TRACK, _state(3, 10, ("brake", True), ("x", 2)), _state(2, 10, ("door", 1), ("x", 1))]
    )
    assert dict(state_at(document, TRACK.id, 12)) == {"brake": True, "colour": "red", "door": 1, "x": 2}
    assert [each.id for each in states_of(document, TRACK.id)] == [counted_id(2), counted_id(3)]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab"), st.sampled_from([None, 1, 2])), max_size=12)
)
def test_setting_an_attribute_from_a_time_on_changes_it_until_the_next_key_frame_and_nothing_before(steps):
    document = Document([TRACK])
    for time, name, value in steps:
        before = {t: state_at(document, TRACK.id, t) for t in range(7)}
        keys = {each.time_ns for each in states_of(document, TRACK.id)}
        edit = keyed(document, TRACK.id, time, name, value)
        if edit is None:
            assert dict(before[time]).get(name) == value
            continue
        document.apply(edit)
        until = min((each for each in keys if each > time), default=7)
        for t in range(7):
            expected = dict(before[t])
            if time <= t < until:
                expected.pop(name, None)
                expected |= {} if value is None else {name: value}
            assert dict(state_at(document, TRACK.id, t)) == expected


def test_taking_a_key_frame_away_lets_the_one_before_go_on():
    document = Document([TRACK, _state(2, 10, ("brake", True)), _state(3, 20, ("brake", False))])
    assert unkeyed(document, TRACK.id, 15) is None
    document.apply(unkeyed(document, TRACK.id, 20))
    assert dict(state_at(document, TRACK.id, 25))["brake"] is True


@pytest.mark.parametrize("members", [3, 2000])
def test_a_group_has_states_too_and_its_members_are_not_looked_at(members):
    group = Group(counted_id(9), "convoy", attributes=(("speed", 10),))
    tracks = [Track(counted_id(100 + n), "car") for n in range(members)]
    held = [Member(counted_id(10_000 + n), group.id, track.id) for n, track in enumerate(tracks)]
    document = Document([group, *tracks, *held])
    document.apply(creation("Key", _state(50, 5, ("speed", 20), of=group.id)))
    assert state_at(document, group.id, 6) == (("speed", 20),)
    assert len(document.referrers(group.id, "of")) == 1
