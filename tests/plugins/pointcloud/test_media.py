"""Point clouds are checked whole and prepared once: a picture from above, a head, and pieces."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plugins.pointcloud.cloud import read_head, read_piece
from plugins.pointcloud.media import GROUND, PointMedia
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError
from tests.plugins.pointcloud.points.point_files import pcd, ply, sweep, table


def prepared(path: Path) -> dict[str, bytes]:
    media = PointMedia()
    return dict(media.renditions(path, media.probe(path, Budget()), Budget()))


def test_a_sweep_is_probed_by_content_whatever_it_is_called(tmp_path: Path) -> None:
    for name, data, kind in (
        ("a.pcd", sweep(50), "application/x-lidar-sweep"),
        ("b.bin", pcd(table(30), "binary"), "application/x-pcd"),
        ("c.las", ply(table(20), "ascii"), "application/ply"),
    ):
        (tmp_path / name).write_bytes(data)
        stream = PointMedia().probe(tmp_path / name, Budget())
        assert (stream.kind, stream.points, stream.media_type) == (
            "points",
            len(data) and stream.points,
            kind,
        )
    assert stream.points == 20


def test_pieces_hold_the_file_and_the_head_says_so(shared_data: Path) -> None:
    path = shared_data / "drive_kitti_object" / "training" / "velodyne" / "000001.bin"
    made = prepared(path)
    head = read_head(made["cloud"])
    assert (head.points, head.pieces, head.fields, head.dropped) == (120_268, 1, ("intensity",), 0)
    assert head.ground_z == pytest.approx(-1.7, abs=0.2)
    piece = read_piece(made["cloud-0"])
    raw = np.fromfile(path, np.float32).reshape(-1, 4)
    assert np.array_equal(piece.xyz, raw[piece.order, :3])
    assert np.array_equal(piece.fields["intensity"], raw[piece.order, 3])
    assert list(made) == ["thumb", "cloud", "cloud-0"]


def test_points_without_a_place_keep_the_others_places_in_the_file(tmp_path: Path) -> None:
    rows = table(300)
    rows["z"][::3] = np.nan
    (tmp_path / "a.pcd").write_bytes(pcd(rows, "binary"))
    made = prepared(tmp_path / "a.pcd")
    assert read_head(made["cloud"]).dropped == 100
    piece = read_piece(made["cloud-0"])
    assert not (piece.order % 3 == 0).any()
    assert np.array_equal(piece.xyz[:, 0], rows["x"][piece.order])


def test_the_small_picture_shows_the_points_from_above(tmp_path: Path) -> None:
    rows = table(4000)
    # a low ground to the left, a high wall to the right, and one point so far away that all else is a dot
    rows["x"][:2000], rows["z"][:2000] = -abs(rows["x"][:2000]), 0.0
    rows["x"][2000:], rows["z"][2000:] = 55.0, np.linspace(0, 20, 2000)
    rows["x"][0] = 5000.0
    (tmp_path / "a.pcd").write_bytes(pcd(rows, "binary"))
    picture = Image.open(io.BytesIO(prepared(tmp_path / "a.pcd")["thumb"]))
    pixels = np.asarray(picture.convert("RGB"), int)
    assert pixels.shape == (256, 256, 3)
    lit = np.abs(pixels - GROUND).sum(axis=2) > 90
    assert lit[:, :120].sum() > 500
    left, right = pixels[:, :120][lit[:, :120]].mean(axis=0), pixels[:, 200:][lit[:, 200:]].mean(axis=0)
    assert left[2] > left[0]  # low is blue
    assert right[0] > right[2]  # high is red


def test_one_point_and_a_plane_have_a_picture_too(tmp_path: Path) -> None:
    for count in (1, 2, 500):
        rows = table(count)
        rows["x"] = rows["z"] = 3.0
        (tmp_path / "a.pcd").write_bytes(pcd(rows, "binary"))
        assert Image.open(io.BytesIO(prepared(tmp_path / "a.pcd")["thumb"])).size == (256, 256)


def test_another_file_under_the_same_name_is_read_again(tmp_path: Path) -> None:
    media = PointMedia()
    path = tmp_path / "a.bin"
    path.write_bytes(sweep(10))
    stream = media.probe(path, Budget())
    path.unlink()
    path.write_bytes(sweep(20))
    assert read_head(dict(media.renditions(path, stream, Budget()))["cloud"]).points == 20


def test_a_file_that_holds_no_points_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.pcd").write_text("no points at all")
    with pytest.raises(AtelierError) as caught:
        PointMedia().probe(tmp_path / "a.pcd", Budget())
    assert caught.value.code == "cloud.unknown_kind"
    assert caught.value.hint
