"""What a group type asks of its members, at every moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.document import Document
from studio.domain.entities import Box, Group, Member, StreamId, Track
from studio.domain.errors import AtelierError
from studio.domain.ontology import AttributeType, ClassType, Ontology, RoleType, check_ontology, findings
from tests.studio.domain.strategies import counted_id

S = 10**9
TRUCK = ClassType(
    "truck_and_trailers",
    title="Road train",
    roles=(
        RoleType("tractor", "Tractor", ("vehicle",), minimum=1, maximum=1),
        RoleType("rider", "rider", maximum=1),
        RoleType("trailer", "trailer", ("trailer", "convoy")),
    ),
)
ONTOLOGY = Ontology(
    classes=(
        ClassType("vehicle"),
        ClassType("lorry", parent="vehicle"),
        ClassType("trailer"),
        ClassType("person"),
    ),
    groups=(TRUCK, ClassType("convoy"), ClassType("long_train", parent="truck_and_trailers")),
)
GROUP = Group(counted_id(1), "truck_and_trailers")


def _found(*members, group=GROUP, extra=()):
    """Findings of a group of (class, role, intervals) members, as (rule, message)."""
    entities = [group, *extra]
    for number, (name, role, times) in enumerate(members):
        track = Track(counted_id(100 + number), name)
        box = Box(counted_id(300 + number), track.id, StreamId("s"), 0, (0.0, 0.0, 9.0, 9.0))
        entities += [track, box, Member(counted_id(500 + number), group.id, track.id, role, times)]
    return [(each.rule, each.message) for each in findings(Document(entities), ONTOLOGY)]


def test_a_whole_group_breaks_no_rule():
    assert (
        _found(
            ("lorry", "tractor", ()), ("person", "rider", ()), ("trailer", "trailer", ()), ("person", "", ())
        )
        == []
    )


def test_a_group_without_its_tractor_says_so():
    missing = "Road train needs exactly 1 Tractor and has 0"
    assert _found() == [("group.role_missing", f"{missing}.")]
    assert _found(("trailer", "trailer", ())) == [("group.role_missing", f"{missing}.")]


def test_it_is_asked_for_at_every_moment_at_which_anybody_is_in_the_group():
    found = _found(("lorry", "tractor", ((2 * S, 5 * S),)), ("trailer", "trailer", ((S, 8 * S),)))
    assert found == [
        ("group.role_missing", "Road train needs exactly 1 Tractor and has 0, from 1 s to 2 s."),
        ("group.role_missing", "Road train needs exactly 1 Tractor and has 0, from 5 s to 8 s."),
    ]


def test_too_many_at_once_break_it_and_one_after_the_other_do_not():
    tractor = ("lorry", "tractor", ())
    one, two = ("person", "rider", ((0, 5 * S),)), ("person", "rider", ((5 * S, 9 * S),))
    assert _found(tractor, one, two) == []
    late = ("person", "rider", ((3 * S, 9 * S),))
    assert _found(tractor, one, late) == [
        ("group.role_too_many", "Road train takes at most 1 rider and has 2, from 3 s to 5 s.")
    ]
    assert _found(tractor, tractor) == [
        ("group.role_too_many", "Road train takes exactly 1 Tractor and has 2.")
    ]


def test_who_is_a_member_twice_counts_once():
    track = Track(counted_id(100), "lorry")
    box = Box(counted_id(300), track.id, StreamId("s"), 0, (0.0, 0.0, 9.0, 9.0))
    twice = [Member(counted_id(500 + n), GROUP.id, track.id, "tractor") for n in range(2)]
    assert findings(Document([GROUP, track, box, *twice]), ONTOLOGY) == []


def test_a_role_is_for_its_classes_and_for_those_that_inherit_from_them():
    found = _found(("person", "tractor", ()), ("lorry", "trailer", ()))
    assert found == [
        ("group.role_class", "The role Tractor is for vehicle, not for person."),
        ("group.role_class", "The role trailer is for trailer or convoy, not for lorry."),
    ]
    assert _found(("person", "driver", ()), ("lorry", "tractor", ())) == [
        ("group.role_unknown", "Road train has no role 'driver'.")
    ]


def test_shapes_and_groups_take_roles_by_their_class_and_heirs_have_them_too():
    inner, train = Group(counted_id(2), "convoy"), Group(counted_id(1), "long_train")
    track = Track(counted_id(3), "lorry")
    box = Box(counted_id(4), track.id, StreamId("s"), 0, (0.0, 0.0, 9.0, 9.0))
    members = [
        Member(counted_id(5), train.id, inner.id, "trailer"),
        Member(counted_id(6), train.id, box.id, "tractor"),
    ]
    assert findings(Document([inner, train, track, box, *members]), ONTOLOGY) == []


def test_a_group_answers_the_attributes_of_its_class():
    ontology = Ontology(
        groups=(
            ClassType(
                "convoy", attributes=(AttributeType("load", "choice", choices=("hay",), required=True),)
            ),
            ClassType("fleet", parent="convoy"),
        )
    )
    groups = [Group(counted_id(1), "fleet"), Group(counted_id(2), "fleet", attributes=(("load", "sand"),))]
    assert [each.rule for each in findings(Document(groups), ontology)] == [
        "attribute.missing",
        "attribute.wrong",
    ]
    assert [each.blocks for each in findings(Document(groups), ontology)] == [True, True]


@pytest.mark.parametrize(
    "roles",
    [
        (RoleType("a"), RoleType("a")),
        (RoleType(""),),
        (RoleType("a", minimum=3, maximum=2),),
        (RoleType("a", minimum=-1),),
    ],
)
def test_roles_that_no_group_could_fill_are_refused(roles):
    with pytest.raises(AtelierError) as refused:
        check_ontology(Ontology(groups=(ClassType("convoy", roles=roles),)))
    assert refused.value.code == "ontology.malformed"


spans = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=3).map(tuple)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), spans), max_size=6),
    st.integers(0, 2),
    st.none() | st.integers(0, 2),
)
def test_a_rule_is_broken_exactly_when_counting_moment_by_moment_says_so(held, minimum, maximum):
    if maximum is not None and maximum < minimum:
        minimum = maximum
    role = RoleType("a", minimum=minimum, maximum=maximum)
    ontology = Ontology(groups=(ClassType("convoy", roles=(role, RoleType("b"))),))
    group = Group(counted_id(1), "convoy")
    tracks = [Track(counted_id(10 + n), "x") for n in range(len(held))]
    members = [
        Member(counted_id(30 + n), group.id, track.id, name, times)
        for n, (track, (name, times)) in enumerate(zip(tracks, held, strict=True))
    ]
    rules = [
        each
        for each in findings(Document([group, *tracks, *members]), ontology)
        if each.rule.startswith("group.")
    ]
    few = many = False
    for moment in range(9):
        here = [m for m in members if any(s <= moment < e for s, e in m.intervals)]
        count = sum(m.role == "a" for m in here)
        few |= bool(here) and count < minimum
        many |= maximum is not None and count > maximum
    if not held:
        few = minimum > 0
    assert any(each.rule == "group.role_missing" for each in rules) == few
    assert any(each.rule == "group.role_too_many" for each in rules) == many
