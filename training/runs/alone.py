"""A run without a node: the same closed environment, checkpoints and checks, on a folder of labelled data."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.cli.reading import Found as FolderFound
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.training import TrainingTemplate
from studio.domain.contracts.tree import FolderTree
from studio.domain.errors import AtelierError
from training.data.files import make_folder, replace_file
from training.runs import artifacts, shards
from training.runs.attempt import Attempt, State, forget_files
from training.runs.child import new_key
from training.runs.conductor import run_bounds
from training.runs.inside.atelier_wire import Specification
from training.runs.predicting import Found, Looker
from training.runs.shards import Source
from training.runs.spawner import Spawner
from training.runs.templates import algorithm, file_of, template_named

_RECORD = "run.json"


class Record(Struct, frozen=True):
    """`run.json`: what made the model beside it."""

    template: str
    algorithm: str
    parameters: bytes
    seed: int
    data: str  # the folder's name
    pictures: int
    metrics: dict[str, float]
    cpu_seconds: float
    wall_seconds: float
    digest: str  # SHA-256 over the model's files


class Trained(Struct, frozen=True):
    """What `atelier train` answers. `metrics` are those on validation, where everything was chosen."""

    model: str
    metrics: dict[str, float]
    cpu_seconds: float
    wall_seconds: float
    warnings: tuple[str, ...]


def train(
    template: TrainingTemplate,
    data: Path,
    found: FolderFound,
    parameters: bytes,
    seed: int,
    out: Path,
    say: Callable[[State], None],
) -> Trained:
    """Train on what the folder calls its training part, or on all of it where it names none.

    A seeded fifth of that is held out to choose on; what the folder calls anything else is not touched.
    `parameters` is a JSON object. The model comes to `out`/model. Raises `run.*`, `sandbox.*`, `model.*`.
    """
    began_s, used_s = time.monotonic(), _cpu_s()
    _make_out(out)
    items = training_part(found.items)
    folder = out / "run"
    key = new_key()
    forget_files(folder, keep_checkpoint=False)
    spawner = Spawner()
    try:
        written = shards.write(folder / "shards", "alone", key, sources(data, items), lambda: False)
        assert written is not None, "nobody asked to stop"
        attempt = Attempt(
            spawner,
            folder,
            Specification(
                "train",
                "alone",
                1,
                key,
                template="",
                parameters=parameters,
                seed=seed,
                threads=run_bounds().threads,
            ),
            file_of(template),
            written,
            run_bounds(),
            say,
        )
        ending = attempt.wait()
    finally:
        spawner.close()
    if ending.how != "done":
        raise AtelierError(ending.code or "run.killed", ending.message, ending.detail, ending.hint)
    artifacts.check(attempt.model)
    files = {name: (attempt.model / name).read_bytes() for name in artifacts.FILES}
    metrics = dict(ending.metrics)
    cpu_s = _cpu_s() - used_s + ending.cpu_s
    record = Record(
        template.name,
        algorithm(template),
        parameters,
        seed,
        data.name,
        len(items),
        metrics,
        round(cpu_s, 1),
        round(time.monotonic() - began_s, 1),
        artifacts.digest(files).hex(),
    )
    make_folder(out / "model")
    for name, content in files.items():
        replace_file(out / "model" / name, content)
    replace_file(out / "model" / _RECORD, msgspec.json.encode(record))
    forget_files(folder, keep_checkpoint=False)
    warnings = tuple(f"{each.path}: {each.message}" for each in found.problems)
    return Trained(str(out / "model"), metrics, record.cpu_seconds, record.wall_seconds, warnings)


def training_part(items: Sequence[ReadItem]) -> list[ReadItem]:
    """The items whose split is `train`; all of them where the source names no such part."""
    return [each for each in items if each.split == "train"] or list(items)


def judged_part(items: Sequence[ReadItem]) -> list[ReadItem]:
    """What was kept from training: the items of another split than `train`; all where there is none."""
    return [each for each in items if each.split not in ("", "train")] or list(items)


def sources(data: Path, items: Sequence[ReadItem]) -> Iterator[Source]:
    """Items of a folder as a run takes them; pictures are read when they are wanted."""
    tree = FolderTree(data)
    for item in items:
        path = picture_path(item)
        if path:
            yield Source(
                item.source,
                "train",
                item.group_key or item.source,
                item.entities,
                lambda path=path: tree.local(path).read_bytes(),  # type: ignore[misc]
            )


def picture_path(item: ReadItem) -> str:
    """The path of an item's first picture within its folder; empty where it has none."""
    for media in item.media:
        if media.stream.kind == "image" and any(media.paths):
            return next(path for path in media.paths if path)
    return ""


def look(model: Path, pictures: Sequence[bytes]) -> list[list[Found] | None]:
    """What the model in a folder finds in each picture file. Raises `model.unreadable`, `sandbox.*`."""
    record = read_record(model)
    artifacts.check(model)
    files = {name: (model / name).read_bytes() for name in artifacts.FILES}
    if artifacts.digest(files).hex() != record.digest:
        raise _unreadable(model, "its files are not those that the training wrote")
    spawner = Spawner()
    try:
        looker = Looker(spawner, str(os.getpid()), file_of(template_named(record.template)), files)
        try:
            return [
                found
                for start in range(0, len(pictures), 16)
                for found in looker.look(list(pictures[start : start + 16]))
            ]
        finally:
            looker.close()
    finally:
        spawner.close()


def read_record(model: Path) -> Record:
    """What made the model. Raises `model.unreadable`."""
    try:
        return msgspec.json.decode((model / _RECORD).read_bytes(), type=Record)
    except OSError as error:
        raise _unreadable(model, f"{_RECORD}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(model, f"{_RECORD}: {error}") from error


def _unreadable(model: Path, why: str) -> AtelierError:
    return AtelierError(
        "model.unreadable",
        f"{model} is not a model that can be used.",
        detail=why,
        hint="Name the folder `model` that `atelier train` made, as it made it.",
    )


def _make_out(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise AtelierError(
            "cli.usage",
            f"Nothing can be written to {out}: {error.strerror}.",
            hint="Give --out a folder that you may write to.",
        ) from error


def _cpu_s() -> float:
    """Seconds of processor time of this process; its environments are counted apart."""
    used = os.times()
    return used.user + used.system
