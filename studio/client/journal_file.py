"""The journal's bytes: a head with the file's key, then sealed records, each under its own number.

Head: magic, length, MessagePack of `Head`. Record: length and a check of length and number (CRC-32), then
nonce and AES-256-GCM with file and number in the associated data. So a record that was cut short by a crash
(never acknowledged) is told from one that was altered, moved or left out.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.client.ledger import Record
from studio.client.sealing import NONCE_BYTES, TAG_BYTES, Seal, seal_to
from studio.domain import canonical
from studio.domain.errors import AtelierError

MAGIC = b"ATLJRNL1"
LARGEST_RECORD = 64 * 1024 * 1024
_LENGTH = struct.Struct("<I")
_FRAME = struct.Struct("<II")
_decoder = msgspec.msgpack.Decoder(Record)


class Head(Struct, frozen=True):
    """Whose journal it is, and its key twice: for this machine's key, and in a box for the node."""

    file: bytes
    node: str
    user: str
    wrapped: bytes
    box: bytes


class Contents(Struct):
    """What a journal file holds, up to the first byte that is not sound."""

    seal: Seal
    head: Head
    records: list[Record]
    sound_bytes: int
    damage: AtelierError | None = None


def new_head(key: bytes, node: str, user: str, node_key: bytes) -> tuple[Head, Seal, bytes]:
    """A fresh file's head, its seal, and the bytes to begin the file with."""
    file, own = os.urandom(16), os.urandom(32)
    head = Head(file, node, user, Seal(key).close(own, _head_aad(file)), seal_to(node_key, own))
    data = canonical.encode(head)
    return head, Seal(own), MAGIC + _LENGTH.pack(len(data)) + data


def framed(seal: Seal, head: Head, first: int, records: Iterable[Record]) -> bytes:
    """The bytes of `records`, of which the first has number `first`."""
    parts: list[bytes] = []
    for number, record in enumerate(records, first):
        sealed = seal.close(canonical.encode(record), _record_aad(head.file, number))
        parts += (_FRAME.pack(len(sealed), _check(len(sealed), number)), sealed)
    return b"".join(parts)


def read(path: Path, key: bytes) -> Contents | None:
    """What the file holds, or None where it was sealed under another key than `key`. Raises as `parse`."""
    return parse(path.read_bytes(), path.name, lambda head: own_key(head, Seal(key)))


def own_key(head: Head, machine: Seal) -> bytes | None:
    """The file's key, by this machine's; None where the file was sealed under another."""
    return machine.open(head.wrapped, _head_aad(head.file))


def parse(data: bytes, name: str, open_key: Callable[[Head], bytes | None]) -> Contents | None:
    """What a journal's bytes hold; None where `open_key` finds no key of the file in its head.

    A tail that a crash cut short is left out; a record that was altered ends what is read, and `damage`
    (`journal.damaged`) names it. Raises `journal.damaged` where not even the head can be read.
    """
    begin = len(MAGIC) + _LENGTH.size
    try:
        if data[: len(MAGIC)] != MAGIC:
            raise ValueError("another magic")
        (length,) = _LENGTH.unpack_from(data, len(MAGIC))
        head = msgspec.msgpack.decode(data[begin : begin + length], type=Head)
    except (ValueError, struct.error, msgspec.DecodeError) as error:
        raise _damaged(name, "its head", 0) from error
    own = open_key(head)
    if own is None:
        return None
    contents = Contents(Seal(own), head, [], begin + length)
    while contents.damage is None and _read_one(name, data, contents):
        pass
    return contents


def _read_one(name: str, data: bytes, contents: Contents) -> bool:
    """Take the next record; False at the end."""
    at, number = contents.sound_bytes, len(contents.records)
    left = len(data) - at
    if left < _FRAME.size or not any(data[at:]):
        return False  # the end, a frame that was cut short, or a tail that was never written
    length, check = _FRAME.unpack_from(data, at)
    body = at + _FRAME.size
    if check != _check(length, number) or not NONCE_BYTES + TAG_BYTES <= length <= LARGEST_RECORD:
        contents.damage = _damaged(name, f"record {number}", number)
        return False
    if left - _FRAME.size < length:
        return False
    sealed = data[body : body + length]
    plain = contents.seal.open(sealed, _record_aad(contents.head.file, number))
    try:
        record = None if plain is None else _decoder.decode(plain)
    except msgspec.DecodeError:
        record = None
    if record is None:
        # the last record with its end still unwritten was never acknowledged: a crash, not a damage
        if not (body + length == len(data) and not any(sealed[-TAG_BYTES:])):
            contents.damage = _damaged(name, f"record {number}", number)
        return False
    contents.records.append(record)
    contents.sound_bytes = body + length
    return True


def _check(length: int, number: int) -> int:
    return zlib.crc32(struct.pack("<IQ", length, number))


def _head_aad(file: bytes) -> bytes:
    return b"journal key" + file


def _record_aad(file: bytes, number: int) -> bytes:
    return b"journal" + file + number.to_bytes(8, "little")


def _damaged(name: str, what: str, kept: int) -> AtelierError:
    return AtelierError(
        "journal.damaged",
        f"The journal on this machine was altered: {what} cannot be read. The {kept} records before it are "
        "kept; the file was put aside.",
        detail=name,
        hint="Look through what you did last. The file can be handed in to the node.",
    )
