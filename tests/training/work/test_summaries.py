"""Summaries and head rows, kept step by step, against the document itself."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Box, Remark, Tag, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, new_id
from studio.domain.wire.projects import ItemQuery
from tests.training.workspace import STREAM, Workspace, furnish, session
from training.node import Node
from training.store import item_search, items, projects
from training.work import documents, reading
from training.work.summaries import change_of, summary_of

KINDS = ("track", "box", "class", "move", "remove", "tag", "remark", "resolve", "undo")


def step(document: Document, history: list[Edit], kind: str, choice: int) -> Edit | None:
    """Some Edit of this kind that may stand on `document`, or None."""
    entities = sorted(document, key=lambda each: each.id)
    tracks = [each for each in entities if isinstance(each, Track)]
    some = entities[choice % len(entities)] if entities else None
    name = ("cell", "debris", "")[choice % 3]
    match kind:
        case "track":
            track = Track(EntityId(new_id()), name)
            box = Box(EntityId(new_id()), track.id, STREAM, 0, (0.0, 0.0, 1.0, 1.0))
            return creation("Draw", track, box)
        case "box" if tracks:
            track = tracks[choice % len(tracks)]
            return creation("Box", Box(EntityId(new_id()), track.id, STREAM, choice, (0.0, 0.0, 1.0, 1.0)))
        case "class" if tracks:
            track = tracks[choice % len(tracks)]
            return change("Class", (track, replace(track, class_name=name)))
        case "move" if isinstance(some, Box) and tracks:
            return change("Move", (some, replace(some, track=tracks[choice % len(tracks)].id)))
        case "remove" if some is not None:
            return deletion("Delete", document, [some.id])
        case "tag":
            return creation("Tag", Tag(EntityId(new_id()), name))
        case "remark":
            return creation("Remark", Remark(EntityId(new_id()), "look", on=some.id if some else None))
        case "resolve" if isinstance(some, Remark):
            return change("Resolve", (some, replace(some, resolved=not some.resolved)))
        case "undo" if history:
            return history[choice % len(history)].inverse()
    return None


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 50)), max_size=30))
def test_adding_up_edits_gives_what_counting_the_document_gives(steps: list[tuple[str, int]]) -> None:
    document, history = Document(), list[Edit]()
    entities = shapes = remarks = 0
    classes: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for kind, choice in steps:
        edit = step(document, history, kind, choice)
        if edit is None:
            continue
        before = Document(document)
        try:
            fitted = document.apply(edit)
        except AtelierError:
            continue
        history.append(fitted)
        added = change_of(fitted, before)
        entities, shapes, remarks = (
            entities + added.entities,
            shapes + added.shapes,
            remarks + added.remarks,
        )
        classes.update(added.classes)
        tags.update(added.tags)
    whole = summary_of(document.entities)
    assert (entities, shapes, remarks) == (whole.entities, whole.shapes, whole.remarks)
    assert +classes == +whole.classes
    assert +tags == +whole.tags
    assert min([*classes.values(), *tags.values()], default=0) >= 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 50)), max_size=25))
def test_the_tables_hold_what_the_document_holds(inside: Node, steps: list[tuple[str, int]]) -> None:
    workspace = _workspace(inside)
    item, author = _fresh_item(inside, workspace), session(workspace.users["ann"]).user
    document, history = Document(), list[Edit]()
    for kind, choice in steps:
        edit = step(document, history, kind, choice)
        if edit is None:
            continue
        with inside.store.write() as tx:
            refused = ""
            try:
                saved = documents.append(inside, tx, reading.live_item(tx, item), edit, author)
            except AtelierError as error:
                refused = error.code
        assert refused == _refusal(document, edit)
        if refused:
            continue
        history.append(document.apply(edit))
        assert saved.edit == history[-1]
    state = reading.read(inside, item)
    assert Document(state.entities) == document
    assert state.revision == len(history)
    whole = summary_of(document.entities)
    with inside.store.read() as tx:
        stored = reading.live_item(tx, item)
        row = items.rows(tx, [item])[0]
        for name in whole.classes:
            _, rows = item_search.page(tx, workspace.project, ItemQuery(classes=(name,), limit=1000))
            assert (item in [each.id for each in rows]) == (whole.classes[name] > 0)
        _assert_counts_are_sums(inside, workspace)
    assert (stored.entities, stored.shapes, stored.remarks) == (whole.entities, whole.shapes, whole.remarks)
    assert dict(row.classes) == dict(+whole.classes)
    assert set(row.tags) == set(+whole.tags)


def _refusal(document: Document, edit: Edit) -> str:
    try:
        Document(document).apply(edit)
    except AtelierError as refused:
        return refused.code
    return ""


_made: dict[int, Workspace] = {}


def _workspace(node: Node) -> Workspace:
    if id(node) not in _made:
        _made.clear()
        _made[id(node)] = furnish(node, 0, ("ann",))
    return _made[id(node)]


def _fresh_item(node: Node, workspace: Workspace) -> ItemId:
    from tests.training.workspace import add_items

    return add_items(node, workspace.project, 1)[0]


def _assert_counts_are_sums(node: Node, workspace: Workspace) -> None:
    with node.store.read() as tx:
        ids = item_search.matching(tx, workspace.project, ItemQuery())
        rows = items.rows(tx, ids)
        classes: Counter[str] = Counter()
        having: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        for row in rows:
            classes.update(dict(row.classes))
            having.update(name for name, _ in row.classes)
            tags.update(row.tags)
        assert projects.counts(tx, workspace.project, "class") == classes
        assert projects.counts(tx, workspace.project, "class_items") == having
        assert projects.counts(tx, workspace.project, "tag") == tags
        assert projects.counts(tx, workspace.project, "state") == Counter(row.state for row in rows)
        assert sum(projects.counts(tx, workspace.project, "remarks").values()) == sum(
            row.remarks for row in rows
        )
