"""The calibration doctor in the editor: a generated camera that was shifted is found, tried and put right."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from plugins.pointcloud.doctor_panel import DoctorCommands
from plugins.pointcloud.doctor_views import spread
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


class _Drive(SpaceHost):
    """The same moment over and over; the pictures of some frames are missing, and some sweeps are late."""

    missing: frozenset[int] = frozenset()
    holds_back = False

    def media(self, stream: StreamId, frame: int, rendition: str, done: Callable[[bytes], None]) -> None:
        if stream == CAMERA and frame in self.missing:
            done(b"")
        elif self.holds_back and stream == LIDAR:
            self.late.append(lambda: super(_Drive, self).media(stream, frame, rendition, done))
        else:
            super().media(stream, frame, rendition, done)

    @property
    def late(self) -> list[Callable[[], None]]:
        return self.__dict__.setdefault("_late", [])


FRAMES = 30


@pytest.fixture
def driven(
    qtbot: QtBot, scenes: tuple[Scene, Scene]
) -> Iterator[tuple[PointCloudEditor, _Drive, DoctorCommands, Calibration]]:
    """A drive of many frames; its camera is shifted."""
    scene, true = scenes
    times = tuple(frame * 100_000_000 for frame in range(FRAMES))
    streams = tuple(
        replace(each, frames=FRAMES, times_ns=times) for each in scene.streams if each.id in (LIDAR, CAMERA)
    )
    held = next(e for e in scene.entities if isinstance(e, Calibration) and e.stream == CAMERA)
    mounted = next(e for e in scene.entities if isinstance(e, CoordinateSystem) and e.name == LIDAR)
    host = _Drive(scene.clouds[LIDAR][0], held, mounted)
    data = io.BytesIO()
    Image.fromarray(scene.images[CAMERA][0]).save(data, "PNG")
    host.pictures[CAMERA] = data.getvalue()
    editor = PointCloudEditor(host)
    editor.resize(1200, 800)
    qtbot.addWidget(editor)
    editor.show()
    qtbot.waitExposed(editor)
    item = Item(ItemId(new_id()), ProjectId(new_id()), "drive", "new", 0, 1, streams)
    editor.open(item, host.document, ONTOLOGY, False)
    yield editor, host, editor.doctor, true.calibrations[CAMERA]
    editor.close_item()


def test_it_judges_over_frames_that_are_spread_over_the_drive_and_says_over_how_many(
    driven: tuple[PointCloudEditor, _Drive, DoctorCommands, Calibration], qtbot: QtBot
) -> None:
    editor, host, doctor, _ = driven
    host.missing = frozenset({0, 29})
    panel = doctor.panel
    assert panel.frames.value() == 5
    editor.bench.go_to(12)
    said: list[str] = []
    panel.said.setTextFormat(Qt.TextFormat.PlainText)
    panel.diagnose.click()
    assert not panel.stop.isHidden()
    assert panel.diagnose.isHidden()

    def done() -> bool:
        said.append(panel.said.text())
        return "Judged over" in panel.said.text()

    qtbot.waitUntil(done, timeout=60_000)
    assert panel.said.text().endswith("Judged over 3 frames of 5.")
    looked_at = {frame for stream, frame, name in host.asked if stream == CAMERA and name == "original"}
    assert {12, 22} <= looked_at
    assert any(each.startswith("Looking at frame") for each in said)
    assert not panel.diagnose.isHidden()
    assert panel.stop.isHidden()
    assert host.edits == []
    count = len(host.asked)
    panel.search.click()
    qtbot.waitUntil(lambda: panel.said.text().startswith("Moved"), timeout=60_000)
    assert panel.said.text().endswith("Judged over 3 frames of 5.")
    assert len(host.asked) == count  # what is ready is not made again


def test_it_can_be_stopped_while_it_waits_for_sweeps_and_while_it_tries(
    driven: tuple[PointCloudEditor, _Drive, DoctorCommands, Calibration], qtbot: QtBot
) -> None:
    _, host, doctor, _ = driven
    panel = doctor.panel
    host.holds_back = True
    panel.diagnose.click()
    qtbot.waitUntil(lambda: "frame 2 of 5" in panel.said.text(), timeout=60_000)
    panel.stop.click()
    assert panel.said.text() == "Stopped."
    assert not panel.diagnose.isHidden()
    host.holds_back = False
    for each in host.late:
        each()
    assert panel.said.text() == "Stopped."
    panel.diagnose.click()
    qtbot.waitUntil(lambda: panel.said.text().startswith("Trying mistakes: "), timeout=60_000)
    panel.stop.click()
    qtbot.wait(300)
    assert panel.said.text() == "Stopped."
    assert not panel.keep.isEnabled()
    assert host.edits == []


@pytest.mark.parametrize(
    ("frames", "count", "visible", "wanted"),
    [
        (30, 5, 12, (0, 7, 12, 22, 29)),
        (30, 1, 12, (12,)),
        (3, 5, 1, (0, 1, 2)),
        (1, 5, 0, (0,)),
        (30, 5, 29, (0, 7, 14, 22, 29)),
    ],
)
def test_frames_are_spread_with_the_visible_one_among_them(frames, count, visible, wanted) -> None:
    assert spread(frames, count, visible) == wanted
