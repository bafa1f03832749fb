"""Commands on the selected objects, on remarks and on predictions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint

from plugins.image import changes
from plugins.image.bench import Bench
from plugins.image.scene import Scene
from studio.domain.edit import Edit
from studio.domain.entities import Shape
from widgets.hide_and_lock import HideAndLock
from widgets.image_canvas import ImageCanvas
from widgets.word_entry import WordEntry

Change = Callable[[Scene], Edit | None]


class ObjectCommands:
    """`table` is what the editor runs by name; each says whether it did anything."""

    held = changes.Copied()  # of all editors of this process: what was copied is pasted on the next item

    def __init__(self, bench: Bench, canvas: ImageCanvas) -> None:
        self._bench = bench
        self.looks = HideAndLock(bench)
        self._canvas = canvas
        self._words = WordEntry(canvas)
        self.table: dict[str, Callable[[], bool]] = {
            "image.delete": lambda: self._make(changes.deleted),
            "image.duplicate": lambda: self._make(changes.duplicated, select_new=True),
            "image.copy": self.copy,
            "image.paste": self.paste,
            "image.select_all": self.select_all,
            "image.next": lambda: self.step(1),
            "image.previous": lambda: self.step(-1),
            "image.front": lambda: self._make(lambda scene: changes.restacked(scene, front=True)),
            "image.back_most": lambda: self._make(lambda scene: changes.restacked(scene, front=False)),
            "image.hide": self.looks.turn_hidden,
            "image.lock": self.looks.turn_locked,
            "image.remark": self.remark,
            "image.accept": self.accept,
            "image.accept_all": self.accept_all,
        }

    def _make(self, change: Change, select_new: bool = False) -> bool:
        scene = self._bench.scene
        edit = change(scene) if scene is not None else None
        if edit is None or not self._bench.apply(edit):
            return False
        if select_new:
            made = (new for old, new in edit.changes.values() if old is None)
            self._bench.select(frozenset(entity.id for entity in made if isinstance(entity, Shape)))
        return True

    def copy(self) -> bool:
        scene = self._bench.scene
        held = changes.copied(scene) if scene is not None else changes.Copied()
        if not held.pairs:
            return False
        ObjectCommands.held = held
        self._bench.host.say(f"{len(held.pairs)} copied: paste here or on another picture.")
        return True

    def paste(self) -> bool:
        return self._make(lambda scene: changes.pasted(scene, ObjectCommands.held), select_new=True)

    def select_all(self) -> bool:
        scene = self._bench.scene
        if scene is None:
            return False
        self._bench.select(frozenset(scene.index.keys) - scene.hidden - scene.locked)
        return True

    def step(self, by: int) -> bool:
        """The next object that is shown, close up; round and round."""
        scene = self._bench.scene
        shown = [key for key in scene.index.keys if key not in scene.hidden] if scene is not None else []
        if scene is None or not shown:
            return False
        at = [number for number, key in enumerate(shown) if key in scene.selection]
        here = at[-1 if by > 0 else 0] if at else (-1 if by > 0 else 0)
        key = shown[(here + by) % len(shown)]
        self._bench.select(frozenset({key}))
        if (bounds := scene.index.bounds_of(key)) is not None:
            self._canvas.set_view(self._canvas.view.showing(bounds))
        return True

    def remark(self) -> bool:
        """Ask for words, and pin them to the selected object or to the place under the mouse pointer."""
        scene = self._bench.scene
        if scene is None or self._bench.read_only:
            return False
        at = self._canvas.mouse_in_picture() if not scene.selection else None
        bounds = scene.index.bounds_of(min(scene.selection)) if scene.selection else None
        place = bounds[2:] if bounds is not None else at or (scene.size[0] / 2, scene.size[1] / 2)
        x, y = self._canvas.view.to_screen((place[0], place[1]))
        self._words.ask(
            "Remark on this object" if scene.selection else "Remark on this place",
            QPoint(round(x) + 8, round(y) + 8),
            lambda text: self._make(lambda here: changes.remarked(here, text, at or place)),
        )
        return True

    def accept(self) -> bool:
        """Take over the prediction under the mouse pointer, or the surest one."""
        scene = self._bench.scene
        if scene is None:
            return False
        edit = self._bench.predictions.accepted_one(scene, self._canvas.mouse_in_picture())
        if edit is None:
            self._bench.host.say("Point at a prediction to accept it.")
            return False
        return self._bench.apply(edit)

    def accept_all(self) -> bool:
        scene = self._bench.scene
        edits = self._bench.predictions.accepted_all(scene) if scene is not None else []
        return [self._bench.apply(edit) for edit in edits].count(True) > 0
