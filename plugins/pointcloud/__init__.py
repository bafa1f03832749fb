"""The point-cloud modality: driving scenes and surveys, cuboids in them, and cameras beside them."""

from studio.domain.contracts.plugin import Plugin

PLUGIN = Plugin(
    name="pointcloud",
    title="Point clouds",
    streams=("points",),
    editor="plugins.pointcloud.editor:PointCloudEditor",
    tools=(
        "plugins.pointcloud.tools.select:SelectSpaceTool",
        "plugins.pointcloud.tools.draw:DrawCuboidTool",
        "plugins.pointcloud.tools.click:OneClickTool",
        "plugins.pointcloud.tools.three:ThreeClicksTool",
    ),
    commands=("plugins.pointcloud.commands:COMMANDS",),
    media="plugins.pointcloud.media:PointMedia",
    metrics=("plugins.pointcloud.metrics:CuboidDetection",),
)
