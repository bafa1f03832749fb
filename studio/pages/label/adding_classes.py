"""Classes that a project lacks, added while one labels: the labelling template's next version."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtWidgets import QInputDialog, QWidget

from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import OntologyVersion, Project
from studio.pages.home.classes import class_types, names_in
from studio.shell.calls import Call, Calls
from studio.shell.page import Desk


def with_classes(known: Ontology, names: list[str]) -> Ontology:
    """The template and a class of each name that it lacks, told apart from those that are there."""
    return replace(known, classes=(*known.classes, *class_types(names, known.classes)))


class AddingClasses:
    """Asks for names, makes the template's next version, and calls `done` once it is there."""

    def __init__(self, desk: Desk, calls: Calls, window: QWidget, done: Callable[[], None]) -> None:
        self._desk = desk
        self._calls = calls
        self._window = window
        self._done = done

    def may(self) -> bool:
        """Whether one may: managers look after a project's template."""
        return self._desk.project is not None and self._desk.may(*routes.MANAGE)

    def ask(self) -> None:
        """For the names, one a line."""
        project = self._desk.project
        if project is None:
            return
        text, chosen = QInputDialog.getMultiLineText(
            self._window, "Add classes", "Classes that the project gets besides, one a line:"
        )
        names = names_in(text)
        if not chosen or not names:
            return
        client = self._desk.client

        def work(_call: Call) -> Project:
            now = client.call(routes.PROJECT, project=project.id).ontology_version
            known = client.call(routes.ONTOLOGY, project=project.id, version=now).ontology
            grown = with_classes(known, names)
            return client.call(routes.NEW_ONTOLOGY, OntologyVersion(grown), project=project.id)

        def made(changed: Project) -> None:
            self._desk.set_project(changed)
            self._done()

        self._calls.start("classes", work, made)
