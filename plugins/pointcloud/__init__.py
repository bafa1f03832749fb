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
        "plugins.pointcloud.tools.frustum:FrustumTool",
        "plugins.pointcloud.tools.lane:LaneTool",
        "plugins.pointcloud.tools.paint:PointBrush",
        "plugins.pointcloud.tools.outline:PointLasso",
        "plugins.pointcloud.tools.outline:PointPolygon",
        "plugins.pointcloud.tools.grow:GrowRegion",
        "plugins.pointcloud.tools.paint:GroundBrush",
    ),
    commands=("plugins.pointcloud.commands:COMMANDS",),
    formats=(
        "plugins.pointcloud.formats.argoverse2:Argoverse2",
        "plugins.pointcloud.formats.datumaro3d:Datumaro3d",
        "plugins.pointcloud.formats.kitti_object:KittiObject",
        "plugins.pointcloud.formats.kitti_raw:KittiRaw",
        "plugins.pointcloud.formats.kitti_tracking:KittiTracking",
        "plugins.pointcloud.formats.labelcloud:LabelCloud",
        "plugins.pointcloud.formats.nuscenes:NuScenes",
        "plugins.pointcloud.formats.nuscenes_info:NuScenesInfo",
        "plugins.pointcloud.formats.point_folder:PointFolder",
        "plugins.pointcloud.formats.segments:Segments",
        "plugins.pointcloud.formats.semantic_kitti:SemanticKitti",
        "plugins.pointcloud.formats.supervisely:Supervisely",
        "plugins.pointcloud.formats.sustech:Sustech",
        "plugins.pointcloud.formats.xtreme1:Xtreme1",
    ),
    media="plugins.pointcloud.media:PointMedia",
    clips="plugins.pointcloud.clips:cut",
    crops="plugins.pointcloud.match_crops:SpaceCrops",
    metrics=("plugins.pointcloud.metrics:CuboidDetection",),
)
