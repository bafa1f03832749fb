"""Blobs in a bucket, through the real client on a store in memory."""

import pytest
from obstore.store import MemoryStore

from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId, new_id
from training.data.blobs import CHUNK_BYTES, Blobs, seal_blob
from training.data.bucket import Bucket, open_bucket

PROJECT = ProjectId(new_id())


def test_a_bucket_keeps_blobs_as_a_folder_does():
    blobs = Blobs(Bucket(MemoryStore()))
    content = bytes(range(256)) * 3000
    sealed = seal_blob(bytes(32), content)
    assert not blobs.has(PROJECT, sealed.name)
    with pytest.raises(AtelierError) as caught:
        blobs.read(PROJECT, sealed.name, sealed.key, 0, 10)
    assert caught.value.code == "blob.missing"
    for _ in range(2):
        blobs.put(PROJECT, [sealed])
    assert blobs.read(PROJECT, sealed.name, sealed.key, 0, len(content)) == content
    assert (
        blobs.read(PROJECT, sealed.name, sealed.key, CHUNK_BYTES - 5, CHUNK_BYTES + 5)
        == (content[CHUNK_BYTES - 5 : CHUNK_BYTES + 5])
    )
    assert list(blobs.place.paths()) == [f"{PROJECT}/{sealed.name[:1]}/{sealed.name}"]
    for _ in range(2):
        blobs.delete(PROJECT, sealed.name)
    assert not blobs.has(PROJECT, sealed.name)


def test_a_bucket_that_does_not_answer_is_said_in_plain_words():
    bucket = open_bucket("s3://nowhere", "http://127.0.0.1:9", "who", "secret")
    with pytest.raises(AtelierError) as caught:
        bucket.put([("a/b", b"c")])
    assert caught.value.code == "blob.unreachable"
    assert "secret" not in str(caught.value) + caught.value.detail
