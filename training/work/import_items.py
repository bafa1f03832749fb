"""How a prepared item becomes an item of the node: blobs first, then the rows and the Edit that need them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.contracts.formats import Tree
from studio.domain.contracts.reading import as_problem
from studio.domain.contracts.tree import FolderTree
from studio.domain.edit import creation
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, BlobName, ImportId, ItemId, UserId
from training.data import media
from training.data.blobs import Sealed, seal_blob
from training.data.sealing import Sealer
from training.data.staging import StagedTree
from training.data.worker_messages import Bad, Part, Prepared, PreparedFrame
from training.store import blobs as blob_rows
from training.store import imports as rows
from training.store import items as item_rows
from training.store import projects
from training.store.blobs import BlobRow
from training.store.engine import Transaction
from training.work import documents, items
from training.work.imports import OpenedImport

if TYPE_CHECKING:
    from training.node import Node

Group = list[Part | Prepared | Bad]
_WRITE_S = 0.1  # that one transaction keeps the writer from people who save
_PIECE = 1024 * 1024


class ItemMaker:
    """Stores groups of prepared items of one import."""

    def __init__(self, node: Node, opened: OpenedImport, author: UserId) -> None:
        self._node = node
        self._import = opened
        self._project = opened.project
        self._author = author
        self._tree: Tree | None = None
        self._parts = _Parts()

    def size(self, message: Part | Prepared | Bad) -> int:
        """Bytes of the files of an item, and of what was prepared of them."""
        if isinstance(message, Bad):
            return 0
        frames = (message.frame,) if isinstance(message, Part) else message.frames
        files = sum(self._files().size(frame.path) for frame in frames if frame.path)
        return files + sum(len(data) for frame in frames for _, data in frame.views)

    def store(self, group: Group) -> None:
        """Durable when it returns. Several short transactions, since people save meanwhile."""
        with self._node.store.read() as tx:
            secret = self._node.keys.project_key(tx, self._project, "blobs")
        ready: list[tuple[Prepared | Bad, dict[str, Sealed]]] = []
        for message in group:
            if not isinstance(message, Part):
                ready.append(self._sealed(message, secret))
            elif (bad := self._keep_part(message, secret)) is not None:
                ready.append((bad, {}))
        sealed = [each for _, files in ready for each in files.values() if each.data]
        self._node.blobs.put(self._project, sealed)
        sources = [each.item.source for each in group if isinstance(each, Prepared)]
        waiting = iter(ready)
        more = bool(ready)
        while more:
            more = False
            with self._node.store.write() as tx:
                until = time.monotonic() + _WRITE_S
                ontology = projects.ontology(tx, self._project)
                version = ontology.version if ontology else 0
                known = set(item_rows.by_source(tx, self._import.id, sources))
                for message, files in waiting:
                    if isinstance(message, Bad):
                        self._note(tx, message)
                    elif message.item.source not in known:
                        known.add(message.item.source)
                        self._make(tx, message, files, version)
                    if more := time.monotonic() > until:
                        break
                tx.emit("items", self._project)

    def _keep_part(self, part: Part, secret: bytes) -> Bad | None:
        """Write the blobs of one frame at once: a log is larger than what should wait in memory.

        A frame whose file is lost on the way goes without media; the answer names it.
        """
        if part.is_first:
            self._parts = _Parts()
        frame = part.frame
        try:
            files = self._frame_files(frame, secret)
        except (AtelierError, OSError) as error:
            return Bad(as_problem(frame.path, _as_ours(error)))
        self._node.blobs.put(self._project, list(files.values()))
        self._parts.files |= {place: replace(blob, data=b"") for place, blob in files.items()}
        self._parts.frames.append(replace(frame, views=()))
        return None

    def _sealed(self, message: Prepared | Bad, secret: bytes) -> tuple[Prepared | Bad, dict[str, Sealed]]:
        """Place -> blob for everything of an item that the node keeps a copy of.

        A blob that came in a part before is written already, and has no data.
        """
        found: dict[str, Sealed] = {}
        if isinstance(message, Bad):
            return message, found
        for frame in message.frames:
            try:
                found |= self._frame_files(frame, secret)
            except (AtelierError, OSError) as error:
                return _left_out(message, frame.path, error), {}
        for name, content in dict(message.item.blobs).items():
            if hashlib.sha256(content).hexdigest() != name:
                return _left_out(message, message.item.source, _wrong_name()), {}
            found[media.put_by_people(name)] = seal_blob(secret, content)
        if message.in_parts:
            parts, self._parts = self._parts, _Parts()
            found |= parts.files
            message = replace(message, frames=(*parts.frames, *message.frames))
        return message, found

    def _frame_files(self, frame: PreparedFrame, secret: bytes) -> dict[str, Sealed]:
        found: dict[str, Sealed] = {}
        content = self._content(frame)
        if content is not None:
            found[media.original(frame.stream.id, frame.frame)] = seal_blob(secret, content)
        if frame.views:
            place = media.views(frame.stream.id, frame.frame, frame.run)
            found[place] = seal_blob(secret, media.packed(frame.views))
        return found

    def _content(self, frame: PreparedFrame) -> bytes | None:
        """What is copied in; None where the file stays where it lies, or came with the first run."""
        if frame.text is not None:
            return frame.text.encode()
        if self._import.request.adopt or not frame.path:
            return None
        with self._files().open(frame.path) as file:
            return file.read()

    def _files(self) -> Tree:
        if self._tree is None:
            request = self._import.request
            if request.adopt:
                self._tree = FolderTree(self._node.roots.place_of(request.adopt)[1])
            else:
                self._tree = StagedTree(self._import.staging, request.files)
        return self._tree

    def _make(self, tx: Transaction, message: Prepared, files: dict[str, Sealed], version: int) -> None:
        point, mark = tx.connection.begin_nested(), tx.mark()
        try:
            self._make_item(tx, message, files, version)
        except (AtelierError, OSError) as error:
            point.rollback()
            tx.forget_since(mark)
            if isinstance(error, AtelierError) and error.code.startswith(("node.", "store.")):
                raise
            self._note(tx, _left_out(message, message.item.source, error))
        else:
            point.commit()

    def _make_item(self, tx: Transaction, message: Prepared, files: dict[str, Sealed], version: int) -> None:
        read = message.item
        stored = items.create(
            self._node,
            tx,
            self._project,
            read.source,
            message.streams,
            facts=read.facts or self._import.request.facts,
            origin=self._import.id,
            group_key=read.group_key,
            sequence=read.sequence,
            split_hint=read.split[:64],
            ontology_version=version,
            state=read.state,
            carried=items.Carried(read.sidecar, tuple(each.id for each in read.entities)),
        )
        sealer = self._node.keys.item_sealer(tx, stored.id)
        blob_rows.add(tx, list(self._blob_rows(stored.id, message, files, sealer)))
        if not read.entities:
            return
        made_by = f"importer:{self._import.request.format}"
        edit = replace(
            creation("Import", *read.entities, tool="import", made_by=made_by), ontology_version=version
        )
        documents.append(
            self._node,
            tx,
            stored,
            edit,
            self._author,
            # an import's id names its batch as well, so the whole of it can be taken back as one
            batch=BatchId(self._import.id),
            ontology_version=version,
            sealer=sealer,
        )

    def _blob_rows(
        self, item: ItemId, message: Prepared, files: dict[str, Sealed], sealer: Sealer
    ) -> Iterator[BlobRow]:
        for frame in message.frames:
            kind = "text/plain; charset=utf-8" if frame.text is not None else frame.stream.media_type
            place = media.original(frame.stream.id, frame.frame)
            if frame.run == 0 and place in files:
                yield media.blob_row(item, self._project, place, files[place], kind, sealer)
            elif frame.path:
                yield self._adopted(item, place, frame, kind, sealer)
            place = media.views(frame.stream.id, frame.frame, frame.run)
            if place in files:
                yield media.blob_row(item, self._project, place, files[place], "", sealer)
        for name in dict(message.item.blobs):
            place = media.put_by_people(name)
            yield media.blob_row(item, self._project, place, files[place], "", sealer)

    def _adopted(self, item: ItemId, place: str, frame: PreparedFrame, kind: str, sealer: Sealer) -> BlobRow:
        root, folder = self._node.roots.place_of(self._import.request.adopt)
        path = self._node.roots.within(root, folder / frame.path)
        digest = hashlib.sha256()
        with self._files().open(frame.path) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        name = BlobName(digest.hexdigest())
        size = self._files().size(frame.path)
        return media.adopted_row(item, self._project, place, (root, path), name, size, kind, sealer)

    def _note(self, tx: Transaction, bad: Bad) -> None:
        said = canonical.encode(bad.problem)
        key = self._node.keys.token(tx, self._project, hashlib.sha256(said).hexdigest()).hex()
        sealed = self._node.keys.project_sealer(tx, self._project).seal(said, problem_aad(self._import.id))
        rows.add_problem(tx, self._import.id, key, bad.skipped, sealed)


def problem_aad(one: ImportId) -> bytes:
    """What a sealed problem of an import is bound to."""
    return f"import problem {one}".encode()


def _wrong_name() -> AtelierError:
    return AtelierError(
        "blob.wrong_name",
        "A part of this item's labels is not what its name says; the item was left out.",
        hint="Write its label file again, and import it again.",
    )


def _left_out(message: Prepared, path: str, error: Exception) -> Bad:
    return Bad(as_problem(path, _as_ours(error)), message.item.source, skipped=True)


def _as_ours(error: Exception) -> AtelierError:
    if isinstance(error, AtelierError):
        return error
    return AtelierError("media.broken", "The file cannot be read; it was left out.", type(error).__name__)


class _Parts:
    """What came of an item before the item itself: its frames, and where their blobs are."""

    def __init__(self) -> None:
        self.files: dict[str, Sealed] = {}
        self.frames: list[PreparedFrame] = []
