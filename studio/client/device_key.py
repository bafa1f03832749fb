"""The key that seals what a studio keeps on this machine, and who keeps the key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from studio.client.files import make_private, write_whole
from studio.client.sealing import KEY_BYTES, Seal
from studio.domain.errors import AtelierError
from studio.folders import config_folder

SERVICE = "atelier"
ENTRY = "studio"
KEY_FILE = "studio.key"
PASSPHRASE_FILE = "studio.passphrase"
# these write secrets to a plain file, or nowhere, without a word
UNSAFE = ("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")
_SALT_BYTES = 16


class DeviceKey(Struct, frozen=True):
    """32 bytes, and where they are kept; `warning` is what a person should know about that."""

    key: bytes
    keeper: Literal["keyring", "file", "passphrase"]
    warning: str = ""


def device_key(
    own_node: bool = False, passphrase: str | None = None, folder: Path | None = None
) -> DeviceKey:
    """This person's key on this machine, made at first use.

    From the system's keyring where a safe one answers; else from `passphrase`; else, for a node of one's own,
    from a key file in `folder`. Raises `keyring.missing` and `keyring.wrong_passphrase`.
    """
    kept = _from_keyring()
    if kept is not None:
        return DeviceKey(kept, "keyring")
    home = make_private(folder or config_folder())
    if passphrase is not None:
        return DeviceKey(_from_passphrase(home / PASSPHRASE_FILE, passphrase), "passphrase")
    if own_node:
        return DeviceKey(
            _from_file(home / KEY_FILE),
            "file",
            "No safe keyring answers, so the key of your journal and cache lies in a file that any program "
            "of yours can read. `atelier doctor` says how to get a keyring.",
        )
    raise AtelierError(
        "keyring.missing",
        "This machine has no safe keyring, so the studio keeps nothing of another node's data on it.",
        hint="Unlock a keyring, or give a passphrase. `atelier doctor` says more.",
    )


def safe_keyring() -> Any | None:
    """The keyring of the system, or None where there is none that keeps secrets secret."""
    import keyring  # 170 ms, and not needed where a passphrase or file is
    from keyring.backends import chainer
    from keyring.errors import KeyringError

    try:
        backend = keyring.get_keyring()
    except (KeyringError, RuntimeError):
        return None
    parts = backend.backends if isinstance(backend, chainer.ChainerBackend) else [backend]
    if not parts or any(type(part).__module__.startswith(UNSAFE) for part in parts):
        return None
    return backend


def _from_keyring() -> bytes | None:
    from keyring.errors import KeyringError

    backend = safe_keyring()
    if backend is None:
        return None
    try:
        held = backend.get_password(SERVICE, ENTRY)
        if held is None:
            held = os.urandom(KEY_BYTES).hex()
            backend.set_password(SERVICE, ENTRY, held)
            held = backend.get_password(SERVICE, ENTRY)
        key = bytes.fromhex(held or "")
    except (KeyringError, RuntimeError, ValueError, OSError):  # locked, dismissed, or no bus after all
        return None
    return key if len(key) == KEY_BYTES else None


def _from_file(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) != KEY_BYTES:
        key = os.urandom(KEY_BYTES)
        write_whole(path, key)
    elif os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return key


def _from_passphrase(path: Path, passphrase: str) -> bytes:
    """The key that lies in `path`, sealed under the passphrase (argon2id: 64 MiB, 3 passes)."""
    try:
        held = path.read_bytes()
    except FileNotFoundError:
        salt, key = os.urandom(_SALT_BYTES), os.urandom(KEY_BYTES)
        write_whole(path, salt + _stretched(passphrase, salt).close(key, SERVICE.encode()))
        return key
    opened = _stretched(passphrase, held[:_SALT_BYTES]).open(held[_SALT_BYTES:], SERVICE.encode())
    if opened is None:
        raise AtelierError(
            "keyring.wrong_passphrase",
            "This passphrase does not open what is kept on this machine. Nothing was changed.",
            hint=f"Try again. If it is forgotten, remove {path.name} in the settings folder: your journal "
            "can still be handed in to the node.",
        )
    return opened


def _stretched(passphrase: str, salt: bytes) -> Seal:
    from argon2.low_level import Type, hash_secret_raw  # needed only where there is no keyring

    secret = hash_secret_raw(passphrase.encode(), salt, 3, 64 * 1024, 2, KEY_BYTES, Type.ID)
    return Seal(secret)
