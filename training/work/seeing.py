"""Having a model look at items, some at a time, and keeping what it sees as layers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from studio.domain.contracts.training import Seen, Shown, Sight
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.training import Model
from training.evaluation import layers
from training.runs import predicting
from training.runs.templates import sight_of
from training.store import items, predictions
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.store.predictions import StoredPrediction
from training.work import reading
from training.work.items import streams_of
from training.work.running_job import RunningJob
from training.work.showing import original, shown

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.predictions")
_VIEWS_A_STEP = 16  # some two seconds for a small detector on one processor
_UNREADABLE = ("media.", "blob.", "seal.", "item.erased")  # codes: the item is left out, the rest goes on

_Answers = list[tuple[int, list[Seen]]]  # by frame


class Seeing:
    """Within a job: `model` looks at those of `wanted` that it has not seen yet."""

    def __init__(self, job: RunningJob, model: Model, wanted: Sequence[ItemId]) -> None:
        self._job = job
        self._model = model
        self._wanted = wanted
        self._sight = sight_of(model.template)

    def all(self) -> int:
        """Look at everything, in steps that keep what they saw: some short items, or a part of a drive.

        Says of how many items a layer was made.
        """
        frames = _frames_of(self._job.node, self._sight, self._wanted)
        total, done, made = sum(frames.values()), 0, 0
        unit = "items" if total == len(frames) else "frames"
        for some in _handfuls(frames):
            self._job.progress(done, total, f"{self._model.name} looks at the items", unit)
            if frames[some[0]] <= _VIEWS_A_STEP:
                name = f"{self._model.id} {some[0]}"
                made += self._job.step(name, partial(see, self._job.node, self._model, some))
            else:
                made += self._drive(some[0], frames[some[0]], done, total)
            done += sum(frames[item] for item in some)
        self._job.progress(total, total, unit=unit)
        return made

    def _drive(self, item: ItemId, frames: int, done: int, total: int) -> int:
        """One item of many frames: what was seen of each part is recorded, sealed, till all are seen."""
        node, model = self._job.node, self._model
        parts: list[bytes] = []
        for first in range(0, frames, _VIEWS_A_STEP):
            self._job.progress(done + first, total, f"{model.name} looks at a drive", "frames")
            stop = min(first + _VIEWS_A_STEP, frames)
            parts.append(
                self._job.step(f"{model.id} {item} {first}", partial(_part, node, model, item, first, stop))
            )
        return self._job.step(f"{model.id} {item} all", partial(_keep_parts, node, model, item, parts))


def see(node: Node, model: Model, wanted: Sequence[ItemId]) -> int:
    """Make the layers of `model` that `wanted` lack; says how many.

    Items of another kind of data are left out, and those whose files cannot be read.
    """
    sight = sight_of(model.template)
    looked = _fresh(node, model, sight, wanted)
    told = {stored.id: _shown(node, stored) for stored in looked}
    seen = _look(node, model, sight, [(told[each.id], each.id, 0, _length(told[each.id])) for each in looked])
    return _keep(node, model, sight, [(each, told[each.id], seen[each.id]) for each in looked])


def _part(node: Node, model: Model, item: ItemId, first: int, stop: int) -> bytes:
    """What `model` sees of some frames of an item, sealed; empty where its layer is there already."""
    sight = sight_of(model.template)
    looked = _fresh(node, model, sight, [item])
    if not looked:
        return b""
    seen = _look(node, model, sight, [(_shown(node, looked[0]), item, first, stop)])
    with node.store.read() as tx:
        return node.keys.item_sealer(tx, item).seal(msgspec.msgpack.encode(seen[item]), _aad(item, model))


def _keep_parts(node: Node, model: Model, item: ItemId, parts: Sequence[bytes]) -> int:
    sight = sight_of(model.template)
    looked = _fresh(node, model, sight, [item])
    if not looked:
        return 0
    with node.store.read() as tx:
        sealer = node.keys.item_sealer(tx, item)
    seen: _Answers = []
    for part in parts:
        seen += msgspec.msgpack.decode(sealer.open(part, _aad(item, model)), type=_Answers) if part else []
    return _keep(node, model, sight, [(looked[0], _shown(node, looked[0]), seen)])


def _look(
    node: Node, model: Model, sight: Sight, wanted: Sequence[tuple[Shown, ItemId, int, int]]
) -> dict[ItemId, _Answers]:
    """What is seen of each item from one frame to another; view by view, so that none is in memory whole."""
    places: list[tuple[ItemId, int]] = []

    def views() -> Iterator[bytes]:
        for told, item, first, stop in wanted:
            try:
                for frame, data in sight.views(told, first, stop):
                    places.append((item, frame))
                    yield data
            except AtelierError as error:
                if not error.code.startswith(_UNREADABLE):
                    raise
                LOG.warning("item %s, frames %d to %d, was left out: %s", item, first, stop, error.code)

    seen: dict[ItemId, _Answers] = {item: [] for _, item, _, _ in wanted}
    found = predicting.predict(node, model.id, views())
    for (item, frame), answer in zip(places, found, strict=True):
        if answer is None:
            LOG.warning("frame %d of item %s was left out: the model cannot decode it", frame, item)
        else:
            seen[item].append((frame, [(each.class_name, each.score, each.shape) for each in answer]))
    return seen


def _keep(node: Node, model: Model, sight: Sight, seen: Sequence[tuple[StoredItem, Shown, _Answers]]) -> int:
    """Write the layers of the items of which anything was looked at."""
    looked = [each for each in seen if each[2]]
    if not looked:
        return 0
    with node.store.write() as tx:
        sealers = node.keys.item_sealers(tx, [stored.id for stored, _, _ in looked])
        made_ns = node.clock.now_ns()
        rows = []
        for stored, told, answers in looked:
            drawn = sight.layer(told, answers)
            layer = Prediction(stored.id, model.id, drawn.entities, drawn.scores, made_ns)
            data = layers.sealed(layer, sealers[stored.id])
            rows.append(
                StoredPrediction(stored.id, model.id, stored.project, len(drawn.scores), made_ns, data)
            )
        return predictions.add(tx, rows)


def picture_of(node: Node, stored: StoredItem) -> bytes | None:
    """An item's picture as its file's bytes; None, with a word in the log, where it cannot be read."""
    try:
        return original(node, stored.id, stored.stream, 0)
    except AtelierError as error:
        if not error.code.startswith(_UNREADABLE):
            raise
        LOG.warning("item %s was left out: %s", stored.id, error.code)
        return None


def _fresh(node: Node, model: Model, sight: Sight, wanted: Sequence[ItemId]) -> list[StoredItem]:
    """Those of `wanted` that such a model looks at and this one has not seen."""
    with node.store.read() as tx:
        known = predictions.get(tx, model.id, wanted)
        found = [_item(tx, item) for item in wanted if item not in known]
    return [each for each in found if each is not None and each.kind in sight.kinds]


def _frames_of(node: Node, sight: Sight, wanted: Sequence[ItemId]) -> dict[ItemId, int]:
    """How many frames each item has of what such a model looks at; those that it does not look at have none.

    From what never changes, so that a job that goes on has the same steps.
    """
    found: dict[ItemId, int] = {}
    for item in wanted:
        with node.store.read() as tx:
            stored = _item(tx, item)
            if stored is None or stored.kind not in sight.kinds:
                found[item] = 0
            else:
                found[item] = max(1, streams_of(stored, node.keys.item_sealer(tx, item))[0].frames)
    return found


def _handfuls(frames: Mapping[ItemId, int]) -> Iterator[list[ItemId]]:
    """Items together whose frames a step can look at; one that has more by itself."""
    waiting: list[ItemId] = []
    held = 0
    for item, count in frames.items():
        if waiting and held + count > _VIEWS_A_STEP:
            yield waiting
            waiting, held = [], 0
        waiting.append(item)
        held += max(1, count)
    if waiting:
        yield waiting


def _length(told: Shown) -> int:
    return max(1, told.streams[0].frames)


def _shown(node: Node, stored: StoredItem) -> Shown:
    with node.store.read() as tx:
        streams = streams_of(stored, node.keys.item_sealer(tx, stored.id))
        entities = reading.read_in(node, tx, stored.id).entities
    return shown(node, stored.id, stored.name, streams, entities)


def _item(tx: Transaction, item: ItemId) -> StoredItem | None:
    stored = items.get(tx, item)
    return None if stored is None or stored.erased else stored


def _aad(item: ItemId, model: Model) -> bytes:
    return f"seeing {item} {model.id}".encode()
