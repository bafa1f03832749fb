"""What people choose to train a 3-D detector; the recipe itself, `detect_cuboids`, is never imported here."""

from studio.domain.contracts.training import TrainingTemplate

TEMPLATE = TrainingTemplate(
    name="detect_cuboids",
    title="Detect cuboids",
    description="Learns to find objects in sweeps from cuboids, from scratch, on processors or a GPU.",
    modality="pointcloud",
    module="plugins.pointcloud.templates.detect_cuboids",
    version=1,
)
