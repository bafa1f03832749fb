"""Writing what leaves: one archive by a format, sealed until it is fetched."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from studio.domain.contracts.formats import Format, WriteItem
from studio.domain.entities import AnyEntity
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId
from studio.domain.ontology import Ontology
from studio.domain.wire.projects import Item, ItemQuery
from training.data import media
from training.data.frozen import entities_at
from training.data.sealed_file import SealedWriter
from training.data.sealing import KEY_BYTES
from training.data.worker import find_format
from training.store import item_search, projects, snapshots, suites
from training.store import items as item_rows
from training.store import keys as key_rows
from training.store.airlock import StoredRequest
from training.store.engine import Transaction
from training.work import items
from training.work.running_job import RunningJob

if TYPE_CHECKING:
    from training.node import Node

_POINTS_SUFFIXES = {  # that `mimetypes` does not know, or not everywhere
    "application/ply": ".ply",
    "application/vnd.apache.arrow.file": ".feather",
    "application/vnd.las": ".las",
    "application/vnd.laszip": ".laz",
    "application/vnd.laszip+copc": ".laz",
    "application/x-lidar-sweep": ".bin",
    "application/x-npy": ".npy",
    "application/x-npz": ".npz",
    "application/x-pcd": ".pcd",
    "model/e57": ".e57",
}


class Archive(Struct, frozen=True):
    """What was written: what it could not hold, and how to open and check it."""

    loss: tuple[str, ...]
    sealed_key: bytes
    size: int
    digest: bytes


class _Chosen(Struct, frozen=True):
    """One item to be written: at which revision, and on which side of the split."""

    item: ItemId
    revision: int
    split: str


def writer_of(name: str) -> Format:
    """The installed format of this name, if it writes. Raises `export.unknown_format`."""
    try:
        found = find_format(name)
    except AtelierError as error:
        raise _cannot_write(name) from error
    if not found.can_write:
        raise _cannot_write(name)
    return found


def export_file(node: Node, request: str) -> Path:
    """Where the sealed archive of a request waits."""
    return node.folder / "exports" / request


def export_key(node: Node, tx: Transaction, stored: StoredRequest) -> bytes:
    """The key of a request's archive."""
    return node.keys.project_sealer(tx, stored.project).open(stored.key, _aad(stored.id))


