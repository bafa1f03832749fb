"""Models: what a run made, with the digest that releases are bound to."""

from typing import Any

from sqlalchemy import Table, select

from studio.domain import canonical
from studio.domain.ids import BlobName, ModelId, ProjectId, RunId, SnapshotId
from studio.domain.wire.training import Model
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

models = Table(
    "models",
    metadata,
    id_column("id", primary_key=True),
    id_column("project", index=True),
    id_column("run", index=True),
    text_column("name"),
    id_column("template"),
    bytes_column("classes"),
    bytes_column("metrics"),
    bytes_column("digest"),
    number_column("size"),
    number_column("created_ns"),
    id_column("snapshot"),
)

files = Table(
    "model_files",
    metadata,
    id_column("model", primary_key=True),
    id_column("name", primary_key=True),
    id_column("blob", index=True),
    bytes_column("key"),  # of the blob, sealed with the project's
    number_column("size"),
)


def add(tx: Transaction, model: Model) -> None:
    """Keep a new model."""
    tx.execute(
        models.insert(),
        {
            "id": model.id,
            "project": model.project,
            "run": model.run,
            "name": model.name,
            "template": model.template,
            "classes": canonical.encode(model.classes),
            "metrics": canonical.encode(model.metrics),
            "digest": model.digest,
            "size": model.size,
            "created_ns": model.created_ns,
            "snapshot": model.snapshot,
        },
    )


def add_file(tx: Transaction, model: ModelId, name: str, blob: BlobName, key: bytes, size: int) -> None:
    """Name one of the model's blobs. `key` is sealed."""
    tx.execute(files.insert(), {"model": model, "name": name, "blob": blob, "key": key, "size": size})


def get(tx: Transaction, model: ModelId) -> Model | None:
    """A model as the wire says it; whether it is in service is another room's to say."""
    row = tx.execute(select(models).where(models.c.id == model)).one_or_none()
    return None if row is None else _model(row)


def of_project(tx: Transaction, project: ProjectId, limit: int = 500) -> list[Model]:
    """A project's models, newest first."""
    chosen = select(models).where(models.c.project == project)
    newest = chosen.order_by(models.c.created_ns.desc(), models.c.id.desc()).limit(limit)
    return [_model(row) for row in tx.execute(newest)]


def project_of(tx: Transaction, model: str) -> ProjectId | None:
    """Which project a model belongs to."""
    found = tx.execute(select(models.c.project).where(models.c.id == model)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def files_of(tx: Transaction, model: ModelId) -> list[tuple[str, BlobName, bytes, int]]:
    """(name, blob, sealed key, size) of each of the model's files."""
    chosen = select(files.c.name, files.c.blob, files.c.key, files.c.size).where(files.c.model == model)
    return [(row[0], BlobName(row[1]), row[2], row[3]) for row in tx.execute(chosen.order_by(files.c.name))]


def blobs_in_use(tx: Transaction) -> list[tuple[ProjectId, BlobName]]:
    """Every blob that a model is made of."""
    joined = files.join(models, files.c.model == models.c.id)
    found = tx.execute(select(models.c.project, files.c.blob).select_from(joined).distinct())
    return [(ProjectId(project), BlobName(blob)) for project, blob in found]


def _model(row: Any) -> Model:
    return Model(
        id=ModelId(row.id),
        project=ProjectId(row.project),
        run=RunId(row.run),
        name=row.name,
        template=row.template,
        classes=canonical.decode_lenient(row.classes, tuple[str, ...]),
        metrics=canonical.decode_lenient(row.metrics, tuple[tuple[str, float], ...]),
        digest=row.digest,
        size=row.size,
        created_ns=row.created_ns,
        snapshot=SnapshotId(row.snapshot),
    )
