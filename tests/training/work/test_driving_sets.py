"""The shared data sets of driving and surveying: each recognised by content and brought into a real node."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plugins.pointcloud.cloud import read_head, read_piece
from plugins.pointcloud.points.reading import read_points
from studio.cli.reading import sniffed
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Calibration, Cuboid, Track
from studio.domain.wire import routes
from studio.domain.wire.routes import path_of
from tests.training.uploading import bring_in, items_of, new_project

# folder, format, items, streams of the first item, frames, cuboids of all
SETS = [
    ("drive_kitti_tracking0000_lidar", "kitti_tracking", 1, 2, 12, 39),
    ("drive_kitti_raw_camera_lidar_seq", "kitti_raw", 1, 2, 12, 0),
    ("drive_kitti_object", "kitti_object", 1, 2, 1, 3),
    ("drive_nuscenes_frame", "nuscenes_info", 1, 7, 1, 69),
    ("drive_t4dataset_sample", "nuscenes", 1, 3, 3, 4),
    ("drive_argoverse2", "argoverse2", 1, 1, 1, 47),
    ("pointcloud_las", "point_folder", 9, 1, 1, 0),
    ("pointcloud_e57", "point_folder", 1, 1, 1, 0),
]


@pytest.fixture
def owner(node):
    return node.owner()


def get(owner, item, stream, frame, rendition):
    path = path_of(routes.MEDIA, item=item, stream=stream, frame=frame, rendition=rendition)
    answer = owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})
    assert answer.status_code == 200, answer.json()
    return answer.content


def test_each_is_recognised_comes_in_whole_and_can_be_looked_at(owner, shared_data: Path):
    for name, format_, count, streams, frames, cuboids in SETS:
        folder = shared_data / name
        assert sniffed(FolderTree(folder))[0].format == format_, name
        project = new_project(owner, name)
        report = bring_in(owner, project, folder, format_)
        assert (report.items, report.skipped) == (count, 0), name
        rows = items_of(owner, project).rows
        assert {row.kind for row in rows} == {"points"}, name
        item = owner.call(routes.ITEM, item=rows[0].id)
        assert len(item.streams) == streams, name
        assert item.streams[0].frames == frames, name
        found = [
            each
            for row in rows
            for each in owner.call(routes.DOCUMENT, item=row.id).entities
            if isinstance(each, Cuboid)
        ]
        assert len(found) == cuboids, name
        for row in rows:
            thumb = Image.open(io.BytesIO(get(owner, row.id, row.stream, 0, "thumb")))
            assert thumb.size == (256, 256), name
            head = read_head(get(owner, row.id, row.stream, 0, "cloud"))
            piece = read_piece(get(owner, row.id, row.stream, 0, "cloud-0"))
            assert 0 < len(piece.order) <= head.points, name


def test_a_log_of_many_sensors_is_read_back_as_its_files_are(owner, shared_data: Path):
    folder = shared_data / "drive_nuscenes_frame"
    project = new_project(owner, "Six cameras")
    bring_in(owner, project, folder, "nuscenes_info")
    (row,) = items_of(owner, project).rows
    item = owner.call(routes.ITEM, item=row.id)
    entities = owner.call(routes.DOCUMENT, item=row.id).entities
    cameras = {each.stream for each in entities if isinstance(each, Calibration)}
    assert {stream.id for stream in item.streams if stream.kind == "image"} == cameras
    assert all((stream.width, stream.height) == (1600, 900) for stream in item.streams[1:])
    (path,) = folder.glob("*.pcd.bin")
    cloud = read_points(path)
    head = read_head(get(owner, row.id, "LIDAR_TOP", 0, "cloud"))
    pieces = [read_piece(get(owner, row.id, "LIDAR_TOP", 0, f"cloud-{at}")) for at in range(head.pieces)]
    order = np.concatenate([piece.order for piece in pieces])
    xyz = np.concatenate([piece.xyz for piece in pieces])
    assert np.array_equal(xyz[np.argsort(order)], cloud.xyz)
    assert head.fields == ("intensity", "ring")
    assert get(owner, row.id, "LIDAR_TOP", 0, "original") == path.read_bytes()
    for camera in sorted(cameras):
        (picture,) = folder.glob(f"*__{camera}__*.jpg")
        assert get(owner, row.id, camera, 0, "original") == picture.read_bytes()
        assert Image.open(io.BytesIO(get(owner, row.id, camera, 0, "thumb"))).size == (256, 144)
    known = owner.call(routes.PROJECT, project=project)
    ontology = owner.call(routes.ONTOLOGY, project=project, version=known.ontology_version).ontology
    used = {each.class_name for each in entities if isinstance(each, Track)}
    assert used <= {each.name for each in ontology.classes}
