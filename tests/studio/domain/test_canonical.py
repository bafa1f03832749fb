"""One value has one byte form on the wire, and every other form is refused."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, Box, StreamId, Tag, TrackId
from studio.domain.errors import AtelierError
from studio.domain.ids import OperationId, ShapeId
from studio.domain.wire.documents import DocumentState, SaveEdit
from tests.studio.domain.strategies import Maker, counted_id, documents, histories

BOX = Box(ShapeId(counted_id(1)), TrackId(counted_id(2)), StreamId("front"), 0, (1.0, 2.0, 3.0, 4.0))


def save(edit: Edit) -> SaveEdit:
    return SaveEdit(OperationId(counted_id(9)), 0, 1, 1, edit)


def refused(data: bytes, type_: Any = SaveEdit) -> str:
    with pytest.raises(AtelierError) as error:
        canonical.decode(data, type_)
    return error.value.code


@given(histories(4))
def test_what_is_encoded_comes_back_and_is_encoded_alike(history: list[Edit]) -> None:
    for edit in history:
        data = canonical.encode(save(edit))
        back = canonical.decode(data, SaveEdit)
        assert back == save(edit)
        assert canonical.encode(back) == data


@given(documents(4))
def test_a_whole_document_makes_the_round_trip(document: Document) -> None:
    state = DocumentState(counted_id(3), 7, 1, tuple(document))  # type: ignore[arg-type]
    back = canonical.decode(canonical.encode(state), DocumentState)
    assert Document(back.entities) == document


@given(histories(4), st.randoms(use_true_random=False))
def test_the_order_in_which_changes_were_made_does_not_show(history: list[Edit], random: Any) -> None:
    for edit in history:
        pairs = list(edit.changes.items())
        random.shuffle(pairs)
        assert canonical.encode(replace(edit, changes=dict(pairs))) == canonical.encode(edit)


def test_minus_zero_is_written_as_zero_and_refused_when_it_is_sent() -> None:
    turned = replace(BOX, xyxy=(-0.0, 2.0, 3.0, 4.0))
    plain = canonical.encode(turned)
    assert plain == canonical.encode(replace(BOX, xyxy=(0.0, 2.0, 3.0, 4.0)))
    assert math.copysign(1, canonical.decode(plain, Box).xyxy[0]) == 1
    assert refused(msgspec.msgpack.encode(turned, order="deterministic"), Box) == "wire.not_canonical"


def test_bytes_that_look_like_minus_zero_inside_a_text_or_blob_are_left_alone() -> None:
    blob = b"\xcb\x80" + bytes(7)
    assert canonical.decode(canonical.encode(blob), bytes) == blob
    text = "\0" * 9
    assert canonical.decode(canonical.encode(text), str) == text


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(bad: float) -> None:
    data = msgspec.msgpack.encode(replace(BOX, xyxy=(bad, 2.0, 3.0, 4.0)), order="deterministic")
    assert refused(data, AnyEntity) == "wire.malformed"
    tagged = Tag(counted_id(4), "rain", attributes=(("depth", bad),))
    assert refused(msgspec.msgpack.encode(tagged, order="deterministic"), AnyEntity) == "wire.malformed"


def test_an_integer_where_a_float_belongs_is_refused() -> None:
    raw = msgspec.msgpack.decode(canonical.encode(BOX))
    raw["xyxy"][0] = 1
    assert refused(msgspec.msgpack.encode(raw, order="deterministic"), Box) == "wire.not_canonical"


def test_a_map_with_its_keys_in_another_order_is_refused() -> None:
    raw = msgspec.msgpack.decode(canonical.encode(save(Edit("Draw", {BOX.id: (None, BOX)}))))
    turned = dict(reversed(raw.items()))
    assert refused(msgspec.msgpack.encode(turned)) == "wire.not_canonical"


def test_a_key_that_stands_twice_is_refused() -> None:
    data = canonical.encode(Edit("A", {}))
    name = msgspec.msgpack.encode("title") + msgspec.msgpack.encode("A")
    at = data.index(name)
    doubled = bytes([data[0] + 1]) + data[1:at] + name + data[at:]
    assert msgspec.msgpack.decode(doubled, type=Edit) == Edit("A", {}), "a plain decoder takes it"
    assert refused(doubled, Edit) == "wire.not_canonical"


@pytest.mark.parametrize("where", ["message", "edit", "entity"])
def test_an_unknown_field_is_refused_at_every_depth(where: str) -> None:
    raw = msgspec.msgpack.decode(canonical.encode(save(Edit("Draw", {BOX.id: (None, BOX)}))))
    place = {"message": raw, "edit": raw["edit"], "entity": raw["edit"]["changes"][BOX.id][1]}[where]
    place["zeta"] = 1
    assert refused(msgspec.msgpack.encode(raw, order="deterministic")) == "wire.malformed"


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"\x93\x01", b"\x81" * 3000, canonical.encode("text")])
def test_bytes_that_are_no_message_are_refused(junk: bytes) -> None:
    assert refused(junk) == "wire.malformed"


def test_bytes_behind_a_message_are_refused() -> None:
    assert refused(canonical.encode(save(Edit("A", {}))) + b"\0") == "wire.malformed"


@given(st.data())
def test_altered_bytes_are_another_value_or_refused(data: Any) -> None:
    edit = Maker(data.draw).creation(Document())
    whole = bytearray(canonical.encode(save(edit)))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        back = canonical.decode(bytes(whole), SaveEdit)
    except AtelierError:
        return
    assert back != save(edit) or canonical.encode(back) == bytes(whole)
    assert canonical.encode(back) == bytes(whole)


def test_a_digest_is_that_of_the_canonical_bytes() -> None:
    first = Edit("A", {BOX.id: (None, BOX), counted_id(7): (None, Tag(counted_id(7), "t"))})
    second = replace(first, changes=dict(reversed(first.changes.items())))
    assert canonical.digest(first) == canonical.digest(second)
    assert canonical.digest(first) != canonical.digest(replace(first, title="B"))
