"""A drive cut into two clips: over the seam everything goes on as what it was, where it was heading."""

import math

import pytest
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter import Limits, ghosts, seam_findings
from studio.domain.document import Document
from studio.domain.edit import change, creation
from studio.domain.entities import Track
from studio.domain.ids import ShapeId, new_id
from studio.domain.space import Pose
from tests.plugins.pointcloud.ground import STEP_NS, car, done, driving, in_ego, key, streams

FRAMES, HALF = 40, 20
POSES = driving(FRAMES, speed=7.0, yaw_rate=0.3)
WAYS = {
    "ahead": lambda t: (15 + 9 * t, 0.0, 0.0),
    "oncoming": lambda t: (70 - 12 * t, 6.0, math.pi),
    "parked": lambda t: (25.0, -4.0, 0.1),
}


def clips(identities=("ahead", "oncoming", "parked"), classes=("car", "car", "car"), own_clock=False):
    """The indices of two clips of one drive; the second's tracks have these identities and classes."""
    found = []
    for start, stop in ((0, HALF), (HALF, FRAMES)):
        first = not start
        entities = []
        for number, name in enumerate(WAYS):
            track = car("car" if first else classes[number], identity=name if first else identities[number])
            entities.append(track)
            for frame in (start, start + 7, stop - 1):
                x, y, yaw = WAYS[name](frame * 0.1)
                placed = in_ego(POSES, frame, key(track, frame, x, y, yaw))
                entities.append(replace(placed, frame=frame - start))
        shift = start * STEP_NS if own_clock else 0
        entities += [replace(each, time_ns=each.time_ns - shift) for each in POSES[start:stop]]
        times = [frame * STEP_NS - shift for frame in range(start, stop)]
        found.append(TrackIndex(Document(entities), streams(times_ns=times)))
    return found


def _track(index, name):
    return next(each for each in index.document if isinstance(each, Track) and each.identity == name)


def told(before, after, **given):
    found = seam_findings(before, after, **given)
    assert all((each.frame, each.until) == (0, 0) for each in found)
    return [(each.rule, after.track(each.track).identity) for each in found]


def mended(before, after):
    for _ in range(5):
        proposals = [each for each in seam_findings(before, after) if each.mend is not None]
        if proposals:
            done(after, proposals[0].mend(after))
    return told(before, after)


@pytest.mark.parametrize("own_clock", [False, True])
def test_over_a_clean_seam_nothing_is_found(own_clock):
    assert told(*clips(own_clock=own_clock)) == []


def test_clips_far_apart_in_time_promise_nothing():
    before, after = clips(identities=("oncoming", "ahead", "parked"))
    assert told(before, after) != []
    assert told(before, after, gap_s=30.0) == []


def test_an_identity_that_is_elsewhere_after_the_seam():
    before, after = clips()
    parked = _track(after, "parked")
    pairs = [
        (each, replace(each, centre=(each.centre[0] + 6, *each.centre[1:])))
        for each in after.key_frames(parked.id)
    ]
    done(after, change("Plant", *pairs))
    assert told(before, after) == [("seam.jump", "parked")]
    assert "6.0 m" in seam_findings(before, after)[0].message
    assert told(before, after, limits=Limits(seam_m=7.0)) == []
    assert mended(before, after) == []


def test_two_identities_that_were_exchanged():
    before, after = clips(identities=("oncoming", "ahead", "parked"))
    assert sorted(told(before, after)) == [("seam.jump", "ahead"), ("seam.jump", "oncoming")]
    assert mended(before, after) == []
    # once taken away, each is given back to where it went on
    assert sorted(each.identity for each in after.document if isinstance(each, Track)) == sorted(WAYS)


def test_a_thing_that_is_another_after_the_seam():
    before, after = clips(classes=("car", "van", "car"))
    assert told(before, after) == [("seam.class", "oncoming")]
    assert mended(before, after) == []
    assert _track(after, "oncoming").class_name == "car"


def test_a_thing_that_has_another_size_after_the_seam():
    before, after = clips()
    oncoming = _track(after, "oncoming")
    keys = after.key_frames(oncoming.id)
    done(after, change("Plant", *((each, replace(each, size=(5.5, 1.8, 1.5))) for each in keys)))
    assert told(before, after) == [("seam.size", "oncoming")]
    assert mended(before, after) == []


@pytest.mark.parametrize("identity", ["", "somebody"])
def test_a_thing_that_goes_on_under_another_identity(identity):
    before, after = clips(identities=("ahead", identity, "parked"))
    assert told(before, after) == [("seam.identity", identity)]
    assert mended(before, after) == []
    assert _track(after, "oncoming") is not None


def test_ghosts_stand_where_the_things_of_the_clip_before_stood_in_the_world():
    before, after = clips(own_clock=True)
    found = ghosts(before, after, 3, last=2)
    assert [each.frame for each in found] == [HALF - 1] * 3 + [HALF - 2] * 3
    for ghost in found:
        x, y, _ = WAYS[ghost.identity](ghost.frame * 0.1)
        there = after.timeline.into_world(3, Pose(ghost.centre, ghost.rotation))
        assert there.translation == pytest.approx((x, y, 0.75), abs=1e-6)
        assert (ghost.class_name, ghost.size) == ("car", (4.5, 1.8, 1.5))
    ahead = ghosts(after, before, HALF - 1, last=1, from_end=False)
    assert {each.frame for each in ahead} == {0}
    parked = next(each for each in ahead if each.identity == "parked")
    assert before.timeline.into_world(
        HALF - 1, Pose(parked.centre, parked.rotation)
    ).translation == pytest.approx((25.0, -4.0, 0.75), abs=1e-6)


def test_an_empty_neighbour_has_no_ghosts_and_no_seam():
    before, after = clips()
    empty = TrackIndex(Document(), [])
    assert ghosts(empty, after, 0) == []
    assert seam_findings(empty, after) == []
    assert seam_findings(before, TrackIndex(Document(), streams(3))) == []


def test_a_new_thing_beside_one_that_goes_on_takes_no_identity_from_it():
    before, after = clips()
    new = car()
    parked = after.key_frames(_track(after, "parked").id)[0]
    done(after, creation("Plant", new, replace(parked, id=ShapeId(new_id()), track=new.id)))
    assert told(before, after) == []
