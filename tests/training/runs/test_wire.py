"""What comes over a run's descriptor is believed only when all of it is right."""

import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.runs.inside import atelier_wire as wire

KEY = bytes(range(32))
MESSAGES = [
    wire.Hello(1),
    wire.Said("info", "line"),
    wire.Points([("loss", 1, 0.0, 0.5)]),
    wire.Part("checkpoint", 1, "rest.json", b"{}", True),
    wire.Ended("done", [("map50", 0.9)]),
]


def frames(*messages: wire.Message, key: bytes = KEY, attempt: int = 1) -> bytes:
    """The bytes of messages, as the other side writes them."""
    out, into = os.pipe()
    writer = wire.Writer(into, key, "out", attempt)
    for message in messages:
        writer.write(message)
    os.close(into)
    with os.fdopen(out, "rb") as stream:
        return stream.read()


def read_all(data: bytes, limit: int = wire.FRAME_BYTES) -> list[wire.Out]:
    """Every message in `data`. Raises BadFrame or DecodeError where something is wrong."""
    place = 0

    def read(count: int) -> bytes:
        nonlocal place
        piece = data[place : place + count]
        place += len(piece)
        return piece

    reader = wire.Reader(read, KEY, "out", 1, limit)
    decoder = msgspec.msgpack.Decoder(wire.Out)
    found = []
    while (body := reader.frame()) is not None:
        found.append(decoder.decode(body))
    return found


def test_what_is_written_is_read() -> None:
    assert read_all(frames(*MESSAGES)) == MESSAGES


@given(place=st.integers(0, len(frames(*MESSAGES)) - 1), flip=st.integers(1, 255))
def test_one_altered_byte_is_seen(place: int, flip: int) -> None:
    data = bytearray(frames(*MESSAGES))
    data[place] ^= flip
    with pytest.raises(wire.BadFrame):
        read_all(bytes(data))


@given(st.binary(min_size=1, max_size=400))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(wire.BadFrame):
        read_all(data)


@given(st.integers(1, len(frames(*MESSAGES)) - 1))
def test_a_stream_that_is_cut_off_within_a_frame_is_refused(length: int) -> None:
    ends = {len(frames(*MESSAGES[:count])) for count in range(len(MESSAGES) + 1)}
    data = frames(*MESSAGES)[:length]
    if length in ends:
        assert read_all(data) == MESSAGES[: len(read_all(data))]
    else:
        with pytest.raises(wire.BadFrame):
            read_all(data)


def test_another_attempts_messages_and_repeated_ones_are_refused() -> None:
    with pytest.raises(wire.BadFrame):
        read_all(frames(wire.Hello(2), attempt=2))
    hello = frames(wire.Hello(1))
    with pytest.raises(wire.BadFrame):
        read_all(hello + hello)


def test_a_length_beyond_the_bound_is_refused_before_anything_is_read() -> None:
    asked: list[int] = []

    def read(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    with pytest.raises(wire.BadFrame):
        wire.Reader(read, KEY, "out", 1, wire.FRAME_BYTES).frame()
    assert asked == [20]


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "points", "points": [["loss", 1, 0.0, float("nan")]]},
        {"kind": "points", "points": [["loss", -1, 0.0, 0.0]]},
        {"kind": "points", "points": [["loss", 1, 0.0, 0.0]] * 1_001},
        {"kind": "said", "level": "info", "text": "x" * 8_001},
        {"kind": "said", "level": "shout", "text": "x"},
        {"kind": "said", "level": "info", "text": "x", "more": 1},
        {"kind": "part", "purpose": "model", "number": 0, "name": "../x", "data": b"", "last": True},
        {"kind": "part", "purpose": "secret", "number": 0, "name": "x", "data": b"", "last": True},
        {"kind": "failed", "code": "node.fault", "message": "x"},
        {"kind": "started"},
        ["hello", 1],
        7,
    ],
)
def test_a_message_of_another_shape_is_refused(message: object) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=wire.Out)
