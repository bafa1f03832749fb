"""What the Train page says of a run, in words. No Qt."""

from collections import Counter
from collections.abc import Sequence

from studio.domain.wire.training import NewSnapshot, Point, Run, Snapshot
from studio.domain.wording import counted

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
_TITLES = {
    "map50": "mAP@0.5",
    "map": "mAP@0.5:0.95",
    "map_distance": "mAP by distance",
    "map_strict": "mAP, strict",
    "mota": "MOTA",
    "idf1": "IDF1",
    "hota": "HOTA",
    "loss": "Loss",
    "f1": "F1",
}


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
    return _TITLES.get(name, name.replace("_", " ").capitalize())


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


def over_epochs(points: Sequence[Point]) -> tuple[float, ...]:
    """Where along the epochs each of a curve's points lies: those of one epoch are spread over it.

    The last epoch may still be under way, so it is taken to hold as many as any before it.
    """
    counts = Counter(point.epoch for point in points)
    fullest = max(counts.values(), default=1)
    seen: Counter[float] = Counter()
    found = []
    for point in points:
        held = fullest if point.epoch == points[-1].epoch else counts[point.epoch]
        found.append(point.epoch + seen[point.epoch] / held)
        seen[point.epoch] += 1
    return tuple(found)


def snapshot_line(snapshot: Snapshot) -> str:
    """A snapshot in one line: how many items, in which splits."""
    splits = ", ".join(f"{count:,} {name}" for name, count in snapshot.splits)
    return f"{snapshot.name} · {counted(snapshot.items, 'item')} ({splits})"


def ontology_line(snapshot: Snapshot) -> str:
    """What a snapshot has of each class."""
    return " · ".join(f"{name} {count:,}" for name, count in snapshot.classes)


def machine_line(recipe: NewSnapshot) -> str:
    """How machine labels were held down; empty where they count like all others."""
    said = []
    if recipe.share_of_machine_labels < 1.0:
        said.append(f"at most {recipe.share_of_machine_labels:.0%} of the items have no others")
    if recipe.weight_of_machine_labels != 1.0:
        said.append(f"each counts {recipe.weight_of_machine_labels:g}")
    return f"Machine labels: {', '.join(said)}" if said else ""
