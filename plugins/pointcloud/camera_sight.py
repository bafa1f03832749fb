"""A camera's picture as a view of the scene, so that every tool of the scene works on it too. No Qt."""

from __future__ import annotations

import numpy as np

from plugins.pointcloud.rig import Camera, Rig
from studio.domain.cameras import pose_of, project_from_camera, rays_in_camera
from studio.domain.contracts.editing import Pointer
from studio.domain.entities import Calibration
from studio.domain.geometry import Rect
from studio.domain.space import Floats, Pose, as_xyz, chained, inverse, inward, matrix_of
from studio.domain.values import XYZ
from widgets.cloud.drawn import LineSet, LineStyle, one_style
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import XY, SpaceView

RAY_M = 80.0  # how far a ray is drawn
PIECES = 8  # in which it is, each of which bends again under a lens
RAY_STYLE = LineStyle("#ffd54f", 1.2, "solid", 0.9)
FRUSTUM_STYLE = LineStyle("#ffd54f", 1.0, "solid", 0.6)


class CameraSight(SpaceView, frozen=True):
    """A `SpaceView` that projects as a camera does. Its screen is the picture, `zoom` times as large."""

    camera: Calibration | None = None
    picture: int = 0  # frame of the camera's own stream
    stands: Pose = Pose()  # the camera in the ego frame of the visible sweep
    zoom: float = 1.0

    @property
    def scale(self) -> float:
        """Metres of one screen pixel at ten metres."""
        return 10.0 / max(self.focal * self.zoom, 1e-6)

    @property
    def focal(self) -> float:
        return abs(self.camera.intrinsics[0]) if self.camera is not None else 1.0

    def axes(self) -> Floats:
        """(3, 3): rows are right, up and backward in the scene."""
        turned = matrix_of(self.stands.rotation)
        found: Floats = np.array([turned[:, 0], -turned[:, 1], -turned[:, 2]])
        return found

    def eye(self) -> Floats:
        found: Floats = np.array(self.stands.translation)
        return found

    def to_screen(self, points: Floats) -> Floats:
        """(N, 3) points -> (N, 3): x, y on the screen and depth in metres; NaN where it sees none."""
        local = inward(self.stands, np.asarray(points, np.float64).reshape(-1, 3))
        found = np.full((len(local), 3), np.nan)
        if self.camera is not None:
            found[:, :2] = project_from_camera(local, self.camera) * self.zoom
            found[:, 2] = np.where(np.isnan(found[:, 0]), np.nan, local[:, 2])
        return found

    def ray(self, xy: XY) -> tuple[XYZ, XYZ]:
        """Origin and unit direction of what a screen point shows; NaN beyond the lens."""
        assert self.camera is not None
        pixel = np.array([[xy[0] / self.zoom, xy[1] / self.zoom]])
        aim = rays_in_camera(pixel, self.camera)[0] @ matrix_of(self.stands.rotation).T
        return self.stands.translation, as_xyz(aim)


def sight_of(rig: Rig, camera: Camera, frame: int, zoom: float) -> CameraSight | None:
    """The camera over the visible sweep; None where its calibration is not known."""
    held = camera.calibration
    if held is None:
        return None
    stands = chained(inverse(rig.shift(camera, frame)), pose_of(held))
    picture = rig.picture_of(camera, frame)
    return CameraSight(camera=held, picture=picture, stands=stands, zoom=zoom, distance=10.0)


def space_pointer(sight: CameraSight, pointer: Pointer) -> SpacePointer | None:
    """An event over a picture as one over the scene; None where its lens sees nothing there."""
    xy = (pointer.xy[0] * sight.zoom, pointer.xy[1] * sight.zoom)
    origin, direction = sight.ray(xy)
    if not np.isfinite(direction).all():
        return None
    return SpacePointer(
        pointer.kind,
        xy,
        origin,
        direction,
        sight,
        "space",
        None,
        sight.scale,
        pointer.button,
        pointer.modifiers,
        pointer.device,
        pointer.pressure,
        pointer.tilt,
        pointer.time_ns,
    )


def sight_line(pointer: SpacePointer) -> LineSet:
    """The ray through a place of a camera's picture: where in the other views it may be. Else nothing."""
    if not isinstance(pointer.view, CameraSight):
        return LineSet()
    return one_style(_ray(np.array(pointer.origin), np.array(pointer.direction), RAY_M), RAY_STYLE)


def frustum_lines(sight: CameraSight, rect: Rect, reach_m: float = RAY_M) -> LineSet:
    """What a box on a picture shows of the scene: the rays of its corners, and its outline at their ends.

    rect: pixels of the full-size picture. Nothing where the lens sees none of a corner.
    """
    left, top, right, bottom = rect
    ring = [(left, top), (right, top), (right, bottom), (left, bottom)]
    rays = [sight.ray((x * sight.zoom, y * sight.zoom)) for x, y in ring]
    aims = np.array([direction for _, direction in rays])
    if not np.isfinite(aims).all():
        return LineSet()
    lines = [_ray(sight.eye(), aim, reach_m) for aim in aims]
    ends = sight.eye() + aims * reach_m
    lines.append(np.stack([ends, np.roll(ends, -1, axis=0)], axis=1))
    return one_style(np.concatenate(lines), FRUSTUM_STYLE)


def _ray(origin: Floats, direction: Floats, reach_m: float) -> Floats:
    """(n, 2, 3) in pieces that grow with the distance, so that lenses bend it as they do."""
    reaches = np.geomspace(min(1.0, reach_m / 2), reach_m, PIECES + 1)
    along = origin + reaches[:, None] * direction
    found: Floats = np.stack([along[:-1], along[1:]], axis=1)
    return found
