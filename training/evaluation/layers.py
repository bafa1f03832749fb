"""A model's answers as a layer of entities on one item, and that layer as it is stored."""

from collections.abc import Sequence

from msgspec import Struct

from studio.domain import canonical
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, ItemId, ModelId, StreamId, new_id
from studio.domain.wire.evaluation import Prediction
from training.data.sealing import Sealer
from training.store.predictions import StoredPrediction

MOST_SHAPES = 1_000  # of one picture; a model that sees more is not to be believed

Found = tuple[str, float, Rect]  # class, score, xyxy in pixels of the full-size picture


class _Layer(Struct, frozen=True):
    entities: tuple[AnyEntity, ...]
    scores: tuple[tuple[EntityId, float], ...]


def layer_of(
    item: ItemId, model: ModelId, stream: StreamId, found: Sequence[Found], made_ns: int
) -> Prediction:
    """One track with one box for everything found, the most certain first; at most `MOST_SHAPES`."""
    ranked = sorted(found, key=lambda each: -each[1])[:MOST_SHAPES]
    entities: list[AnyEntity] = []
    scores: list[tuple[EntityId, float]] = []
    for class_name, score, xyxy in ranked:
        track = Track(EntityId(new_id()), class_name)
        box = Box(EntityId(new_id()), track.id, stream, 0, xyxy)
        entities += (track, box)
        scores.append((box.id, score))
    return Prediction(item, model, tuple(entities), tuple(scores), made_ns)


def sealed(prediction: Prediction, sealer: Sealer) -> bytes:
    """The stored form of a layer."""
    layer = _Layer(prediction.entities, prediction.scores)
    return sealer.seal(canonical.encode(layer), _aad(prediction.item, prediction.model))


def opened(stored: StoredPrediction, sealer: Sealer) -> Prediction:
    """A layer as it travels. Raises `seal.broken`."""
    data = sealer.open(stored.payload, _aad(stored.item, stored.model))
    layer = canonical.decode_lenient(data, _Layer)
    return Prediction(stored.item, stored.model, layer.entities, layer.scores, stored.made_ns)


def _aad(item: ItemId, model: ModelId) -> bytes:
    return f"prediction {item} {model}".encode()
