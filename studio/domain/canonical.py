"""The one byte form of a message: MessagePack, and JSON for people.

What is hashed, signed or compared is these bytes, so two encodings of one value would be two values.
"""

import hashlib
from typing import Any, TypeVar

import msgspec

from studio.domain.errors import AtelierError

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_as_it_stands = msgspec.msgpack.Encoder()
_NEGATIVE_ZERO = b"\xcb\x80" + bytes(7)


def encode(value: Any) -> bytes:
    """`value` as canonical MessagePack: fields as declared, map keys sorted, -0.0 as 0.0."""
    data = _encoder.encode(value)
    # the nine bytes may also stand inside a text or blob: look closer only where they occur at all
    if _NEGATIVE_ZERO in data:
        # in the order that they have now: the fields of structs stand in that of their declaration
        data = _as_it_stands.encode(_without_negative_zero(msgspec.msgpack.decode(data)))
    return data


def decode(data: bytes, type_: type[T]) -> T:
    """The message that `data` holds, refused unless it is byte for byte its canonical encoding.

    So duplicate keys, -0.0, an integer where a float belongs, padding and another key order are refused:
    two readers can never understand the same bytes differently.
    Raises `wire.malformed` and `wire.not_canonical`.
    """
    value = decode_lenient(data, type_)
    if encode(value) != data:
        raise AtelierError(
            "wire.not_canonical",
            "The message was refused: it is not written in the one canonical form.",
            detail=f"{type_}",
            hint="Update the program that sent it.",
        )
    return value


def decode_lenient(data: bytes, type_: type[T]) -> T:
    """As `decode`, without the comparison: for what our own store wrote. Raises `wire.malformed`."""
    try:
        return msgspec.msgpack.decode(data, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise AtelierError(
            "wire.malformed",
            "The message was refused: it is not what belongs here.",
            detail=str(error),
            hint="Update the program that sent it.",
        ) from error


def digest(value: Any) -> bytes:
    """SHA-256 of the canonical bytes of `value`."""
    return hashlib.sha256(encode(value)).digest()


def _without_negative_zero(value: Any) -> Any:
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, list):
        return [_without_negative_zero(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_negative_zero(each) for key, each in value.items()}
    return value
