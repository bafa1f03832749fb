"""What lineage names, and to whom. That its arrows close the loop is tried on a real node, where models are
trained."""

import pytest

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, StreamId, UserId, new_id
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire.projects import ItemQuery, NewProject, Stream
from studio.domain.wire.releases import NewSuite
from studio.domain.wire.session import Role
from tests.training.loop_workspace import make_loop
from training.node import Node
from training.work import items, lineage, pools, projects, suites
from training.work.access import Session

OWNER = Session(UserId(new_id()), "Olga", True, b"", 2**62, {}, everything=True)


def somebody(project: ProjectId, *roles: Role) -> Session:
    """A person with these roles in `project` alone."""
    return Session(UserId(new_id()), "Sam", False, b"", 2**62, {project: frozenset(roles)})


def gathered(node: Node, project: ProjectId, held: list[ItemId]) -> str:
    """The pool of bad cases with these items in it."""
    with node.store.write() as tx:
        pool = pools.ensure(node, tx, project, "bad_cases")
        pools.put(node, tx, pool.id, tuple(held), "", OWNER.user)
    return pool.id


def test_a_pool_names_its_first_items_and_counts_all(inside: Node) -> None:
    project = projects.create(inside, NewProject("Cells", Ontology(classes=(ClassType("cell"),))), OWNER).id
    stream = (Stream(StreamId("image"), "image", "image", width=8, height=8),)
    with inside.store.write() as tx:
        made = [items.create(inside, tx, project, f"{number:03}", stream).id for number in range(60)]
    pool = gathered(inside, project, made)
    found = lineage.of(inside, project, "pool", pool, OWNER).used_in
    assert [each.kind for each in found] == ["items"] + ["item"] * lineage.MOST_ITEMS
    assert (found[0].id, found[0].title) == (pool, "60 items")
    (back,) = lineage.of(inside, project, "item", found[1].id, OWNER).made_from
    assert (back.kind, back.id, back.title) == ("pool", pool, "Bad cases")


def test_sealed_items_are_named_to_those_alone_who_may_open_them(inside: Node) -> None:
    loop = make_loop(inside, ())
    project = loop.workspace.project
    scientist, reviewer = somebody(project, "scientist"), somebody(project, "reviewer")
    suites.create(inside, project, NewSuite("sealed", ItemQuery(text="sealed")), reviewer)
    pool = gathered(inside, project, [*loop.suite_items, *loop.items])

    def named(who: Session) -> set[str]:
        return {e.id for e in lineage.of(inside, project, "pool", pool, who).used_in if e.kind == "item"}

    assert named(scientist) == set(loop.items)
    assert named(reviewer) == {*loop.items, *loop.suite_items}
    with pytest.raises(AtelierError) as refused:
        lineage.of(inside, project, "item", loop.suite_items[0], scientist)
    assert refused.value.code == "suite.sealed"
    assert lineage.of(inside, project, "item", loop.suite_items[0], reviewer).of.title == "sealed-00.png"


def test_what_is_not_in_the_project_is_missing(inside: Node) -> None:
    loop = make_loop(inside, ())
    with pytest.raises(AtelierError) as refused:
        lineage.of(inside, loop.workspace.other, "model", loop.good, OWNER)
    assert refused.value.code == "access.missing"
