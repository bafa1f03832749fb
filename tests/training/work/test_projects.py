"""Labelling templates in versions, lists and their filters, on both databases."""

import pytest
from msgspec.structs import replace

from studio.domain.edit import creation
from studio.domain.entities import Tag
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, UserId, new_id
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire.projects import ItemQuery, NewProject, Stream
from tests.training.workspace import ONTOLOGY, STREAM, Workspace, a_box, furnish, session
from training.node import Node
from training.store import item_search
from training.work import documents, items, projects, reading


@pytest.fixture
def workspace(inside: Node) -> Workspace:
    return furnish(inside, 0, ("ann",))


def test_a_changed_template_is_the_next_version_and_the_old_one_stays(
    inside: Node, workspace: Workspace
) -> None:
    who = session(workspace.users["ann"])
    wider = replace(ONTOLOGY, classes=(*ONTOLOGY.classes, ClassType("virus")))
    assert projects.new_ontology(inside, workspace.project, wider, who).ontology_version == 2
    assert projects.ontology(inside, workspace.project, 1) == ONTOLOGY
    assert projects.ontology(inside, workspace.project, None) == replace(wider, version=2)
    with pytest.raises(AtelierError) as stale:
        projects.new_ontology(inside, workspace.project, wider, who)
    assert stale.value.code == "ontology.stale"


def test_a_template_that_names_a_class_twice_is_refused(inside: Node) -> None:
    wrong = Ontology(classes=(ClassType("cell"), ClassType("cell")))
    with pytest.raises(AtelierError) as malformed:
        projects.create(inside, NewProject("Twice", wrong), session(UserId(new_id())))
    assert malformed.value.code == "ontology.malformed"


@pytest.mark.parametrize("common", [0, 10_000], ids=["classes are common", "classes are rare"])
def test_every_filter_finds_what_going_through_all_items_finds(
    inside: Node, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, common: int
) -> None:
    monkeypatch.setattr(item_search, "_COMMON", common)
    author = workspace.users["ann"]
    for number in range(24):
        name = f"{'Night' if number % 3 else 'day'} 100%_{number:02d}.png"
        picture = (Stream(STREAM, "camera", "image"),)
        with inside.store.write() as tx:
            stored = items.create(
                inside, tx, workspace.project, name, picture, split_hint="val" if number % 4 == 0 else ""
            )
            entities = [each for kind in ("cell", "debris")[: number % 3] for each in a_box(kind)]
            if number % 5 == 0:
                entities.append(Tag(EntityId(new_id()), "blurred"))
            if entities:
                documents.append(inside, tx, stored, creation("Draw", *entities), author)
            fresh = reading.live_item(tx, stored.id)
            items.set_unsure(tx, fresh, number % 7 == 0)
            items.set_state(tx, fresh, "accepted" if number % 2 else "new")
    with inside.store.read() as tx:
        total, everything = item_search.page(tx, workspace.project, ItemQuery(limit=1000))
        assert total == len(everything) == 24
        assert [row.name.casefold() for row in everything] == sorted(
            row.name.casefold() for row in everything
        )
        ids = set(item_search.matching(tx, workspace.project, ItemQuery(split="val")))
        assert len(ids) == 6
        for query, expected in (
            (ItemQuery(text="NIGHT"), lambda row: "night" in row.name.casefold()),
            (ItemQuery(text="0%_1"), lambda row: "0%_1" in row.name),
            (ItemQuery(text="_"), lambda row: "_" in row.name),
            (ItemQuery(classes=("cell",)), lambda row: "cell" in dict(row.classes)),
            (ItemQuery(classes=("cell", "debris")), lambda row: row.classes),
            (ItemQuery(tags=("blurred",)), lambda row: "blurred" in row.tags),
            (ItemQuery(states=("accepted",)), lambda row: row.accepted),
            (ItemQuery(states=("accepted", "new", "new")), lambda row: True),
            (ItemQuery(unsure=True), lambda row: row.unsure),
            (ItemQuery(unsure=False), lambda row: not row.unsure),
            (ItemQuery(split="val"), lambda row: row.id in ids),
            (
                ItemQuery(text="day", classes=("debris",), states=("new",)),
                lambda row: row.name[:3] == "day" and "debris" in dict(row.classes) and not row.accepted,
            ),
        ):
            for order in ("name", "newest", "shapes", "state"):
                asked = replace(query, order=order)
                wanted = {row.id for row in everything if expected(row)}
                total, rows = item_search.page(tx, workspace.project, replace(asked, limit=1000))
                assert {row.id for row in rows} == wanted, asked
                assert total == len(wanted), asked
                windows = [
                    row.id
                    for offset in range(0, 24, 5)
                    for row in item_search.page(
                        tx, workspace.project, replace(asked, offset=offset, limit=5)
                    )[1]
                ]
                assert (
                    windows == [row.id for row in rows] == item_search.matching(tx, workspace.project, asked)
                )
