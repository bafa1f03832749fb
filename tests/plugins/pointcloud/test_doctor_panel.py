"""The calibration doctor in the editor: a generated camera that was shifted is found, tried and put right."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from plugins.pointcloud.doctor_panel import DoctorCommands
from plugins.pointcloud.editor import PointCloudEditor
from plugins.pointcloud.generator import ONTOLOGY, Scene, generate
from plugins.pointcloud.generator.rig import LIDAR
from studio.domain.cameras import project
from studio.domain.entities import Calibration, CoordinateSystem
from studio.domain.ids import ItemId, ProjectId, StreamId, new_id
from studio.domain.wire.projects import Item
from tests.plugins.pointcloud.space_host import SpaceHost

CAMERA = StreamId("CAM_FRONT")


@pytest.fixture(scope="module")
def scenes() -> tuple[Scene, Scene]:
    """One frame, with the front camera's calibration turned and moved a little, and as it truly is."""
    asked = {"frames": 1, "picture_size": (800, 500)}
    return generate(3, fault="shifted", faulty=[CAMERA], **asked), generate(3, **asked)


@pytest.fixture
def opened(
    qtbot: QtBot, scenes: tuple[Scene, Scene]
) -> Iterator[tuple[PointCloudEditor, SpaceHost, DoctorCommands, Calibration]]:
    scene, true = scenes
    streams = tuple(each for each in scene.streams if each.id in (LIDAR, CAMERA))
    held = next(e for e in scene.entities if isinstance(e, Calibration) and e.stream == CAMERA)
    mounted = next(e for e in scene.entities if isinstance(e, CoordinateSystem) and e.name == LIDAR)
    host = SpaceHost(scene.clouds[LIDAR][0], held, mounted, *scene.ego_poses())
    data = io.BytesIO()
    Image.fromarray(scene.images[CAMERA][0]).save(data, "PNG")
    host.pictures[CAMERA] = data.getvalue()
    window = QWidget()
    window.resize(1200, 800)
    qtbot.addWidget(window)
    editor = PointCloudEditor(host, window)
    editor.resize(1200, 800)
    window.show()
    qtbot.waitExposed(window)
    item = Item(ItemId(new_id()), ProjectId(new_id()), "drive", "new", 0, 1, streams)
    editor.open(item, host.document, ONTOLOGY, False)
    yield editor, host, editor.doctor, true.calibrations[CAMERA]
    editor.close_item()


def off_px(camera: Calibration, truth: Calibration) -> float:
    """How far apart two calibrations show a few places before the car, pixels."""
    places = np.array([[12.0, -3.0, 0.5], [15.0, 2.0, 1.0], [25.0, 0.0, 0.0], [20.0, 4.0, 2.0]])
    return float(np.hypot(*(project(places, camera) - project(places, truth)).T).max())


def test_a_camera_that_was_shifted_is_found_tried_on_the_pictures_and_put_right_by_one_edit(
    opened: tuple[PointCloudEditor, SpaceHost, DoctorCommands, Calibration], qtbot: QtBot
) -> None:
    editor, host, doctor, truth = opened
    panel = doctor.panel
    before = host.document.get(doctor._base.id)
    assert panel.diagnose.isEnabled()
    assert not panel.keep.isEnabled()
    panel.search.click()
    qtbot.waitUntil(panel.keep.isEnabled, timeout=60_000)
    assert host.edits == []  # nothing is in the document yet
    shown = editor.cameras.rig.camera(CAMERA).calibration
    assert off_px(shown, truth) < 0.6 * off_px(before, truth)
    assert panel.score.text().startswith("Edges on edges")
    panel.before.click()
    assert editor.cameras.rig.camera(CAMERA).calibration == before
    panel.before.click()
    assert editor.cameras.rig.camera(CAMERA).calibration == shown
    panel.keep.click()
    (edit,) = host.edits
    assert edit.title == f"Put the calibration of {CAMERA} right"
    assert host.document.get(before.id) == shown
    assert not panel.keep.isEnabled()


def test_a_nudge_moves_the_lines_at_once_and_another_item_forgets_it(
    opened: tuple[PointCloudEditor, SpaceHost, DoctorCommands, Calibration], qtbot: QtBot
) -> None:
    editor, host, doctor, _ = opened
    before = editor.cameras.rig.camera(CAMERA).calibration
    doctor.panel.fields["pan"].setValue(2.0)
    doctor.panel.fields["z"].setValue(10.0)
    now = editor.cameras.rig.camera(CAMERA).calibration
    assert now.translation[2] == pytest.approx(before.translation[2] + 0.1)
    qtbot.waitUntil(lambda: doctor.panel.score.text() != "", timeout=60_000)
    assert doctor.panel.keep.isEnabled()
    doctor.choose(CAMERA)
    assert editor.cameras.rig.camera(CAMERA).calibration == before
    assert doctor.panel.fields["pan"].value() == 0.0
    editor.close_item()
    assert doctor.panel.cameras.count() == 0
    assert not doctor.panel.diagnose.isEnabled()
    assert host.edits == []


def test_a_picture_that_cannot_be_read_is_said_and_nothing_is_changed(
    opened: tuple[PointCloudEditor, SpaceHost, DoctorCommands, Calibration], qtbot: QtBot
) -> None:
    _, host, doctor, _ = opened
    host.pictures[CAMERA] = b"no picture"
    doctor.panel.diagnose.click()
    qtbot.waitUntil(lambda: "cannot be read" in doctor.panel.said.text(), timeout=10_000)
    assert doctor.panel.diagnose.isEnabled()
    assert host.edits == []
