"""KITTI's raw recordings: the shared drive, the devkit's own layout, tracklets there and back, and lies."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.formats.kitti_raw import KittiRaw, time_of
from plugins.pointcloud.points.reading import read_points
from studio.domain.cameras import project
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Calibration, Cuboid, EgoPose, Track
from studio.domain.space import yaw_of
from tests.plugins.formats_kit import kinds, picture, read, write
from tests.plugins.pointcloud.formats.scenes import everything, lay_out, near, said, scenes
from tests.plugins.pointcloud.points.point_files import sweep

TRACKLETS = """<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<!DOCTYPE boost_serialization>
<boost_serialization signature="serialization::archive" version="9">
<tracklets class_id="0" tracking_level="0" version="0"><count>1</count><item_version>1</item_version>
<item class_id="1" tracking_level="0" version="1"><objectType>Van</objectType>
<h>2.0</h><w>1.8</w><l>4.4</l><first_frame>1</first_frame>
<poses class_id="2" tracking_level="0" version="0"><count>2</count><item_version>2</item_version>
<item class_id="3" tracking_level="0" version="2"><tx>10</tx><ty>-3</ty><tz>-1.6</tz><rx>0</rx><ry>0</ry>
<rz>0.5</rz><state>2</state><occlusion>1</occlusion><occlusion_kf>1</occlusion_kf><truncation>0</truncation>
<amt_occlusion>-1</amt_occlusion></item>
<item><tx>11</tx><ty>-3</ty><tz>-1.6</tz><rx>0</rx><ry>0</ry><rz>0.6</rz><state>1</state>
<occlusion>-1</occlusion><truncation>-1</truncation></item>
</poses><finished>1</finished></item></tracklets></boost_serialization>
"""
CAM_TO_CAM = (
    "calib_time: 09-Jan-2012 13:57:47\ncorner_dist: 9.950000e-02\nS_rect_02: 60 40\n"
    "R_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: 50 0 30 0 0 50 20 0 0 0 1 0\nR_02: 1 0 0 0 1 0 0 0 1\n"
)
POSE = "calib_time: 15-Mar-2012 11:37:16\nR: {}\nT: {}\n"


def drive(folder: Path, frames: int = 3) -> Path:
    """The layout in which the recordings are published."""
    date, name = folder / "2011_09_26", "2011_09_26_drive_0005_sync"
    root = date / name
    for each in ("velodyne_points", "image_02", "oxts"):
        (root / each / "data").mkdir(parents=True)
        (root / each / "timestamps.txt").write_text(
            "".join(f"2011-09-26 13:02:{25 + at}.964389445\n" for at in range(frames))
        )
    for at in range(frames):
        (root / f"velodyne_points/data/{at:010}.bin").write_bytes(sweep(20, at))
        picture(root / f"image_02/data/{at:010}.png", (60, 40))
        (root / f"oxts/data/{at:010}.txt").write_text(f"49.0 8.4 110 0 0 {0.1 * at} 0 0\n")
    (date / "calib_cam_to_cam.txt").write_text(CAM_TO_CAM)
    (date / "calib_velo_to_cam.txt").write_text(POSE.format("0 -1 0 0 0 -1 1 0 0", "0 0 0"))
    (date / "calib_imu_to_velo.txt").write_text(POSE.format("1 0 0 0 1 0 0 0 1", "-0.8 0.3 -0.8"))
    (root / "tracklet_labels.xml").write_text(TRACKLETS)
    return folder


def boxes(item: ReadItem) -> list[tuple[object, ...]]:
    classes = {each.id: each.class_name for each in item.entities if isinstance(each, Track)}
    return [
        (classes[each.track], each.frame, each.made, each.ends_here, each.attributes)
        for each in item.entities
        if isinstance(each, Cuboid)
    ]


def test_the_shared_drive_comes_in_with_its_pictures_over_its_points(shared_data: Path) -> None:
    folder = shared_data / "drive_kitti_raw_camera_lidar_seq"
    sniffed = KittiRaw().sniff(FolderTree(folder))
    assert sniffed is not None
    assert sniffed.items == 1
    (item,), problems = read(KittiRaw(), folder)
    assert problems == []
    assert [(file.stream.id, file.stream.frames, len(file.paths)) for file in item.media] == [
        ("lidar", 12, 12),
        ("image_02", 12, 12),
    ]
    camera = next(
        each for each in item.entities if isinstance(each, Calibration) and each.stream == "image_02"
    )
    assert camera.size == (1242, 375)
    points = read_points(folder / item.media[0].paths[0]).xyz.astype(float)
    pixels = project(points, camera)
    # these sweeps were cut to the left colour camera's sight, and 20 pixels around it
    assert np.all(pixels > -21)
    assert np.all(pixels < (1242 + 21, 375 + 21))


def test_a_drive_as_published_comes_in_with_times_poses_and_tracklets(tmp_path: Path) -> None:
    (item,), problems = read(KittiRaw(), drive(tmp_path))
    assert problems == []
    assert item.source == "2011_09_26/2011_09_26_drive_0005_sync"
    assert item.media[0].stream.times_ns[0] == 1_317_042_145_964_389_445
    assert np.diff(item.media[1].stream.times_ns).tolist() == [10**9, 10**9]
    assert boxes(item) == [
        ("Van", 1, "hand", False, (("occluded", 1), ("truncated", 0))),
        ("Van", 2, "auto", True, ()),
    ]
    first = next(each for each in item.entities if isinstance(each, Cuboid))
    near((*first.centre, *first.size, yaw_of(first.rotation)), (10, -3, -0.6, 4.4, 1.8, 2.0, 0.5))
    poses = [each for each in item.entities if isinstance(each, EgoPose)]
    assert [round(yaw_of(each.rotation), 6) for each in poses] == [0, 0.1, 0.2]
    assert poses[0].time_ns == item.media[0].stream.times_ns[0]


def test_it_is_written_and_read_again_with_the_shared_files(tmp_path: Path) -> None:
    (item,), _ = read(KittiRaw(), drive(tmp_path / "in"))
    lost = said(write(KittiRaw(), [item], tmp_path / "out"))
    assert lost == {"pose of the ego frame": 3}
    lay_out(tmp_path / "out", [item])
    (again,), problems = read(KittiRaw(), tmp_path / "out")
    assert problems == []
    assert boxes(again) == boxes(item)
    assert again.media == item.media
    assert (again.source, kinds(again)["Calibration"]) == (item.source, 1)


@settings(max_examples=40, deadline=None)
@given(scenes(made=st.sampled_from(["hand", "auto"]), poses=False, identities=("",)))
def test_boxes_of_any_turn_come_back(item: ReadItem) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        losses = said(write(KittiRaw(), [item], Path(name)))
        lay_out(Path(name), [item])
        (again,), problems = read(KittiRaw(), Path(name))
        twice = said(write(KittiRaw(), [again], Path(name) / "twice"))
    assert problems == []
    assert again.media == item.media
    assert set(losses) <= {
        "gap in a track",
        "box between key frames",
        "size of a box that differs from the track's first",
        "distortion of a lens",
    }
    # what was lost is lost once: there is nothing more to lose
    assert set(twice) == set()


def test_what_tracklets_have_no_word_for_is_counted(tmp_path: Path) -> None:
    lost = said(write(KittiRaw(), [everything()], tmp_path))
    assert lost["shape box"] == lost["tag"] == lost["remark"] == 1
    assert lost["cuboid made by model"] == 1
    assert lost["pose of the ego frame"] == 8


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<!DOCTYPE boost_serialization>", '<!DOCTYPE a [<!ENTITY b "c">]>', "import.bad_xml"),
        ("</tracklets>", "", "import.bad_xml"),
        ("<tx>10</tx>", "<tx>nan</tx>", "import.bad_box"),
        ("<tx>10</tx>", "", "import.bad_box"),
        ("<h>2.0</h>", "<h>0</h>", "import.bad_box"),
        ("<first_frame>1</first_frame>", "<first_frame>x</first_frame>", "import.bad_box"),
        ("<first_frame>1</first_frame>", "<first_frame>99</first_frame>", "import.missing_file"),
    ],
)
def test_tracklets_that_cannot_be_are_named_and_the_drive_comes_in(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    folder = drive(tmp_path)
    (path,) = folder.rglob("tracklet_labels.xml")
    path.write_text(path.read_text().replace(old, new))
    (item,), problems = read(KittiRaw(), folder)
    assert {problem.code for problem in problems} == {code}
    assert len(item.media[0].paths) == 3


def test_times_that_cannot_be_are_named_and_the_frames_come_ten_a_second(tmp_path: Path) -> None:
    folder = drive(tmp_path)
    (path,) = folder.rglob("velodyne_points/timestamps.txt")
    backwards = "".join(f"2011-09-26 13:02:{second}\n" for second in (25, 27, 26))
    for text in ("", "yesterday\n" * 3, "2011-09-26 13:02:25.9\n", backwards):
        path.write_text(text)
        (item,), problems = read(KittiRaw(), folder)
        assert {problem.code for problem in problems} == {"import.malformed"}
        assert item.media[0].stream.times_ns == (0, 100_000_000, 200_000_000)


def test_a_drive_without_its_calibration_is_no_drive(tmp_path: Path) -> None:
    folder = drive(tmp_path)
    shutil.copytree(folder, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("calib_*.txt"):
        path.unlink()
    assert KittiRaw().sniff(FolderTree(tmp_path / "copy")) is None


@pytest.mark.parametrize(
    ("line", "ns"),
    [
        ("2011-09-26 13:02:25.964389445", 1_317_042_145_964_389_445),
        ("1970-01-01 00:00:01", 10**9),
        ("1.036e-01", 103_600_000),
        ("12", 12 * 10**9),
    ],
)
def test_times_are_whole_nanoseconds(line: str, ns: int) -> None:
    assert time_of(line) == ns


@pytest.mark.parametrize(
    "line", ["", "now", "1e99999999", "-1", "2011-13-26 13:02:25", "2011-09-26 13:02:25.x"]
)
def test_what_is_no_time_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        time_of(line)
