"""What an editor is handed: ways to apply an Edit, to select, to get media, to say, to keep a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from studio.domain.contracts.editing import Neighbour
from studio.domain.edit import Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, OperationId, StreamId
from studio.pages.label.computing import Computing
from studio.pages.label.opening import Opened
from studio.shell.calls import Calls
from studio.shell.page import Desk

if TYPE_CHECKING:
    from studio.client import ActivityClock

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})


class Host(QObject):
    """The EditorHost of one Label page. `opened` is the item that Edits go to, None between items."""

    selected = Signal(object)  # frozenset of EntityId

    def __init__(self, desk: Desk, calls: Calls, parent: QObject) -> None:
        super().__init__(parent)
        self.desk = desk
        self._calls = calls
        self.opened: Opened | None = None
        self.selection: frozenset[EntityId] = frozenset()
        self.clock: ActivityClock | None = None
        self.may_change: Callable[[], bool] = lambda: True  # asked before each Edit
        self._computing = Computing(self)

    def apply(self, edit: Edit, blobs: Mapping[str, bytes] = NO_BLOBS) -> bool:
        """Apply, journal and send an Edit; whether it stood. A refusal is shown, nothing of it is applied.

        blobs: by SHA-256, what its tiles name and the node has not.
        """
        opened = self.opened
        if opened is None or not edit or not self.may_change() or opened is not self.opened:
            return False
        active_s = self.clock.take() if self.clock is not None else 0.0
        stamped = replace(edit, ontology_version=opened.ontology.version, active_s=active_s)
        try:
            opened.document.apply(stamped, blobs=blobs)
        except AtelierError as error:
            self.desk.show_error(error)
            return False
        return True

    def blob(self, name: str, done: Callable[[bytes], None]) -> None:
        """Fetch what a tile names; `done` gets it on the GUI thread, b"" where it is nowhere."""
        if self.opened is None:
            return
        session, item = self.desk.session, self.opened.item.id

        def failed(error: AtelierError) -> None:
            if error.code != "media.missing":
                self.desk.show_error(error)
            done(b"")

        self._calls.start(("blob", item, name), lambda _call: session.blob(item, name), done, failed)

    def compute(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Carry out work beside the GUI thread, in the order asked; `settle` waits for it."""
        self._computing.add(work, done)

    def settle(self) -> None:
        """Have done what is computed: before an undo, and before the item is left."""
        self._computing.settle()

    def select(self, ids: frozenset[EntityId]) -> None:
        """Select exactly these entities."""
        if ids != self.selection:
            self.selection = ids
            self.selected.emit(ids)

    def resolve(self, conflict: str, way: Literal["mine", "theirs", "both"]) -> None:
        """Decide a conflict of the open item; where the choice does not stand, it stays in the tray."""
        if self.opened is not None:
            try:
                self.opened.document.resolve(OperationId(conflict), way)
            except AtelierError as error:
                self.desk.show_error(error)

    def media(self, stream: StreamId, frame: int, rendition: str, done: Callable[[bytes], None]) -> None:
        """Fetch a rendition in the background; `done` gets its bytes on the GUI thread, b"" of no file."""
        if self.opened is None:
            return
        session, item = self.desk.session, self.opened.item.id
        self._calls.start(
            ("media", item, stream, frame, rendition),
            lambda _call: session.media(item, stream, frame, rendition),
            done,
            lambda error: done(b"") if error.code == "media.missing" else self.desk.show_error(error),
        )

    def beside(self, by: int, done: Callable[[Neighbour | None], None]) -> None:
        """Fetch the item after (1) or before (-1) the open one in its sequence, in the background."""
        if self.opened is None:
            return
        session, item = self.desk.session, self.opened.item

        def failed(error: AtelierError) -> None:
            self.desk.show_error(error)
            done(None)

        self._calls.start(("beside", item.id, by), lambda _call: session.beside(item, by), done, failed)

    def say(self, text: str) -> None:
        """A short line in the status bar."""
        self.desk.say(text)

    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None:
        """Journal an unfinished gesture; None when it has ended."""
        if self.opened is not None and not self.opened.document.read_only:
            self.opened.document.keep_draft(tool, title, state)

    def setting(self, name: str, *, here: bool = False) -> str:
        """A text of the person's for this project, or of this machine's; empty for none."""
        if here:
            return self.desk.settings.local(f"editor/{name}")
        return self.desk.settings.get(self._of_project(name))

    def keep_setting(self, name: str, text: str, *, here: bool = False) -> None:
        """Keep such a text."""
        if here:
            self.desk.settings.keep_local(f"editor/{name}", text)
        else:
            self.desk.settings.keep(self._of_project(name), text)

    def _of_project(self, name: str) -> str:
        project = self.desk.project
        return f"editor/{name}/{project.id if project is not None else ''}"

    def leave(self) -> None:
        """No item is open: what is still on its way is not wanted any more."""
        self.opened = None
        self.selection = frozenset()
        self._calls.cancel_all()
