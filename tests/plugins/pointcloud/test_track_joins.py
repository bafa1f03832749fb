"""Merging, splitting, swapping tracks: each frame shows what it showed, and nothing that was said is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.track_joins import merged, split, swapped
from plugins.pointcloud.track_parts import solid_runs
from studio.domain.document import Document
from studio.domain.entities import Group, Interval, Member, Relation, Remark, State, Track
from studio.domain.ids import EntityId, new_id
from studio.domain.states import state_at
from tests.plugins.pointcloud.ground import (
    FRONT,
    LIDAR,
    STEP_NS,
    car,
    done,
    indexed,
    key,
    pin,
    undone,
    ways,
)
from tests.plugins.pointcloud.test_track_changes import FRAMES, _boxes, drives


def _id():
    return EntityId(new_id())


@given(drives(tracks=2), st.sampled_from(["kept", "gone"]))
def test_merging_shows_one_of_the_two_where_both_were_and_either_elsewhere(drive, overlap):
    index, (kept, gone) = drive
    before, document = ways(index), Document(index.document)
    first, second = (kept, gone) if overlap == "kept" else (gone, kept)
    solid = {track: {f for run in solid_runs(index, track) for f in range(*run)} for track in (kept, gone)}
    boxes = sorted({*_boxes(index, kept), *_boxes(index, gone)})
    fitted = done(index, merged(index, kept, gone, overlap))
    assert gone not in index.document
    after = ways(index)[kept]
    for frame in solid[first]:
        assert after[frame] == before[first][frame]
    for frame in solid[second] - solid[first]:
        assert after[frame] == before[second][frame]
    assert _boxes(index, kept) == boxes  # one a frame, since it is one thing now
    undone(index, fitted)
    assert index.document == document
    assert ways(index) == before


@given(drives(), st.integers(0, FRAMES))
def test_splitting_and_merging_again_shows_what_was_shown(drive, frame):
    index, (track,) = drive
    before, boxes, document = ways(index)[track], _boxes(index, track), Document(index.document)
    edit = split(index, track, frame)
    if edit is None:
        assert not (min(before) < frame <= max(before))
        return
    fitted = done(index, edit)
    (new,) = (each.id for _, each in edit.changes.values() if isinstance(each, Track))
    assert ways(index)[track] == {f: at for f, at in before.items() if f < frame}
    assert ways(index)[new] == {f: at for f, at in before.items() if f >= frame}
    assert _boxes(index, track) == [f for f in boxes if f < frame]
    assert _boxes(index, new) == [f for f in boxes if f >= frame]
    back = done(index, merged(index, track, new))
    assert ways(index)[track] == before
    undone(index, back)
    undone(index, fitted)
    assert index.document == document


@given(drives(tracks=2), st.integers(0, FRAMES))
def test_swapping_exchanges_what_is_seen_from_a_frame_on_and_swapping_back_restores_it(drive, frame):
    index, (first, second) = drive
    before = ways(index)
    edit = swapped(index, first, second, frame)
    if edit is None:
        one, other = before[first], before[second]
        assert (
            one == other
            or any(
                not [f for f in a if f < frame] and not [f for f in b if f >= frame]
                for a, b in ((one, other), (other, one))
            )
            or not [f for way in (one, other) for f in way if f >= frame]
        )
        return
    done(index, edit)
    for own, other in ((first, second), (second, first)):
        wanted = {f: at for f, at in before[own].items() if f < frame}
        wanted |= {f: at for f, at in before[other].items() if f >= frame}
        assert ways(index)[own] == wanted
    if (again := swapped(index, first, second, frame)) is not None:
        done(index, again)
    assert ways(index) == before


def test_a_held_end_gives_way_to_the_track_that_goes_on():
    kept, gone = car(), car()
    index = indexed(
        [kept, gone, key(kept, 0), key(kept, 5, x=5.0), key(gone, 10, x=10.0), key(gone, 15, x=15)]
    )
    done(index, merged(index, kept.id, gone.id))
    assert [index.cuboid_at(kept.id, f).centre[0] for f in range(16)] == pytest.approx(list(range(16)))


def test_what_the_later_track_said_otherwise_is_a_state_over_its_time():
    kept = car(attributes=(("colour", "red"), ("doors", 4)), identity="k")
    gone = car(attributes=(("colour", "blue"), ("load", "wood")), name="lorry")
    entities = [kept, gone, key(kept, 0), key(kept, 4), key(gone, 8), key(gone, 10), key(kept, 15)]
    said = State(_id(), gone.id, 9 * STEP_NS, (("brake", True),))
    index = indexed([*entities, said])
    done(index, merged(index, kept.id, gone.id))
    track = index.track(kept.id)
    assert track.attributes == (("colour", "red"), ("doors", 4), ("load", "wood"))
    assert (track.identity, track.name) == ("k", "lorry")
    seen = {f: dict(state_at(index.document, kept.id, f * STEP_NS)) for f in (3, 8, 9, 10, 11, 15)}
    assert [seen[f]["colour"] for f in (3, 8, 9, 10, 11, 15)] == ["red", "blue", "blue", "blue", "red", "red"]
    assert [seen[f].get("brake") for f in (8, 9, 10, 11)] == [None, True, True, None]


def test_where_both_agree_no_state_is_made():
    kept, gone = car(attributes=(("doors", 4),)), car(attributes=(("doors", 4), ("load", "wood")))
    index = indexed([kept, gone, key(kept, 0), key(gone, 5)])
    edit = merged(index, kept.id, gone.id)
    assert not any(isinstance(new, State) for _, new in edit.changes.values())


def test_groups_relations_and_remarks_go_over_to_the_track_that_stays():
    kept, gone, other = car(), car(), car()
    both, one = Group(_id(), "convoy"), Group(_id(), "pair")
    members = [
        Member(_id(), both.id, kept.id, "leader", intervals=((0, 10),)),
        Member(_id(), both.id, gone.id, "leader", intervals=((10, 20), (30, 40))),
        Member(_id(), both.id, gone.id, "guest"),
        Member(_id(), one.id, gone.id),
    ]
    tows, self_tows = Relation(_id(), "tows", gone.id, other.id), Relation(_id(), "tows", kept.id, gone.id)
    remark = Remark(_id(), "dirty", on=gone.id)
    keys = [key(kept, 0), key(gone, 5), key(other, 0)]
    index = indexed([kept, gone, other, both, one, *members, tows, self_tows, remark, *keys])
    done(index, merged(index, kept.id, gone.id))
    held = [each for each in index.document if isinstance(each, Member)]
    assert sorted((each.group, each.role, each.intervals) for each in held) == sorted(
        [(both.id, "leader", ((0, 20), (30, 40))), (both.id, "guest", ()), (one.id, "", ())]
    )
    assert {each.entity for each in held} == {kept.id}
    assert index.document.get(tows.id) == replace(tows, source=kept.id)
    assert self_tows.id not in index.document
    assert index.document.get(remark.id) == replace(remark, on=kept.id)


def test_what_hangs_on_a_box_that_gives_way_lets_go_of_it():
    kept, gone = car(), car()
    stays, goes = pin(kept, 3), pin(gone, 3)
    remark = Remark(_id(), "loose", on=goes.id)
    related = Relation(_id(), "same", gone.id, goes.id)
    index = indexed([kept, gone, key(kept, 0), key(gone, 6), stays, goes, remark, related])
    done(index, merged(index, kept.id, gone.id))
    assert goes.id not in index.document
    assert related.id not in index.document
    assert index.document.get(remark.id) == replace(remark, on=None)


def test_a_track_is_not_merged_with_itself_or_with_nothing():
    track, empty = car(), car()
    index = indexed([track, empty, key(track, 0)])
    assert merged(index, track.id, track.id) is None
    assert merged(index, track.id, empty.id) is None
    assert swapped(index, track.id, track.id, 3) is None


def test_a_split_shares_out_states_groups_sounds_and_remarks_by_time():
    track = car(attributes=(("colour", "red"),), identity="k", name="first")
    group, always = Group(_id(), "convoy"), Group(_id(), "all")
    states = [
        State(_id(), track.id, 2 * STEP_NS, (("brake", True),)),
        State(_id(), track.id, 12 * STEP_NS, ()),
    ]
    members = [
        Member(_id(), group.id, track.id, "leader", intervals=((0, 15 * STEP_NS),)),
        Member(_id(), always.id, track.id),
    ]
    sound = Interval(_id(), track.id, LIDAR, 8 * STEP_NS, 14 * STEP_NS)
    remarks = [
        Remark(_id(), "a", on=track.id, frame=3),
        Remark(_id(), "b", on=track.id, frame=13, stream=FRONT),
    ]
    index = indexed([track, key(track, 0), key(track, 18), group, always, *states, *members, sound, *remarks])
    edit = done(index, split(index, track.id, 10))
    (new,) = (each for _, each in edit.changes.values() if isinstance(each, Track))
    assert (new.identity, new.name, new.attributes) == ("", "", track.attributes)
    for frame, brake in ((1, None), (2, True), (9, True)):
        assert dict(state_at(index.document, track.id, frame * STEP_NS)).get("brake") is brake
    for frame, brake in ((10, True), (11, True), (12, None)):
        assert dict(state_at(index.document, new.id, frame * STEP_NS)).get("brake") is brake
    held = {(each.entity, each.group): each for each in index.document if isinstance(each, Member)}
    assert held[track.id, group.id].intervals == ((0, 10 * STEP_NS),)
    assert held[new.id, group.id].intervals == ((10 * STEP_NS, 15 * STEP_NS),)
    assert held[track.id, always.id].intervals == held[new.id, always.id].intervals == ()
    sounds = sorted((s.start_ns, s.end_ns, s.track) for s in index.document if isinstance(s, Interval))
    assert sounds == [(8 * STEP_NS, 10 * STEP_NS, track.id), (10 * STEP_NS, 14 * STEP_NS, new.id)]
    assert [index.document.get(each.id).on for each in remarks] == [track.id, new.id]
