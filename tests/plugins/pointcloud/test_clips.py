"""A drive cut into clips: every frame shows what it showed, and things keep their identity over the cut."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.pointcloud.clips import cut
from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.scene import generate
from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.lanes import Lanes
from plugins.pointcloud.linter import seam_findings
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.document import Document
from studio.domain.entities import (
    Box,
    EgoPose,
    Group,
    Member,
    Polyline3,
    Remark,
    State,
    Tag,
    Tile,
    Track,
    identity_of,
)
from studio.domain.ids import EntityId, ShapeId, new_id
from tests.plugins.pointcloud.ground import (
    FRONT,
    LIDAR,
    STEP_NS,
    car,
    driving,
    in_ego,
    key,
    pin,
    streams,
)

FRAMES = 25
POSES = driving(FRAMES, speed=7.0, yaw_rate=0.2)


def read_item(*entities, frames=FRAMES, **given):
    media = tuple(
        MediaFile(each, tuple(f"{each.id}/{frame:03d}" for frame in range(frames)))
        for each in streams(frames)
    )
    return ReadItem("drive", media, tuple(entities), **given)


def turning(track):
    """Key frames far apart of a car on an arc of its own, one of them where it is lost for a while."""
    for frame, ends in ((0, False), (8, False), (14, True), (18, False), (24, False)):
        yaw = 0.03 * frame
        placed = key(track, frame, 20 + 9 * math.sin(yaw), -4 * yaw, yaw, ends_here=ends)
        yield in_ego(POSES, frame, placed)


def indices(clips):
    return [TrackIndex(Document(each.entities), [file.stream for file in each.media]) for each in clips]


def by_identity(index):
    return {identity_of(index.track(key)): key for key in index.tracks}


def test_what_is_seen_at_a_frame_of_the_drive_is_seen_at_that_frame_of_its_clip():
    tracks = [car(), car("van"), car()]
    parked = in_ego(POSES, 3, key(tracks[2], 3, 12, 5, 0.3))  # held to the end
    read = read_item(*POSES, *tracks, *turning(tracks[0]), key(tracks[1], 2), pin(tracks[0], 8), parked)
    whole = TrackIndex(Document(read.entities), [file.stream for file in read.media])
    clips = list(cut(read, 10))
    assert [each.source for each in clips] == ["drive#000000", "drive#000010", "drive#000020"]
    assert {each.sequence for each in clips} == {"drive"}
    parts = indices(clips)
    assert [part.timeline.frames for part in parts] == [10, 10, 5]
    names = by_identity(parts[0])
    assert len(names) == 3
    for frame in range(FRAMES):
        part, place = parts[frame // 10], frame % 10
        placed, there = whole.cuboids_at(frame), part.cuboids_at(place)
        assert len(placed.tracks) == len(there.tracks)
        rows = np.argsort(placed.centres[:, 0]), np.argsort(there.centres[:, 0])
        # constant velocity and turn rate between key frames: a key frame on the arc leaves the arc
        np.testing.assert_allclose(placed.centres[rows[0]], there.centres[rows[1]], atol=0.02)
        assert part.timeline.time_ns(place) == whole.timeline.time_ns(frame)
        np.testing.assert_allclose(
            part.timeline.pose(place).translation, whole.timeline.pose(frame).translation
        )


def test_media_are_the_frames_of_the_clip_and_pinned_boxes_stand_on_theirs():
    track = car()
    clips = list(cut(read_item(*POSES, track, *turning(track), pin(track, 12)), 10))
    for number, clip in enumerate(clips):
        for file in clip.media:
            first, count = number * 10, file.stream.frames
            assert file.paths == tuple(f"{file.stream.id}/{f:03d}" for f in range(first, first + count))
            assert len(file.stream.times_ns) == count
    boxes = [[each.frame for each in clip.entities if isinstance(each, Box)] for clip in clips]
    assert boxes == [[], [2], []]


def test_the_cut_is_no_end_and_an_end_of_its_own_stays():
    track = car()
    before = in_ego(POSES, 4, key(track, 4, 10))
    for ends in (False, True):
        at_cut = in_ego(POSES, 9, key(track, 9, 15, ends_here=ends))
        first, second, *_ = indices(cut(read_item(*POSES, track, before, at_cut), 10))
        (one,) = first.tracks
        assert [each.ends_here for each in first.key_frames(one)] == [False, ends]
        assert len(second.tracks) == (0 if ends else 1)


def test_tracks_and_groups_are_known_over_the_cut_and_ids_are_of_one_item():
    named, nameless = car(identity="17"), car()
    group = Group(EntityId(new_id()), "convoy", "ours")
    other = Group(EntityId(new_id()), "convoy")
    early = Member(EntityId(new_id()), other.id, nameless.id, intervals=((0, 4 * STEP_NS),))
    members = [Member(EntityId(new_id()), group.id, each.id, "car") for each in (named, nameless)]
    nested = Member(EntityId(new_id()), other.id, group.id)
    read = read_item(
        *POSES, named, nameless, group, other, *members, early, nested, *turning(named), *turning(nameless)
    )
    clips = list(cut(read, 10))
    known = [{identity_of(e) for e in clip.entities if isinstance(e, Track)} for clip in clips]
    assert known[0] == known[1] == known[2]
    assert "17" in known[0]
    groups = [{identity_of(e) for e in clip.entities if isinstance(e, Group)} for clip in clips]
    assert groups[0] == groups[1] == groups[2]
    assert len(groups[0]) == 2
    counts = [sum(isinstance(e, Member) for e in clip.entities) for clip in clips]
    assert counts == [4, 3, 3]  # who belonged for a time does so in the clip of that time
    ids = [each.id for clip in clips for each in clip.entities]
    assert len(ids) == len(set(ids))
    again = list(cut(read, 10))  # another reading makes other ids; what is known stays the same
    assert [{identity_of(e) for e in c.entities if isinstance(e, Track)} for c in again] == known
    before, after, last = indices(clips)
    assert seam_findings(before, after) == seam_findings(after, last) == []


def test_states_tags_remarks_and_labels_of_points_go_where_they_belong():
    track = car()
    states = [State(EntityId(new_id()), track.id, f * STEP_NS, (("lights", f),)) for f in (2, 5, 13)]
    tags = [Tag(EntityId(new_id()), "rain"), Tag(EntityId(new_id()), "glare", FRONT, 11)]
    remark = Remark(EntityId(new_id()), "Is this one?", on=track.id, stream=LIDAR, frame=21)
    tile = Tile(EntityId(new_id()), None, LIDAR, 12, (0, 0), "ab" * 32)
    read = read_item(
        *POSES, track, *turning(track), *states, *tags, remark, tile, blobs=(("ab" * 32, b"x"),), sidecar=b"y"
    )
    clips = list(cut(read, 10))

    def of(kind):
        return [[each for each in clip.entities if isinstance(each, kind)] for clip in clips]

    told = [[(e.time_ns // STEP_NS, e.attributes[0][1]) for e in held] for held in of(State)]
    assert [sorted(each) for each in told] == [[(2, 2), (5, 5)], [(10, 5), (13, 13)], [(20, 13)]]
    assert [[(e.class_name, e.frame) for e in held] for held in of(Tag)] == [
        [("rain", None)], [("rain", None), ("glare", 1)], [("rain", None)],
    ]  # fmt: skip
    assert [[e.frame for e in held] for held in of(Remark)] == [[], [], [1]]
    assert [[e.frame for e in held] for held in of(Tile)] == [[], [2], []]
    assert [clip.blobs for clip in clips] == [(), (("ab" * 32, b"x"),), ()]
    assert all(len(held) < FRAMES for held in of(EgoPose))


def test_a_lane_is_there_in_every_clip_that_drives_past_it():
    track = car("lane")
    line = Polyline3(ShapeId(new_id()), track.id, LIDAR, 2, ((5.0, 3.0, 0.0), (15.0, 3.0, 0.0)))
    read = read_item(*POSES, track, line)
    whole = TrackIndex(Document(read.entities), [file.stream for file in read.media])
    for number, index in enumerate(indices(cut(read, 10))):
        (there,) = Lanes(index.document, index).at(3)
        (same,) = Lanes(whole.document, whole).at(number * 10 + 3)
        np.testing.assert_allclose(there.points, same.points, atol=1e-6)
    far = replace(line, points=((500.0, 3.0, 0.0), (510.0, 3.0, 0.0)))
    held = [
        len(list(Lanes(each.document, each).at(0)))
        for each in indices(cut(read_item(*POSES, track, far), 10))
    ]
    assert held == [1, 0, 0]


@pytest.mark.parametrize("frames", [0, FRAMES, 100])
def test_what_is_not_longer_stays_one_item(frames):
    read = read_item(*POSES)
    assert list(cut(read, frames)) == [read]


def test_labels_that_cannot_stand_are_left_for_the_import_to_name():
    read = read_item(key(car(), 0))  # of no track
    assert list(cut(read, 10)) == [read]


def test_a_generated_drive_with_trailers_and_riders_has_clean_seams():
    counts = Counts(cars=6, vans=1, cyclists=2, lorries=1, pedestrians=3, walks=1, poles=1, walls=1, bushes=0)
    scene = generate(5, frames=20, counts=counts, columns=200, picture_size=None)
    media = tuple(MediaFile(each, ("x",) * each.frames) for each in scene.streams)
    clips = list(cut(ReadItem("drive", media, scene.entities), 8))
    for before, after in zip(indices(clips), indices(clips)[1:], strict=False):
        assert seam_findings(before, after) == []
    members = [sum(isinstance(e, Member) for e in clip.entities) for clip in clips]
    assert all(members)
