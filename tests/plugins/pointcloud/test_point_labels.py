"""Labels of points: what goes into tiles comes out, and a damaged blob is refused in words."""

import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.point_labels import (
    RUN,
    PointLabels,
    blob_name,
    decoded,
    encoded,
    joined,
    tile_id,
    tiles_of,
    unlabelled,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, StreamId, is_id, new_id

LIDAR = StreamId("lidar")


@st.composite
def labels(draw: st.DrawFn, most: int = 300) -> PointLabels:
    count = draw(st.integers(0, most))
    classes = tuple(draw(st.lists(st.text(max_size=8), min_size=1, max_size=6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    instances = rng.integers(0, draw(st.sampled_from([1, 3, 2**32])), count)
    return PointLabels(
        classes, rng.integers(0, len(classes), count).astype(np.uint16), instances.astype(np.uint32)
    )


def names(found: PointLabels) -> list[tuple[str, int]]:
    return [
        (found.classes[each], int(instance))
        for each, instance in zip(found.class_of, found.instance_of, strict=True)
    ]


@given(labels())
def test_what_is_encoded_decodes_to_the_same_classes_and_instances(found: PointLabels) -> None:
    assert names(decoded(encoded(found))) == names(found)


@given(labels())
def test_equal_labels_have_one_blob_whatever_the_order_of_their_tables(found: PointLabels) -> None:
    turned = PointLabels(
        found.classes[::-1], (len(found.classes) - 1 - found.class_of).astype(np.uint16), found.instance_of
    )
    assert encoded(turned) == encoded(found)


@pytest.mark.parametrize("count", [0, 1, RUN - 1, RUN, RUN + 1, 3 * RUN + 7])
def test_a_frame_of_any_size_comes_back_from_its_tiles(count: int) -> None:
    rng = np.random.default_rng(count)
    found = PointLabels(
        ("", "car", "road"),
        rng.integers(0, 3, count).astype(np.uint16),
        rng.integers(0, 9, count).astype(np.uint32),
    )
    tiles, blobs = tiles_of(found, LIDAR, 4)
    assert [tile.index for tile in tiles] == [(run, 0) for run in range(-(-count // RUN))]
    assert {tile.blob for tile in tiles} == {name for name, _ in blobs}
    assert all(blob_name(blob) == name for name, blob in blobs)
    again = joined(reversed(tiles), dict(blobs).__getitem__)
    assert names(again) == names(found)


def test_a_run_without_a_tile_is_unlabelled() -> None:
    found = PointLabels(("car",), np.zeros(2 * RUN + 5, np.uint16), np.zeros(2 * RUN + 5, np.uint32))
    tiles, blobs = tiles_of(found, LIDAR, 0)
    again = joined([tiles[0], tiles[2]], dict(blobs).__getitem__)
    said = [again.classes[each] for each in again.class_of]
    assert said == ["car"] * RUN + [""] * RUN + ["car"] * 5


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"no zlib",
        encoded(unlabelled(9))[:-3],
        zlib.compress(b"\x00" * 40_000_000),
        zlib.compress(msgspec.msgpack.encode({"version": 1, "classes": ["a"]})),
        zlib.compress(
            msgspec.msgpack.encode(
                {"version": 1, "classes": ["a"], "class_of": b"\x01\x00", "instance_of": b""}
            )
        ),
        zlib.compress(
            msgspec.msgpack.encode({"version": 1, "classes": ["a"], "class_of": b"\x00", "instance_of": b""})
        ),
        zlib.compress(
            msgspec.msgpack.encode(
                {"version": 1, "classes": ["a"], "class_of": b"\x00\x00", "instance_of": b"\0" * 8}
            )
        ),
    ],
)
def test_a_damaged_blob_is_refused_in_words(blob: bytes) -> None:
    with pytest.raises(AtelierError) as refused:
        decoded(blob)
    assert refused.value.code == "point_labels.malformed"


def test_tiles_that_cannot_be_of_one_cloud_are_refused() -> None:
    tiles, blobs = tiles_of(unlabelled(5), LIDAR, 0)
    beyond = msgspec.structs.replace(tiles[0], index=(2**40, 0))
    after = msgspec.structs.replace(tiles[0], index=(1, 0))
    for wrong in ([beyond], [tiles[0], after]):
        with pytest.raises(AtelierError) as refused:
            joined(wrong, dict(blobs).__getitem__)
        assert refused.value.code == "point_labels.malformed"


def test_everybody_makes_a_tile_under_the_same_id() -> None:
    item, other = ItemId(new_id()), ItemId(new_id())
    keys = [tile_id(item, LIDAR, frame, run) for frame in range(20) for run in range(20)]
    assert all(is_id(each) for each in keys)
    assert len({*keys, tile_id(other, LIDAR, 0, 0), tile_id(item, StreamId("roof"), 0, 0)}) == 402
    assert keys[0] == tile_id(item, LIDAR, 0, 0)
