"""A model's answers as a layer of entities on one item, and that layer as it is stored."""

from msgspec import Struct

from studio.domain import canonical
from studio.domain.entities import AnyEntity
from studio.domain.ids import EntityId, ItemId, ModelId
from studio.domain.wire.evaluation import Prediction
from training.data.sealing import Sealer
from training.store.predictions import StoredPrediction


class _Layer(Struct, frozen=True):
    entities: tuple[AnyEntity, ...]
    scores: tuple[tuple[EntityId, float], ...]


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
