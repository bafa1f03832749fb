"""Tracks in the colours of their classes, of their groups, or each in its own."""

from __future__ import annotations

from plugins.pointcloud.track_colours import ALONE, TrackColours
from studio.domain.document import Document
from studio.domain.entities import Group, Member
from studio.domain.groups import GroupIndex, grouped
from studio.domain.ids import EntityId, GroupId, new_id
from tests.plugins.pointcloud.space_ground import a_track, cuboid, scene_with


def colours_of(document: Document, by: str) -> TrackColours:
    found = TrackColours()
    found.open(GroupIndex(document))
    while found.by != by:
        found.next()
    return found


def test_tracks_of_one_group_have_one_colour_and_groups_differ() -> None:
    tracks = [a_track() for _ in range(61)]
    document = Document(tracks)
    for number in range(20):
        document.apply(grouped("pair", [each.id for each in tracks[3 * number : 3 * number + 3]]))
    colours = colours_of(document, "group")
    found = [colours.of_track(each.id, 0) for each in tracks]
    assert all(len(set(found[3 * number : 3 * number + 3])) == 1 for number in range(20))
    assert len(set(found[:60:3])) == 20
    assert found[60] == ALONE
    (first,) = {each.group for each in document if isinstance(each, Member) and each.entity == tracks[0].id}
    assert colours.of_group(first) == found[0]


def test_who_is_in_a_group_for_a_time_has_its_colour_then() -> None:
    track, group = a_track(), Group(GroupId(new_id()), "pair")
    member = Member(EntityId(new_id()), group.id, track.id, intervals=((0, 100),))
    colours = colours_of(Document([track, group, member]), "group")
    assert colours.of_track(track.id, 50) == colours.of_group(group.id)
    assert colours.of_track(track.id, 100) == ALONE


def test_each_in_its_own_colour_and_by_class_the_class_decides() -> None:
    tracks = [a_track() for _ in range(24)]
    own = colours_of(Document(tracks), "track")
    assert len({own.of_track(each.id, 0) for each in tracks}) == 24
    assert own.of_track(tracks[0].id, 0) == own.of_track(tracks[0].id, 10**9)
    assert own.of_group(GroupId("g")) is None
    assert colours_of(Document(tracks), "class").of_track(tracks[0].id, 0) is None


def test_lines_names_and_what_is_being_made_follow() -> None:
    first, second = a_track(), a_track()
    scene = scene_with(first, cuboid(first), second, cuboid(second, centre=(5.0, 5.0, 0.0)))
    plain = scene.color_of(first.id)
    assert plain == scene.color_of(second.id)
    scene.document.apply(grouped("pair", [first.id]))
    scene.colours = colours_of(scene.document, "group")
    lines = scene.lines_at_rest()
    assert {style.color for style in lines.styles} == {scene.color_of(first.id), ALONE}
    assert [text.color for text in scene.texts()] == [scene.color_of(first.id), ALONE]
    assert scene.color_of(EntityId(new_id())) == plain  # what is being made: the class in hand
