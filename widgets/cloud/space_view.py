"""From where a scene is looked at: a camera as a value, with pure functions. No Qt.

Screen is in logical pixels of the widget, y down; the scene is in metres, in whatever frame its owner chose.
Yaw and pitch are counted in the frame `base`: at yaw 0 and pitch 0 the camera looks along its x axis with z
up; pitch -pi/2 looks straight down with x up and y to the left.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from studio.domain.cameras import clipped_near
from studio.domain.space import CORNER_SIGNS, NO_TURN, Pose, as_xyz, matrix_of, wrapped
from studio.domain.values import XYZ, Quaternion

Floats = NDArray[np.float64]
XY = tuple[float, float]
Side = Literal["space", "top", "side", "front"]

# yaw and pitch of the flat views: top has x up, y left; side x right, z up; front, seen from behind as
# the front camera sees it, y left and z up
SIDES: dict[Side, tuple[float, float]] = {
    "top": (0.0, -math.pi / 2),
    "side": (math.pi / 2, 0.0),
    "front": (0.0, 0.0),
}
PLANES: dict[Side, tuple[int, int]] = {"top": (0, 1), "side": (0, 2), "front": (1, 2)}
"""The axes of its frame that a flat view shows."""

FOV = math.radians(50)
NEAREST, FARTHEST = 0.05, 50_000.0  # metres that `distance` stays within
ORBIT = math.radians(0.35)  # per screen pixel
STEEPEST = math.radians(89.9)
FLAT_REACH = 20_000.0  # metres before and behind the centre that a flat view shows
NEAR_SHARE = 0.02  # of the distance: nothing closer is drawn
FAR_SHARE = 1e5  # times as far away as that: nothing farther is drawn


class SpaceView(Struct, frozen=True):
    """A camera that looks at `centre` from `distance` metres; `pivot` is what it orbits."""

    window: XY = (1.0, 1.0)  # width, height
    centre: XYZ = (0.0, 0.0, 0.0)
    distance: float = 60.0  # in a flat view it sets the scale alone
    yaw: float = 0.0
    pitch: float = math.radians(-35)
    flat: bool = False  # parallel rays: the same scale everywhere
    base: Quaternion = NO_TURN
    pivot: XYZ | None = None  # None: the centre

    # What it amounts to

    @property
    def focal(self) -> float:
        """Screen pixels of one metre at one metre."""
        return self.window[1] / 2 / math.tan(FOV / 2)

    @property
    def scale(self) -> float:
        """Metres of one screen pixel at the centre; in a flat view everywhere."""
        return self.distance / self.focal

    @property
    def near(self) -> float:
        """Metres before the eye in which nothing is drawn."""
        return min(max(self.distance * NEAR_SHARE, 0.02), 2.0)

    def axes(self) -> Floats:
        """(3, 3): rows are right, up and backward in the scene."""
        (cy, sy), (cp, sp) = ((math.cos(a), math.sin(a)) for a in (self.yaw, self.pitch))
        own = np.array([[sy, -cy, 0.0], [-cy * sp, -sy * sp, cp], [-cp * cy, -cp * sy, -sp]])
        turned: Floats = own @ matrix_of(self.base).T
        return turned

    def eye(self) -> Floats:
        """(3,) where the camera stands, scene frame."""
        stands: Floats = np.array(self.centre) + self.axes()[2] * self.distance
        return stands

    def local(self, points: Floats) -> Floats:
        """(..., 3) points as right, up and depth (metres before the eye)."""
        moved: Floats = (np.asarray(points, np.float64) - self.eye()) @ self.axes().T
        moved[..., 2] *= -1.0
        return moved

    def clip_matrix(self) -> Floats:
        """(4, 4) from the scene to clip coordinates, as OpenGL has them."""
        axes, eye = self.axes(), self.eye()
        looking = np.eye(4)
        looking[:3, :3], looking[:3, 3] = axes, -axes @ eye
        wide, high = self.window
        lens = np.zeros((4, 4))
        if self.flat:
            lens[0, 0], lens[1, 1] = 2 / (wide * self.scale), 2 / (high * self.scale)
            lens[2, 2], lens[2, 3] = -1 / FLAT_REACH, -self.distance / FLAT_REACH
            lens[3, 3] = 1.0
        else:
            near, far = self.near, self.near * FAR_SHARE
            lens[0, 0], lens[1, 1] = 2 * self.focal / wide, 2 * self.focal / high
            lens[2, 2], lens[2, 3] = -(far + near) / (far - near), -2 * far * near / (far - near)
            lens[3, 2] = -1.0
        made: Floats = lens @ looking
        return made

    def metres_of(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Metres before the eye of depths as OpenGL keeps them, 0 to 1; infinite where nothing was drawn."""
        clip = depth * np.float32(2) - np.float32(1)
        if self.flat:
            metres = clip * np.float32(FLAT_REACH) + np.float32(self.distance)
        else:
            near, far = self.near, self.near * FAR_SHARE
            metres = np.float32(2 * far * near) / (np.float32(far + near) - clip * np.float32(far - near))
        metres[depth >= 1] = np.inf
        return metres

    def to_screen(self, points: Floats) -> Floats:
        """(N, 3) points -> (N, 3): x, y on the screen and depth in metres; NaN for those behind the eye."""
        found = self.local(np.asarray(points, np.float64).reshape(-1, 3))
        if not self.flat:
            found[found[:, 2] < self.near] = np.nan
        return self._on_screen(found)

    def segments_to_screen(self, ends: Floats) -> Floats:
        """(N, 2, 3) segments -> (N, 2, 2) on the screen, cut before the eye; NaN where wholly behind it."""
        found = self.local(np.asarray(ends, np.float64).reshape(-1, 2, 3))
        if not self.flat:
            found = clipped_near(found, self.near)
        return self._on_screen(found.reshape(-1, 3))[:, :2].reshape(-1, 2, 2)

    def _on_screen(self, local: Floats) -> Floats:
        per_metre = 1 / self.scale if self.flat else self.focal / local[:, 2:]
        local[:, :2] *= per_metre
        local[:, 0] += self.window[0] / 2
        local[:, 1] = self.window[1] / 2 - local[:, 1]
        return local

    def ray(self, xy: XY) -> tuple[XYZ, XYZ]:
        """Origin and unit direction of what a screen point shows.

        The origin is the eye; in a flat view the point in the plane through the centre.
        """
        axes = self.axes()
        right, up = xy[0] - self.window[0] / 2, self.window[1] / 2 - xy[1]
        if self.flat:
            at = np.array(self.centre) + (axes[0] * right + axes[1] * up) * self.scale
            return as_xyz(at), as_xyz(-axes[2])
        aim = (axes[0] * right + axes[1] * up) / self.focal - axes[2]
        return as_xyz(self.eye()), as_xyz(aim / np.linalg.norm(aim))

    def plane_point(self, xy: XY) -> XYZ:
        """Where a screen point lies in the plane through the centre that faces the camera."""
        axes = self.axes()
        right, up = xy[0] - self.window[0] / 2, self.window[1] / 2 - xy[1]
        return as_xyz(np.array(self.centre) + (axes[0] * right + axes[1] * up) * self.scale)

    def pixel_m(self, xyz: XYZ) -> float:
        """Metres of one screen pixel at a point of the scene."""
        if self.flat:
            return self.scale
        return max(float(self.local(np.array(xyz))[2]), self.near) / self.focal

    # Moving it

    def resized(self, window: XY) -> SpaceView:
        return replace(self, window=(max(window[0], 1.0), max(window[1], 1.0)))

    def orbited(self, by: XY) -> SpaceView:
        """Turned about the pivot by a drag of so many screen pixels."""
        return self.turned(-by[0] * ORBIT, -by[1] * ORBIT)

    def turned(self, yaw: float, pitch: float) -> SpaceView:
        """Turned about the pivot by radians; what is at the pivot stays where it is on the screen."""
        steep = min(max(self.pitch + pitch, -STEEPEST), STEEPEST)
        new = replace(self, yaw=wrapped(self.yaw + yaw), pitch=steep)
        if self.pivot is None:
            return new
        arm = self.axes() @ (np.array(self.centre) - np.array(self.pivot))
        return replace(new, centre=as_xyz(np.array(self.pivot) + new.axes().T @ arm))

    def panned(self, by: XY, hold: XYZ | None = None) -> SpaceView:
        """Moved by so many screen pixels; a point `hold` stays under the hand."""
        axes, metres = self.axes(), self.scale if hold is None else self.pixel_m(hold)
        shift = (axes[1] * by[1] - axes[0] * by[0]) * metres
        return replace(self, centre=as_xyz(np.array(self.centre) + shift))

    def zoomed(self, factor: float, at: XY, hold: XYZ | None = None) -> SpaceView:
        """Closer (factor > 1) or farther, with what lies under the screen point `at` staying there.

        hold: the point of the scene there, where one is known; else the plane through the centre is meant.
        """
        distance = min(max(self.distance / factor, NEAREST), FARTHEST)
        factor = self.distance / distance
        held = np.array(self.plane_point(at) if hold is None else hold)
        if self.flat:
            centre = held + (np.array(self.centre) - held) / factor
        else:
            eye = held + (self.eye() - held) / factor
            centre = eye - self.axes()[2] * distance
        return replace(self, centre=as_xyz(centre), distance=distance)

    def looking_at(self, xyz: XYZ, distance: float | None = None) -> SpaceView:
        """Another centre, which is the pivot too."""
        return replace(self, centre=xyz, pivot=None, distance=distance or self.distance)

    def fitted(self, low: XYZ, high: XYZ, share: float = 0.9) -> SpaceView:
        """A box of the scene, wholly in the window; it takes up at most `share` of it."""
        middle, half = (np.array(low) + high) / 2, (np.array(high) - low) / 2
        return self.fitted_to(middle + CORNER_SIGNS * half, share)

    def fitted_to(self, points: Floats, share: float = 0.9) -> SpaceView:
        """As close as can be with all (N, 3) points within `share` of the window; it never turns."""
        axes = self.axes()
        seen = points @ axes.T  # right, up, backward
        room = np.array(self.window) * share / 2 / self.focal  # tangents of half the angles
        if self.flat:
            low, high = seen.min(axis=0), seen.max(axis=0)
            distance = float(((high - low)[:2] / 2 / room).max())
            centre = (low + high) / 2
        else:
            # each point bounds the eye by a line on either side, in each axis: where they cross it stands
            after = (seen[:, :2] + room * seen[:, 2:]).max(axis=0)
            before = (-seen[:, :2] + room * seen[:, 2:]).max(axis=0)
            eye = np.append((after - before) / 2, ((after + before) / 2 / room).max())
            # where they cross in a point, the eye would stand in it: nothing that near is drawn
            front, middle = float(seen[:, 2].max()), float(np.median(seen[:, 2]))
            eye[2] = max(eye[2], front + min(max(1.2 * NEAR_SHARE * (front - middle), 0.03), 2.2))
            distance = float(eye[2] - np.median(seen[:, 2]))
            centre = eye - (0, 0, distance)
        distance = min(max(distance, 0.5), FARTHEST)
        return replace(self, centre=as_xyz(centre @ axes), pivot=None, distance=distance)

    def containing(self, xyz: XYZ) -> SpaceView:
        """This view, moved (never zoomed or turned) if a point is out of sight."""
        x, y, _ = self.to_screen(np.array([xyz]))[0]
        if 0 <= x <= self.window[0] and 0 <= y <= self.window[1]:
            return self
        return replace(self, centre=xyz, pivot=None)


def flat_view(side: Side, frame: Pose, window: XY = (1.0, 1.0), distance: float = 60.0) -> SpaceView:
    """One of the flat views, along the axes of `frame` and centred on its origin."""
    yaw, pitch = SIDES[side]
    return SpaceView(window, frame.translation, distance, yaw, pitch, True, frame.rotation)


def in_plane(side: Side, frame: Pose, xyz: XYZ) -> XY:
    """The two coordinates of `frame` (metres) that a flat view shows, of a point of the scene."""
    own = (np.array(xyz) - np.array(frame.translation)) @ matrix_of(frame.rotation)
    across, along = PLANES[side]
    return float(own[across]), float(own[along])
