"""Saving through a real node."""

from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject
from tests.training.running import RunningNode


def test_a_project_is_made_and_listed(node: RunningNode) -> None:
    owner = node.owner()
    made = owner.call(routes.NEW_PROJECT, NewProject("Cells", Ontology(classes=(ClassType("cell"),))))
    assert [each.id for each in owner.call(routes.PROJECTS).projects] == [made.id]
