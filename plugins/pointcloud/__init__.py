"""The point-cloud modality: driving scenes and surveys, cuboids in them, and cameras beside them."""

from studio.domain.contracts.plugin import Plugin

PLUGIN = Plugin(
    name="pointcloud",
    title="Point clouds",
    streams=("points",),
    media="plugins.pointcloud.media:PointMedia",
    metrics=("plugins.pointcloud.metrics:CuboidDetection",),
)
