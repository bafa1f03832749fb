"""Rows of a list that is too large to hold: those of the whole, and what is before a break stands."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from plugins.pointcloud.formats import json_rows
from plugins.pointcloud.formats.json_rows import rows_of
from studio.domain.errors import AtelierError


class Line(Struct, frozen=True):
    token: str
    numbers: list[float] = []
    inner: list[dict[str, str]] = []


TEXTS = st.text(st.sampled_from('ab}{,[]"\\ \n\u00e9'), max_size=12)
LINES = st.builds(
    Line, TEXTS, st.lists(st.floats(-5, 5), max_size=3), st.lists(st.dictionaries(TEXTS, TEXTS), max_size=3)
)


def read(data: bytes, kind: type[Line] = Line) -> list[Line | str]:
    return list(rows_of(io.BytesIO(data), "table.json", kind))


def written(rows: list[Line], indent: int | None) -> bytes:
    plain: list[Any] = [{"token": r.token, "numbers": r.numbers, "inner": r.inner} for r in rows]
    return json.dumps(plain, indent=indent, ensure_ascii=False).encode()


@given(st.lists(LINES, max_size=8), st.sampled_from([None, 0, 2]), st.integers(4, 40))
def test_any_list_comes_back_row_by_row_however_it_is_cut_into_blocks(rows, indent, block) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "BLOCK", block)
        assert read(b"\xef\xbb\xbf " + written(rows, indent) + b" \n") == rows


def test_a_row_that_is_not_as_it_should_be_is_told_and_the_others_stand() -> None:
    found = read(b'[{"token": "a"}, {"token": 3}, {"numbers": []}, {"token": "b"}]')
    assert [each.token for each in found if isinstance(each, Line)] == ["a", "b"]
    assert ["Expected" in each or "missing" in each for each in found if isinstance(each, str)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("data", [b"", b"{}", b'{"token": "a"}', b"nothing"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(AtelierError) as refused:
        read(data)
    assert refused.value.code == "import.bad_json"


def test_of_a_file_that_is_cut_in_half_the_rows_before_the_cut_stand() -> None:
    whole = written([Line(f"{n}", [1.0, 2.0]) for n in range(100)], None)
    for cut in (len(whole) // 2, len(whole) - 1, len(whole) - 2):
        found: list[Line | str] = []
        with pytest.raises(AtelierError) as refused:
            found.extend(rows_of(io.BytesIO(whole[:cut]), "table.json", Line))
        assert refused.value.code == "import.bad_json"
        assert [each.token for each in found] == [f"{n}" for n in range(len(found))]
        assert len(found) >= 40


def test_a_row_without_an_end_is_no_reason_to_hold_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "LONGEST_ROW", 1000)
    monkeypatch.setattr(json_rows, "BLOCK", 1000)
    for endless in (b'[{"token": "' + b"x" * 100_000, b'[{"inner": [' + b"{}, " * 50_000):
        with pytest.raises(AtelierError):
            read(endless)


def test_memory_is_that_of_a_block_and_not_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "BLOCK", 64 * 1024)
    data = written([Line(f"token {n}", [0.5] * 20) for n in range(30_000)], 0)
    file = io.BytesIO(data)
    tracemalloc.start()
    try:
        count = sum(1 for _ in rows_of(file, "table.json", Line))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 30_000
    assert peak < len(data) / 8
