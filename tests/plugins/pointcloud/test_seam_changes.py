"""What goes on over the seam from the clip before: tracks and groups, known as they were, on their way."""

import pytest
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter import group_findings, seam_findings
from plugins.pointcloud.seam_changes import Clip, carried_over, ends_of, nearest, taken_over
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import Group, Member, Track, identity_of
from studio.domain.groups import GroupIndex
from studio.domain.ids import EntityId, new_id
from studio.domain.space import Pose
from tests.plugins.pointcloud.ground import STEP_NS, car, driving, in_ego, key, streams

FRAMES, HALF = 40, 20
POSES = driving(FRAMES, speed=7.0, yaw_rate=0.3)


def clip(start, *entities):
    poses = POSES[start : start + HALF]
    times = [frame * STEP_NS for frame in range(start, start + HALF)]
    document = Document([*poses, *entities])
    return Clip(TrackIndex(document, streams(times_ns=times)), GroupIndex(document))


def ahead(track, start, frames=(0, 10, HALF - 1), y=0.0, **given):
    """A car that drives 9 m/s straight on in the world, with key frames at these frames of its clip."""
    for frame in frames:
        place = key(track, start + frame, 15 + 0.9 * (start + frame), y, **given)
        yield replace(in_ego(POSES, start + frame, place), frame=frame)


def apply(here: Clip, edit: Edit | None) -> None:
    assert edit
    here.index.document.apply(edit)
    here.index.refresh(edit.changes)
    here.groups.refresh(edit.changes)


def grouping(*tracks, role="", **given):
    group = Group(EntityId(new_id()), "convoy", "ours", **given)
    return [group, *(Member(EntityId(new_id()), group.id, each.id, role) for each in tracks)]


def test_all_that_the_clip_before_ends_with_begins_here_where_it_was_heading():
    front, behind, gone = car(identity="17"), car("van", attributes=(("wheels", 4),)), car()
    before = clip(
        0,
        front,
        behind,
        gone,
        *ahead(front, 0),
        *ahead(behind, 0, y=4.0, size=(6.0, 2.0, 2.2)),
        *ahead(gone, 0, frames=(0, 5), ends_here=True),
        *grouping(front, behind, role="member"),
    )
    here = clip(HALF)
    apply(here, carried_over(here, before))
    assert {identity_of(here.index.track(each)) for each in here.index.tracks} == {"17", behind.id}
    for track in here.index.tracks:
        (begun,) = here.index.key_frames(track)
        there = here.index.timeline.into_world(0, Pose(begun.centre, begun.rotation))
        assert there.translation[0] == pytest.approx(15 + 0.9 * HALF, abs=0.01)
        assert (begun.frame, begun.made) == (0, "auto")
    van = next(e for e in here.index.document if isinstance(e, Track) and e.class_name == "van")
    assert van.attributes == (("wheels", 4),)
    assert here.index.key_frames(van.id)[0].size == (6.0, 2.0, 2.2)
    (group,) = here.groups.groups
    (old,) = before.groups.groups
    assert (group.name, group.class_name, group.identity) == ("ours", "convoy", old.id)
    assert {each.role for each in here.groups.members(group.id)} == {"member"}
    assert seam_findings(before.index, here.index) == group_findings(before, here) == []
    assert carried_over(here, before) is None  # everything is here


def test_some_of_them_when_those_are_asked_for():
    one, other = car(), car()
    before = clip(0, one, other, *ahead(one, 0), *ahead(other, 0, y=5.0))
    here = clip(HALF)
    apply(here, carried_over(here, before, [one.id]))
    assert [identity_of(here.index.track(each)) for each in here.index.tracks] == [one.id]


def test_a_track_takes_over_what_it_was_in_the_clip_before():
    there = car("van", name="the baker's", identity="9", attributes=(("colour", "white"), ("wheels", 4)))
    other = car("van")
    before = clip(
        0, there, other, *ahead(there, 0, size=(6.0, 2.0, 2.2)), *ahead(other, 0, y=3.0), *grouping(there)
    )
    mine = car("car", attributes=(("colour", "grey"), ("door", "open")))
    here = clip(HALF, mine, *ahead(mine, HALF, frames=(2, 12)))
    edge = nearest(here.index, mine.id, before.index)
    assert edge is not None
    assert edge.track == there
    apply(here, taken_over(here, mine.id, before, edge))
    now = here.index.track(mine.id)
    assert (now.class_name, now.name, now.identity) == ("van", "the baker's", "9")
    assert dict(now.attributes) == {"colour": "white", "wheels": 4, "door": "open"}
    assert {each.size for each in here.index.key_frames(mine.id)} == {(6.0, 2.0, 2.2)}
    (group,) = here.groups.groups
    assert [each.entity for each in here.groups.members(group.id)] == [mine.id]
    assert nearest(here.index, mine.id, before.index).track == there  # its own is not kept from it


def test_nothing_far_away_and_nothing_that_is_here_already_is_taken_over():
    there = car(identity="9")
    before = clip(0, there, *ahead(there, 0))
    far = car()
    here = clip(HALF, far, *ahead(far, HALF, y=12.0))
    assert nearest(here.index, far.id, before.index) is None
    near, known = car(), car(identity="9")
    here = clip(HALF, near, known, *ahead(near, HALF, y=1.0), *ahead(known, HALF))
    assert nearest(here.index, near.id, before.index) is None


def test_a_group_that_was_left_at_the_seam_is_found_and_mended():
    one, other, third = car(identity="1"), car(identity="2"), car(identity="3")
    group = grouping(one, other, third, role="member", identity="g")
    before = clip(
        0, one, other, third, *ahead(one, 0), *ahead(other, 0, y=4.0), *ahead(third, 0, y=8.0), *group
    )
    mine = [car(identity=each) for each in "123"]
    shapes = [shape for n, each in enumerate(mine) for shape in ahead(each, HALF, y=4.0 * n)]
    here = clip(HALF, *mine, *shapes, *grouping(mine[0], identity="g"))
    (found,) = group_findings(before, here)
    assert (found.rule, found.frame, found.others) == ("seam.group", 0, (mine[2].id,))
    assert found.message == "belongs, with 1 more, to the convoy 'ours' in the clip before, and not here."
    apply(here, found.mend(here.index))
    assert group_findings(before, here) == []
    assert len(here.groups) == 1  # it was known, and took them in


def test_groups_in_groups_come_along():
    one = car(identity="1")
    inner = grouping(one)
    outer = grouping(inner[0])
    before = clip(0, one, *ahead(one, 0), *inner, *outer)
    here = clip(HALF)
    apply(here, carried_over(here, before))
    assert len(here.groups) == 2
    (track,) = here.index.tracks
    assert len(here.groups.groups_of(track)) == 2


def test_a_clip_without_frames_ends_with_nothing():
    empty = Clip(TrackIndex(Document(), []), GroupIndex(Document()))
    assert ends_of(empty.index) == []
    assert carried_over(empty, clip(0)) is None
