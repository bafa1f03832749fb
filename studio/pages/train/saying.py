"""What the Train page says of a run, in words. No Qt."""

import time

from studio.domain.wire.training import Run, Snapshot

STATES = {
    "queued": "Waiting its turn",
    "running": "Training",
    "pausing": "Pausing at the next safe point",
    "paused": "Paused",
    "cancelling": "Stopping",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "refused": "Refused",
}
LIVE = ("queued", "running", "pausing", "cancelling")
CAN_RESUME = ("paused", "failed", "cancelled")
BEST = ("map50", "accuracy")


def title_of(run: Run) -> str:
    """The name that a person gave, or what it is."""
    return run.name or f"{run.template} on {run.snapshot_name}"


def figure_of(run: Run) -> str:
    """The one figure that a list shows, as "mAP@0.5 0.912", or nothing yet."""
    return figure_of_metrics(run.metrics)


def figure_of_metrics(metrics: tuple[tuple[str, float], ...]) -> str:
    """The leading figure of a model or an evaluation, or nothing."""
    held = dict(metrics)
    for name in BEST:
        if name in held:
            return f"{metric_title(name)} {held[name]:.3f}"
    return ""


def metric_title(name: str) -> str:
    """A metric's name as people write it."""
    if name.startswith(("ap50 ", "ap50:")):
        return f"AP@0.5 of {name[5:]}"
    known = {"map50": "mAP@0.5", "map": "mAP@0.5:0.95", "loss": "Loss", "f1": "F1"}
    return known.get(name, name.replace("_", " ").capitalize())


def epoch_of(run: Run) -> str:
    """How far a run is."""
    return f"Epoch {run.epoch} of {run.epochs}" if run.epochs else ""


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 60:
        return f"{value:.0f} s"
    if value < 3600:
        return f"{value // 60:.0f} min {value % 60:02.0f} s"
    return f"{value // 3600:.0f} h {value % 3600 // 60:02.0f} min"


def ago(time_ns: int, now_ns: int | None = None) -> str:
    """How long ago, roughly."""
    past = ((now_ns if now_ns is not None else time.time_ns()) - time_ns) / 1e9
    if past < 45:
        return "just now"
    if past < 5400:
        return f"{max(1, round(past / 60))} min ago"
    if past < 129_600:
        return f"{round(past / 3600)} h ago"
    return f"{round(past / 86_400)} days ago"


def moment(time_ns: int) -> str:
    """The moment itself, for a tooltip."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_ns / 1e9))


def snapshot_line(snapshot: Snapshot) -> str:
    """A snapshot in one line: how many items, in which splits."""
    splits = ", ".join(f"{count:,} {name}" for name, count in snapshot.splits)
    return f"{snapshot.name} · {snapshot.items:,} items ({splits})"


def ontology_line(snapshot: Snapshot) -> str:
    """What a snapshot has of each class."""
    return " · ".join(f"{name} {count:,}" for name, count in snapshot.classes)
