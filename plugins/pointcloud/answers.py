"""The class of new cuboids, and the class and attributes of what is selected."""

from __future__ import annotations

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.bench import SpaceBench
from studio.domain.entities import Track
from studio.domain.values import Value
from widgets.form_fields import fields_of_attributes, stepped
from widgets.side_panel import SidePanel


class Answers:
    """What the class palette, the attribute form and their keys do."""

    def __init__(self, bench: SpaceBench, panel: SidePanel) -> None:
        self._bench = bench
        self._panel = panel
        panel.classes.chosen.connect(self.choose_class)
        panel.form.changed.connect(self.answer)

    def set_class(self, name: str) -> None:
        """The class that new cuboids get; an unknown one leaves it as it is."""
        scene = self._bench.scene
        if scene is not None:
            if scene.ontology.class_type(name) is not None:
                scene.class_name = name
            self._panel.classes.set_current(scene.class_name)

    def choose_class(self, name: str) -> bool:
        """The class of new cuboids, and of the selected tracks."""
        self.set_class(name)
        scene = self._bench.scene
        if scene is not None and scene.selection:
            self._bench.apply(changes.reclassed(scene, name))
        return True

    def class_of_selection(self) -> str:
        """The one class of what is selected, or nothing."""
        scene = self._bench.scene
        names = {scene.class_of(key) for key in scene.selection} if scene is not None else set()
        return names.pop() if len(names) == 1 else ""

    def answer(self, name: str, value: Value | None) -> None:
        """One attribute of the selection."""
        if self._bench.scene is not None:
            self._bench.apply(changes.answered(self._bench.scene, name, value))

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
        """The attributes that all selected tracks have with one value."""
        scene = self._bench.scene
        if scene is None:
            return {}
        held: list[dict[str, Value]] = []
        for key in scene.selection:
            track, here = scene.document.get(key), scene.cuboid_at(key)
            own = dict(track.attributes) if isinstance(track, Track) else {}
            held.append(own | (dict(here.attributes) if here is not None else {}))
        first = held[0] if held else {}
        return {name: value for name, value in first.items() if all(o.get(name) == value for o in held)}

    def show(self) -> None:
        """The form of the selection's class, with its answers; hidden where nothing is asked."""
        scene, name = self._bench.scene, self.class_of_selection()
        asked = scene.ontology.attributes_of(name) if scene is not None and name else ()
        self._panel.show_form(f"Attributes of {scene.title_of_class(name)}" if scene and asked else "")
        if asked:
            self._panel.form.set_fields(fields_of_attributes(asked))
            self._panel.form.set_values(self._shared_values())
            self._panel.form.setEnabled(not self._bench.read_only)
