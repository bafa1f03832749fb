"""The class of new objects, and the class and attributes of what is selected: palette, form and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from studio.domain.edit import Edit
from studio.domain.ids import EntityId
from studio.domain.ontology import Ontology
from studio.domain.values import Value
from widgets.click_focus import leave_keys
from widgets.form_fields import fields_of_attributes, stepped
from widgets.side_panel import SidePanel


class AnswerScene(Protocol):
    """What is asked of an editor's scene."""

    ontology: Ontology
    class_name: str
    selection: frozenset[EntityId]

    def class_of(self, key: EntityId, /) -> str: ...
    def title_of_class(self, name: str, /) -> str: ...


class AnswerBench(Protocol):
    """What is asked of an editor's bench."""

    read_only: bool

    @property
    def scene(self) -> AnswerScene | None:
        """What is open; None between items."""

    def apply(self, edit: Edit | None) -> bool: ...


class ClassAnswers:
    """What the class palette, the attribute form and their keys do."""

    def __init__(
        self,
        bench: AnswerBench,
        panel: SidePanel,
        *,
        reclassed: Callable[[Any, str], Edit | None],
        answered: Callable[[Any, str, Value | None], Edit | None],
        values_of: Callable[[Any], Iterable[dict[str, Value]]],
    ) -> None:
        """The three are the editor's own, of its scene: two Edits, and each selected thing's attributes."""
        self._bench = bench
        self._panel = panel
        self._reclassed, self._answered, self._values_of = reclassed, answered, values_of
        panel.classes.chosen.connect(self.choose_class)
        panel.form.changed.connect(self.answer)

    def set_class(self, name: str) -> None:
        """The class that new objects get; an unknown one leaves it as it is."""
        scene = self._bench.scene
        if scene is not None:
            if scene.ontology.class_type(name) is not None:
                scene.class_name = name
            self._panel.classes.set_current(scene.class_name)

    def choose_class(self, name: str) -> bool:
        """The class of new objects, and of what is selected."""
        self.set_class(name)
        scene = self._bench.scene
        if scene is not None and scene.selection:
            self._bench.apply(self._reclassed(scene, name))
        return True

    def class_of_selection(self) -> str:
        """The one class of what is selected, or nothing."""
        scene = self._bench.scene
        if scene is None:
            return ""
        one: str | None = None
        for key in scene.selection:
            name = scene.class_of(key)
            if one is not None and name != one:
                return ""  # a second class says it, whatever else is selected
            one = name
        return one or ""

    def answer(self, name: str, value: Value | None) -> None:
        """One attribute of the selection."""
        if self._bench.scene is not None:
            self._bench.apply(self._answered(self._bench.scene, name, value))

    def step(self, name: str) -> bool:
        """An attribute's key: its next answer, or the keyboard into its field."""
        field = next((each for each in self._panel.form.fields if each.name == name), None)
        if field is None:
            return False
        if field.kind in ("text", "choices"):
            self._panel.form.focus(name)
        else:
            self.answer(name, stepped(field, self._shared_values().get(name)))
        return True

    def _shared_values(self) -> dict[str, Value]:
        """The attributes that everything selected has with one value."""
        held = iter(self._values_of(self._bench.scene) if self._bench.scene is not None else ())
        shared = dict(next(held, {}))
        while shared and (other := next(held, None)) is not None:
            shared = {name: value for name, value in shared.items() if other.get(name) == value}
        return shared

    def show(self) -> None:
        """The form of the selection's class, with its answers; hidden where nothing is asked."""
        scene, name = self._bench.scene, self.class_of_selection()
        asked = scene.ontology.attributes_of(name) if scene is not None and name else ()
        self._panel.show_form(f"Attributes of {scene.title_of_class(name)}" if scene and asked else "")
        if asked:
            self._panel.form.set_fields(fields_of_attributes(asked))
            leave_keys(self._panel.form)
            self._panel.form.set_values(self._shared_values())
            self._panel.form.setEnabled(not self._bench.read_only)
