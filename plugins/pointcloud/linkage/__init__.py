"""Between pictures and space: cuboids edited inside a camera's picture, colours of points."""

from plugins.pointcloud.linkage.colouring import Overlay, coloured, overlay
from plugins.pointcloud.linkage.solving import (
    BODY,
    Grip,
    grip_place,
    move_grip,
    move_rect,
    seen_from,
    turn_to,
)

__all__ = [
    "BODY",
    "Grip",
    "Overlay",
    "coloured",
    "grip_place",
    "move_grip",
    "move_rect",
    "overlay",
    "seen_from",
    "turn_to",
]
