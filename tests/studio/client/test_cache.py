"""The cache gives back what was put, keeps within its bound, and takes altered bytes for absent ones."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.client.cache import CHUNK_BYTES, SMALL_BYTES, Cache

KEY = bytes(range(32))
SIZES = (0, 1, SMALL_BYTES, SMALL_BYTES + 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 5)


@pytest.fixture
def cache(tmp_path: Path) -> object:
    made = Cache(tmp_path, KEY, limit_bytes=64 * 1024 * 1024)
    yield made
    made.close()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("media/*/*.sealed"))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_comes_back_also_after_a_restart(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    first = Cache(tmp_path, KEY)
    assert first.get("media", "a") is None
    first.put(data, "media", "a")
    assert first.get("media", "a") == data
    first.close()
    second = Cache(tmp_path, KEY)
    assert second.has("media", "a")
    assert second.get("media", "a") == data
    assert second.get("media", "b") is None
    second.close()


def test_a_value_that_grows_or_shrinks_is_always_the_latest(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KEY)
    for size in (10, SMALL_BYTES * 3, 20, CHUNK_BYTES * 2, 30):
        data = os.urandom(size)
        cache.put(data, "document", "a")
        assert cache.get("document", "a") == data
    assert files(tmp_path) == []
    cache.close()


def test_neither_names_nor_values_stand_on_the_disk(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KEY)
    cache.put(b"patient 7" * 10, "media", "hospital")
    cache.put(b"patient 7" * 10_000, "media", "hospital-large")
    cache.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"patient" not in path.read_bytes()
            assert b"hospital" not in path.read_bytes()
            assert "hospital" not in path.name


@settings(max_examples=30)
@given(st.data())
def test_a_flipped_bit_or_cut_file_is_a_miss(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = Cache(folder, KEY)
    value = bytes(2 * CHUNK_BYTES + 100)
    cache.put(value, "a")
    (path,) = files(folder)
    sealed = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        sealed[at] ^= 1
    else:
        del sealed[at:]
    path.write_bytes(sealed)
    assert cache.get("a") is None
    assert not path.exists(), "what does not open is not kept"
    cache.put(value, "a")
    assert cache.get("a") == value
    cache.close()


def test_a_file_cut_at_a_chunk_or_with_chunks_swapped_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KEY)
    cache.put(os.urandom(2 * CHUNK_BYTES), "a")
    (path,) = files(tmp_path)
    sealed = path.read_bytes()
    half = len(sealed) // 2
    for altered in (sealed[:half], sealed[half:] + sealed[:half], sealed + sealed[half:], b""):
        path.write_bytes(altered)
        assert cache.get("a") is None
        path.parent.mkdir(exist_ok=True)
    cache.close()


def test_a_file_under_another_name_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KEY)
    cache.put(os.urandom(SMALL_BYTES * 2), "a")
    (first,) = files(tmp_path)
    cache.put(os.urandom(SMALL_BYTES * 2), "b")
    second = next(each for each in files(tmp_path) if each != first)
    second.write_bytes(first.read_bytes())
    assert cache.get("b") is None
    assert cache.get("a") is not None
    cache.close()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KEY)
    cache.put(b"small", "a")
    cache.close()
    other = Cache(tmp_path, bytes(32))
    assert other.get("a") is None
    other.close()


def test_the_longest_unused_goes_when_there_is_too_much(tmp_path: Path) -> None:
    size = 100_000
    cache = Cache(tmp_path, KEY, limit_bytes=10 * size)
    for number in range(8):
        cache.put(os.urandom(size), str(number))
        path = max(files(tmp_path), key=lambda each: each.stat().st_mtime_ns)
        os.utime(path, (1000 + number, 1000 + number))
    assert cache.get("0") is not None, "it was used just now"
    for number in range(8, 12):
        cache.put(os.urandom(size), str(number))
    assert cache.media_bytes <= 10 * size
    assert cache.media_bytes == sum(each.stat().st_size for each in files(tmp_path))
    assert cache.get("0") is not None
    assert cache.get("1") is None
    assert cache.get("11") is not None
    cache.close()


def test_clearing_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KEY)
    cache.put(b"small", "a")
    cache.put(bytes(SMALL_BYTES * 2), "b")
    cache.clear()
    assert cache.get("a") is None
    assert cache.get("b") is None
    assert cache.media_bytes == 0
    assert files(tmp_path) == []
    cache.close()


def test_the_index_holds_no_pickle(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    cache = Cache(tmp_path, KEY)
    for size in SIZES[:4]:
        cache.put(bytes(size), str(size))
    cache.close()
    with closing(sqlite3.connect(tmp_path / "index" / "cache.db")) as index:
        rows = index.execute("select raw, mode, typeof(key) from Cache").fetchall()
    assert rows
    assert {mode for _, mode, _ in rows} == {1}, "1 is raw bytes, 4 would be a pickle"
    assert {(raw, kind) for raw, _, kind in rows} == {(1, "text")}
