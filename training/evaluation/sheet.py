"""The sheet of outcomes: how one is stored, sealed with its item's key, and read again."""

from collections.abc import Callable

from msgspec import Struct

from studio.domain import canonical
from studio.domain.contracts.training import Judged
from studio.domain.entities import AnyEntity
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, EvaluationId, ItemId, MatchId, StreamId
from studio.domain.wire.evaluation import Match, Placement, Prediction
from studio.domain.wire.projects import Stream
from training.data.sealing import Sealer
from training.store.evaluations import StoredMatch
from training.store.items import StoredItem


class _Seen(Struct, frozen=True):
    """The part of an outcome that says something of the item's content."""

    stream: StreamId
    frame: int
    score: float
    iou: float
    label: EntityId | None
    label_xyxy: Rect | None
    predicted_xyxy: Rect | None
    revision: int
    label_cuboid: Placement | None = None
    predicted_cuboid: Placement | None = None


def judged(
    stored: StoredItem,
    streams: tuple[Stream, ...],
    revision: int,
    labels: tuple[AnyEntity, ...],
    layer: Prediction,
    rendition: Callable[[StreamId, int, str], bytes] | None = None,
) -> Judged:
    """One item as a metric takes it."""
    return Judged(
        item=stored.id,
        name=stored.name,
        labels=labels,
        predictions=layer.entities,
        scores=layer.scores,
        revision=revision,
        width=stored.width,
        height=stored.height,
        stream=stored.stream,
        streams=streams,
        rendition=rendition,
    )


def stored(evaluation: EvaluationId, rank: int, match: Match, sealer: Sealer) -> StoredMatch:
    """An outcome as it is kept."""
    seen = _Seen(
        match.stream,
        match.frame,
        match.score,
        match.iou,
        match.label,
        match.label_xyxy,
        match.predicted_xyxy,
        match.revision,
        match.label_cuboid,
        match.predicted_cuboid,
    )
    return StoredMatch(
        evaluation=evaluation,
        id=match.id,
        rank=rank,
        item=match.item,
        outcome=match.outcome,
        labelled=match.labelled,
        predicted=match.predicted,
        payload=sealer.seal(canonical.encode(seen), _aad(match.item, match.id, "seen")),
    )


def opened(row: StoredMatch, item: StoredItem, sealer: Sealer) -> Match:
    """An outcome as it travels. Raises `seal.broken`."""
    seen = canonical.decode_lenient(sealer.open(row.payload, _aad(row.item, row.id, "seen")), _Seen)
    note = sealer.open(row.note, _aad(row.item, row.id, "note")).decode() if row.note else ""
    return Match(
        id=row.id,
        item=row.item,
        item_name=item.name,
        stream=seen.stream,
        frame=seen.frame,
        outcome=row.outcome,
        score=seen.score,
        iou=seen.iou,
        label=seen.label,
        labelled=row.labelled,
        predicted=row.predicted,
        label_xyxy=seen.label_xyxy,
        predicted_xyxy=seen.predicted_xyxy,
        verdict=row.verdict,
        verdict_note=note,
        revision=seen.revision,
        width=item.width,
        height=item.height,
        corrected=item.revision > seen.revision,
        label_cuboid=seen.label_cuboid,
        predicted_cuboid=seen.predicted_cuboid,
    )


def sealed_note(note: str, row: StoredMatch, sealer: Sealer) -> bytes:
    """What was said with a verdict, sealed; empty where nothing was."""
    return sealer.seal(note.encode(), _aad(row.item, row.id, "note")) if note else b""


def _aad(item: ItemId, match: MatchId, what: str) -> bytes:
    return f"match {what} {item} {match}".encode()
