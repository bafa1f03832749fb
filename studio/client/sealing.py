"""Sealing what lies on this machine: AES-256-GCM, and boxes that only the node can open."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_BOX = b"\x01"  # version of a sealed box
_BOX_INFO = b"atelier sealed box 1"


class Seal:
    """Seals and opens under one key; what is sealed is named by `aad`, so that nothing can be swapped."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, data: bytes, aad: bytes) -> bytes:
        """Nonce and sealed bytes."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes | None:
        """What was sealed, or None where it was altered, moved, or sealed under another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            return None


def derived(key: bytes, *purpose: str) -> bytes:
    """A 32-byte key for one purpose, from which `key` cannot be found (HKDF-SHA256)."""
    info = b"\0".join(part.encode() for part in ("atelier studio", *purpose))
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def name_for(key: bytes, *parts: str) -> str:
    """A file or row name that tells nothing of `parts`: 40 hex digits of their HMAC-SHA256."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:40]


def seal_to(public_key: bytes, data: bytes) -> bytes:
    """`data` in a box that only the holder of the X25519 private key, the node, can open.

    Version byte, ephemeral public key (32), nonce (12), AES-256-GCM under HKDF-SHA256 of the shared secret
    with salt = ephemeral key + recipient's key and info = "atelier sealed box 1"; the head is the AAD.
    """
    private = X25519PrivateKey.generate()
    ephemeral = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = private.exchange(X25519PublicKey.from_public_bytes(public_key))
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=ephemeral + public_key, info=_BOX_INFO)
    head = _BOX + ephemeral
    return head + Seal(key.derive(shared)).close(data, head)
