"""How well cuboids are found and followed, and points told apart: the metric `cuboid_detection`."""

from plugins.pointcloud.metrics.detection import CUBOID_DETECTION, CuboidDetection

__all__ = ["CUBOID_DETECTION", "CuboidDetection"]
