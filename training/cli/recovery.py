"""`atelier recovery-key`: write a node's root key to a file that opens with a passphrase."""

import getpass
import sys
from pathlib import Path

from studio.cli import frame
from studio.domain.errors import AtelierError
from training.data.files import replace_file
from training.data.keys import RING_FILE, open_keys


def run(argv: list[str]) -> int:
    """`atelier recovery-key --folder DIR --out FILE [--json]`; the passphrase is asked for, or stdin has it.

    Raises `cli.usage`, `recovery.no_workspace`, `recovery.file_exists` and what `training.data.keys` raises.
    """
    parser = frame.Parser(
        "recovery-key", "Write the key that opens this node's data should the machine be lost."
    )
    parser.add_argument("--folder", type=Path, required=True, help="the node's workspace")
    parser.add_argument(
        "--out", type=Path, required=True, help="the file to write; keep it apart from backups"
    )
    given = parser.parse_args(argv)
    keys = given.folder.expanduser().absolute() / "keys"
    if not (keys / RING_FILE).is_file():  # opening would make new keys, which open nothing
        raise AtelierError(
            "recovery.no_workspace",
            f"There is no node's data in {given.folder}.",
            hint="Name the workspace with --folder; the studio shows it under Settings.",
        )
    if given.out.exists():
        raise AtelierError(
            "recovery.file_exists",
            f"{given.out} is there already, and was left as it is.",
            hint="Name another file.",
        )
    exported = open_keys(keys).export_recovery(_passphrase())
    replace_file(given.out.absolute(), exported)
    frame.answer(
        {"file": str(given.out)},
        as_json=given.json,
        text=f"Written to {given.out}. Keep it, and its passphrase, apart from this machine and its backups.",
    )
    return frame.DONE


def _passphrase() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Passphrase (12 characters or more): ")
    if first != getpass.getpass("Once more: "):
        raise AtelierError(
            "cli.usage", "The two passphrases differ, so nothing was written.", hint="Try again."
        )
    return first
