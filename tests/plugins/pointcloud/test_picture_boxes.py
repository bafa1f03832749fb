"""The box of a cuboid on a picture: dragged, the cuboid follows; pinned, it stays a person's own."""

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import CameraSight, sight_of
from plugins.pointcloud.picture_boxes import PictureBox, picture_box, unpinned
from plugins.pointcloud.rig import Rig
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.select import SelectSpaceTool
from studio.domain.cameras import box_on_picture
from studio.domain.edit import change, creation
from studio.domain.entities import Box, Cuboid, EgoPose
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.space import NO_TURN, corners
from tests.plugins.pointcloud.camera_ground import FRONT, CameraHand, camera, streams
from tests.plugins.pointcloud.space_ground import a_track, close, cuboid, scene_with, select

ALT = frozenset({"alt"})


def ground(*more, frame: int = 0, model="pinhole", bent=(), **where):
    """A selected car before a camera, and a hand on the picture."""
    track = a_track()
    scene = scene_with(track, cuboid(track, centre=(15.0, 1.0, 0.5), yaw=0.4, **where), *more)
    select(scene, track)
    scene.go_to(frame)
    held = camera(model, bent)
    scene.item = replace(scene.item, streams=(*scene.item.streams, streams()[1]))
    scene.document.apply(creation("Camera", held))
    rig = Rig(scene.document, scene.item.streams, scene.index.timeline)
    sight = sight_of(rig, rig.cameras[0], frame, 1.0)
    assert sight is not None
    return track, scene, sight, CameraHand(SelectSpaceTool(), scene, sight)


def box_of(scene: SpaceScene, sight: CameraSight, track) -> PictureBox:
    found = picture_box(scene, sight, EntityId(track.id))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model", "bent"),
    [
        ("pinhole", ()),
        ("brown_conrady", (-0.2, 0.03, 0.0, 0.0, 0.0)),
        ("kannala_brandt", (0.02, 0.0, 0.0, 0.0)),
    ],
)
@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_side_that_is_dragged_takes_the_cuboid_along(side, model, bent) -> None:
    track, scene, sight, hand = ground(model=model, bent=bent)
    before = box_of(scene, sight, track)
    left, top, right, bottom = before.rect
    start = {
        "left": (left, (top + bottom) / 2 + 7),
        "top": ((left + right) / 2 + 44, top),
        "right": (right, (top + bottom) / 2 + 7),
        "bottom": ((left + right) / 2 + 44, bottom),
    }[side]
    outward = {"left": (-12, 0), "top": (0, -12), "right": (12, 0), "bottom": (0, 12)}[side]
    end = (start[0] + outward[0], start[1] + outward[1])
    hand.at("press", start)
    hand.at("move", end)
    assert any(isinstance(each, Cuboid) for each in hand.tool.preview())
    hand.at("release", end)
    after = box_of(scene, sight, track)
    place = ["left", "top", "right", "bottom"].index(side)
    wanted = list(before.rect)
    wanted[place] += outward[0] + outward[1]
    assert np.abs(np.array(after.rect) - wanted).max() < 3.0
    assert "within" in hand.tool.words()
    assert not [each for each in scene.document if isinstance(each, Box)]  # computed, never stored
    (edit,) = hand.edits
    assert edit.title == "Fit Car to its box on a picture"


def test_with_alt_the_box_is_pinned_and_the_cuboid_stays() -> None:
    track, scene, sight, hand = ground()
    before, stood = box_of(scene, sight, track), scene.placement(track.id)
    x, y = before.rect[0], (before.rect[1] + before.rect[3]) / 2 + 7
    hand.at("press", (x, y), ALT)
    hand.at("move", (x - 20, y), ALT)
    hand.at("release", (x - 20, y), ALT)
    after = box_of(scene, sight, track)
    assert after.pinned is not None
    assert after.pinned.stream == FRONT
    assert close(after.rect[0], before.rect[0] - 20, 1e-6)
    assert close(after.rect[1:], before.rect[1:], 1e-6)
    assert scene.placement(track.id) == stood
    assert "pinned" in hand.tool.words()
    # from now on it is the pinned one that a hand changes, and it does not follow the cuboid
    hand.at("press", (x - 20, y))
    hand.at("move", (x - 30, y))
    hand.at("release", (x - 30, y))
    assert close(box_of(scene, sight, track).rect[0], before.rect[0] - 30, 1e-6)
    assert scene.placement(track.id) == stood
    edit = unpinned(scene)
    assert edit is not None
    scene.document.apply(edit)
    scene.refresh(edit.changes)
    assert box_of(scene, sight, track) == before
    assert unpinned(scene) is None


def test_what_reaches_beyond_the_picture_is_amodal_and_its_cut_side_cannot_be_taken() -> None:
    track, scene, sight, _ = ground()
    at = scene.placement(track.id)
    near = replace(scene.cuboid_at(track.id), centre=(5.0, 3.6, 0.5))
    edit = change("Nearer", (scene.cuboid_at(track.id), near))
    scene.document.apply(edit)
    scene.refresh(edit.changes)
    box = box_of(scene, sight, track)
    assert at != scene.placement(track.id)
    assert box.rect[0] < 0
    assert box.clipped()[0] == 0
    assert box.side_at((0.0, 500.0), 6.0) is None
    assert box.side_at((box.rect[2], 500.0), 6.0) == "right"
    ends = box.lines().ends
    assert ends[..., 0].min() >= 0
    assert ends[..., 1].max() <= 720


def test_a_box_never_turns_inside_out() -> None:
    box = PictureBox(EntityId("t"), (100.0, 100.0, 200.0, 180.0), (1280, 720))
    assert box.with_side("left", (500.0, 0.0)) == (198.0, 100.0, 200.0, 180.0)
    assert box.with_side("bottom", (0.0, 0.0)) == (100.0, 100.0, 200.0, 102.0)


def test_it_is_computed_where_the_car_was_when_the_picture_was_taken() -> None:
    poses = [
        EgoPose(EntityId(new_id()), frame * 100_000_000, (2.0 * frame, 0.0, 0.0), NO_TURN)
        for frame in range(11)
    ]
    track = a_track()
    scene = scene_with(track, cuboid(track, centre=(15.0, 1.0, 0.5)), *poses)
    select(scene, track)
    late = streams(tuple(frame * 100_000_000 + 50_000_000 for frame in range(11)))[1]
    held = camera()
    scene.document.apply(creation("Camera", held))
    rig = Rig(scene.document, (*scene.item.streams, late), scene.index.timeline)
    sight = sight_of(rig, rig.cameras[0], 0, 1.0)
    assert sight is not None
    moved = corners((14.0, 1.0, 0.5), (4.0, 2.0, 1.5), NO_TURN)  # one metre nearer by then
    assert close(box_of(scene, sight, track).rect, box_on_picture(moved, held, clip=False), 1e-6)


def test_a_pinned_box_of_another_track_or_picture_is_not_taken_for_it() -> None:
    track, scene, sight, _ = ground()
    other = a_track()
    scene.document.apply(creation("Another", other))
    for pinned in (
        Box(ShapeId(new_id()), TrackId(other.id), FRONT, 0, (1.0, 2.0, 3.0, 4.0)),
        Box(ShapeId(new_id()), TrackId(track.id), FRONT, 5, (1.0, 2.0, 3.0, 4.0)),
    ):
        scene.document.apply(creation("Pin", pinned))
    assert box_of(scene, sight, track).pinned is None
