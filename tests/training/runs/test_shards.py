"""What a run is handed of each item: its shapes, their classes, and what each counts."""

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugins.image.sight import PictureSight
from studio.domain.contracts.training import Shown
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.wire.projects import Stream
from training.runs import shards
from training.runs.inside.atelier_wire import Sample, shard_data
from training.runs.shards import Shards, Source

KEY = bytes(range(32))


def a_box(class_name: str, left: float) -> tuple[Track, Box]:
    track = Track(EntityId(new_id()), class_name)
    return track, Box(EntityId(new_id()), track.id, StreamId("s"), 0, (left, 1.0, left + 9.0, 9.0))


def source(name: str, *entities: AnyEntity, weights: dict[EntityId, float]) -> Source:
    stream = Stream(StreamId("s"), "picture", "image")
    item = Shown(name, (stream,), entities, lambda *_: name.encode(), no_views, weights)
    return Source("image", "train", name, item)


def no_views(*_: object) -> bytes:
    """Of pictures only their files are wanted."""
    raise AssertionError


def written(folder: Path, *sources: Source) -> Shards:
    made = shards.write(folder, "run", KEY, PictureSight(), sources, lambda: False)
    assert made is not None
    return made


def samples(folder: Path, made: Shards) -> dict[str, Sample]:
    """What the files hold, opened as the code inside does."""
    found: list[Sample] = []
    for shard in made.shards:
        data = (folder / shard.path.rpartition("/")[2]).read_bytes()
        plain = AESGCM(KEY).decrypt(data[:12], data[12:], shard_data("run", shard.path))
        found += msgspec.msgpack.decode(plain, type=list[Sample])
    return {each.name: each for each in found}


def test_each_box_has_its_weight_in_the_order_of_the_boxes(tmp_path: Path) -> None:
    right, left = a_box("cell", 50.0), a_box("debris", 2.0)
    made = written(
        tmp_path,
        source("both", *right, *left, weights={right[1].id: 0.25}),
        source("plain", *a_box("cell", 3.0), weights={}),
    )
    found = samples(tmp_path, made)
    assert [xyxy[0] for xyxy in found["both"].shapes] == [2.0, 50.0]
    assert found["both"].weights == (1.0, 0.25)
    assert found["plain"].weights == ()
    assert (made.shapes, made.left_out) == (3, 0)


def test_where_nothing_counts_there_is_nothing_to_learn(tmp_path: Path) -> None:
    track, box = a_box("cell", 3.0)
    with pytest.raises(AtelierError) as caught:
        written(tmp_path, source("a", track, box, weights={box.id: 0.0}))
    assert caught.value.code == "run.no_labels"


def test_items_of_another_kind_of_data_are_left_out_and_counted(tmp_path: Path) -> None:
    drive = Source("points", "train", "d", source("drive", *a_box("cell", 3.0), weights={}).item)
    made = written(tmp_path, drive, source("plain", *a_box("cell", 3.0), weights={}))
    assert list(samples(tmp_path, made)) == ["plain"]
    assert made.left_out == 1
    with pytest.raises(AtelierError) as caught:
        written(tmp_path / "none", drive)
    assert caught.value.code == "run.no_items"
