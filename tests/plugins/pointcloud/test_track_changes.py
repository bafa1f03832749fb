"""The Edits of one track along its frames: what is seen afterwards, at every frame, and that undo undoes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud import track_changes as changes
from plugins.pointcloud.track_parts import windowed
from studio.domain.document import Document
from studio.domain.entities import Cuboid, Remark, Track
from studio.domain.ids import EntityId, new_id
from studio.domain.ontology import AttributeType, ClassType, Ontology
from studio.domain.space import wrapped, yaw_of
from tests.plugins.pointcloud.ground import car, done, driving, in_ego, indexed, key, pin, undone, ways

FRAMES = 20
POSES = driving(FRAMES)
places = st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.booleans())


@st.composite
def drives(draw, tracks=1):
    """An index with tracks that move straight in the world between random key frames, with gaps and boxes."""
    entities, made = [*POSES], []
    for _ in range(tracks):
        track = car()
        made.append(track.id)
        entities.append(track)
        held = draw(st.dictionaries(st.integers(0, FRAMES - 1), places, min_size=1, max_size=6))
        for frame, (x, y, ends) in held.items():
            entities.append(in_ego(POSES, frame, key(track, frame, x, y, ends_here=ends)))
        entities += [pin(track, frame) for frame in draw(st.sets(st.integers(0, FRAMES - 1), max_size=3))]
    return indexed(entities, FRAMES), made


windows = st.lists(st.integers(0, FRAMES), min_size=2, max_size=6, unique=True).map(
    lambda edges: list(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


def _boxes(index, track):
    held = (index.document.get(each) for each in index.document.referrers(track, "track"))
    return sorted(each.frame for each in held if not isinstance(each, Cuboid))


@given(drives(), windows)
def test_a_window_shows_what_was_seen_in_it_where_it_was_and_nothing_else(drive, given_windows):
    index, (track,) = drive
    before = ways(index)[track]
    cut = indexed([*POSES, index.track(track), *windowed(index, track, given_windows)], FRAMES)
    wanted = {f: at for f, at in before.items() if any(low <= f < high for low, high in given_windows)}
    assert ways(cut).get(track, {}) == wanted


@given(drives(), st.integers(0, FRAMES), st.integers(0, FRAMES))
def test_what_is_cut_out_is_gone_with_its_boxes_and_the_rest_stays(drive, first, stop):
    index, (track,) = drive
    before, document = ways(index)[track], Document(index.document)
    boxes = _boxes(index, track)
    edit = changes.cut_out(index, track, first, stop)
    inside = {frame for frame in before if first <= frame < stop}
    if not inside:
        assert edit is None
        return
    fitted = done(index, edit)
    assert ways(index).get(track, {}) == {f: at for f, at in before.items() if f not in inside}
    if track in index.document:
        assert _boxes(index, track) == [frame for frame in boxes if frame not in inside]
    undone(index, fitted)
    assert index.document == document


@given(drives(), st.integers(0, FRAMES - 1), st.booleans())
def test_a_track_that_ends_here_is_not_seen_until_its_next_key_frame(drive, frame, for_good):
    index, (track,) = drive
    before = ways(index)[track]
    edit = changes.ended(index, track, frame, for_good)
    follows = min(
        (k.frame for k in index.key_frames(track) if k.frame > frame and not for_good), default=FRAMES
    )
    wanted = {f: at for f, at in before.items() if f <= frame or f >= follows}
    if edit is None:
        assert frame not in before or wanted == before
        return
    done(index, edit)
    assert ways(index)[track] == wanted


@given(drives(), st.integers(0, FRAMES - 1))
def test_a_key_frame_made_where_the_track_is_moves_nothing(drive, frame):
    index, (track,) = drive
    before = ways(index)
    edit = changes.key_frame_made(index, track, frame)
    if edit is None:
        assert frame not in before[track] or index.key_frame(track, frame) is not None
        return
    done(index, edit)
    assert ways(index) == before
    assert index.key_frame(track, frame).made == "hand"


@given(drives(), st.integers(0, FRAMES - 1))
def test_a_removed_key_frame_makes_nothing_seen_that_was_not(drive, frame):
    index, (track,) = drive
    before = set(ways(index)[track])
    others = {k.frame for k in index.key_frames(track)} - {frame}
    edit = changes.key_frame_removed(index, track, frame)
    assert (edit is None) == (index.key_frame(track, frame) is None)
    if edit is not None:
        done(index, edit)
        after = set(ways(index).get(track, {}))
        assert others <= after <= before


def test_the_last_key_frame_takes_the_track_and_leaves_what_people_said():
    track = car()
    only = key(track, 3)
    remark = Remark(EntityId(new_id()), "is it one?", on=track.id)
    index = indexed([track, only, pin(track, 5), remark])
    done(index, changes.key_frame_removed(index, track.id, 3))
    assert list(index.document) == [replace(remark, on=None)]


def test_a_box_where_the_track_was_never_seen_outlives_its_key_frames():
    track = car()
    early = pin(track, 1)
    index = indexed([track, key(track, 5), pin(track, 7), early])
    done(index, changes.cut_out(index, track.id, 4, 20))
    assert set(index.document.entities) == {track.id, early.id}


def test_a_gap_is_closed_on_the_straight_way_from_one_side_to_the_other():
    track = car()
    index = indexed([track, key(track, 0, ends_here=True), key(track, 10, x=10.0)])
    assert changes.gap_closed(index, track.id, 0) is None
    assert changes.gap_closed(index, track.id, 15) is None
    done(index, changes.gap_closed(index, track.id, 4))
    assert index.cuboid_at(track.id, 4).centre[0] == pytest.approx(4.0)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4), st.data())
def test_flipping_the_heading_turns_it_half_around_and_twice_is_none(yaws, data):
    track = car()
    keys = [key(track, 2 * n, yaw=yaw) for n, yaw in enumerate(yaws)]
    index = indexed([track, *keys])
    frames = data.draw(st.none() | st.sets(st.sampled_from([k.frame for k in keys])))
    edit = changes.flipped(index, track.id, frames)
    if not edit:
        assert frames == set()
        return
    done(index, edit)
    for old in keys:
        turned = frames is None or old.frame in frames
        found = index.key_frame(track.id, old.frame)
        assert found.centre == old.centre
        assert abs(wrapped(yaw_of(found.rotation) - yaw_of(old.rotation) - turned * math.pi)) < 1e-9
    done(index, changes.flipped(index, track.id, frames))
    for old in keys:
        assert (
            abs(wrapped(yaw_of(index.key_frame(track.id, old.frame).rotation) - yaw_of(old.rotation))) < 1e-9
        )


def test_one_size_for_all_frames_keeps_every_floor_where_it_is():
    track = car()
    keys = [key(track, 0), key(track, 5, z=1.0, size=(4.9, 2.0, 2.0)), key(track, 9)]
    index = indexed([track, *keys])
    done(index, changes.resized(index, track.id, (4.0, 1.7, 1.4)))
    for old, new in zip(keys, index.key_frames(track.id), strict=True):
        assert new.size == (4.0, 1.7, 1.4)
        assert new.centre[2] - new.size[2] / 2 == pytest.approx(old.centre[2] - old.size[2] / 2)
    done(index, changes.resized(index, track.id, (4.0, 1.7, 2.0), anchor="centre"))
    assert index.key_frames(track.id)[0].centre[2] == pytest.approx(0.7)


def test_the_size_of_a_track_is_the_one_on_which_its_people_agree():
    track = car()
    sizes = [(4.5, 1.8, 1.5), (4.5, 1.8, 1.5), (4.6, 1.9, 1.5), (9.0, 9.0, 9.0)]
    keys = [key(track, 3 * n, size=size) for n, size in enumerate(sizes)]
    keys[3] = replace(keys[3], made="auto")
    index = indexed([track, *keys])
    done(index, changes.same_size_for_track(index, track.id))
    assert {each.size for each in index.key_frames(track.id)} == {(4.5, 1.8, 1.5)}
    assert changes.same_size_for_track(index, track.id) is None


def test_confirming_says_that_a_person_has_looked():
    track = car()
    keys = [key(track, 0, made="auto"), key(track, 4, made="model"), key(track, 8)]
    index = indexed([track, *keys])
    edit = changes.confirmed(index.document, [each.id for each in keys])
    assert set(edit.changes) == {keys[0].id, keys[1].id}
    done(index, edit)
    assert {each.made for each in index.key_frames(track.id)} == {"hand"}


def test_cuboids_are_copied_to_another_frame_where_they_stand_in_the_world():
    first, second = car(), car()
    index = indexed(
        [*POSES, first, second, key(first, 2, 10, 3, 0.5), key(second, 2, 20, -3), key(second, 9, 7, 7)]
    )
    at_first = ways(index)
    edit = done(index, changes.copied(index, [first.id, second.id], 2, 9))
    assert len(edit.changes) == 2
    assert edit.title == "Copy 2 cuboids to frame 10"
    for track in (first.id, second.id):
        assert ways(index)[track][9] == at_first[track][2]
        assert index.key_frame(track, 9) is not None
    assert changes.copied(index, [first.id], 9, 9) is None


def test_a_class_changes_for_the_whole_track_and_drops_what_it_does_not_ask():
    ontology = Ontology(
        classes=(
            ClassType("car", attributes=(AttributeType("doors", "integer"), AttributeType("colour"))),
            ClassType("van", attributes=(AttributeType("colour"), AttributeType("load", default="none"))),
        )
    )
    track = car(attributes=(("colour", "red"), ("doors", 4)))
    index = indexed([track, key(track, 0)])
    done(index, changes.reclassed(index.document, ontology, [track.id], "van"))
    assert index.track(track.id) == Track(track.id, "van", (("colour", "red"), ("load", "none")))


def test_a_track_is_deleted_in_all_frames_with_all_that_hangs_on_it():
    track, other = car(), car()
    index = indexed([track, key(track, 0), key(track, 5), pin(track, 2), other, key(other, 1)])
    done(index, changes.deleted_in_all_frames(index.document, [track.id]))
    assert index.tracks == [other.id]
    assert track.id not in index.document
