"""The ground that a scene stands on: flat, or in long, gentle waves."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.space import Floats, Pose, quaternion_of, turn
from studio.domain.values import XYZ

_LENGTHS_M = (130.0, 90.0)  # of the waves along x and y
_PHASES = (0.7, 2.1)


class Ground(NamedTuple):
    """Heights over the world's x and y; `slope` is the steepest rise along either (0.04: 4 %)."""

    slope: float = 0.0

    def height(self, x: Floats, y: Floats) -> Floats:
        """Metres, of any shape that x and y share."""
        out = np.zeros_like(x)
        if self.slope:
            for along, length, phase in zip((x, y), _LENGTHS_M, _PHASES, strict=True):
                out = out + self.slope * length / (2 * math.pi) * np.sin(
                    along * (2 * math.pi / length) + phase
                )
        return out

    def gradient(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Rise along x and along y."""
        if not self.slope:
            return np.zeros_like(x), np.zeros_like(y)
        rises = [
            self.slope * np.cos(along * (2 * math.pi / length) + phase)
            for along, length, phase in zip((x, y), _LENGTHS_M, _PHASES, strict=True)
        ]
        return rises[0], rises[1]

    def standing(self, x: float, y: float, yaw: float) -> Pose:
        """The pose of what stands here and is headed along `yaw`; its z axis is the ground's normal."""
        if not self.slope:
            return Pose((x, y, 0.0), turn(yaw))
        rise_x, rise_y = (float(each) for each in self.gradient(np.array(x), np.array(y)))
        forward = np.array([math.cos(yaw), math.sin(yaw), math.cos(yaw) * rise_x + math.sin(yaw) * rise_y])
        forward /= np.linalg.norm(forward)
        up = np.array([-rise_x, -rise_y, 1.0])
        up /= np.linalg.norm(up)
        rotation = np.column_stack([forward, np.cross(up, forward), up])
        return Pose((x, y, float(self.height(np.array(x), np.array(y)))), quaternion_of(rotation))

    def met(self, eye: XYZ, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) metres along rays from a point to the ground, infinite where they miss it.

        directions: (3, N), in the world. By Newton's method from the plane below; a hill in between is not
        seen.
        """
        x, y, z = eye
        dx, dy, dz = directions
        here = float(self.height(np.array(x), np.array(y)))
        reach = np.full(len(dz), np.inf, np.float32)
        falls = np.flatnonzero(dz < -1e-3 if not self.slope else dz < 2 * self.slope)
        dx, dy, dz = dx[falls], dy[falls], dz[falls]
        if not self.slope:
            reach[falls] = (here - z) / dz
            return reach
        along = np.minimum((z - here) / np.maximum(-dz, 0.01), 150.0)
        gap = along
        for _ in range(8):
            at_x, at_y = x + along * dx, y + along * dy
            rise_x, rise_y = self.gradient(at_x, at_y)
            gap = z + along * dz - self.height(at_x, at_y)
            steep = np.minimum(dz - rise_x * dx - rise_y * dy, -1e-3)
            along = np.clip(along - gap / steep, 0.0, 300.0)
        reach[falls] = np.where(np.abs(gap) < 0.01, along, np.inf)
        return reach
