"""`atelier backup` and `atelier restore`."""

import getpass
import sys
from pathlib import Path

import msgspec

from studio.cli.frame import DONE, Parser, answer
from studio.domain.errors import AtelierError
from training.data.keys import RING_FILE
from training.data.root_key import ROOT_FILE, import_recovery, root_of
from training.work.backup import make_backup
from training.work.restore import restore_backup


def run_backup(argv: list[str]) -> int:
    """`atelier backup DIR TARGET [--database URL] [--json]`; the node may run meanwhile."""
    parser = Parser("backup", "Copy a node's data to a folder: of one moment, verified, and sealed.")
    parser.add_argument("folder", type=Path, help="the node's workspace")
    parser.add_argument("target", type=Path, help="a folder that does not exist yet")
    parser.add_argument(
        "--database",
        default="",
        help="the PostgreSQL URL that the node was started with (else as node.toml says)",
    )
    given = parser.parse_args(argv)
    folder = _whole(given.folder)
    if not (folder / "keys" / RING_FILE).is_file():
        raise AtelierError(
            "backup.no_workspace",
            f"There is no node's data in {str(given.folder)!r}.",
            hint="Name the workspace; the studio shows it under Settings.",
        )
    made = make_backup(folder, _whole(given.target), getpass.getuser(), given.database)
    lines = [
        f"{made.files:,} files, {made.size / 1e6:,.1f} MB, as of audit entry {made.audit_size:,}; verified."
    ]
    if not made.recovery_exported:
        lines.append(
            f"No recovery key was ever exported: without keys/{ROOT_FILE} of this workspace nobody can open "
            "this backup. Run `atelier recovery-key`."
        )
    answer(msgspec.to_builtins(made), as_json=given.json, text="\n".join(lines))
    return DONE


def run_restore(argv: list[str]) -> int:
    """`atelier restore SOURCE DIR [--recovery FILE | --root-key FILE] [--newer DIR] [--database URL]
    [--json]`."""
    parser = Parser("restore", "Make a node's workspace from a backup.")
    parser.add_argument("source", type=Path, help="the folder that `atelier backup` wrote")
    parser.add_argument("folder", type=Path, help="the new workspace; must not exist yet")
    parser.add_argument(
        "--recovery", type=Path, help="the exported recovery key; its passphrase is asked for, or on stdin"
    )
    parser.add_argument("--root-key", type=Path, help=f"the lost workspace's keys/{ROOT_FILE}")
    parser.add_argument(
        "--newer",
        type=Path,
        help="the lost workspace, where it can still be read: what was erased or revoked since stays so",
    )
    parser.add_argument(
        "--database", default="", help="the URL of an empty PostgreSQL database, where the backup is of one"
    )
    given = parser.parse_args(argv)
    root = None
    if given.recovery is not None:
        root = import_recovery(_read(given.recovery), _passphrase())
    elif given.root_key is not None:
        root = root_of(_read(given.root_key), given.root_key.name)
    newer = None if given.newer is None else _whole(given.newer)
    restored = restore_backup(_whole(given.source), _whole(given.folder), root, newer, given.database)
    lines = [f"Restored as of audit entry {restored.audit_size - 1:,}. Everybody signs in again."]
    if newer is None:
        lines.append(
            "What was erased or revoked after the backup is back: name the lost workspace with --newer, or "
            "do it again by hand."
        )
    else:
        lines.append(
            f"Carried over: {restored.erased:,} erased items, {restored.disabled:,} disabled accounts, "
            f"{restored.roles:,} changes of roles."
        )
    answer(msgspec.to_builtins(restored), as_json=given.json, text="\n".join(lines))
    return DONE


def _whole(path: Path) -> Path:
    return path.expanduser().absolute()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AtelierError(
            "keys.not_found",
            f"The key {str(path)!r} cannot be read: {error.strerror}.",
            hint="Name the file that `atelier recovery-key` wrote, or the workspace's own root key.",
        ) from error


def _passphrase() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("Passphrase of the recovery key: ")
