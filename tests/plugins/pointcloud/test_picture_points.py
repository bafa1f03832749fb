"""Points on pictures and colours from pictures, in the editor with a camera whose picture is known."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from plugins.pointcloud.picture_points import UNSEEN
from studio.domain.cameras import project
from studio.domain.edit import change
from studio.domain.entities import Calibration
from tests.plugins.pointcloud.camera_ground import FRONT, camera, streams
from tests.plugins.pointcloud.space_ground import ONTOLOGY, car_points, item
from tests.plugins.pointcloud.space_host import SpaceHost

RED, BLUE = (220, 20, 20), (20, 20, 220)


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[tuple[PointCloudEditor, SpaceHost, Calibration]]:
    """A car before a camera whose picture is red at the left and blue at the right."""
    held = camera()
    host = SpaceHost(Cloud(car_points((12.0, 0.0, 0.75)).xyz), held)
    picture = Image.new("RGB", held.size, RED)
    picture.paste(BLUE, (held.size[0] // 2, 0, *held.size))
    data = io.BytesIO()
    picture.save(data, "PNG")
    host.pictures[FRONT] = data.getvalue()
    window = QWidget()
    window.resize(1200, 800)
    qtbot.addWidget(window)
    editor = PointCloudEditor(host, window)
    editor.resize(1200, 800)
    window.show()
    qtbot.waitExposed(window)
    drive = item()
    editor.open(replace(drive, streams=(*drive.streams, streams()[1])), host.document, ONTOLOGY, False)
    qtbot.waitUntil(lambda: editor.cameras.strip.picture(FRONT) is not None, timeout=10_000)
    yield editor, host, held
    editor.close_item()


def colours_of(editor: PointCloudEditor) -> tuple[np.ndarray, np.ndarray]:
    """Places in the scene and colours of the lidar's points."""
    cloud = editor.views.scene.clouds["lidar"]
    return cloud.placed(slice(None)), np.asarray(cloud.field("rgb"))[: len(cloud), :3]


def test_points_take_the_colour_of_what_the_camera_sees_there_and_grey_where_it_sees_nothing(
    opened: tuple[PointCloudEditor, SpaceHost, Calibration], qtbot: QtBot
) -> None:
    editor, _, held = opened
    before = editor.views.scene.look
    assert editor.run("pointcloud.colours_of_pictures")
    qtbot.waitUntil(lambda: editor.views.scene.look.mode == "rgb", timeout=10_000)
    places, colours = colours_of(editor)
    pixels = project(places, held)
    inside = ((pixels > 2) & (pixels < np.array(held.size) - 2)).all(axis=1) & (places[:, 0] > 3)
    clear = np.abs(pixels[:, 0] - held.size[0] / 2) > 4
    left, right = (inside & clear & (side * (pixels[:, 0] - held.size[0] / 2) > 0) for side in (-1, 1))
    for part, colour in ((left, RED), (right, BLUE)):
        met = (np.abs(colours[part].astype(int) - colour).max(axis=1) < 30).mean()
        hidden = (colours[part] == UNSEEN).all(axis=1).mean()
        assert met > 0.4
        assert met + hidden == pytest.approx(1.0)  # the ground behind the car is hidden by it
    assert (colours[places[:, 0] < 0] == UNSEEN).all()  # behind the camera
    assert editor.run("pointcloud.colours_of_pictures")
    assert editor.views.scene.look.mode == before.mode


def test_points_are_laid_over_the_picture_and_follow_a_calibration_that_is_mended(
    opened: tuple[PointCloudEditor, SpaceHost, Calibration], qtbot: QtBot
) -> None:
    editor, host, held = opened
    view = editor.cameras.strip.cameras[FRONT]
    assert editor.run("pointcloud.points_on_pictures")
    qtbot.waitUntil(lambda: len(view.points) > 0, timeout=10_000)
    first = view.points.copy()
    assert ((first >= 0) & (first < held.size)).all()
    edit = change("Mend", (held, replace(held, translation=(1.5, 0.5, 1.4))))
    host.apply(edit)
    editor.document_changed(frozenset(edit.changes))
    qtbot.waitUntil(lambda: not np.array_equal(view.points, first), timeout=10_000)
    assert editor.run("pointcloud.points_on_pictures")
    assert len(view.points) == 0
