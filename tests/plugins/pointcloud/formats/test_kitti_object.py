"""KITTI's object benchmark: the shared frame, what survives the way out and back, and lines that lie."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.formats.kitti_labels import OBJECT_WORDS, Row, line_of, placed, row_of, solid_of
from plugins.pointcloud.formats.kitti_object import KittiObject
from plugins.pointcloud.points.reading import read_points
from studio.domain.cameras import box_on_picture
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, Calibration, Cuboid, Track
from studio.domain.ids import StreamId
from studio.domain.space import Pose, corners, turn, within
from tests.plugins.formats_kit import kinds, picture, read, write
from tests.plugins.pointcloud.formats.scenes import LOOKING_AHEAD, everything, lay_out, near, said
from tests.plugins.pointcloud.points.point_files import sweep

IMAGE_02 = StreamId("image_02")


def shared(folder: Path) -> Path:
    return folder / "drive_kitti_object"


def contents(item: ReadItem) -> list[tuple[object, ...]]:
    """Every cuboid and box with its class, to a micrometre and a micropixel."""
    classes = {each.id: each.class_name for each in item.entities if isinstance(each, Track)}
    found: list[tuple[object, ...]] = []
    for each in item.entities:
        if isinstance(each, Cuboid):
            numbers = (*each.centre, *each.size, *each.rotation)
            found.append((classes[each.track], "cuboid", *np.round(numbers, 6) + 0.0, each.attributes))
        if isinstance(each, Box):
            found.append((classes[each.track], "box", *np.round(each.xyxy, 6), each.attributes))
    return sorted(found, key=str)


def test_the_shared_frame_comes_in_with_its_boxes_on_the_cars(shared_data: Path) -> None:
    folder = shared(shared_data)
    sniffed = KittiObject().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("Car", "Cyclist", "DontCare", "Truck"))
    (item,), problems = read(KittiObject(), folder)
    assert problems == []
    assert kinds(item) == {"Track": 7, "Box": 7, "Cuboid": 3, "Calibration": 4, "CoordinateSystem": 1}
    assert [file.stream.kind for file in item.media] == ["points", "image"]
    assert (item.media[1].stream.width, item.media[1].stream.height) == (1242, 375)
    assert (item.state, item.split) == ("accepted", "")
    camera = next(each for each in item.entities if isinstance(each, Calibration) and each.stream == IMAGE_02)
    points = read_points(folder / item.media[0].paths[0]).xyz.astype(float)
    boxes = {each.track: each for each in item.entities if isinstance(each, Box)}
    for cuboid in (each for each in item.entities if isinstance(each, Cuboid)):
        # 60 to 70 m away there are few points; that there are any says that the box stands where the thing is
        assert within(points, cuboid.centre, cuboid.size, cuboid.rotation, 0.1).sum() >= 5
        seen = box_on_picture(corners(cuboid.centre, cuboid.size, cuboid.rotation), camera)
        assert seen is not None
        assert np.abs(np.array(seen) - boxes[cuboid.track].xyxy).max() < 3


def test_what_is_written_is_what_kitti_wrote(shared_data: Path, tmp_path: Path) -> None:
    folder = shared(shared_data)
    items, _ = read(KittiObject(), folder)
    assert write(KittiObject(), items, tmp_path) == ()
    for name in ("label_2", "calib"):
        theirs = (folder / f"training/{name}/000001.txt").read_text().split("\n")
        ours = (tmp_path / f"training/{name}/000001.txt").read_text().split("\n")
        if name == "calib":
            assert ours == theirs
            continue
        for mine, line in zip(sorted(filter(None, ours)), sorted(filter(None, theirs)), strict=True):
            # alpha is computed, and theirs has two digits
            for at, (a, b) in enumerate(zip(mine.split(), line.split(), strict=True)):
                assert a == b or abs(float(a) - float(b)) < (0.02 if at == 3 else 1e-6), (mine, line)
    for name in ("velodyne", "image_2"):
        shutil.copytree(folder / "training" / name, tmp_path / "training" / name)
    (again,), problems = read(KittiObject(), tmp_path)
    assert problems == []
    assert contents(again) == contents(items[0])


@given(
    st.tuples(*[st.floats(-80, 80)] * 3),
    st.tuples(*[st.floats(0.1, 15)] * 3),
    st.floats(-3.14, 3.14),
    st.floats(-0.05, 0.05),
)
def test_a_box_comes_back_from_the_cameras_axes(
    centre: tuple[float, float, float], size: tuple[float, float, float], yaw: float, aside: float
) -> None:
    camera = Pose((0.3, -0.1, 0.2), LOOKING_AHEAD)
    row = Row("car", 0, 0, (0, 0, 1, 1), size, centre, yaw)
    box = solid_of(row, camera)
    assert box is not None
    back = placed(box, camera)
    near(back[0], size)
    near(back[1], centre)
    near(back[2], yaw)
    assert back[3]
    tilted = box._replace(rotation=turn(yaw, 0.3, aside))
    assert not placed(tilted, camera)[3]
    again = row_of(line_of(row, tracking=False), OBJECT_WORDS)
    near((*again.size, *again.place, again.rotation_y), (*size, *centre, yaw))


def test_a_box_that_the_camera_just_sees_is_not_pinned_when_it_comes_back(tmp_path: Path) -> None:
    item = everything()
    drawn = next(each for each in item.entities if isinstance(each, Box))
    losses = write(KittiObject(), [item], tmp_path)
    lay_out(tmp_path, [item])
    again, problems = read(KittiObject(), tmp_path)
    assert problems == []
    assert len(again) == 4  # an item a frame
    flat = [each for one in again for each in one.entities if isinstance(each, Box)]
    assert [each.xyxy for each in flat] == [drawn.xyxy]
    # three key frames of one car, and what is computed between them; a van at its two
    assert sum(kinds(one)["Cuboid"] for one in again) == 6
    assert [one.media[1].paths for one in again] == [(f"front/{frame:04}.png",) for frame in range(4)]
    counts = said(losses)
    assert counts["track over several frames"] == 2
    assert counts["box between key frames"] == 2
    assert counts["pose of the ego frame"] == 8
    assert counts["attribute 'seen' of a box"] == 1
    assert counts["cuboid made by model"] == counts["cuboid made by auto"] == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Car 0 0 0 1 1 9 9 1.5 1.6 4 1 2 30", "import.bad_line"),
        ("Car 0 0 0 1 1 9 9 1.5 1.6 4 1 2 thirty 0", "import.bad_line"),
        ("Car 0 0 0 1 1 9 9 1.5 1.6 4 1 2 inf 0", "import.bad_line"),
        ("Car 0 0 0 1 1 9 9 1.5 0 4 1 2 30 0", "import.bad_box"),
        ("Car 0 0 0 1 1 9 9 1.5 1.6 4 1 2 1e12 0", "import.bad_box"),
    ],
)
def test_a_line_that_cannot_be_is_named_and_the_others_come_in(tmp_path: Path, line: str, code: str) -> None:
    folder = frame(tmp_path, f"Car 0 0 0 1 1 9 9 1.5 1.6 4 1 2 20 0\n{line}\n")
    (item,), problems = read(KittiObject(), folder)
    assert [problem.code for problem in problems] == [code]
    assert problems[0].path == "training/label_2/7.txt"
    assert problems[0].hint
    assert kinds(item)["Cuboid"] == 1


def frame(folder: Path, labels: str, calibration: str | None = None) -> Path:
    """One frame of the benchmark with a sweep and a picture."""
    root = folder / "training"
    for name in ("label_2", "calib", "velodyne"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "label_2/7.txt").write_text(labels)
    (root / "velodyne/7.bin").write_bytes(sweep(20))
    picture(root / "image_2/7.png", (60, 40))
    if calibration is None:
        calibration = (
            "P2: 50 0 30 0 0 50 20 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n"
            "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n"
        )
    (root / "calib/7.txt").write_text(calibration)
    return folder


def test_a_calibration_that_cannot_be_costs_the_places_and_not_the_pictures(tmp_path: Path) -> None:
    folder = frame(tmp_path, "Car 0 0 0 1 1 9 9 1.5 1.6 4 1 2 20 0\n", "P2: 0 0 0\nTr_velo_to_cam: 1 2\n")
    (item,), problems = read(KittiObject(), folder)
    assert {problem.code for problem in problems} == {"calibration.broken", "import.missing_file"}
    assert kinds(item) == {"Track": 1, "Box": 1}


def test_pictures_without_sweeps_come_in_as_pictures_with_their_boxes(tmp_path: Path) -> None:
    folder = frame(tmp_path, "Car 0.5 1 0 1 1 9 9 1.5 1.6 4 1 2 20 0\n")
    shutil.rmtree(folder / "training/velodyne")
    sniffed = KittiObject().sniff(FolderTree(folder))
    assert sniffed is not None
    assert sniffed.confidence < 0.9
    (item,), problems = read(KittiObject(), folder)
    assert [file.stream.kind for file in item.media] == ["image"]
    assert kinds(item) == {"Track": 1, "Box": 1, "Calibration": 1}
    assert [(problem.code, "no sweep" in problem.message) for problem in problems] == [
        ("import.missing_file", True)
    ]
    (box,) = (each for each in item.entities if isinstance(each, Box))
    assert box.xyxy == (1.5, 1.5, 9.5, 9.5)
    assert dict(box.attributes) == {"truncated": 0.5, "occluded": 1}


def test_a_result_with_a_score_is_a_models_word(tmp_path: Path) -> None:
    folder = frame(tmp_path, "Car -1 -1 0 1 1 9 9 1.5 1.6 4 1 2 20 0 0.75\n")
    (item,), _ = read(KittiObject(), folder)
    (cuboid,) = (each for each in item.entities if isinstance(each, Cuboid))
    assert (cuboid.made, dict(cuboid.attributes)) == ("model", {"score": 0.75})
    assert write(KittiObject(), [item], tmp_path / "out") == ()
    assert (tmp_path / "out/training/label_2/7.txt").read_text().split()[-1] == "0.75"


def test_lists_of_the_split_are_read(tmp_path: Path) -> None:
    folder = frame(tmp_path, "")
    (folder / "ImageSets").mkdir()
    (folder / "ImageSets/val.txt").write_text("7\n8\n")
    (item,), _ = read(KittiObject(), folder)
    assert (item.split, item.state) == ("val", "accepted")
