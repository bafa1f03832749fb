"""Journals that lie on this machine and that no studio sends: whose they are, and what they hold.

A file was put aside because it was damaged or sealed under another key, or it belongs to a node or a person
that this studio is not signed in to.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from studio.client import journal_file
from studio.client.files import lock
from studio.client.ledger import Ledger
from studio.client.sealing import Seal
from studio.domain.errors import AtelierError

_HANDED_IN = ".handed-in"


class LeftJournal(Struct, frozen=True):
    """One file. edits: that are open, and on how many items; None where this machine cannot read it."""

    path: Path
    node: str
    user: str
    changed_ns: int
    size: int
    edits: int | None
    items: int = 0
    unfinished: int = 0  # gestures
    is_damaged: bool = False


def left_journals(places: Path, key_of: Callable[[str], bytes]) -> list[LeftJournal]:
    """Those below the folder of all `places` that a person has worked at, newest first; not such as hold
    nothing, nor that of a studio which runs. key_of: this machine's key of a node's journals. Reads them all.
    """
    found = []
    for path in sorted([*places.glob("*/journal/*.journal"), *places.glob("*/journal/*.aside-*")]):
        if path.name.endswith(_HANDED_IN) or (path.suffix == ".journal" and _is_in_use(path)):
            continue
        held = _look(path, key_of)
        if held is not None and (held.edits is None or held.edits or held.unfinished):
            found.append(held)
    return sorted(found, key=lambda each: -each.changed_ns)


def mark_handed_in(journal: LeftJournal) -> None:
    """It stays on the disk and is not offered again."""
    journal.path.rename(journal.path.with_name(journal.path.name + _HANDED_IN))


def _is_in_use(path: Path) -> bool:
    held = lock(path.with_suffix(".lock"))
    if held is None:
        return True
    held.close()
    return False


def _look(path: Path, key_of: Callable[[str], bytes]) -> LeftJournal | None:
    heads: list[journal_file.Head] = []

    def open_key(head: journal_file.Head) -> bytes | None:
        heads.append(head)
        return journal_file.own_key(head, Seal(key_of(head.node)))

    try:
        data, about = path.read_bytes(), path.stat()
        contents = journal_file.parse(data, path.name, open_key)
    except (OSError, AtelierError):
        return None  # no journal at all, or gone meanwhile
    head = heads[0]
    if contents is None:
        return LeftJournal(path, head.node, head.user, about.st_mtime_ns, len(data), None)
    ledger = Ledger(contents.records)
    return LeftJournal(
        path,
        head.node,
        head.user,
        about.st_mtime_ns,
        len(data),
        len(ledger.kept),
        len(ledger.items()),
        len(ledger.drafts),
        contents.damage is not None,
    )
