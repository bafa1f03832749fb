"""Routes of snapshots."""

from studio.domain.ids import ProjectId
from studio.domain.wire.session import Empty
from studio.domain.wire.training import NewSnapshot, Snapshot, Snapshots
from training.api.call import Call, Handler
from training.work import snapshots


def of_project(call: Call[Empty]) -> Snapshots:
    """A project's snapshots, newest first."""
    return Snapshots(snapshots.of_project(call.node, ProjectId(call.ids["project"])))


def new_snapshot(call: Call[NewSnapshot]) -> Snapshot:
    """Freeze what a recipe finds."""
    return snapshots.new_snapshot(call.node, ProjectId(call.ids["project"]), call.body, call.who)


HANDLERS: dict[str, Handler] = {"snapshots": of_project, "new_snapshot": new_snapshot}
