"""How well boxes are found: the metric `box_detection`."""

from plugins.image.metrics.detection import BOX_DETECTION, BoxDetection

__all__ = ["BOX_DETECTION", "BoxDetection"]
