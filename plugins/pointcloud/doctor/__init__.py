"""The calibration doctor: finds what is wrong with a camera's calibration, and moves it to where it fits."""

from plugins.pointcloud.doctor.diagnosis import Diagnosis, diagnose, moved_px
from plugins.pointcloud.doctor.edges import Outlines, Prepared, View, edge_score, outlines_of, prepared
from plugins.pointcloud.doctor.faults import Kind, Suspect, suspects
from plugins.pointcloud.doctor.refining import WAYS, Refined, Told, Way, nudge, nudged, refine

__all__ = [
    "WAYS",
    "Diagnosis",
    "Kind",
    "Outlines",
    "Prepared",
    "Refined",
    "Suspect",
    "Told",
    "View",
    "Way",
    "diagnose",
    "edge_score",
    "moved_px",
    "nudge",
    "nudged",
    "outlines_of",
    "prepared",
    "refine",
    "suspects",
]
