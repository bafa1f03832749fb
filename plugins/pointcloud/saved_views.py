"""Views that a person has kept under names: from where, how close, what is cut away, how points are coloured.

No Qt. They are the person's, for one project: a text among their settings.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from widgets.cloud.drawn import Look
from widgets.cloud.space_view import Side, SpaceView

SETTING = "pointcloud.views"
MOST = 30  # of one person in one project


class SavedView(Struct, frozen=True):
    """One of them. Poses are in the ego frame; what belongs to one item alone is not kept of the look."""

    name: str
    poses: dict[Side, SpaceView]
    look: Look


def saved(name: str, poses: dict[Side, SpaceView], look: Look) -> SavedView:
    """What is seen now, under a name; the points that stand out are those of what is selected now."""
    return SavedView(name.strip(), dict(poses), replace(look, lit=None))


def with_view(views: Iterable[SavedView], view: SavedView) -> tuple[SavedView, ...]:
    """One more, in the place of an earlier one of its name; of too many the first goes."""
    held = list(views)
    at = next((number for number, each in enumerate(held) if each.name == view.name), len(held))
    held[at : at + 1] = [view]
    return tuple(held[-MOST:])


def without_view(views: Iterable[SavedView], name: str) -> tuple[SavedView, ...]:
    """All but that of a name."""
    return tuple(each for each in views if each.name != name)


def looked_at(view: SavedView, now: Look) -> Look:
    """Its look, with what the scene lights up now."""
    return replace(view.look, lit=now.lit, palette=now.palette)


def encoded(views: Iterable[SavedView]) -> str:
    return msgspec.json.encode(list(views)).decode()


def decoded(text: str) -> tuple[SavedView, ...]:
    """None where the text is not of this version: views are quickly made again."""
    try:
        return tuple(msgspec.json.decode(text, type=list[SavedView])) if text else ()
    except msgspec.DecodeError:
        return ()
