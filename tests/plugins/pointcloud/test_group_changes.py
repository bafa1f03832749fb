"""Groups of cuboids that move and are copied as one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.group_changes import about, copied, middle, moved, tracks_in
from studio.domain.entities import Group, Member, Track
from studio.domain.groups import GroupIndex
from studio.domain.ids import EntityId, new_id
from studio.domain.space import Pose, chained, inverse, yaw_of
from tests.plugins.pointcloud.ground import STEP_NS, car, done, indexed, key, undone

metres = st.floats(-30, 30)


def _id():
    return EntityId(new_id())


def _train():
    """A tractor with a trailer in a group, in a convoy with a car; a fourth track beside."""
    tracks = [car("lorry"), car("trailer"), car(), car()]
    train, convoy = Group(_id(), "train"), Group(_id(), "convoy")
    members = [
        Member(_id(), train.id, tracks[0].id, "tractor"),
        Member(_id(), train.id, tracks[1].id, "trailer", ((0, 6 * STEP_NS),)),
        Member(_id(), convoy.id, train.id),
        Member(_id(), convoy.id, tracks[2].id),
    ]
    keys = [key(track, 0, 10.0 * n, n, 0.1 * n) for n, track in enumerate(tracks)]
    keys += [key(track, 10, 10.0 * n + 5, n, 0.1 * n) for n, track in enumerate(tracks)]
    index = indexed([*tracks, train, convoy, *members, *keys])
    return index, GroupIndex(index.document), convoy, train, [track.id for track in tracks]


def _between(index, first, second, frame):
    """How one cuboid stands in the axes of another."""
    a, b = (index.cuboid_at(track, frame) for track in (first, second))
    return chained(inverse(Pose(a.centre, a.rotation)), Pose(b.centre, b.rotation))


@given(st.tuples(metres, metres, st.floats(-1, 1)), st.floats(-math.pi, math.pi), st.integers(0, 12))
def test_a_group_that_moves_keeps_how_its_members_stand_to_each_other(shift, yaw, frame):
    index, groups, convoy, _, tracks = _train()
    inside = tracks_in(index, groups, convoy.id, frame)
    assert inside == [t for n, t in enumerate((tracks[2], tracks[0], tracks[1])) if n < 2 or frame < 6]
    before = {(a, b): _between(index, a, b, frame) for a in inside for b in inside}
    alone, pivot = index.cuboid_at(tracks[3], frame), middle(index, inside, frame)
    old_yaw = yaw_of(index.cuboid_at(inside[0], frame).rotation)
    edit = moved(index, groups, convoy.id, frame, about(pivot, yaw, shift))
    if edit is None:
        return
    fitted = done(index, edit)
    assert middle(index, inside, frame) == pytest.approx([a + b for a, b in zip(pivot, shift, strict=True)])
    turned = yaw_of(index.cuboid_at(inside[0], frame).rotation) - old_yaw - yaw
    assert math.remainder(turned, 2 * math.pi) == pytest.approx(0.0, abs=1e-9)
    for (a, b), stood in before.items():
        stands = _between(index, a, b, frame)
        assert stands.translation == pytest.approx(stood.translation, abs=1e-9)
        assert stands.rotation == pytest.approx(stood.rotation, abs=1e-9)
    assert index.cuboid_at(tracks[3], frame) == alone
    assert all(index.key_frame(track, frame).made == "hand" for track in inside)
    undone(index, fitted)
    assert middle(index, inside, frame) == pytest.approx(pivot)


def test_a_group_is_copied_with_its_roles_and_inner_groups_and_the_old_one_stays():
    index, groups, convoy, train, tracks = _train()
    before = len(index.document)
    edit = done(index, copied(index, groups, convoy.id, 2, about((0.0, 0.0, 0.0), 0.0, (0.0, 20.0, 0.0))))
    groups.refresh(edit.changes)
    # three tracks, their cuboids, two groups, four members
    assert len(index.document) == before + 12
    (copy,) = (each for each in groups.roots() if each.id != convoy.id)
    inside = tracks_in(index, groups, copy.id, 2)
    assert len(inside) == 3
    assert not set(inside) & set(tracks)
    old = {index.document.get(t).class_name: index.cuboid_at(t, 2).centre for t in tracks[:3]}
    for track in inside:
        x, y, z = old[index.document.get(track).class_name]
        assert index.cuboid_at(track, 2).centre == pytest.approx((x, y + 20, z))
    (inner,) = (each for each in groups.groups if each.class_name == "train" and each.id != train.id)
    assert {(m.role, m.intervals) for m in groups.members(inner.id)} == {
        ("tractor", ()),
        ("trailer", ((0, 6 * STEP_NS),)),
    }
    assert all(isinstance(index.document.get(m.entity), Track) for m in groups.members(inner.id))


def test_a_group_with_nothing_to_see_is_neither_moved_nor_copied():
    empty = Group(_id(), "convoy")
    index = indexed([empty])
    groups = GroupIndex(index.document)
    assert moved(index, groups, empty.id, 0, about((0.0, 0.0, 0.0))) is None
    assert copied(index, groups, empty.id, 0, about((0.0, 0.0, 0.0))) is None
