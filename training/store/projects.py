"""Projects, the versions of their ontologies, and the counts that filters and charts show."""

from collections.abc import Mapping

from sqlalchemy import Table, select, text

from studio.domain import canonical
from studio.domain.ids import ProjectId
from studio.domain.ontology import Ontology
from studio.domain.wire.projects import Project
from training.store.engine import Transaction
from training.store.prepared import Prepared
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

projects = Table(
    "projects",
    metadata,
    id_column("id", primary_key=True),
    text_column("name"),
    text_column("description"),
    number_column("ontology_version"),
    number_column("created_ns"),
)

ontologies = Table(
    "ontologies",
    metadata,
    id_column("project", primary_key=True),
    number_column("version", primary_key=True, autoincrement=False),
    bytes_column("ontology"),
)

# what -> name -> count, kept in step with every change: `state` of items, `class` and `class_items` (shapes,
# and items with any), `tag` (items), `unsure` and `remarks` under an empty name
project_counts = Table(
    "project_counts",
    metadata,
    id_column("project", primary_key=True),
    id_column("what", primary_key=True),
    text_column("name", primary_key=True),
    number_column("count"),
)


# as text, which is prepared once: every save runs it
_COUNT = Prepared(
    text(
        "INSERT INTO project_counts (project, what, name, count) VALUES (:project, :what, :name, :by) "
        "ON CONFLICT (project, what, name) DO UPDATE SET count = project_counts.count + excluded.count"
    )
)


def add(tx: Transaction, project: Project, ontology: Ontology) -> None:
    """Write a new project with the first version of its ontology."""
    tx.execute(
        projects.insert(),
        {
            "id": project.id,
            "name": project.name,
            "description": project.description,
            "ontology_version": ontology.version,
            "created_ns": project.created_ns,
        },
    )
    _put_ontology(tx, project.id, ontology)


def add_ontology(tx: Transaction, project: ProjectId, ontology: Ontology) -> None:
    """Write the next version and make it the project's."""
    _put_ontology(tx, project, ontology)
    tx.execute(projects.update().where(projects.c.id == project).values(ontology_version=ontology.version))


def get(tx: Transaction, project: ProjectId) -> Project | None:
    """The project of this id, with its counts."""
    found = several(tx, [project])
    return found[0] if found else None


def several(tx: Transaction, ids: list[ProjectId] | None) -> list[Project]:
    """These projects, or all, by name."""
    wanted = select(projects).order_by(projects.c.name, projects.c.id)
    if ids is not None:
        wanted = wanted.where(projects.c.id.in_(ids))
    return [
        Project(
            id=ProjectId(row.id),
            name=row.name,
            ontology_version=row.ontology_version,
            created_ns=row.created_ns,
            items=sum(states.values()),
            accepted=states.get("accepted", 0),
            description=row.description,
        )
        for row in tx.execute(wanted)
        for states in [counts(tx, ProjectId(row.id), "state")]
    ]


def exists(tx: Transaction, project: str) -> ProjectId | None:
    """The id, where there is such a project."""
    found = tx.execute(select(projects.c.id).where(projects.c.id == project)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def ontology(tx: Transaction, project: ProjectId, version: int | None = None) -> Ontology | None:
    """One version of a project's ontology; the newest where none is named."""
    wanted = select(ontologies.c.ontology).where(ontologies.c.project == project)
    if version is not None:
        wanted = wanted.where(ontologies.c.version == version)
    data = tx.execute(wanted.order_by(ontologies.c.version.desc()).limit(1)).scalar_one_or_none()
    return None if data is None else canonical.decode_lenient(data, Ontology)


def counts(tx: Transaction, project: ProjectId, what: str) -> dict[str, int]:
    """The counts of one kind by name; zeros are left out."""
    wanted = select(project_counts.c.name, project_counts.c.count).where(
        project_counts.c.project == project, project_counts.c.what == what, project_counts.c.count != 0
    )
    return {row[0]: row[1] for row in tx.execute(wanted.order_by(project_counts.c.name))}


def count(tx: Transaction, project: ProjectId, changes: Mapping[tuple[str, str], int]) -> None:
    """Add to counts: (what, name) -> by how much."""
    for (what, name), by in changes.items():
        if not by:
            continue
        tx.execute(_COUNT, {"project": project, "what": what, "name": name, "by": by})


def _put_ontology(tx: Transaction, project: ProjectId, ontology: Ontology) -> None:
    tx.execute(
        ontologies.insert(),
        {"project": project, "version": ontology.version, "ontology": canonical.encode(ontology)},
    )
