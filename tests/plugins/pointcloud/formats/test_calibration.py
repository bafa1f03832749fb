"""Calibration files: points land where the source's own formula puts them, and what cannot be is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.formats.calibration import as_xtreme1, from_xtreme1, rigid
from plugins.pointcloud.formats.calibration_kitti import from_kitti
from plugins.pointcloud.formats.calibration_opencv import from_opencv
from plugins.pointcloud.formats.shared import as_euler_xyz, from_euler_xyz
from studio.domain.cameras import project
from studio.domain.entities import Calibration, CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.space import Pose, chained, joined, matrix_of, turn
from studio.domain.values import Quaternion

CAMERA = StreamId("front")


def read_kitti(shared_data: Path, path: str) -> dict[str, Calibration]:
    found, wrong = from_kitti((shared_data / path).read_text())
    assert wrong == []
    return {each.stream: each for each in found if isinstance(each, Calibration)}


def lines(text: str) -> dict[str, np.ndarray]:
    return {
        line.split()[0].rstrip(":"): np.array([float(each) for each in line.split()[1:]])
        for line in text.splitlines()
        if line.strip()
    }


@pytest.mark.parametrize(
    ("path", "level", "velo"),
    [
        ("drive_kitti_object/training/calib/000001.txt", "R0_rect", "Tr_velo_to_cam"),
        ("drive_kitti_tracking0000_lidar/calib/0000.txt", "R_rect", "Tr_velo_cam"),
        ("drive_kitti_raw_camera_lidar_seq/calib.txt", "R_rect", "Tr_velo_cam"),
    ],
)
def test_a_velodyne_point_lands_where_kittis_own_formula_puts_it(
    shared_data: Path, path: str, level: str, velo: str
) -> None:
    text = (shared_data / path).read_text()
    cameras = read_kitti(shared_data, path)
    assert sorted(cameras) == ["image_00", "image_01", "image_02", "image_03"]
    said = lines(text)
    if level not in said:
        level = "R0_rect"
    if velo not in said:
        velo = "Tr_velo_to_cam"
    points = np.array([[20.0, 3.0, -1.0], [8.0, -2.0, 0.5], [60.0, 10.0, 2.0]])
    rectified = np.eye(4)
    rectified[:3, :3] = said[level].reshape(3, 3)
    to_camera = np.vstack([said[velo].reshape(3, 4), [0, 0, 0, 1]])
    for at in range(4):
        wanted = said[f"P{at}"].reshape(3, 4) @ rectified @ to_camera @ np.c_[points, np.ones(3)].T
        # KITTI counts from the centre of the first pixel, we from its corner
        assert project(points, cameras[f"image_{at:02}"]) == pytest.approx(
            (wanted[:2] / wanted[2]).T + 0.5, abs=0.01
        )


def test_the_imu_of_a_kitti_log_has_its_place(shared_data: Path) -> None:
    found, _ = from_kitti((shared_data / "drive_kitti_object/training/calib/000001.txt").read_text())
    (imu,) = [each for each in found if isinstance(each, CoordinateSystem)]
    assert (imu.name, imu.parent) == ("imu", "ego")
    assert imu.translation[0] == pytest.approx(-0.8086759)


KITTI = """P0: 700 0 600 0 0 700 180 0 0 0 1 0
P1: {p1}
R0_rect: 1 0 0 0 1 0 0 0 1
Tr_velo_to_cam: {tr}
"""
SOUND = "0 -1 0 0 0 0 -1 0 1 0 0 0"


@pytest.mark.parametrize(
    ("p1", "left"),
    [
        ("0 0 0 0 0 0 0 0 0 0 0 0", ["image_00"]),
        ("nan 0 600 0 0 700 180 0 0 0 1 0", ["image_00"]),
        ("700 0 600 0 0 700", ["image_00"]),
        ("700 0 600 -370 0 700 180 0 0 0 1 0", ["image_00", "image_01"]),
    ],
)
def test_one_singular_camera_is_named_and_the_others_come_in(p1: str, left: list[str]) -> None:
    found, wrong = from_kitti(KITTI.format(p1=p1, tr=SOUND))
    assert [each.stream for each in found if isinstance(each, Calibration)] == left
    assert [each.code for each in wrong] == ["calibration.broken"] * (2 - len(left))
    assert all("image_01" in each.message and each.hint for each in wrong)


@pytest.mark.parametrize("tr", ["", "0 " * 12, "inf " + SOUND[2:], "0 1 0 0 1 0 0 0 0 0 1 0", "1 2 3"])
def test_without_a_pose_of_the_velodyne_there_is_no_camera(tr: str) -> None:
    found, wrong = from_kitti(KITTI.format(p1="1", tr=tr))
    assert found == []
    assert {each.code for each in wrong} == {"calibration.broken"}


OPENCV = """%YAML:1.0
---
calibration_time: "Tue 01 Mar 2022"
image_width: 1920
image_height: 1080
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 1200., 0., 960.,
       0., 1210., 540., 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -3.0e-01, 0.1, 1.0e-03, -2.0e-03, 0. ]
"""


def test_opencvs_yaml_is_read_with_its_distortion() -> None:
    camera = from_opencv(OPENCV, CAMERA)
    assert (camera.model, camera.size) == ("brown_conrady", (1920, 1080))
    assert camera.intrinsics == (1200.0, 0.0, 960.5, 0.0, 1210.0, 540.5, 0.0, 0.0, 1.0)
    assert camera.distortion == (-0.3, 0.1, 0.001, -0.002, 0.0)
    # nothing is said of where it stands: it looks ahead
    assert project(np.array([[10.0, 0.0, 0.0]]), camera) == pytest.approx(np.array([[960.5, 540.5]]))


def test_a_fisheye_and_a_pose_are_read_as_ros_and_autoware_write_them() -> None:
    text = """image_width: 640
