"""Models: registered with their digest, kept as sealed blobs, handed out to whoever may use them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from studio.domain.contracts.training import Described
from studio.domain.ids import ModelId, new_id
from studio.domain.wire.training import Model, Run
from training.data.blobs import seal_blob
from training.runs import artifacts
from training.runs.templates import sight_of
from training.store import models as rows
from training.work.access import missing

if TYPE_CHECKING:
    from training.node import Node
    from training.store.engine import Transaction


class Landed(Struct, frozen=True):
    """A model's files, checked."""

    files: dict[str, bytes]
    description: Described


def landed(folder: Path, template: str) -> Landed:
    """The model that a run of this template left in `folder`. Raises `model.unsound`."""
    description = artifacts.check(folder, sight_of(template).described)
    return Landed({name: (folder / name).read_bytes() for name in artifacts.FILES}, description)


def register(
    node: Node, tx: Transaction, run: Run, found: Landed, metrics: tuple[tuple[str, float], ...]
) -> ModelId:
    """Keep a model's files and name it. Raises `node.disk_full`."""
    model = ModelId(new_id())
    secret = node.keys.project_key(tx, run.project, "blobs")
    sealer = node.keys.project_sealer(tx, run.project)
    sealed = {name: seal_blob(secret, data) for name, data in found.files.items()}
    node.blobs.put(run.project, list(sealed.values()))
    rows.add(
        tx,
        Model(
            id=model,
            project=run.project,
            run=run.id,
            name=run.name,
            template=run.template,
            classes=found.description.classes,
            metrics=metrics,
            digest=artifacts.digest(found.files),
            size=sum(map(len, found.files.values())),
            created_ns=node.clock.now_ns(),
            snapshot=run.snapshot,
        ),
    )
    for name, blob in sealed.items():
        key = sealer.seal(blob.key, _key_data(model, name))
        rows.add_file(tx, model, name, blob.name, key, len(found.files[name]))
    return model


def files(node: Node, model: ModelId) -> dict[str, bytes]:
    """A model's files by name: `model.safetensors`, `model.onnx`, `model.json`.

    Raises `access.missing`, and `seal.broken` where they are not what was registered.
    """
    with node.store.read() as tx:
        held = rows.get(tx, model)
        if held is None:
            raise missing()
        sealer = node.keys.project_sealer(tx, held.project)
        named = rows.files_of(tx, model)
    read = {}
    for name, blob, key, size in named:
        opened = sealer.open(key, _key_data(model, name))
        read[name] = node.blobs.read(held.project, blob, opened, 0, size)
    return read


def _key_data(model: ModelId, name: str) -> bytes:
    return f"model-key:{model}:{name}".encode()
