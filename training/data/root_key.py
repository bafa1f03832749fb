"""Where the root key comes from: the system's keyring, a systemd credential, or a file of mode 0600."""

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Any, Literal

from argon2.low_level import Type, hash_secret_raw
from msgspec import Struct

from studio.domain import canonical
from studio.domain.errors import AtelierError
from training.data.files import replace_file
from training.data.sealing import KEY_BYTES, KeySealer

RootSource = Literal["file", "keyring", "credential"]
ROOT_FILE = "root.key"
CREDENTIAL = "atelier-root"  # LoadCredential=atelier-root:... in the unit
_KEYRING_SERVICE = "atelier node"
_RECOVERY_HEAD = b"atelier recovery key 1\n"


class _Recovery(Struct, frozen=True, forbid_unknown_fields=True):
    salt: bytes
    time_cost: int
    memory_kib: int
    lanes: int
    sealed: bytes


def key_id(root: bytes) -> str:
    """What tells one root key from another without saying anything of it; 16 characters."""
    return hashlib.sha256(b"atelier root key" + root).hexdigest()[:16]


def read_root(folder: Path, source: RootSource, node: str) -> bytes | None:
    """The root key, or None where there is none yet.

    Raises `keys.exposed`, `keys.no_keyring`, `keys.broken`.
    """
    match source:
        case "file":
            return _from_file(folder / ROOT_FILE)
        case "credential":
            given = os.environ.get("CREDENTIALS_DIRECTORY", "")
            path = Path(given) / CREDENTIAL
            if not given or not path.is_file():
                return None
            return root_of(path.read_bytes(), path.name)
        case "keyring":
            text = _keyring().get_password(_KEYRING_SERVICE, node)
            return None if text is None else root_of(text.encode(), "keyring")


def keep_root(folder: Path, source: RootSource, node: str, root: bytes) -> None:
    """Put `root` where `source` says, durably. A credential is systemd's own: raises `keys.root_missing`."""
    text = base64.b64encode(root)
    match source:
        case "file":
            replace_file(folder / ROOT_FILE, text + b"\n")
        case "keyring":
            _keyring().set_password(_KEYRING_SERVICE, node, text.decode())
        case "credential":
            raise root_missing(f"the credential {CREDENTIAL}")


def export_recovery(root: bytes, passphrase: str) -> bytes:
    """`root` as a small text file that opens with `passphrase` alone (argon2id, 256 MiB)."""
    if len(passphrase) < 12:
        raise AtelierError(
            "keys.weak_passphrase",
            "The recovery key was not written: its passphrase is too short.",
            hint="Use at least 12 characters, for example five words.",
        )
    salt = os.urandom(16)
    form = _Recovery(salt, 3, 262_144, 4, b"")
    sealed = KeySealer(_stretched(passphrase, form)).seal(root, _RECOVERY_HEAD)
    body = canonical.encode(_Recovery(salt, form.time_cost, form.memory_kib, form.lanes, sealed))
    return _RECOVERY_HEAD + base64.encodebytes(body)


def import_recovery(data: bytes, passphrase: str) -> bytes:
    """The root key of an exported recovery key. Raises `keys.broken`, `keys.wrong_passphrase`."""
    head, body = data[: len(_RECOVERY_HEAD)], data[len(_RECOVERY_HEAD) :]
    try:
        if head != _RECOVERY_HEAD:
            raise ValueError("another kind of file")
        form = canonical.decode(base64.b64decode(body), _Recovery)
        if form.time_cost > 20 or form.memory_kib > 2**20 or form.lanes > 16:
            raise ValueError("it asks for more work than any recovery key of ours")
        stretched = _stretched(passphrase, form)
    except (ValueError, AtelierError) as error:
        raise _broken("recovery key", str(error)) from error
    try:
        return KeySealer(stretched).open(form.sealed, _RECOVERY_HEAD)
    except AtelierError as error:
        raise AtelierError(
            "keys.wrong_passphrase",
            "The recovery key did not open.",
            hint="Type its passphrase again; nothing was changed.",
        ) from error


def root_missing(where: str) -> AtelierError:
    """The error of a workspace whose root key is gone."""
    return AtelierError(
        "keys.root_missing",
        "The node did not start: the key that opens this workspace is missing. Nothing was changed.",
        detail=where,
        hint="Bring the key back, or restore it from the exported recovery key.",
    )


def _stretched(passphrase: str, form: _Recovery) -> bytes:
    return hash_secret_raw(
        passphrase.encode(), form.salt, form.time_cost, form.memory_kib, form.lanes, KEY_BYTES, Type.ID
    )


def _from_file(path: Path) -> bytes | None:
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise AtelierError(
            "keys.exposed",
            "The node did not start: other users of this machine can read its root key.",
            detail=f"{path.name} has mode {stat.S_IMODE(mode):o}",
            hint="Run `chmod 600` on keys/root.key; if others could log in here, change the key.",
        )
    return root_of(data, path.name)


def root_of(text: bytes, where: str) -> bytes:
    """The root key that a key file holds. Raises `keys.broken`."""
    try:
        root = base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise _broken(where, str(error)) from error
    if len(root) != KEY_BYTES:
        raise _broken(where, f"{len(root)} bytes instead of {KEY_BYTES}")
    return root


def _broken(where: str, why: str) -> AtelierError:
    return AtelierError(
        "keys.broken",
        "A stored key is damaged or is no key of ours. Nothing was changed.",
        detail=f"{where}: {why}",
        hint="Restore it from the exported recovery key.",
    )


def _keyring() -> Any:
    import keyring  # starts D-Bus: only a node that was told to keep its key there needs it

    backend = keyring.get_keyring()
    name = f"{type(backend).__module__}.{type(backend).__name__}"
    # keyrings.alt keeps secrets as plain text; the others keep nothing
    if name.startswith(("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")):
        raise AtelierError(
            "keys.no_keyring",
            "The node did not start: this machine has no keyring that keeps secrets.",
            detail=name,
            hint='Start a keyring (GNOME Keyring, KWallet), or set keys = "file" in node.toml.',
        )
    return backend
