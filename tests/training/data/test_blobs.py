"""Sealed blobs: what is changed, moved or cut off does not open; what is asked for is what comes."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName, ProjectId, new_id
from training.data.blobs import CHUNK_BYTES, Blobs, Folder, blob_path, seal_blob

PROJECT = ProjectId(new_id())
SECRET = bytes(range(32))
SEALED_CHUNK = CHUNK_BYTES + 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    return Blobs(Folder(folder))


def kept(blobs: Blobs, content: bytes):
    sealed = seal_blob(SECRET, content)
    blobs.put(PROJECT, [sealed])
    return sealed


def refused(blobs: Blobs, sealed) -> str:
    with pytest.raises(AtelierError) as caught:
        blobs.check(PROJECT, sealed.name, sealed.key)
    return caught.value.code


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_any_size_comes_back_whole(blobs, size):
    content = os.urandom(size)
    sealed = kept(blobs, content)
    assert blobs.read(PROJECT, sealed.name, sealed.key, 0, size) == content
    blobs.check(PROJECT, sealed.name, sealed.key)


CONTENT = os.urandom(2 * CHUNK_BYTES + 1000)


@given(st.integers(0, len(CONTENT) + 10), st.integers(0, len(CONTENT) + 10))
@settings(max_examples=60)
def test_a_range_is_the_same_as_a_slice(tmp_path_factory, start, end):
    blobs = Blobs(Folder(tmp_path_factory.getbasetemp() / "ranges"))
    sealed = seal_blob(SECRET, CONTENT)
    if not blobs.has(PROJECT, sealed.name):
        blobs.put(PROJECT, [sealed])
    assert blobs.read(PROJECT, sealed.name, sealed.key, start, end) == CONTENT[start:end]


def test_the_same_bytes_make_the_same_file_and_another_project_cannot_tell(blobs, folder):
    first, second = kept(blobs, CONTENT), kept(blobs, CONTENT)
    assert first == second
    assert sum(file.is_file() for file in folder.rglob("*")) == 1
    assert seal_blob(bytes(32), CONTENT).name != first.name


def test_every_kind_of_damage_is_refused(blobs, folder):
    sealed = kept(blobs, CONTENT)
    file = folder / blob_path(PROJECT, sealed.name)
    whole = file.read_bytes()
    other = seal_blob(SECRET, CONTENT[::-1]).data
    one, two, three = whole[:SEALED_CHUNK], whole[SEALED_CHUNK : 2 * SEALED_CHUNK], whole[2 * SEALED_CHUNK :]
    damaged = {
        "a flipped bit": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        "a lost tail": whole[:-1],
        "a lost last chunk": one + two,
        "everything lost": b"",
        "swapped chunks": two + one + three,
        "a chunk twice": one + one + three,
        "bytes added": whole + bytes(SEALED_CHUNK),
        "another blob in its place": other,
    }
    for what, data in damaged.items():
        file.write_bytes(data)
        assert refused(blobs, sealed) == "seal.broken", what
    file.unlink()
    assert refused(blobs, sealed) == "blob.missing"
    kept(blobs, CONTENT)
    blobs.check(PROJECT, sealed.name, sealed.key)


def test_a_damaged_chunk_does_not_spoil_the_others(blobs, folder):
    sealed = kept(blobs, CONTENT)
    file = folder / blob_path(PROJECT, sealed.name)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert blobs.read(PROJECT, sealed.name, sealed.key, 0, CHUNK_BYTES) == CONTENT[:CHUNK_BYTES]
    with pytest.raises(AtelierError):
        blobs.read(PROJECT, sealed.name, sealed.key, 0, len(CONTENT))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, "", "a" * 63 + "/"])
def test_only_hashes_name_files(name):
    with pytest.raises(AtelierError) as caught:
        blob_path(PROJECT, BlobName(name))
    assert caught.value.code == "blob.missing"


def test_content_never_lies_readable_on_disk(blobs, folder):
    canary = os.urandom(16).hex().encode()
    kept(blobs, b"x" * 5000 + canary + b"x" * CHUNK_BYTES)
    assert all(canary not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_nothing_half_is_left_when_the_disk_is_full(blobs, folder, monkeypatch):
    first = kept(blobs, b"before")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(AtelierError) as caught:
        kept(blobs, b"too much")
    monkeypatch.undo()
    assert caught.value.code == "node.disk_full"
    assert [file.name for file in folder.rglob("*") if file.is_file()] == [first.name]
    assert kept(blobs, b"too much").size == 8


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")