image_height: 480
camera_name: front
camera_matrix:
  rows: 3
  cols: 3
  data: [300.0, 0.0, 320.0, 0.0, 300.0, 240.0, 0.0, 0.0, 1.0]
distortion_model: equidistant
distortion_coefficients:
  rows: 1
  cols: 4
  data: [-0.01, 0.002, 0.0, 0.0]
CameraExtrinsicMat: !!opencv-matrix
   rows: 4
   cols: 4
   dt: d
   data: [0, 0, 1, 1.5, -1, 0, 0, 0.2, 0, -1, 0, 1.1, 0, 0, 0, 1]
"""
    camera = from_opencv(text, CAMERA)
    assert (camera.model, camera.size) == ("kannala_brandt", (640, 480))
    assert camera.translation == pytest.approx((1.5, 0.2, 1.1))
    assert matrix_of(camera.rotation) @ [0, 0, 1] == pytest.approx([1, 0, 0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%YAML:1.0\n---\n",
        OPENCV.replace("1200.", "0."),
        OPENCV.replace("1200.", ".Nan"),
        OPENCV.replace("1210.", ".Inf"),
        OPENCV.replace("rows: 3", "rows: 300000"),
        OPENCV.replace("rows: 3", "rows: 2"),
        OPENCV.replace("1200.", "!!python/object:os.system"),
        OPENCV.replace("0.1,", "oops,"),
    ],
)
def test_a_yaml_that_is_no_camera_is_refused_in_words(text: str) -> None:
    with pytest.raises(AtelierError) as refused:
        from_opencv(text, CAMERA)
    assert refused.value.code == "calibration.broken"
    assert "front" in refused.value.message


# the columns of PandaSet's front camera, as Xtreme1's documentation prints them
XTREME1: dict[str, Any] = {
    "cameraInternal": {"fx": 933.4667, "fy": 934.6754, "cx": 896.4692, "cy": 507.3557},
    "width": 1920,
    "height": 1080,
    "cameraExternal": [
        *(-0.7209479393140598, -0.04004438206239668, -0.6918312773097581, 0),
        *(0.6911177056736608, 0.0317737123271339, -0.7220434530617444, 0),
        *(0.05089583188421044, -0.9986925846676711, 0.004768189029478265, 0),
        *(0.009297776700688867, 1.6581292167169648, -1.0197515012137728, 1),
    ],
    "rowMajor": False,
}


def test_xtreme1s_camera_config_projects_as_its_documentation_says() -> None:
    camera = from_xtreme1(XTREME1, CAMERA)
    outer = np.array(XTREME1["cameraExternal"]).reshape(4, 4).T
    point = np.array([-8.0, -9.0, 0.5, 1.0])
    x, y, z, _ = outer @ point
    wanted = [933.4667 * x / z + 896.4692 + 0.5, 934.6754 * y / z + 507.3557 + 0.5]
    assert project(point[None, :3], camera)[0] == pytest.approx(wanted, abs=0.01)
    again = from_xtreme1(as_xtreme1(camera), CAMERA)
    assert again.intrinsics == pytest.approx(camera.intrinsics)
    assert again.translation == pytest.approx(camera.translation)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cameraInternal": {"fx": 0, "fy": 0, "cx": 0, "cy": 0}},
        {"cameraInternal": {"fx": 1}},
        {"cameraInternal": "none"},
        {"cameraExternal": [0] * 16},
        {"cameraExternal": [1, 2, 3]},
        {"cameraExternal": None},
        {"cameraExternal": ["x"] * 16},
        {"cameraInternal": {"fx": True, "fy": 1, "cx": 1, "cy": 1}},
        {"cameraInternal": {"fx": 10**400, "fy": 1, "cx": 1, "cy": 1}},
        {"distortionK": [float("inf")]},
    ],
)
def test_a_camera_config_that_cannot_be_is_refused_in_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(AtelierError) as refused:
        from_xtreme1(XTREME1 | wrong, CAMERA)
    assert refused.value.code == "calibration.broken"


angles = st.floats(-np.pi, np.pi, allow_subnormal=False) | st.sampled_from(
    [0.0, np.pi / 2, -np.pi / 2, np.pi, -np.pi]
)


@given(angles, angles, angles)
def test_three_jss_angles_are_turned_into_a_rotation_and_back(x: float, y: float, z: float) -> None:
    def about(axis: int, angle: float) -> Quaternion:
        return turn(*[angle if at == axis else 0.0 for at in range(3)])

    made = from_euler_xyz(x, y, z)
    # turn(yaw, pitch, roll): about z, y, x
    by_hand = matrix_of(about(2, x)) @ matrix_of(about(1, y)) @ matrix_of(about(0, z))
    assert matrix_of(made) == pytest.approx(by_hand, abs=1e-9)
    again = from_euler_xyz(*as_euler_xyz(made))
    assert matrix_of(again) == pytest.approx(matrix_of(made), abs=1e-7)


def test_a_pose_of_twelve_numbers_is_one_of_sixteen() -> None:
    pose = Pose((1.0, 2.0, 3.0), joined(turn(0.4), turn(0.0, 0.2)))
    rows = [*np.c_[matrix_of(pose.rotation), [1.0, 2.0, 3.0]].ravel()]
    assert rigid("a", [float(each) for each in rows]) == rigid(
        "a", [float(each) for each in [*rows, 0, 0, 0, 1]]
    )
    assert chained(rigid("a", [float(each) for each in rows]), Pose()).translation == pytest.approx((1, 2, 3))
