"""Every folder of samples is recognised as what it is, whatever other formats see in it too."""

import re
from pathlib import Path

import pytest

from plugins.pointcloud import PLUGIN
from studio.cli.reading import sniffed
from studio.domain.contracts.formats import Format
from studio.domain.contracts.plugin import load_part
from studio.domain.contracts.tree import FolderTree
from tests.plugins.formats_kit import write
from tests.plugins.pointcloud.formats.scenes import everything, lay_out

# None: nothing that may be read without unpacking
SAMPLES = {
    "drive_argoverse2": "argoverse2",
    "drive_kitti_object": "kitti_object",
    "drive_kitti_raw_camera_lidar_seq": "kitti_raw",
    "drive_kitti_tracking0000_lidar": "kitti_tracking",
    "drive_kitti_tracking0000_lidar/openlabel": "openlabel",
    "drive_nuscenes_frame": "nuscenes_info",
    "drive_t4dataset_sample": "nuscenes",
    "export_openlabel": "openlabel",
    "formats_datumaro/kitti_dataset": "kitti_object",
    "formats_datumaro/sly_pointcloud_dataset": "supervisely",
    "pointcloud_cvat_canvas3d": None,
    "pointcloud_e57": "point_folder",
    "pointcloud_labelcloud": "labelcloud",
    "pointcloud_las": "point_folder",
}


@pytest.mark.parametrize(("folder", "wanted"), SAMPLES.items())
def test_the_right_format_wins(shared_data: Path, folder: str, wanted: str | None) -> None:
    found = sniffed(FolderTree(shared_data / folder))
    assert [each.format for each in found[:1]] == ([wanted] if wanted else [])
    if wanted:
        assert found[0].items > 0
        assert not any(each.confidence == found[0].confidence for each in found[1:])


def test_no_folder_of_samples_is_left_out(shared_data: Path) -> None:
    here = {
        each.name for each in shared_data.iterdir() if each.name.partition("_")[0] in ("drive", "pointcloud")
    }
    assert here <= set(SAMPLES)


@pytest.mark.parametrize("where", PLUGIN.formats)
def test_what_a_format_writes_is_recognised_as_its_own(where: str, tmp_path: Path) -> None:
    made: Format = load_part(where)()
    if made.can_write:
        item = everything()
        write(made, [item], tmp_path)
        lay_out(tmp_path, [item])
        assert sniffed(FolderTree(tmp_path))[0].format == made.name


@pytest.mark.parametrize("folder", [name for name, wanted in SAMPLES.items() if wanted])
def test_what_was_found_is_said_in_numbers_that_agree(shared_data: Path, folder: str) -> None:
    said = sniffed(FolderTree(shared_data / folder))[0].summary
    assert said
    assert not re.search(r"\b1 (\w+ )?\w+s\b", said), said
