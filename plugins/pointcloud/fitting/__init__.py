"""Cuboids from points, fast enough for a drag: ground, clusters, boxes, and what clicks make of them."""

from plugins.pointcloud.fitting.adjusting import (
    FACES,
    Face,
    drop_to_ground,
    fit_to_points,
    flip_heading,
    snap_face,
)
from plugins.pointcloud.fitting.box import Fit, fit_cuboid
from plugins.pointcloud.fitting.clicks import from_image_box, one_click, three_clicks
from plugins.pointcloud.fitting.clusters import cluster_at
from plugins.pointcloud.fitting.ground import CLEAR_M, Ground, clear_of_ground, ground_of, ground_under

__all__ = [
    "CLEAR_M",
    "FACES",
    "Face",
    "Fit",
    "Ground",
    "clear_of_ground",
    "cluster_at",
    "drop_to_ground",
    "fit_cuboid",
    "fit_to_points",
    "flip_heading",
    "from_image_box",
    "ground_of",
    "ground_under",
    "one_click",
    "snap_face",
    "three_clicks",
]
