"""What a training template imports, beside libraries: its run, its data, and how to stop it with a reason."""

from atelier_wire import Found, Sample

from atelier_run.data import Samples, Snapshot, picture, points
from atelier_run.run import Model, Run
from atelier_run.stop import Refused

__all__ = ["Run", "Model", "Snapshot", "Samples", "Sample", "Found", "Refused", "picture", "points"]
