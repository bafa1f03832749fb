"""Sealed suites: items that answer with aggregates alone, each look counted.

Reviewers seal and may open them, to correct them; to everybody else they are not there. A correction makes
the next version, on which every model that is compared is judged again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ModelId, ProjectId, SuiteId, UserId, new_id
from studio.domain.wire.releases import NewSuite, Suite
from studio.domain.wire.routes import REVIEW
from training.evaluation.gate import check_large_enough
from training.store import item_search, items, suites
from training.store.engine import Transaction
from training.work import audit
from training.work.access import Session, missing

if TYPE_CHECKING:
    from training.node import Node

_LONGEST_NAME = 200


def create(node: Node, project: ProjectId, asked: NewSuite, who: Session) -> Suite:
    """Seal the items of a query; from now on no snapshot takes them. Raises `suite.too_small`,
    `suite.name_taken`.
    """
    name = asked.name.strip()[:_LONGEST_NAME] or "Sealed suite"
    with node.store.write() as tx:
        if any(suite.name == name for suite in suites.of_project(tx, project)):
            raise AtelierError(
                "suite.name_taken",
                f"There is a suite called {name!r} already. Nothing was sealed.",
                hint="Choose another name.",
            )
        wanted = item_search.matching(tx, project, asked.query)
        check_large_enough(len(wanted), suites.labels_by_class(tx, wanted))
        made = Suite(SuiteId(new_id()), project, name, 1, len(wanted), 0, node.clock.now_ns())
        suites.add(tx, made, [(item, _revision(tx, item)) for item in wanted])
        audit.append(node, tx, who.user, "suite.seal", f"{made.id} {len(wanted)}")
        tx.emit("items", project)
    return made


def of_project(node: Node, project: ProjectId) -> tuple[Suite, ...]:
    """A project's suites, the newest first; one whose items were corrected shows its next version."""
    with node.store.read() as tx:
        found = suites.of_project(tx, project)
        stale = [suite.id for suite in found if suites.changed_members(tx, suite.id)]
    if stale:
        with node.store.write() as tx:
            for suite in stale:
                bring_up(node, tx, suite)
            found = suites.of_project(tx, project)
    return tuple(found)


def bring_up(node: Node, tx: Transaction, suite: SuiteId) -> int:
    """The suite's version after every correction so far is taken in."""
    changed = suites.changed_members(tx, suite)
    if changed:
        version = suites.next_version(tx, suite, changed)
        audit.append(node, tx, audit.NODE, "suite.version", f"{suite} {version}")
        return version
    found = suites.get(tx, suite)
    if found is None:
        raise missing()
    return found.version


def look(node: Node, tx: Transaction, suite: SuiteId, version: int, model: ModelId, user: UserId) -> None:
    """Count that `model` is judged on the suite; every try stays on record."""
    suites.add_look(tx, suite, version, model, user, node.clock.now_ns())
    audit.append(node, tx, user, "suite.look", f"{suite} {version} {model}")


def suite_items(tx: Transaction, project: ProjectId) -> set[ItemId]:
    """The items that no snapshot, prediction sheet or evaluation may hold."""
    return suites.items_of_project(tx, project)


def hidden_from(tx: Transaction, item: ItemId, who: Session) -> bool:
    """Whether `item` is sealed and `who` may not open it."""
    if not suites.holds(tx, item):
        return False
    project = items.project_of(tx, item)
    return project is None or not who.roles_in(project) & REVIEW


def check_open(tx: Transaction, item: ItemId, who: Session) -> None:
    """Raise `suite.sealed` where `item` is sealed and `who` may not open it."""
    if hidden_from(tx, item, who):
        raise sealed()


def sealed() -> AtelierError:
    """The answer to somebody who asks for an item that is sealed to them."""
    return AtelierError(
        "suite.sealed",
        "This item is part of a sealed suite, so that models are judged on what nobody trains for.",
        hint="A reviewer can open it, to correct it.",
    )


def _revision(tx: Transaction, item: ItemId) -> int:
    stored = items.get(tx, item)
    return 0 if stored is None else stored.revision
