"""A run without a node: the same closed environment, checkpoints and checks, on a folder of labelled data."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.cli.reading import Found as FolderFound
from studio.domain.contracts.formats import Budget, Media, ReadItem
from studio.domain.contracts.plugin import installed_plugins, load_part
from studio.domain.contracts.training import Shown, TrainingTemplate
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import AnyEntity
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.wire.projects import Stream
from training.data.files import make_folder, replace_file
from training.runs import artifacts, shards
from training.runs.attempt import Attempt, State, forget_files
from training.runs.child import new_key
from training.runs.conductor import run_bounds
from training.runs.inside.atelier_wire import Specification
from training.runs.predicting import Found, Looker
from training.runs.shards import Source
from training.runs.spawner import Spawner
from training.runs.templates import algorithm, file_of, sight_of, template_named

_RECORD = "run.json"
_AT_ONCE = 16  # views of one question


class Record(Struct, frozen=True):
    """`run.json`: what made the model beside it."""

    template: str
    algorithm: str
    parameters: bytes
    seed: int
    data: str  # the folder's name
    items: int
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
        written = shards.write(
            folder / "shards", "alone", key, sight_of(template.name), sources(data, items), lambda: False
        )
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
    artifacts.check(attempt.model, sight_of(template.name).described)
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
    """Items of a folder as a run takes them; files are read when they are wanted."""
    tree = FolderTree(data)
    for item in items:
        told = shown(tree, item)
        if told.streams:
            yield Source(told.streams[0].kind, "train", item.group_key or item.source, told)


def shown(tree: FolderTree, item: ReadItem) -> Shown:
    """An item of a folder as models are shown it; streams without any file are left out."""
    there = [media for media in item.media if any(media.paths)]
    files = {media.stream.id: tuple(map(tree.local, media.paths)) for media in there}
    return _shown(item.source, tuple(media.stream for media in there), item.entities, files)


def bare(path: Path, kind: str) -> Shown:
    """A single file as models of this kind of stream are shown it."""
    stream = Stream(StreamId(kind), path.name, kind)  # type: ignore[arg-type]
    return _shown(path.name, (stream,), (), {stream.id: (path,)})


def _shown(
    name: str,
    streams: tuple[Stream, ...],
    entities: tuple[AnyEntity, ...],
    files: Mapping[StreamId, Sequence[Path]],
) -> Shown:
    kinds = {stream.id: stream for stream in streams}
    prepared: dict[tuple[StreamId, int], dict[str, bytes]] = {}

    def original(stream: StreamId, frame: int) -> bytes:
        return _file(files, stream, frame).read_bytes()

    def rendition(stream: StreamId, frame: int, name: str) -> bytes:
        if (stream, frame) not in prepared:
            prepared.clear()  # views are looked at in order: the last frame's are enough
            media = _media(kinds[stream].kind)
            path = _file(files, stream, frame)
            prepared[stream, frame] = dict(media.renditions(path, kinds[stream], Budget()))
        return prepared[stream, frame][name]

    return Shown(name, streams, entities, original, rendition)


def _file(files: Mapping[StreamId, Sequence[Path]], stream: StreamId, frame: int) -> Path:
    paths = files.get(stream, ())
    if frame >= len(paths) or not paths[frame].is_file():
        raise AtelierError("media.missing", f"Frame {frame + 1} of {stream} has no file in this folder.")
    return paths[frame]


def _media(kind: str) -> Media:
    for plugin in installed_plugins():
        if kind in plugin.streams and plugin.media:
            part = load_part(plugin.media)
            media: Media = part() if isinstance(part, type) else part
            return media
    raise AtelierError("media.missing", f"No installed plug-in prepares data of the kind {kind!r}.")


def look(model: Path, views: Iterable[bytes]) -> list[list[Found] | None]:
    """What the model in a folder finds in each view. Raises `model.unreadable`, `sandbox.*`."""
    record = read_record(model)
    artifacts.check(model, sight_of(record.template).described)
    files = {name: (model / name).read_bytes() for name in artifacts.FILES}
    if artifacts.digest(files).hex() != record.digest:
        raise _unreadable(model, "its files are not those that the training wrote")
    spawner = Spawner()
    try:
        looker = Looker(spawner, str(os.getpid()), file_of(template_named(record.template)), files)
        try:
            return [found for some in batched(views, _AT_ONCE) for found in looker.look(some)]
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


def batched(views: Iterable[bytes], count: int) -> Iterator[list[bytes]]:
    """Views, `count` at a time; no more of them are held."""
    left = iter(views)
    while some := list(islice(left, count)):
        yield some


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
