"""What can be done on the Data page, declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.domain.contracts.command import Command
from studio.domain.wire.routes import SCIENCE, SEE_SCIENCE
from studio.pages.batches import show_batches_of_project

if TYPE_CHECKING:
    from studio.pages.data.page import DataPage

Act = Callable[["DataPage"], Any]
Ask = Callable[["DataPage"], bool]


def _command(name: str, title: str, run: Act, when: Ask, menu: str, text: str, *keys: str) -> Command:
    return Command(name, title, run, keys=keys, menu=menu, scope="data", help=text, when=when)


def _some(page: DataPage) -> bool:
    return bool(page.source.total)


def _chosen(page: DataPage) -> bool:
    return bool(page.chosen())


def data_commands() -> tuple[Command, ...]:
    """In the order of their menus."""
    return (
        _command("data.open", "Open in Label", lambda p: p.open_chosen(), _chosen, "Item",
                 "Label the selected items, in this order", "Ctrl+Return"),
        _command("data.sequence", "Show the whole sequence", lambda p: p.show_sequence(),
                 lambda p: bool(p.sequence_chosen()), "Item",
                 "The clips of the drive that the selected item is one of, in their order", "Ctrl+Shift+E"),
        _command("data.tasks", "Make tasks of all shown …", lambda p: p.make_tasks(),
                 lambda p: _some(p) and p.desk.may("manager"), "Task",
                 "One labelling task for every item that the filters show and that has none"),
        _command("data.snapshot", "Snapshot of all shown …", lambda p: p.snapshot(),
                 lambda p: _some(p) and p.desk.may("scientist", "manager"), "Tools",
                 "Freeze what the filters show, to train on it"),
        _command("data.suite", "Seal all shown as a suite …", lambda p: p.seal(),
                 lambda p: _some(p) and p.desk.may("reviewer", "manager"), "Tools",
                 "From then on these items answer only with aggregates; nothing is trained on them"),
        _command("data.predict", "Predictions on all shown …", lambda p: p.predict(),
                 lambda p: _some(p) and p.desk.may(*SCIENCE), "Tools",
                 "Have a model look at what the filters show, and accept what it finds from a score on",
                 "Ctrl+Shift+M"),
        _command("data.export", "Export …", lambda p: p.export(),
                 lambda p: p.desk.may("scientist", "manager"), "File",
                 "Ask to take labelled data out, through the airlock", "Ctrl+E"),
        _command("data.lineage", "Lineage", lambda p: p.show_lineage(),
                 lambda p: p.desk.may(*SEE_SCIENCE) and (_chosen(p) or p.filters.held() is not None), "Item",
                 "What the selected item, or the shown snapshot or pool, was made from and used in",
                 "Ctrl+Shift+L"),
        _command("data.batches", "Batches …", lambda p: show_batches_of_project(p.desk, p),
                 lambda p: p.desk.project is not None and p.desk.may("manager"), "Item",
                 "What was made at once, an import or accepted predictions; take one back as a whole"),
        _command("data.erase", "Erase …", lambda p: p.erase(),
                 lambda p: _chosen(p) and p.desk.may("manager"), "Item",
                 "Destroy the keys of the selected items for ever", "Del"),
        _command("data.sheet", "As contact sheet or table", lambda p: p.turn_view(), lambda p: True, "View",
                 "Pictures, or columns", "Ctrl+T"),
        _command("data.layer", "Next layer", lambda p: p.next_layer(), lambda p: True, "View",
                 "Nothing, labels or predictions over the thumbnails", "Ctrl+L"),
        _command("data.search", "Search by name", lambda p: p.filters.text.setFocus(), lambda p: True, "View",
                 "Go to the search field", "Ctrl+F"),
        _command("data.refresh", "Refresh", lambda p: p.refresh(), lambda p: True, "View",
                 "Ask the node again", "F5"),
    )  # fmt: skip
