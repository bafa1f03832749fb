"""Sealing bytes: AES-256-GCM under a key of ours, and boxes that only the node can open.

Associated data name what is sealed, so a row or file that was moved to another place does not open.
"""

import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from studio.domain.errors import AtelierError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_BOX = b"\x01"  # the version of a sealed box
_BOX_INFO = b"atelier sealed box 1"


class Sealer(Protocol):
    """Seals and opens under one key. `aad` names what is sealed and must be the same on both sides."""

    def seal(self, data: bytes, aad: bytes) -> bytes: ...

    def open(self, data: bytes, aad: bytes) -> bytes:
        """Raises `seal.broken`."""


class KeySealer:
    """AES-256-GCM with a random nonce in front of the sealed bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, data: bytes, aad: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, aad)

    def open(self, data: bytes, aad: bytes) -> bytes:
        try:
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError) as error:
            raise broken(aad.decode("utf-8", "replace")) from error


def derived(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, from which `key` cannot be found (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def seal_to(public_key: bytes, data: bytes) -> bytes:
    """`data` in a box that only the holder of the X25519 private key can open.

    Version byte, ephemeral public key (32), nonce (12), AES-256-GCM under HKDF-SHA256 of the shared secret
    with salt = ephemeral key + recipient's key and info = "atelier sealed box 1"; the head is the AAD.
    """
    private = X25519PrivateKey.generate()
    ephemeral = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = private.exchange(X25519PublicKey.from_public_bytes(public_key))
    head = _BOX + ephemeral
    return head + KeySealer(_box_key(shared, ephemeral, public_key)).seal(data, head)


def open_box(private_key: X25519PrivateKey, box: bytes) -> bytes:
    """What was sealed by `seal_to`. Raises `seal.broken`."""
    head, sealed = box[: 1 + KEY_BYTES], box[1 + KEY_BYTES :]
    if head[:1] != _BOX or len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise broken("sealed box")
    ephemeral = head[1:]
    public_key = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    try:
        shared = private_key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError as error:  # a key of low order
        raise broken("sealed box") from error
    return KeySealer(_box_key(shared, ephemeral, public_key)).open(sealed, head)


def broken(what: str) -> AtelierError:
    """The error of something that does not open: altered, moved, or sealed under another key."""
    return AtelierError(
        "seal.broken",
        "Stored data was refused: it is damaged, or not what belongs at this place.",
        detail=what[:200],
        hint="Run `atelier audit verify`; restore this part from a backup.",
    )


def _box_key(shared: bytes, ephemeral: bytes, public_key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=ephemeral + public_key, info=_BOX_INFO).derive(
        shared
    )