def write_archive(job: RunningJob, stored: StoredRequest) -> Archive:
    """Write the archive of a request from the beginning. A job that was interrupted writes it again.

    Items of sealed suites never leave. Raises `node.disk_full`.
    """
    node = job.node
    key = os.urandom(KEY_BYTES)
    with node.store.read() as tx:
        chosen, version = _chosen(tx, stored)
        ontology = projects.ontology(tx, stored.project, version or None) or Ontology()
        sealed_key = node.keys.project_sealer(tx, stored.project).seal(key, _aad(stored.id))
    hashing = _Hashing(SealedWriter(export_file(node, stored.id), key, stored.id))
    try:
        # the zip file is written straight through: nothing of it ever lies readable on a disk
        with zipfile.ZipFile(hashing, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
            writing = _Writing(job, chosen, archive, with_media=stored.export.with_media)
            losses = writer_of(stored.export.format).write(writing.items(), ontology, writing)
    except BaseException:
        hashing.sealed.abandon()
        raise
    hashing.sealed.close()
    said = tuple(f"{each.count:,} x {each.what}: {each.how}".rstrip(": ") for each in losses)
    return Archive(said, sealed_key, hashing.sealed.size, hashing.digest.digest())


class _Hashing:
    """The sealed file as something that a zip file can be written to."""

    def __init__(self, sealed: SealedWriter) -> None:
        self.sealed = sealed
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self.sealed.write(bytes(data))

    def flush(self) -> None:
        """Nothing waits here."""


class _Writing:
    """Hands items to a format, and takes the files that it writes."""

    def __init__(
        self, job: RunningJob, chosen: list[_Chosen], archive: zipfile.ZipFile, *, with_media: bool
    ) -> None:
        self._job = job
        self._chosen = chosen
        self._archive = archive
        self._with_media = with_media
        self._names: set[str] = set()

    def write(self, path: str, data: bytes) -> None:
        """One file. Names are data: a path that would lead out of the archive is refused."""
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or any(part == ".." or "\0" in part for part in parts):
            raise AtelierError(
                "export.bad_name",
                f"The name {path[:200]!r} would lead out of the folder; nothing left.",
                hint="Rename the item and try again.",
            )
        self._archive.writestr(zipfile.ZipInfo("/".join(parts)), data, zipfile.ZIP_DEFLATED)

    def items(self) -> Iterator[WriteItem]:
        """The chosen items, one at a time; each is a safe point of the job."""
        for done, each in enumerate(self._chosen):
            self._job.check_stop()
            self._job.progress(done, len(self._chosen), "Writing")
            if (written := self._item(each)) is not None:
                yield written
        self._job.progress(len(self._chosen), len(self._chosen), "Writing")

    def _item(self, chosen: _Chosen) -> WriteItem | None:
        node = self._job.node
        with node.store.read() as tx:
            if key_rows.destroyed(tx, [chosen.item]):
                return None
            item = items.read_in(node, tx, chosen.item)
            sealer = node.keys.item_sealer(tx, chosen.item)
            entities = entities_at(tx, chosen.item, chosen.revision, item.revision, sealer)
            carried = items.carried_of(tx, chosen.item, sealer)
        name, paths = self._with_files(item)
        entities = _in_order(entities, carried.order)
        blob = partial(self._blob, item.id)
        return WriteItem(name, item.streams, entities, paths, chosen.split, carried.sidecar, blob)

    def _blob(self, item: ItemId, name: str) -> bytes:
        with self._job.node.store.read() as tx:
            source = self._job.node.media.find(tx, item, media.put_by_people(name))
        return self._job.node.media.read(source)

    def _with_files(self, item: Item) -> tuple[str, tuple[tuple[str, ...], ...]]:
        node, name = self._job.node, self._free_name(item.name)
        paths: list[tuple[str, ...]] = []
        for stream in item.streams:
            of_stream: list[str] = []
            for frame in range(stream.frames):
                path = (
                    name if len(item.streams) == stream.frames == 1 else _frame_path(name, stream.name, frame)
                )
                with node.store.read() as tx:
                    try:
                        source = node.media.find(tx, item.id, media.original(stream.id, frame))
                    except AtelierError:
                        of_stream.append("")  # a scene may name sensors whose data never came in
                        continue
                of_stream.append(_with_suffix(path, stream.media_type))
                if self._with_media:
                    self.write(of_stream[-1], node.media.read(source))
            paths.append(tuple(of_stream) if any(of_stream) else ())
        return name, tuple(paths)

    def _free_name(self, name: str) -> str:
        free, number = name, 2
        while free in self._names:
            stem, dot, suffix = name.rpartition(".")
            free = f"{stem} ({number}).{suffix}" if dot else f"{name} ({number})"
            number += 1
        self._names.add(free)
        return free


def _chosen(tx: Transaction, stored: StoredRequest) -> tuple[list[_Chosen], int]:
    """What leaves, and under which version of the ontology it was frozen (0: the newest)."""
    sealed = suites.items_of_project(tx, stored.project)
    if stored.export.snapshot is not None:
        snapshot = snapshots.get(tx, stored.export.snapshot)
        frozen = snapshots.frozen(tx, stored.export.snapshot)
        chosen = [_Chosen(each.item, each.revision, each.split) for each in frozen if each.item not in sealed]
        return chosen, snapshot.ontology_version if snapshot else 0
    found = item_rows.several(tx, item_search.matching(tx, stored.project, ItemQuery()))
    labelled = [
        each for each in found if (each.revision or each.state == "accepted") and each.id not in sealed
    ]
    return [_Chosen(each.id, each.revision, each.split_hint) for each in labelled], 0


def _in_order(entities: tuple[AnyEntity, ...], order: tuple[EntityId, ...]) -> tuple[AnyEntity, ...]:
    """As their file had them, and behind them what was made since."""
    places = {key: place for place, key in enumerate(order)}
    return tuple(sorted(entities, key=lambda each: places.get(each.id, len(places))))


def _frame_path(name: str, stream: str, frame: int) -> str:
    safe = "".join(each if each.isalnum() or each in "-_." else "_" for each in stream)
    return f"{name}.media/{safe}/{frame:06}"


def _with_suffix(path: str, media_type: str) -> str:
    if PurePosixPath(path).suffix or not media_type:
        return path
    said = media_type.partition(";")[0]
    return path + (_POINTS_SUFFIXES.get(said) or mimetypes.guess_extension(said) or "")


def _aad(request: str) -> bytes:
    return f"export key {request}".encode()


def _cannot_write(name: str) -> AtelierError:
    return AtelierError(
        "export.unknown_format",
        f"The node has no format {name!r} to write.",
        hint="Choose another format, or install its plug-in on the node.",
    )
