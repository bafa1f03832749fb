"""What can be done on the Label page, declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.domain.contracts.command import Command
from studio.domain.wire.routes import SEE_SCIENCE

if TYPE_CHECKING:
    from studio.pages.label.page import LabelPage

Act = Callable[["LabelPage"], Any]
Ask = Callable[["LabelPage"], bool]


def _command(name: str, title: str, run: Act, when: Ask, menu: str, help_text: str, *keys: str) -> Command:
    return Command(name, title, run, keys=keys, menu=menu, scope="label", help=help_text, when=when)


def label_commands() -> tuple[Command, ...]:
    """In the order of their menus."""
    return (
        _command(
            "edit.undo", "Undo", lambda p: p.undo(), lambda p: p.can_undo(), "Edit",
            "Take back your last change; there is no end to it", "Ctrl+Z",
        ),
        _command(
            "edit.redo", "Redo", lambda p: p.redo(), lambda p: p.can_redo(), "Edit",
            "Do again what was taken back", "Ctrl+Shift+Z", "Ctrl+Y",
        ),
        _command(
            "item.previous", "Previous item", lambda p: p.step(-1), lambda p: p.can_step(-1), "Item",
            "Open the item before this one", "PgUp", "Ctrl+Left",
        ),
        _command(
            "item.next", "Next item", lambda p: p.step(1), lambda p: p.can_step(1), "Item",
            "Open the item after this one", "PgDown", "Ctrl+Right",
        ),
        _command(
            "item.refresh", "Fetch again", lambda p: p.reopen(), lambda p: p.is_open(), "Item",
            "Ask the node for this item again", "F5",
        ),
        _command(
            "item.lineage", "Lineage", lambda p: p.show_lineage(),
            lambda p: p.is_open() and p.desk.may(*SEE_SCIENCE), "Item",
            "What this item was made from, and which snapshots and pools hold it", "Ctrl+Shift+L",
        ),
        _command(
            "item.batches", "Batches of this item …", lambda p: p.show_batches(),
            lambda p: p.is_open() and p.desk.may("manager"), "Item",
            "What was made in this item together with others, and taken back as a whole",
        ),
        _command(
            "ontology.add_classes", "Add classes …", lambda p: p.adding.ask(),
            lambda p: p.is_open() and p.adding.may(), "Item",
            "Give the project classes that it lacks",
        ),
        _command(
            "task.pull", "Pull next", lambda p: p.pull_next(), lambda p: p.desk.is_connected, "Task",
            "Get the task that is most worth doing", "Ctrl+P",
        ),
        _command(
            "task.submit", "Submit", lambda p: p.submit(), lambda p: p.may_submit(), "Task",
            "Hand your work to review", "Ctrl+Return",
        ),
        _command(
            "task.submit_next", "Submit and pull next", lambda p: p.submit(then_pull=True),
            lambda p: p.may_submit(), "Task", "Hand your work to review and go on", "Ctrl+Shift+Return",
        ),
        _command(
            "task.skip", "Skip …", lambda p: p.skip(), lambda p: p.may_submit(), "Task",
            "Put the task away, and say why", "Ctrl+Shift+S",
        ),
        _command(
            "task.unsure", "Unsure", lambda p: p.turn_unsure(), lambda p: p.task is not None, "Task",
            "Mark that somebody should look at this", "Ctrl+U",
        ),
        _command(
            "task.take_back", "Take back", lambda p: p.take_back(), lambda p: p.may_take_back(), "Task",
            "Go on with what you submitted, until a reviewer has opened it", "Ctrl+Shift+B",
        ),
    )  # fmt: skip
