"""A workspace with labelled pictures, tiny real models and what they saw, made before its node starts."""

import io
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from PIL import Image

from plugins.image.sight import BoxDetector, PictureSight
from studio.domain.contracts.training import Seen
from studio.domain.edit import creation
from studio.domain.entities import AnyEntity, Box
from studio.domain.ids import ItemId, ModelId, ProjectId, RunId, SnapshotId, UserId, new_id
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import ItemQuery, Stream
from studio.domain.wire.training import NewSnapshot, Run
from tests.training.serving.tiny_model import tiny_files
from tests.training.workspace import STREAM, Workspace, a_box, furnish, session
from training.data import media
from training.data.blobs import seal_blob
from training.evaluation import layers
from training.node import Node, assemble
from training.store import blobs, predictions
from training.store import items as item_rows
from training.store.predictions import StoredPrediction
from training.work import documents, items, models, snapshots
from training.work.models import Landed
from training.work.showing import shown

CELLS = tuple((30.0 + 100 * index, 40.0, 90.0 + 100 * index, 110.0) for index in range(3))
EVERYBODY = ("ann", "rita", "sam", "rel", "mia")


class Loop(Struct):
    """What was made. `good` finds every cell, `poor` one or two of three, and some that are not there."""

    workspace: Workspace
    suite_items: list[ItemId]  # their names hold "sealed"
    items: list[ItemId]  # in the snapshot
    snapshot: SnapshotId
    good: ModelId
    poor: ModelId


def loop_workspace(folder: Path, names: tuple[str, ...] = EVERYBODY) -> Loop:
    """As `make_loop`, on a folder that no node runs on."""
    folder.mkdir(parents=True, exist_ok=True)
    node = assemble(folder)
    try:
        return make_loop(node, names)
    finally:
        node.close()


def make_loop(node: Node, names: tuple[str, ...] = EVERYBODY) -> Loop:
    """20 pictures of three cells each, twelve of them to be sealed; two models and their layers on all."""
    workspace = furnish(node, 0, names)
    project = workspace.project
    owner = UserId(new_id())
    sealed = [add_picture(node, project, f"sealed-{number:02}.png", owner) for number in range(12)]
    open_items = [add_picture(node, project, f"open-{number:02}.png", owner) for number in range(8)]
    recipe = NewSnapshot("first", ItemQuery(text="open"), 0.5, fixed=(("open", "validation"),))
    snapshot = snapshots.new_snapshot(node, project, recipe, session(owner, "Founder")).id
    found: list[ModelId] = []
    for name, is_good in (("good", True), ("poor", False)):
        model = add_model(node, project, name, snapshot)
        for number, item in enumerate([*sealed, *open_items]):
            add_layer(node, item, model, seen(is_good, number))
        found.append(model)
    return Loop(workspace, sealed, open_items, snapshot, found[0], found[1])


def seen(is_good: bool, number: int) -> list[Seen]:
    """What a model answers to picture `number`."""
    cells: list[Seen] = [("cell", 0.9 - index / 100, xyxy) for index, xyxy in enumerate(CELLS)]
    if is_good:
        return cells
    confused: Seen = ("debris", 0.92, CELLS[2])
    nowhere: Seen = ("cell", 0.95, (400.0, 300.0, 460.0 + number, 380.0))
    right = cells[:1] if number % 3 == 0 else cells[:2]
    return [*right, nowhere, confused] if number % 2 else [*right, nowhere]


def picture_bytes(seed: int, size: tuple[int, int] = (640, 480)) -> bytes:
    """A PNG of its own: a few broad fields of colour."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 180, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


def add_picture(node: Node, project: ProjectId, name: str, author: UserId) -> ItemId:
    """An accepted item of one picture with three labelled cells."""
    streams = (Stream(STREAM, "camera", "image", width=640, height=480, media_type="image/png"),)
    drawn: list[AnyEntity] = [each for xyxy in CELLS for each in a_box("cell", xyxy)]
    with node.store.write() as tx:
        stored = items.create(node, tx, project, name, streams)
        sealer = node.keys.item_sealer(tx, stored.id)
        content = picture_bytes(int.from_bytes(stored.id.encode()[-4:], "big"))
        blob = seal_blob(node.keys.project_key(tx, project, "blobs"), content)
        node.blobs.put(project, [blob])
        place = media.original(STREAM, 0)
        blobs.add(tx, [media.blob_row(stored.id, project, place, blob, "image/png", sealer)])
        documents.append(node, tx, stored, creation("Draw", *drawn), author, ontology_version=1)
        now = item_rows.get(tx, stored.id)
        assert now is not None
        items.set_state(tx, now, "accepted")
    return stored.id


def add_model(node: Node, project: ProjectId, name: str, snapshot: SnapshotId) -> ModelId:
    """A tiny real detector, registered as a run's would be; the poor one fails on white pictures."""
    files = tiny_files("cell", 0.7 if name == "poor" else 0.9, fragile=name == "poor")
    empty = b"{}"
    files["model.safetensors"] = len(empty).to_bytes(8, "little") + empty
    description = msgspec.json.decode(files["model.json"], type=BoxDetector)
    run = Run(
        RunId(new_id()),
        project,
        name,
        "detect_boxes",
        "detect_boxes@1",
        snapshot,
        "first",
        (),
        0,
        "done",
    )
    with node.store.write() as tx:
        return models.register(node, tx, run, Landed(files, description), (("map50", 0.5),))


def add_layer(node: Node, item: ItemId, model: ModelId, found: list[Seen]) -> None:
    """What `model` sees on `item`, as a prediction job would keep it."""
    with node.store.write() as tx:
        stored = item_rows.get(tx, item)
        assert stored is not None
        told = shown(node, item, stored.name, (Stream(STREAM, "picture", "image"),), ())
        drawn = PictureSight().layer(told, [(0, found)])
        layer = Prediction(item, model, drawn.entities, drawn.scores, node.clock.now_ns())
        data = layers.sealed(layer, node.keys.item_sealer(tx, item))
        row = StoredPrediction(item, model, stored.project, len(layer.scores), layer.made_ns, data)
        predictions.add(tx, [row])


def cell_boxes(entities: tuple[AnyEntity, ...]) -> list[Box]:
    """The boxes among `entities`, from left to right."""
    return sorted((each for each in entities if isinstance(each, Box)), key=lambda box: box.xyxy)
