"""`atelier doctor`: look at what Atelier stands on, and say how to mend what is not well."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.cli import frame
from studio.cli.checks import plugins, sandbox, secrets, storage, window
from studio.cli.checks.row import Row, State
from studio.folders import default_workspace

_MARKS: dict[State, str] = {"ok": "ok  ", "warn": "note", "bad": "BAD "}
_RANK: dict[State, int] = {"ok": 0, "warn": 1, "bad": 2}


class Report(msgspec.Struct, frozen=True):
    """All rows, and the worst state among them."""

    state: State
    rows: tuple[Row, ...]


def checks(workspace: Path) -> dict[str, Callable[[], Row]]:
    """Name -> check, in the order of the report."""
    return {
        "interpreter": sandbox.interpreter,
        "display": window.display,
        "opengl": window.opengl,
        "sandbox": sandbox.bubblewrap,
        "seccomp": sandbox.seccomp,
        "disk": lambda: storage.room(workspace),
        "fsync": lambda: storage.durability(workspace),
        "keyring": secrets.keyring,
        "recovery key": lambda: secrets.recovery_key(workspace),
        "plug-ins": plugins.installed,
    }


def examine(workspace: Path) -> Report:
    """Run every check; one that itself breaks becomes a row of its own and stops none of the others."""
    rows = tuple(_looked_at(name, check) for name, check in checks(workspace).items())
    return Report(max((row.state for row in rows), key=_RANK.__getitem__), rows)


def run(argv: list[str]) -> int:
    """Print the report; exit code 2 where something is bad."""
    parser = frame.Parser("doctor", "Say what this machine lacks and how to mend it.")
    parser.add_argument(
        "--folder", type=Path, default=default_workspace(), help="the workspace to look at (%(default)s)"
    )
    given = parser.parse_args(argv)
    report = examine(given.folder.absolute())
    frame.answer(report, as_json=given.json, text="\n".join(map(_lines, report.rows)))
    return frame.TO_MEND if report.state == "bad" else frame.DONE


def _looked_at(name: str, check: Callable[[], Row]) -> Row:
    try:
        return check()
    except Exception as fault:  # noqa: BLE001  the one check that breaks is what the person has to hear about
        return Row(
            name, "bad", f"This could not be looked at: {type(fault).__name__}: {fault}.", "Please report it."
        )


def _lines(row: Row) -> str:
    mend = f"\n{'':20}{row.mend}" if row.mend else ""
    return f"{_MARKS[row.state]}  {row.name:<13} {row.means}{mend}"
