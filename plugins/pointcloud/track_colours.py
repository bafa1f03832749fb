"""In which colours tracks are drawn: those of their classes, of their groups, or each in its own. No Qt."""

from __future__ import annotations

import colorsys
from typing import Literal, get_args

from studio.domain.groups import GroupIndex
from studio.domain.ids import EntityId, GroupId

ColourBy = Literal["class", "group", "track"]
WAYS: tuple[ColourBy, ...] = get_args(ColourBy)
ALONE = "#8a94a3"  # of what is in no group
_TURN = 0.618034  # of the circle of hues: what follows each other differs most
_SHADES = ((0.62, 0.95), (0.85, 0.78), (0.42, 0.92))  # saturation and value, in turn


class TrackColours:
    """`groups` is the open item's, kept in step by whoever holds it."""

    def __init__(self) -> None:
        self.by: ColourBy = "class"
        self.groups: GroupIndex | None = None
        self._places: dict[str, int] = {}  # of groups, in the order in which they were met

    def open(self, groups: GroupIndex | None) -> None:
        """Another item, or none."""
        self.groups = groups
        self._places = {each.id: place for place, each in enumerate(groups.groups)} if groups else {}

    def next(self) -> ColourBy:
        """Colour by the next of what there is to colour by."""
        self.by = WAYS[(WAYS.index(self.by) + 1) % len(WAYS)]
        return self.by

    def of_track(self, track: EntityId, time_ns: int) -> str | None:
        """The colour of a track at a time; None: that of its class.

        By group: of the first group that it is in itself. Cost: the groups that it is in.
        """
        if self.by == "track":
            return _colour(self._place_of(track))
        if self.by == "class" or self.groups is None:
            return None
        held = self.groups.memberships(track, time_ns)
        return self.of_group(held[0].group) if held else ALONE

    def of_group(self, group: GroupId) -> str | None:
        """The colour of a group; None where tracks are not coloured by theirs."""
        return _colour(self._place_of(group)) if self.by == "group" else None

    def _place_of(self, key: str) -> int:
        return self._places.setdefault(key, len(self._places))


def _colour(place: int) -> str:
    saturation, value = _SHADES[place // 8 % len(_SHADES)]
    red, green, blue = colorsys.hsv_to_rgb(place * _TURN % 1.0, saturation, value)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"
