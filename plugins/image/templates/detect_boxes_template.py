"""What people choose to train a detector; the recipe itself, `detect_boxes`, is never imported here."""

from studio.domain.contracts.training import TrainingTemplate

TEMPLATE = TrainingTemplate(
    name="detect_boxes",
    title="Detect boxes",
    description="Learns to find objects and their classes from boxes, from scratch, on processors alone.",
    modality="image",
    module="plugins.image.templates.detect_boxes",
    version=1,
)
