"""Between pictures and space: boxes edited inside a camera's picture, lines of sight, colours of points."""

from plugins.pointcloud.linkage.colouring import Overlay, coloured, overlay
from plugins.pointcloud.linkage.sightlines import ImageBox, best_camera, frustum_in, image_box, ray_in
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
    "ImageBox",
    "Overlay",
    "best_camera",
    "coloured",
    "frustum_in",
    "grip_place",
    "image_box",
    "move_grip",
    "move_rect",
    "overlay",
    "ray_in",
    "seen_from",
    "turn_to",
]
