"""The image modality: pictures, boxes and polygons on them, their formats, and training of detectors."""

from studio.domain.contracts.plugin import Plugin

PLUGIN = Plugin(
    name="image",
    title="Images",
    streams=("image",),
    editor="plugins.image.editor:ImageEditor",
    tools=(
        "plugins.image.tools.select:SelectTool",
        "plugins.image.tools.box:BoxTool",
        "plugins.image.tools.polygon:PolygonTool",
    ),
    commands=("plugins.image.commands:COMMANDS",),
    formats=(
        "plugins.image.formats.pascal_voc:PascalVoc",
        "plugins.image.formats.coco:Coco",
        "plugins.image.formats.own_json:OwnJson",
        "plugins.image.formats.openlabel:OpenLabel",
        "plugins.image.formats.image_folder:ImageFolder",
    ),
    media="plugins.image.media:ImageMedia",
    metrics=("plugins.image.metrics:BoxDetection",),
    templates=("plugins.image.templates.detect_boxes_template:TEMPLATE",),
    sight="plugins.image.sight:PictureSight",
    predictor="plugins.image.predictor:open_detector",
)
