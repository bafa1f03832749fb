"""`atelier audit verify`: is the log of a workspace as it was written?"""

from pathlib import Path

from studio.cli.frame import DONE, Parser, answer
from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.wire.session import Checkpoint
from training.data.config import read_config
from training.data.keys import RING_FILE, open_keys
from training.store.engine import Store
from training.work.audit import CHECKPOINT_FILE
from training.work.audit_check import verify


def run(argv: list[str]) -> int:
    """`atelier audit verify DIR [--checkpoint FILE ...] [--json]`; works while the node runs, too.

    Raises `cli.usage`, `audit.no_workspace`, `audit.broken`, `audit.truncated`, `audit.false_checkpoint`.
    """
    parser = Parser("audit", "Verify a node's audit log: every entry, and the checkpoints that were kept.")
    parser.add_argument("what", choices=["verify"])
    parser.add_argument("folder", type=Path, help="the node's workspace")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="a checkpoint that a studio has kept"
    )
    given = parser.parse_args(argv)
    folder: Path = given.folder.expanduser().absolute()
    if not (folder / "keys" / RING_FILE).is_file():
        raise AtelierError(
            "audit.no_workspace",
            f"There is no node's data in {given.folder}.",
            hint="Name the workspace; the studio shows it under Settings.",
        )
    config = read_config(folder)
    audit_key = open_keys(folder / "keys", config.keys).audit_key
    kept = [folder / CHECKPOINT_FILE] if (folder / CHECKPOINT_FILE).exists() else []
    store = Store(config.database or f"sqlite:///{folder / 'node.db'}", look_only=True)
    try:
        found = verify(store, audit_key, [_read(path) for path in [*kept, *given.checkpoint]])
    finally:
        store.close()
    answer(
        found,
        as_json=given.json,
        text=f"The audit log is whole: {found.entries:,} entries, {found.checkpoints} checkpoint(s) agree.",
    )
    return DONE


def _read(path: Path) -> Checkpoint:
    try:
        return canonical.decode(path.read_bytes(), Checkpoint)
    except OSError as error:
        raise AtelierError(
            "audit.no_checkpoint",
            f"The checkpoint {path} cannot be read: {error.strerror}.",
            hint="Name a file that a studio or node has written.",
        ) from error
