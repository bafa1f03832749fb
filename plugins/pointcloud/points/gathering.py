"""From named columns, block by block, to a `Cloud`: what is kept of a point, in which unit.

- *Place*: metres, float32 from an origin of whole metres. The origin is zero unless the first block of points
  lies further than 1 km away, where float32 no longer holds tenths of a millimetre. A point whose place is
  not a number, not finite or further than 100,000 km away is dropped and counted; those that are kept still
  know their places in the file (`Cloud.places`), since point labels refer to the file's own order.
- *Intensity*: 0 to 1. Divided by the smallest of 1, 255, 4,095 and 65,535 that holds the file's largest
  value, which are the full scales of sensors, so that the sweeps of one log are scaled alike; by the largest
  itself beyond those. A file that states its own limits is scaled by them. Negative and not finite: 0.
- *rgb*: uint8. Of 16 bits the upper eight, unless none of them is used; of floats up to 1, times 255.
- *ring*, *label*: uint16; what does not fit becomes the nearest that does.
- *time*: seconds. A span of more than a million is nanoseconds, of more than a thousand microseconds (no
  sweep takes a quarter of an hour); absolute times start anew at the earliest.
- *velocity*: m/s over ground, of radars; what is measured against a moving sensor counts only where the file
  has no other. Not finite: 0.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import empty
from plugins.pointcloud.points.source import check_count
from studio.domain.contracts.formats import Budget
from studio.domain.values import XYZ

Column = NDArray[Any]
Floats = NDArray[np.float64]

FAR_M = 1e8  # further away nothing was measured
_NEAR_M = 1000.0
_SCALES = (1.0, 255.0, 4095.0, 65535.0)
_ABSOLUTE_S = 1e4  # times beyond this count from an epoch, not from the sweep

# names that files use, in lower case; a leading "scalar_" is CloudCompare's
_NAMES: dict[str, tuple[str, ...]] = {
    "x": ("x", "//x", "#x"),
    "y": ("y",),
    "z": ("z",),
    "intensity": ("intensity", "i", "reflectance", "reflectivity", "remission", "intensities"),
    "red": ("red", "r", "diffuse_red"),
    "green": ("green", "g", "diffuse_green"),
    "blue": ("blue", "b", "diffuse_blue"),
    "rgb": ("rgb", "rgba"),
    "ring": ("ring", "laser_number", "laser_id", "ring_index", "channel", "beam"),
    "time": ("time", "t", "timestamp", "time_stamp", "offset_ns", "gps_time", "gpstime", "time_offset"),
    "velocity_x": ("vx_comp", "velocity_x", "vel_x"),
    "velocity_y": ("vy_comp", "velocity_y", "vel_y"),
    "velocity_z": ("vz_comp", "velocity_z", "vel_z"),
    "relative_x": ("vx",),
    "relative_y": ("vy",),
    "label": ("label", "labels", "class", "classification", "class_id", "semantic", "semantic_id"),
}
_MEANING = {name: meaning for meaning, names in _NAMES.items() for name in names}


def meaning_of(name: str) -> str | None:
    """What a column of this name holds: x, y, z, intensity, red, green, blue, rgb, ring, time, label, or a
    part of a velocity.
    """
    return _MEANING.get(name.strip().strip('"').lower().removeprefix("scalar_"))


class Gathering:
    """Takes blocks of columns in the file's order and makes one cloud of them.

    `limits`: the intensity's own range, where the file states it. `second`: how long a second is in the
    file's times, where that is known. `origin`: where the file says that its points lie.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        limits: tuple[float, float] | None = None,
        second: float | None = None,
        origin: XYZ | None = None,
    ) -> None:
        self._budget = budget
        self._expected = 0
        self._limits = limits
        self._second = second
        self._origin: Floats | None = None if origin is None else np.round(origin)
        self._xyz: _Growing | None = None
        self._held: dict[str, _Growing] = {}
        self._dropped: list[NDArray[np.intp]] = []
        self._first_time: float | None = None
        self.read = 0  # points of the file so far, also those that were dropped

    def expect(self, points: int) -> None:
        """So many points will come, as the file's size proves: room for them is made at once."""
        self._expected = points

    def add(self, columns: Mapping[str, Column]) -> None:
        """The next block: arrays of one length by meaning, x, y, z among them. Raises `cloud.too_large`."""
        count = len(columns["x"])
        check_count(self.read + count, self._budget)
        xyz = np.column_stack([_number(np.asarray(columns[axis]), np.float64) for axis in ("x", "y", "z")])
        with np.errstate(invalid="ignore"):
            good = (np.abs(xyz) <= FAR_M).all(axis=1)
        all_good = bool(good.all())
        if not all_good:
            self._dropped.append(np.flatnonzero(~good) + self.read)
            xyz = xyz[good]
        if self._origin is None and len(xyz):
            middle = np.median(xyz, axis=0)
            self._origin = np.round(middle) if np.abs(middle).max() > _NEAR_M else np.zeros(3)
        if self._origin is not None:
            if self._xyz is None:
                self._xyz = _Growing(self._expected)
            self._xyz.add((xyz - self._origin).astype(np.float32))
        for name, values in columns.items():
            if name not in ("x", "y", "z"):
                kept = np.asarray(values) if all_good else np.asarray(values)[good]
                self._held.setdefault(name, _Growing(self._expected)).add(self._column(name, kept))
        self.read += count

    def cloud(self) -> Cloud:
        """All of it. Raises `cloud.empty`."""
        dropped = sum(map(len, self._dropped))
        if dropped == self.read or self._origin is None or self._xyz is None:
            raise empty(self.read)
        places = None
        if dropped:
            places = np.delete(np.arange(self.read, dtype=np.uint32), np.concatenate(self._dropped))
        x, y, z = (float(each) + 0.0 for each in self._origin)
        return Cloud(self._xyz.taken(), (x, y, z), self._fields(), places, dropped)

    def _column(self, name: str, values: Column) -> Column:
        """What is kept of a column until all blocks are in: nothing wider than its field needs."""
        match name:
            case "intensity":
                return _number(values, np.float32)
            case "time":
                # a float32 of nanoseconds since 1970 would stand still for minutes
                wide = _number(values, np.float64)
                if self._first_time is None and len(wide):
                    finite = wide[np.isfinite(wide)]
                    self._first_time = float(finite[0]) if len(finite) else 0.0
                with np.errstate(over="ignore", invalid="ignore"):
                    since: Column = (wide - (self._first_time or 0.0)).astype(np.float32)
                return since
            case "ring" | "label":
                fitted: Column = np.clip(np.nan_to_num(_number(values, np.float64)), 0, 65535)
                return fitted.astype(np.uint16)
            case _:
                return values

    def _fields(self) -> dict[str, Column]:
        held = {name: blocks.taken() for name, blocks in self._held.items()}
        self._held.clear()
        fields: dict[str, Column] = {name: held[name] for name in ("ring", "label") if name in held}
        if "intensity" in held:
            fields["intensity"] = _scaled(held["intensity"], self._limits)
        if "time" in held:
            fields["time"] = _seconds(held["time"], self._first_time or 0.0, self._second)
        if {"red", "green", "blue"} <= held.keys():
            fields["rgb"] = _rgb([held["red"], held["green"], held["blue"]])
        elif "rgb" in held:
            fields["rgb"] = _unpacked(held["rgb"])
        for kind in ("relative", "velocity"):  # the second of them counts where both are there
            x, y, z = (held.get(f"{kind}_{axis}") for axis in "xyz")
            if x is not None and y is not None:
                parts = [_finite(_number(each, np.float32)) for each in (x, y, x * 0 if z is None else z)]
                fields["velocity"] = np.column_stack(parts)
        return fields


