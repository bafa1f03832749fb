"""The editors of the installed plug-ins: one a modality, made on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from PySide6.QtWidgets import QWidget

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import Editor, EditorHost
from studio.domain.contracts.plugin import Plugin, installed_plugins, load_part, load_parts
from studio.domain.wire.projects import Item


class Editors:
    """Editors by plug-in. `added(widget, commands, editor)` hears of each that is made."""

    def __init__(
        self, host: EditorHost, parent: QWidget, added: Callable[[QWidget, Sequence[Command], Editor], None]
    ) -> None:
        self._host = host
        self._parent = parent
        self._added = added
        self._made: dict[str, Editor] = {}
        self._plugins: list[Plugin] | None = None

    def editor_for(self, item: Item) -> tuple[Plugin, Editor] | None:
        """The editor that opens an item's first stream, or None where no plug-in has one.

        Raises `plugin.broken`, `plugin.twice`.
        """
        if self._plugins is None:
            self._plugins = installed_plugins()
        kind = item.streams[0].kind if item.streams else ""
        plugin = next((each for each in self._plugins if kind in each.streams and each.editor), None)
        if plugin is None:
            return None
        if plugin.name not in self._made:
            editor: Any = load_part(plugin.editor)(self._host, self._parent)
            self._made[plugin.name] = editor
            self._added(editor, _flat(load_parts(plugin.commands)), editor)
        return plugin, self._made[plugin.name]

    def widget_of(self, editor: Editor) -> QWidget:
        """An editor as the widget that it is."""
        return cast(QWidget, editor)


def _flat(parts: Sequence[object]) -> list[Command]:
    """Commands, where a part may be one or several."""
    found: list[Command] = []
    for part in parts:
        found += [part] if isinstance(part, Command) else list(cast(Sequence[Command], part))
    return found
