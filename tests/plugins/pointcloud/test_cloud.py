"""Clouds in shuffled pieces: every point arrives once, and still knows its place in the file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud import cloud as clouds
from plugins.pointcloud.cloud import PIECE, Cloud, Head, Piece, prepared, read_head, read_piece
from studio.domain.errors import AtelierError


def made(count: int, dropped: int = 0) -> Cloud:
    rng = np.random.default_rng(count)
    places = None
    if dropped:
        places = np.sort(rng.permutation(count + dropped)[:count]).astype(np.uint32)
    fields = {
        "intensity": rng.uniform(0, 1, count).astype(np.float32),
        "rgb": rng.integers(0, 255, (count, 3)).astype(np.uint8),
        "ring": rng.integers(0, 64, count).astype(np.uint16),
    }
    xyz = rng.normal(0, 20, (count, 3)).astype(np.float32)
    return Cloud(xyz, (7.0, 8.0, 9.0), fields, places, dropped)


def travelled(cloud: Cloud) -> tuple[Head, list[Piece]]:
    head, pieces = prepared(cloud)
    return read_head(head), [read_piece(piece) for piece in pieces]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 50))
def test_pieces_put_in_order_are_the_cloud_again(count: int, dropped: int) -> None:
    cloud = made(count, dropped)
    head, pieces = travelled(cloud)
    assert (head.points, head.pieces, head.dropped, head.origin) == (
        count,
        len(pieces),
        dropped,
        cloud.origin,
    )
    if not pieces:
        return
    order = np.concatenate([piece.order for piece in pieces])
    wanted = np.arange(count) if cloud.places is None else cloud.places
    assert np.array_equal(np.sort(order), wanted)
    in_order = np.argsort(order)
    assert np.array_equal(np.concatenate([piece.xyz for piece in pieces])[in_order], cloud.xyz)
    for name in head.fields:
        values = np.concatenate([piece.fields[name] for piece in pieces])[in_order]
        assert np.array_equal(values, cloud.fields[name])
    assert np.array_equal(head.low, cloud.xyz.min(axis=0))


def test_the_first_piece_is_a_sample_of_all_and_the_same_each_time() -> None:
    cloud = made(PIECE * 2 + 5)
    head, pieces = travelled(cloud)
    assert [len(piece.order) for piece in pieces] == [PIECE, PIECE, 5]
    # half of the first piece's points lie in the first half of the file, give or take
    assert abs((pieces[0].order < (PIECE * 2 + 5) / 2).mean() - 0.5) < 0.01
    assert prepared(cloud) == prepared(cloud)
    assert head.high[2] > 50


def test_what_was_damaged_on_the_way_is_said() -> None:
    head, pieces = prepared(made(10))
    for data, read in (
        (head[:-1], read_head),
        (pieces[0][:-1], read_piece),
        (b"", read_piece),
        (head, read_piece),
    ):
        with pytest.raises(AtelierError) as caught:
            read(data)
        assert caught.value.code == "cloud.malformed"


def test_the_ground_is_the_height_that_most_low_points_share() -> None:
    rng = np.random.default_rng(1)
    ground = np.column_stack([rng.uniform(-30, 30, (5000, 2)), rng.normal(-1.7, 0.03, 5000)])
    walls = np.column_stack([rng.uniform(-30, 30, (3000, 2)), rng.uniform(-1.7, 6, 3000)])
    xyz = np.concatenate([ground, walls]).astype(np.float32)
    assert clouds.ground_height(xyz) == pytest.approx(-1.7, abs=0.1)
    assert clouds.ground_height(xyz[:0]) == 0.0