class _Growing:
    """An array that takes blocks; where it has to grow, its memory is moved and not held twice."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._array: Column | None = None
        self._used = 0

    def add(self, block: Column) -> None:
        """The next rows."""
        needed = self._used + len(block)
        if self._array is None:
            self._array = np.empty((max(needed, self._expected), *block.shape[1:]), block.dtype)
        elif needed > len(self._array):
            self._resize(max(needed, len(self._array) * 5 // 4))
        self._array[self._used : needed] = block
        self._used = needed

    def taken(self) -> Column:
        """All rows, in an array of just their size."""
        assert self._array is not None
        self._resize(self._used)
        return self._array

    def _resize(self, rows: int) -> None:
        if self._array is not None and rows != len(self._array):
            self._array.resize((rows, *self._array.shape[1:]), refcheck=False)


def _number(values: Column, kind: type[np.floating]) -> Column:
    with np.errstate(over="ignore", invalid="ignore"):
        found: Column = values.astype(kind)
    return found


def _finite(values: Column) -> Column:
    """The same array with 0 where it is no finite number."""
    found: Column = np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return found


def _scaled(values: Column, limits: tuple[float, float] | None) -> NDArray[np.float32]:
    """In place: a hundred million points have one array of them, not four."""
    level = _finite(values)
    low, full = 0.0, float(level.max(initial=0.0))
    if limits is not None and math.isfinite(limits[1] - limits[0]) and limits[1] > limits[0]:
        low, full = limits[0], limits[1] - limits[0]
    else:
        full = next((scale for scale in _SCALES if full <= scale), full)
    if low:
        level -= np.float32(low)
    level /= np.float32(full)
    return np.clip(level, 0, 1, out=level)


def _seconds(since_first: Column, first: float, second: float | None) -> NDArray[np.float32]:
    values = _finite(since_first.astype(np.float64))
    span = float(np.ptp(values)) if len(values) else 0.0
    if second is None:
        second = 1e9 if span > 1e6 else 1e6 if span > 1e3 else 1.0
    low = float(values.min(initial=0.0))
    shift = -low if abs(first) / second > _ABSOLUTE_S else first
    return _number((values + shift) / second, np.float32)


def _rgb(channels: list[Column]) -> NDArray[np.uint8]:
    both: Column = np.column_stack(channels)
    if both.dtype == np.uint8:
        return both
    wide = _finite(_number(both, np.float64))
    most = wide.max(initial=0.0)
    if np.issubdtype(both.dtype, np.floating) and most <= 1.0:
        wide = wide * 255
    elif most > 255:
        wide = wide / 256
    fitted: Column = np.clip(wide, 0, 255)
    return fitted.astype(np.uint8)


def _unpacked(packed: Column) -> NDArray[np.uint8]:
    """PCL's colour: 0x00RRGGBB in the bits of an unsigned integer or of a float32."""
    if np.issubdtype(packed.dtype, np.floating):
        bits = np.ascontiguousarray(_number(packed, np.float32)).view(np.uint32)
    else:
        bits = packed.astype(np.uint32)
    return np.column_stack([(bits >> shift) & 255 for shift in (16, 8, 0)]).astype(np.uint8)
