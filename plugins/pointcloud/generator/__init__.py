"""A generator of driving scenes with exact labels: for tests, benches and a sample workspace."""

from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.classes import ONTOLOGY
from plugins.pointcloud.generator.rig import FAULTS
from plugins.pointcloud.generator.scene import Scene, generate
from plugins.pointcloud.generator.writing import write_scene

__all__ = ["Counts", "FAULTS", "ONTOLOGY", "Scene", "generate", "write_scene"]
