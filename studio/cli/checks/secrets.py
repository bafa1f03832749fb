"""Where secrets are kept: the person's keyring, and the node's recovery key."""

from pathlib import Path

import msgspec

from studio.cli.checks.row import Row, tried

# A secret is written, read and removed: a keyring may be there and locked. `keyrings.alt` would keep it in a
# plain file, without a word; `fail` and `null` keep nothing.
_KEEP = """
import secrets, keyring
from keyring.backends import chainer
backend = keyring.get_keyring()
parts = backend.backends if isinstance(backend, chainer.ChainerBackend) else [backend]
for part in parts:
    home = type(part).__module__
    if home.startswith(("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")):
        raise SystemExit(f"only {home} is there, which keeps secrets in the open or not at all")
name, secret = "doctor-" + secrets.token_hex(4), secrets.token_hex(16)
backend.set_password("atelier", name, secret)
try:
    if backend.get_password("atelier", name) != secret:
        raise SystemExit("the keyring gave another secret back")
finally:
    backend.delete_password("atelier", name)
print(parts[0].name)
"""


def keyring() -> Row:
    """A secret is kept in the keyring, read back and removed."""
    kept, said = tried(_KEEP)
    if kept:
        return Row("keyring", "ok", f"Secrets are kept by {said}.")
    return Row(
        "keyring",
        "warn",
        f"No safe keyring answers ({said}). The studio asks for a passphrase instead.",
        "Unlock a keyring (gnome-keyring or KWallet on Linux), or go on with the passphrase.",
    )


class Ring(msgspec.Struct, frozen=True):
    """What of a node's `keys/ring` can be read without any key."""

    root: str  # where the root key is kept: file, keyring, credential
    recovery_exported: bool = False


def recovery_key(workspace: Path) -> Row:
    """Whether the recovery key of this workspace's node was ever written."""
    file = workspace / "keys" / "ring"
    if not file.is_file():
        return Row("recovery key", "ok", "There is no node's data here yet, so there is nothing to recover.")
    ring = msgspec.msgpack.decode(file.read_bytes(), type=Ring)
    if ring.recovery_exported:
        return Row("recovery key", "ok", "It was exported; keep it apart from this machine and its backups.")
    return Row(
        "recovery key",
        "warn",
        f"It was never exported: should the root key ({ring.root}) be lost, so is all that lies here.",
        f"atelier recovery-key --folder {workspace} --out FILE, and keep the file elsewhere.",
    )
