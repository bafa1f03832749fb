"""A cloud as it is held in memory: grows as pieces come, knows what was changed since it was last sent."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from studio.domain.space import Floats
from widgets.cloud.drawn import FIELDS, CloudLayer

Places = NDArray[np.intp]


class HeldCloud:
    """The arrays of one cloud. Each is kept with room for the points that will come."""

    def __init__(self, layer: CloudLayer) -> None:
        self.key = layer.key
        self.pose = layer.pose
        self.visible = layer.visible
        self.color = layer.color
        self.point_size = layer.point_size
        self._given = layer
        self._count = 0
        room = max(layer.expected, len(layer.xyz))
        self._xyz = np.empty((room, 3), np.float32)
        self._fields: dict[str, NDArray[np.generic]] = {
            name: np.zeros(_shape(name, room), FIELDS[name]) for name in layer.fields
        }
        self.unsent: dict[str, tuple[int, int]] = {}  # what was changed since it was last sent: from, to
        self.append(layer.xyz, layer.fields)

    def __len__(self) -> int:
        return self._count

    @property
    def room(self) -> int:
        """Points that the arrays have place for."""
        return len(self._xyz)

    @property
    def xyz(self) -> NDArray[np.float32]:
        """(N, 3) own axes."""
        return self._xyz[: self._count]

    @property
    def fields(self) -> list[str]:
        return list(self._fields)

    def field(self, name: str) -> NDArray[np.generic] | None:
        """(N,) or, for rgb, (N, 4); None where the cloud has none."""
        held = self._fields.get(name)
        return None if held is None else held[: self._count]

    def is_of(self, layer: CloudLayer) -> bool:
        """Whether it was made of these very arrays, and nothing was added since."""
        given = self._given
        same = all(
            layer.fields.get(name) is given.fields.get(name) for name in {*layer.fields, *given.fields}
        )
        return layer.xyz is given.xyz and same and self._count == len(layer.xyz)

    def append(self, xyz: NDArray[np.float32], fields: Mapping[str, NDArray[np.generic]]) -> None:
        """More points; a field that is missing is 0 for them."""
        start, stop = self._count, self._count + len(xyz)
        if stop > self.room:
            self._grow(max(stop, self.room * 3 // 2))
        self._xyz[start:stop] = xyz
        # whole rows, so that a place of which one number is infinite is simply nowhere
        self._xyz[start:stop][~np.isfinite(self._xyz[start:stop]).all(axis=1)] = np.nan
        for name, held in self._fields.items():
            if name in fields:
                part = held[start:stop] if name != "rgb" else held[start:stop, :3]
                part[...] = fields[name]
        self._count = stop

    def _grow(self, room: int) -> None:
        self._xyz = np.concatenate([self._xyz, np.empty((room - self.room, 3), np.float32)])
        for name, held in self._fields.items():
            more: NDArray[np.generic] = np.zeros(_shape(name, room - len(held)), FIELDS[name])
            self._fields[name] = np.concatenate([held, more])

    def put(
        self, name: str, values: NDArray[np.generic] | int, places: NDArray[np.integer] | slice
    ) -> Places:
        """Change a field; returns the places where it really differs from before."""
        if name not in self._fields:
            self._fields[name] = np.zeros(_shape(name, self.room), FIELDS[name])
        held = self._fields[name][: self._count]
        if isinstance(places, slice):
            part = held[places]
            new = np.broadcast_to(np.asarray(values, held.dtype), part.shape)
            start, _, step = places.indices(self._count)
            changed = np.flatnonzero(_differs(part, new)) * step + start
            part[...] = new
        else:
            chosen = np.asarray(places, np.intp)
            new = np.broadcast_to(np.asarray(values, held.dtype), held[chosen].shape)
            changed = chosen[_differs(held[chosen], new)]
            held[chosen] = new
        if len(changed):
            low, high = int(changed.min()), int(changed.max()) + 1
            before = self.unsent.get(name, (low, high))
            self.unsent[name] = min(before[0], low), max(before[1], high)
        return changed

    def placed(self, part: slice | Places) -> Floats:
        """(n, 3) float64 points in the scene."""
        moved: Floats = self.xyz[part].astype(np.float64) @ self.pose[:3, :3].T + self.pose[:3, 3]
        return moved


def _differs(before: NDArray[np.generic], after: NDArray[np.generic]) -> NDArray[np.bool_]:
    """(n,) which points have another value."""
    found: NDArray[np.bool_] = before != after
    return found if found.ndim == 1 else found.any(axis=1)


def _shape(name: str, count: int) -> tuple[int, ...]:
    return (count, 4) if name == "rgb" else (count,)
