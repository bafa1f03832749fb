"""Cameras beside the points: what they see, when, and tools that work on their pictures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import sight_line, sight_of, space_pointer
from plugins.pointcloud.rig import Rig
from plugins.pointcloud.timeline import Timeline
from plugins.pointcloud.tools.reaching import grips_of
from plugins.pointcloud.tools.select import SelectSpaceTool
from studio.domain.cameras import project
from studio.domain.contracts.editing import Pointer
from studio.domain.document import Document
from studio.domain.edit import change
from studio.domain.entities import Calibration, EgoPose
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import NO_TURN, corners
from studio.domain.values import XYZ
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.camera_ground import FRONT, CameraHand, camera, rig_with, streams
from tests.plugins.pointcloud.space_ground import a_track, close, cuboid, scene_with, select
from widgets.cloud.drawn import LineStyle, cuboid_segments, one_style
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import SpaceView


@pytest.mark.parametrize(
    ("model", "distortion"),
    [
        ("pinhole", ()),
        ("brown_conrady", (-0.3, 0.1, 0.001, -0.002, 0.0)),
        ("kannala_brandt", (0.05, -0.01, 0.0, 0.0)),
    ],
)
@given(
    xyz=st.tuples(st.floats(4, 60), st.floats(-8, 8), st.floats(-2, 3)),
    zoom=st.sampled_from([0.25, 1.0, 3.0]),
)
def test_a_ray_through_a_projected_point_leads_back_to_it(model, distortion, xyz: XYZ, zoom: float) -> None:
    rig = rig_with(camera(model, distortion, yaw=0.2))
    sight = sight_of(rig, rig.cameras[0], 0, zoom)
    x, y, depth = sight.to_screen(np.array([xyz]))[0].tolist()
    if math.isnan(x):
        return
    assert close(np.array([[x, y]]) / zoom, project(np.array([xyz]), rig.cameras[0].calibration), 1e-6)
    origin, direction = sight.ray((x, y))
    away = np.array(xyz) - np.array(origin)
    assert close(away / np.linalg.norm(away), direction, 1e-5)
    assert depth > 0


def test_a_picture_is_the_nearest_in_time() -> None:
    rig = rig_with(camera(), times_ns=(10_000_000, 260_000_000, 520_000_000), frames=3)
    assert [rig.picture_of(rig.cameras[0], frame) for frame in (0, 2, 3, 5, 10)] == [0, 1, 1, 2, 2]


def test_what_stands_in_the_world_is_projected_from_where_the_camera_was_then() -> None:
    poses = [
        EgoPose(EntityId(new_id()), frame * 100_000_000, (frame * 2.0, 0.0, 0.0), NO_TURN)
        for frame in range(11)
    ]
    # the picture of frame 5 was taken 20 ms later: the car has gone 40 cm further
    rig = rig_with(camera(), *poses, times_ns=tuple(f * 100_000_000 + 20_000_000 for f in range(11)))
    seen = rig.at_its_time(rig.cameras[0], 5, np.array([[20.0, 1.0, 0.0]]))
    assert close(seen, [[19.6, 1.0, 0.0]])
    sight = sight_of(rig, rig.cameras[0], 5, 1.0)
    assert close(
        sight.to_screen(np.array([[20.0, 1.0, 0.0]]))[:, :2], project(seen, rig.cameras[0].calibration)
    )


def test_lines_behind_or_far_beside_the_camera_are_left_out() -> None:
    rig = rig_with(camera())
    boxes = [corners((x, 0.0, 0.5), (4.0, 2.0, 1.5), NO_TURN) for x in (15.0, -15.0)]
    lines = one_style(cuboid_segments(np.array(boxes)), LineStyle(), "k")
    found = rig.on_picture(rig.cameras[0], 0, lines)
    assert len(found) == 15
    assert np.isfinite(found.ends).all()
    assert found.ends[..., 0].min() > 0
    assert found.ends[..., 0].max() < 1280


def test_under_a_bent_lens_an_edge_is_drawn_in_pieces() -> None:
    rig = rig_with(camera("brown_conrady", (-0.25, 0.05, 0.0, 0.0, 0.0)))
    lines = one_style(np.array([[[8.0, -4.0, 0.0], [8.0, 4.0, 0.0]]]), LineStyle())
    found = rig.on_picture(rig.cameras[0], 0, lines)
    assert len(found) == 6
    assert close(found.ends[:-1, 1], found.ends[1:, 0])
    wanted = project(np.array([[8.0, 0.0, 0.0]]), rig.cameras[0].calibration)[0]
    assert close(found.ends[2, 1], wanted, 1e-6)


def test_a_camera_without_calibration_is_shown_without_lines() -> None:
    rig = rig_with()
    assert [each.calibration for each in rig.cameras] == [None]
    assert sight_of(rig, rig.cameras[0], 0, 1.0) is None
    assert len(rig.on_picture(rig.cameras[0], 0, one_style(np.ones((3, 2, 3)), LineStyle()))) == 0
    assert rig.best(0, corners((10.0, 0.0, 0.0), (4.0, 2.0, 1.5), NO_TURN)) is None


def test_a_broken_calibration_is_as_none() -> None:
    held = camera()
    broken = Calibration(
        held.id, held.stream, held.model, held.size, (0.0,) * 9, (), held.translation, held.rotation
    )
    assert rig_with(broken).cameras[0].calibration is None


def test_a_mended_calibration_moves_the_lines_at_once() -> None:
    held = camera()
    document = Document([held])
    rig = Rig(document, streams(), Timeline(streams()))
    assert not rig.refresh([EntityId(new_id())], rig._timeline)
    turned = camera(yaw=0.5)
    moved = Calibration(
        held.id, FRONT, "pinhole", held.size, held.intrinsics, (), held.translation, turned.rotation
    )
    document.apply(change("Mend", (held, moved)))
    assert rig.refresh([held.id], rig._timeline)
    assert rig.cameras[0].calibration.rotation == turned.rotation


@pytest.mark.parametrize("model", ["pinhole", "brown_conrady", "kannala_brandt"])
def test_a_cuboid_is_taken_and_moved_on_the_picture_and_stays_under_the_hand(model) -> None:
    track = a_track()
    scene = scene_with(track, cuboid(track, centre=(15.0, 1.0, 0.5)))
    bent = {
        "pinhole": (),
        "brown_conrady": (-0.2, 0.03, 0.0, 0.0, 0.0),
        "kannala_brandt": (0.02, 0.0, 0.0, 0.0),
    }
    rig = rig_with(camera(model, bent[model]))
    hand = CameraHand(SelectSpaceTool(), scene, sight_of(rig, rig.cameras[0], 0, 1.0))
    start, end = hand.pixel((15.0, 1.0, 0.5)), hand.pixel((18.0, -2.0, 0.5))
    hand.at("press", start)
    hand.at("move", end)
    hand.at("release", end)
    assert scene.selection == {track.id}
    assert close(scene.placement(track.id).centre, (18.0, -2.0, 0.5), 1e-4)


def test_a_face_dragged_on_the_picture_moves_that_face_alone_and_back_again() -> None:
    track = a_track()
    scene = scene_with(track, cuboid(track, centre=(15.0, 2.0, 0.5), yaw=0.4))
    select(scene, track)
    rig = rig_with(camera())
    sight = sight_of(rig, rig.cameras[0], 0, 1.0)
    before = scene.placement(track.id)
    hand = CameraHand(SelectSpaceTool(), scene, sight)
    top = next(grip.xyz for grip in grips_of(before) if grip.name == "top")
    start, end = hand.pixel(top), hand.pixel((top[0], top[1], top[2] + 0.8))
    for kind, xy in (("press", start), ("move", end), ("release", end)):
        hand.at(kind, xy)
    after = scene.placement(track.id)
    assert close(after.size, (4.0, 2.0, 2.3), 1e-4)
    assert close(after.centre, (15.0, 2.0, 0.9), 1e-4)
    for kind, xy in (("press", end), ("move", start), ("release", start)):
        hand.at(kind, xy)
    assert close(scene.placement(track.id).size, before.size, 1e-4)
    assert close(scene.placement(track.id).centre, before.centre, 1e-4)


def test_the_camera_that_sees_most_is_best() -> None:
    side = StreamId("left")
    given = (*streams(), Stream(side, "left", "image", frames=11, width=1280, height=720))
    left = camera(yaw=math.pi / 2)
    left = Calibration(
        left.id, side, left.model, left.size, left.intrinsics, (), left.translation, left.rotation
    )
    rig = Rig(Document([camera(), left]), given, Timeline(given))
    assert rig.best(0, corners((15.0, 0.0, 0.5), (4.0, 2.0, 1.5), NO_TURN)) == FRONT
    assert rig.best(0, corners((1.0, 15.0, 0.5), (4.0, 2.0, 1.5), NO_TURN)) == side
    assert rig.best(0, corners((-15.0, 0.0, 0.5), (4.0, 2.0, 1.5), NO_TURN)) is None


def test_what_a_camera_shows_is_a_line_on_the_others_through_the_same_place() -> None:
    side = StreamId("left")
    given = (*streams(), Stream(side, "left", "image", frames=11, width=1280, height=720))
    other = camera(yaw=0.3)
    other = Calibration(
        other.id, side, other.model, other.size, other.intrinsics, (), (1.0, 2.0, 1.4), other.rotation
    )
    rig = Rig(Document([camera(), other]), given, Timeline(given))
    first, second = rig.cameras
    sight = sight_of(rig, first, 0, 1.0)
    place = np.array([[16.0, 1.0, 0.5]])
    x, y, _ = sight.to_screen(place)[0].tolist()
    ray = sight_line(space_pointer(sight, Pointer("hover", (x, y))))
    seen = rig.on_picture(second, 0, ray)
    wanted = project(place, second.calibration)[0]
    ends = seen.ends
    along = ends[:, 1] - ends[:, 0]
    off = np.abs(along[:, 0] * (wanted - ends[:, 0])[:, 1] - along[:, 1] * (wanted - ends[:, 0])[:, 0])
    assert (off / np.linalg.norm(along, axis=1)).max() < 1e-6
    assert len(sight_line(replace_view(space_pointer(sight, Pointer("hover", (x, y)))))) == 0


def replace_view(pointer: SpacePointer) -> SpacePointer:
    """The same over a view that is no camera's."""
    return replace(pointer, view=SpaceView())
