"""What services were asked becomes items of the pool "Latest online data", each with what it was answered.

The request's id is the item's, so whatever is killed meanwhile, every request comes in once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId, ItemId, is_id, new_id
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.jobs import CHUNK_BYTES, SourceFile
from studio.domain.wire.projects import AssetFacts
from training.data import media
from training.data.blobs import Sealed, seal_blob
from training.data.sealing import KEY_BYTES
from training.data.staging import Staging
from training.data.worker_messages import Orders, Prepared
from training.data.workers import Worker, WorkerDied
from training.evaluation import layers
from training.runs.templates import sight_of_kind
from training.serving.spool import SUFFIX, Asked
from training.store import blobs as blob_rows
from training.store import items as item_rows
from training.store import lineage, predictions
from training.store.engine import Transaction
from training.store.predictions import StoredPrediction
from training.store.services import StoredService
from training.work import audit, items, pools
from training.work.showing import shown

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.services")
_AT_ONCE = 64
_WAIT_S = 1.0  # for more to come, so that a worker is started for many
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/bmp": "bmp"}


def take_in(node: Node, service: StoredService, spool: Path, stop: threading.Event) -> int:
    """Make items of what waits in a service's spool; says how many. A request that is no sound picture is
    dropped with a word in the log.
    """
    made = 0
    while not stop.is_set():
        waiting = _waiting(spool)
        if not waiting or (len(waiting) < _AT_ONCE and time.time() - waiting[0].stat().st_mtime < _WAIT_S):
            return made
        some = waiting[:_AT_ONCE]
        asked = dict(_opened(node, some))
        made += _bring_in(node, service, asked)
        for path in some:
            path.unlink(missing_ok=True)
    return made


def _waiting(spool: Path) -> list[Path]:
    try:
        # ids begin with their time: the oldest come first
        return sorted(path for path in spool.iterdir() if path.suffix == SUFFIX)
    except FileNotFoundError:
        return []


def _opened(node: Node, paths: list[Path]) -> Iterator[tuple[ItemId, Asked]]:
    for path in paths:
        try:
            asked = canonical.decode(node.keys.open_box(path.read_bytes()), Asked)
        except AtelierError as error:
            LOG.warning("a request in the spool is not what a service wrote: %s", error.code)
            continue
        if is_id(asked.answer.request):
            yield ItemId(asked.answer.request), asked


def _bring_in(node: Node, service: StoredService, asked: dict[ItemId, Asked]) -> int:
    with node.store.read() as tx:
        fresh = {item: each for item, each in asked.items() if item_rows.get(tx, item) is None}
        secret = node.keys.project_key(tx, service.project, "blobs")
    if not fresh:
        return 0
    ready: list[tuple[ItemId, Prepared, dict[str, Sealed]]] = []
    for item, prepared in _prepared(node, fresh):
        frame = prepared.frames[0]
        files = {media.original(frame.stream.id, 0): seal_blob(secret, fresh[item].picture)}
        if frame.views:
            files[media.views(frame.stream.id, 0)] = seal_blob(secret, media.packed(frame.views))
        ready.append((item, prepared, files))
    node.blobs.put(service.project, [blob for _, _, files in ready for blob in files.values()])
    with node.store.write() as tx:
        for item, prepared, files in ready:
            _make(node, tx, service, item, prepared, files, fresh[item])
        if ready:
            pools.put(node, tx, service.pool, tuple(item for item, _, _ in ready), "", audit.NODE)
            now_ns = node.clock.now_ns()
            lineage.add(tx, service.project, ("pool", service.pool), ("service", service.id), now_ns)
    return len(ready)


def _make(
    node: Node,
    tx: Transaction,
    service: StoredService,
    item: ItemId,
    prepared: Prepared,
    files: dict[str, Sealed],
    asked: Asked,
) -> None:
    stored = items.create(
        node,
        tx,
        service.project,
        f"online/{service.name}/{item}",
        prepared.streams,
        item=item,
        facts=AssetFacts(source=f"service {service.name}", purpose="online"),
        group_key=f"online {service.id} {asked.group}" if asked.group else "",
    )
    sealer = node.keys.item_sealer(tx, item)
    kind = prepared.frames[0].stream.media_type
    blob_rows.add(
        tx,
        [
            media.blob_row(
                item, service.project, place, blob, kind if place.startswith("original") else "", sealer
            )
            for place, blob in files.items()
        ],
    )
    found = [(each.class_name, each.score, each.xyxy) for each in asked.answer.detections]
    model = asked.answer.model
    seen = sight_of_kind(prepared.streams[0].kind).layer(
        shown(node, item, stored.name, prepared.streams, ()), [(0, found)]
    )
    layer = Prediction(item, model, seen.entities, seen.scores, asked.time_ns)
    data = layers.sealed(layer, sealer)
    row = StoredPrediction(item, model, service.project, len(layer.scores), asked.time_ns, data)
    predictions.add(tx, [row])


def _prepared(node: Node, asked: dict[ItemId, Asked]) -> Iterator[tuple[ItemId, Prepared]]:
    """Each picture checked and prepared by the limited worker; what it dies of is left out."""
    left = dict(asked)
    while left:
        one, key = ImportId(new_id()), os.urandom(KEY_BYTES)
        staging = Staging(node.folder / "staging", one, key)
        sources = {f"{item}.{_ENDINGS.get(each.media_type, 'png')}": item for item, each in left.items()}
        orders = Orders(
            "image_folder",
            plan=False,
            files=tuple(_staged(staging, path, left[item].picture) for path, item in sources.items()),
            staging=str((node.folder / "staging").resolve()),
            import_id=one,
            staging_key=key,
        )
        worker = Worker(orders)
        try:
            for message in worker.messages():
                if isinstance(message, Prepared) and message.item.source in sources:
                    item = sources[message.item.source]
                    del left[item]
                    yield item, message
            return
        except WorkerDied as died:
            LOG.warning("a picture that a service was asked could not be prepared and is dropped")
            if died.source not in sources or left.pop(sources[died.source], None) is None:
                return
        finally:
            worker.close()
            staging.discard()


def _staged(staging: Staging, path: str, picture: bytes) -> SourceFile:
    chunks: list[bytes] = []
    for start in range(0, len(picture), CHUNK_BYTES):
        piece = picture[start : start + CHUNK_BYTES]
        chunk = hashlib.sha256(piece).digest()
        staging.put(chunk, piece)
        chunks.append(chunk)
    return SourceFile(path, len(picture), tuple(chunks))
