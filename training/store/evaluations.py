"""Evaluations, and every single outcome with the verdict that people gave on it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Index, Table, func, select

from studio.domain import canonical
from studio.domain.ids import EvaluationId, ItemId, MatchId, ModelId, ProjectId, UserId
from studio.domain.wire.evaluation import Evaluation, MatchQuery, Outcome, VerdictKind
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

_AT_ONCE = 1000

evaluations = Table(
    "evaluations",
    metadata,
    id_column("id", primary_key=True),
    id_column("project"),
    id_column("model", index=True),
    id_column("state"),
    number_column("created_ns"),
    bytes_column("payload"),  # the Evaluation as it travels: figures, no content
    Index("ix_evaluations_by_project", "project", "created_ns"),
)

matches = Table(
    "matches",
    metadata,
    id_column("evaluation", primary_key=True),
    id_column("id", primary_key=True),
    number_column("rank"),  # 0 is the most certain
    id_column("item", index=True),
    id_column("outcome"),
    text_column("labelled"),
    text_column("predicted"),
    bytes_column("payload"),  # sealed with the item's key: boxes, scores, which label
    id_column("verdict", nullable=True),
    bytes_column("note"),  # sealed
    id_column("judged_by", nullable=True),
    number_column("judged_ns", nullable=True),
    Index("ix_matches_by_rank", "evaluation", "outcome", "rank"),
)


class StoredMatch(Struct, frozen=True):
    """One outcome, its boxes sealed."""

    evaluation: EvaluationId
    id: MatchId
    rank: int
    item: ItemId
    outcome: Outcome
    labelled: str
    predicted: str
    payload: bytes
    verdict: VerdictKind | None = None
    note: bytes = b""
    judged_by: UserId | None = None
    judged_ns: int | None = None


def add(tx: Transaction, evaluation: Evaluation) -> None:
    """Write a new evaluation."""
    row = {
        "id": evaluation.id,
        "project": evaluation.project,
        "model": evaluation.model,
        "state": evaluation.state,
        "created_ns": evaluation.created_ns,
        "payload": canonical.encode(evaluation),
    }
    tx.execute(evaluations.insert(), row)


def put(tx: Transaction, evaluation: Evaluation) -> None:
    """Write what became of it."""
    here = evaluations.c.id == evaluation.id
    data = canonical.encode(evaluation)
    tx.execute(evaluations.update().where(here).values(state=evaluation.state, payload=data))


def get(tx: Transaction, evaluation: str) -> Evaluation | None:
    """The evaluation of this id."""
    chosen = select(evaluations.c.payload).where(evaluations.c.id == evaluation)
    data = tx.execute(chosen).scalar_one_or_none()
    return None if data is None else canonical.decode_lenient(data, Evaluation)


def project_of(tx: Transaction, evaluation: str) -> ProjectId | None:
    """The project of an evaluation."""
    chosen = select(evaluations.c.project).where(evaluations.c.id == evaluation)
    found = tx.execute(chosen).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def of_project(tx: Transaction, project: ProjectId, limit: int = 500) -> list[Evaluation]:
    """A project's evaluations, the newest first."""
    chosen = select(evaluations.c.payload).where(evaluations.c.project == project)
    ordered = chosen.order_by(evaluations.c.created_ns.desc(), evaluations.c.id.desc()).limit(limit)
    return [canonical.decode_lenient(data, Evaluation) for data in tx.execute(ordered).scalars()]


def of_model(tx: Transaction, model: ModelId) -> list[Evaluation]:
    """The evaluations of one model, the newest first."""
    chosen = select(evaluations.c.payload).where(evaluations.c.model == model)
    ordered = chosen.order_by(evaluations.c.created_ns.desc())
    return [canonical.decode_lenient(data, Evaluation) for data in tx.execute(ordered).scalars()]


def put_matches(tx: Transaction, evaluation: EvaluationId, rows: Sequence[StoredMatch]) -> None:
    """Write every outcome of an evaluation, in place of any that are there."""
    tx.execute(matches.delete().where(matches.c.evaluation == evaluation))
    names = StoredMatch.__struct_fields__
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        tx.execute(matches.insert(), [{name: getattr(row, name) for name in names} for row in some])


def find_matches(
    tx: Transaction, evaluation: EvaluationId, query: MatchQuery, limit: int
) -> tuple[int, list[StoredMatch]]:
    """How many outcomes `query` names, and its window of them, the most certain first."""
    chosen = _chosen(evaluation, query)
    total = tx.execute(select(func.count()).select_from(matches).where(*chosen)).scalar_one()
    ordered = (
        select(matches).where(*chosen).order_by(matches.c.rank).offset(max(query.offset, 0)).limit(limit)
    )
    return int(total), [_match(row) for row in tx.execute(ordered)]


def all_matches(tx: Transaction, evaluation: EvaluationId) -> list[StoredMatch]:
    """Every outcome, the most certain first."""
    chosen = select(matches).where(matches.c.evaluation == evaluation).order_by(matches.c.rank)
    return [_match(row) for row in tx.execute(chosen)]


def get_match(tx: Transaction, evaluation: str, match: str) -> StoredMatch | None:
    """One outcome."""
    chosen = select(matches).where(matches.c.evaluation == evaluation, matches.c.id == match)
    row = tx.execute(chosen).one_or_none()
    return None if row is None else _match(row)


def judge(
    tx: Transaction, match: StoredMatch, verdict: VerdictKind, note: bytes, by: UserId, time_ns: int
) -> None:
    """Write a verdict, in place of an earlier one."""
    here = (matches.c.evaluation == match.evaluation) & (matches.c.id == match.id)
    values = {"verdict": verdict, "note": note, "judged_by": by, "judged_ns": time_ns}
    tx.execute(matches.update().where(here).values(values))


def drop_item(tx: Transaction, item: ItemId) -> None:
    """Forget every outcome on an item that is erased; the figures stay."""
    tx.execute(matches.delete().where(matches.c.item == item))


def _chosen(evaluation: EvaluationId, query: MatchQuery) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [matches.c.evaluation == evaluation]
    if query.outcomes:
        chosen.append(matches.c.outcome.in_(query.outcomes))
    if query.class_name:
        chosen.append((matches.c.labelled == query.class_name) | (matches.c.predicted == query.class_name))
    if query.labelled:
        chosen.append(matches.c.labelled == query.labelled)
    if query.predicted:
        chosen.append(matches.c.predicted == query.predicted)
    if query.judged is not None:
        chosen.append(matches.c.verdict.is_not(None) if query.judged else matches.c.verdict.is_(None))
    if query.item is not None:
        chosen.append(matches.c.item == query.item)
    return chosen


def _match(row: Any) -> StoredMatch:
    return StoredMatch(**{name: row._mapping[name] for name in StoredMatch.__struct_fields__})
