"""What one camera shows, as the others and the views draw it: the ray of a place, the frustum of a box."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.camera_sight import CameraSight, frustum_lines, sight_line, sight_of, space_pointer
from plugins.pointcloud.picture_boxes import frustum_of
from plugins.pointcloud.rig import Rig
from plugins.pointcloud.timeline import Timeline
from studio.domain.cameras import box_on_picture, lifted, project
from studio.domain.contracts.editing import Pointer
from studio.domain.document import Document
from studio.domain.entities import Calibration
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Floats, corners, turn
from studio.domain.values import XYZ
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.linkage.three_cameras import FRONT, LEFT, REAR
from tests.plugins.pointcloud.space_ground import LIDAR
from tests.plugins.pointcloud.test_picture_boxes import ground
from tests.studio.domain.space_strategies import floats
from widgets.cloud.space_view import SpaceView

CAR: XYZ = (4.5, 1.8, 1.5)
NAMED = {"front": FRONT, "left": LEFT, "rear": REAR}
STREAMS = (
    Stream(LIDAR, "lidar", "points", frames=1),
    *(Stream(StreamId(name), name, "image", frames=1, width=1600, height=900) for name in NAMED),
)
RIG = Rig(
    Document([replace(each, id=EntityId(new_id()), stream=StreamId(name)) for name, each in NAMED.items()]),
    STREAMS,
    Timeline(STREAMS),
)
numbers = st.integers(0, 2)


def sight(number: int) -> CameraSight:
    found = sight_of(RIG, RIG.cameras[number], 0, 1.0)
    assert found is not None
    return found


def calibration(number: int) -> Calibration:
    found = RIG.cameras[number].calibration
    assert found is not None
    return found


def to_lines(point: Floats, ends: Floats) -> float:
    """Pixels from a point to the nearest of (N, 2, 2) segments."""
    along = ends[:, 1] - ends[:, 0]
    share = ((point - ends[:, 0]) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
    nearest = ends[:, 0] + np.clip(share, 0, 1)[:, None] * along
    return float(np.linalg.norm(nearest - point, axis=1).min(initial=math.inf))


@given(numbers, numbers, floats(0, 1600), floats(0, 900), floats(1.5, 75))
def test_what_is_on_a_ray_is_seen_on_its_line_in_the_other_cameras(
    one: int, other: int, x: float, y: float, depth: float
) -> None:
    place = lifted(np.array([[x, y]]), np.array([depth]), calibration(one))
    seen = project(place, calibration(other))[0]
    if one == other or np.isnan(seen).any() or not ((seen > 0) & (seen < calibration(other).size)).all():
        return
    pointer = space_pointer(sight(one), Pointer("hover", (x, y)))
    assert pointer is not None
    ends = RIG.on_picture(RIG.cameras[other], 0, sight_line(pointer)).ends
    if math.dist(place[0], calibration(other).translation) > 1.5:  # nearer, a line turns too fast
        assert to_lines(seen, ends) < 2.0


@pytest.mark.parametrize("other", [1, 2])
def test_a_frustum_holds_what_its_box_shows(other: int) -> None:
    """Seen from anywhere, the thing lies between the rays of its box."""
    held = corners((14.0, 4.0, 0.75), CAR, turn(0.3))
    rect = box_on_picture(held, calibration(0))
    assert rect is not None
    lines = frustum_lines(sight(0), rect)
    eye = sight(0).eye()
    ends = lines.ends[-4:, 0]  # the outline at the far end
    for a, b in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        across = np.cross(a - eye, b - eye)
        across *= np.sign(across @ (ends.mean(axis=0) - eye)) / np.linalg.norm(across)
        assert ((held - eye) @ across > -1e-6).all()
    seen = RIG.on_picture(RIG.cameras[other], 0, lines)
    assert np.isfinite(seen.ends).all()


def test_a_box_beyond_the_lens_shows_nothing() -> None:
    assert len(frustum_lines(sight(2), (-40_000.0, 0.0, 10.0, 10.0))) == 0


def test_the_frustum_of_what_is_pointed_at_ends_where_it_does() -> None:
    track, scene, seen, hand = ground()
    at = scene.placement(track.id)
    pointer = space_pointer(seen, Pointer("hover", hand.pixel(at.centre)))
    lines = frustum_of(scene, EntityId(track.id), pointer)
    away = np.linalg.norm(lines.ends.reshape(-1, 3) - seen.eye(), axis=1)
    held = np.linalg.norm(corners(at.centre, at.size, at.rotation) - seen.eye(), axis=1)
    assert away.max() == pytest.approx(held.max())
    assert len(frustum_of(scene, None, pointer)) == 0
    assert len(frustum_of(scene, EntityId(track.id), replace(pointer, view=SpaceView()))) == 0
