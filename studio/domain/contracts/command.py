"""Commands: declared once; menu, shortcut, palette, tooltip and the help page are made from them."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct


class Command(Struct, frozen=True):
    """Something a person can do. `run` gets the context of its `scope` and may return an Edit.

    `scope` says where it is offered: `app`, `label`, `data`, `train`, `evaluate`, `release`, `review`,
    or a plug-in's name. `keys` are in Qt's portable notation ("Ctrl+Z"), the first is shown.
    """

    name: str  # shape.delete
    title: str
    run: Callable[[Any], Any]
    keys: tuple[str, ...] = ()
    menu: str = ""
    scope: str = "app"
    help: str = ""
    when: Callable[[Any], bool] | None = None
    checkable: bool = False
