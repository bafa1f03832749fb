"""What cameras show in the film strip: the best one, the part around the track, and hands in it."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QBuffer, QObject
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from plugins.pointcloud.camera_sight import sight_of
from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.strip_pictures import KEPT, LEAST_PX, Seen, StripPictures, best_sight
from studio.domain.entities import Box, Cuboid
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import NO_TURN, corners
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.camera_ground import FRONT, camera, rig_with
from tests.plugins.pointcloud.space_ground import ONTOLOGY, a_track, car_points, cuboid, item
from tests.plugins.pointcloud.space_host import SpaceHost
from widgets.strip_cells import CellPointer, PictureCrop

CAR = Placement((15.0, 1.0, 0.5), (4.0, 1.8, 1.5), NO_TURN)
SIZE = (1280, 720)


def picture(size: tuple[int, int] = SIZE) -> bytes:
    """Red grows with x and green with y, so that a pixel says where it is from."""
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    rgb = np.zeros((size[1], size[0], 3), np.uint8)
    rgb[:, :, 0] = across * 255 // size[0]
    rgb[:, :, 1] = down * 255 // size[1]
    held = QBuffer()
    held.open(QBuffer.OpenModeFlag.WriteOnly)
    QImage(rgb.data, *size, 3 * size[0], QImage.Format.Format_RGB888).save(held, "PNG")
    return held.data().data()


def place_of(color: QColor) -> tuple[float, float]:
    """Where in the full-size picture a colour is from."""
    return color.red() * SIZE[0] / 255, color.green() * SIZE[1] / 255


def test_the_crop_is_around_the_box_and_on_the_picture():
    rig = rig_with(camera())
    seen = best_sight(rig, 0, CAR)
    assert seen is not None
    box = rig.box(seen.camera, 0, corners(CAR.centre, CAR.size, CAR.rotation))
    assert seen.rect[0] < box[0] < box[2] < seen.rect[2]
    assert seen.rect[1] < box[1] < box[3] < seen.rect[3]
    assert min(seen.rect) >= 0
    assert seen.rect[2] <= SIZE[0]
    far = best_sight(rig, 0, replace(CAR, centre=(190.0, 0.0, 0.5)))
    assert far is not None
    assert far.rect[2] - far.rect[0] >= LEAST_PX
    assert best_sight(rig, 0, replace(CAR, centre=(-15.0, 0.0, 0.5))) is None


@pytest.mark.parametrize("size", [SIZE, (640, 360)])
def test_it_shows_the_same_part_from_whatever_is_kept_of_the_picture(
    qtbot: QtBot, size: tuple[int, int]
) -> None:
    host, owner = SpaceHost(Cloud(car_points(CAR.centre, CAR.size).xyz)), QObject()
    host.pictures[FRONT] = picture(size)
    pictures = StripPictures(host, owner)
    seen = best_sight(rig_with(camera()), 0, CAR)
    assert seen is not None
    assert pictures.image(seen) is None
    with qtbot.waitSignal(pictures.ready):
        pictures.want(0, seen)
    nudged = seen._replace(rect=tuple(np.add(seen.rect, 6.0).tolist()))
    for each in (seen, nudged):
        image = pictures.image(each)
        assert image is not None
        for corner, at in (((0, 0), each.rect[:2]), ((image.width() - 1, image.height() - 1), each.rect[2:])):
            assert np.abs(np.subtract(place_of(image.pixelColor(*corner)), at)).max() < 14
    assert len(host.asked) == 1
    assert pictures.image(seen._replace(rect=(0.0, 0.0, 900.0, 700.0))) is None


def test_so_many_pictures_are_kept_and_no_more(qtbot: QtBot) -> None:
    host, owner = SpaceHost(Cloud(car_points(CAR.centre, CAR.size).xyz)), QObject()
    host.pictures[FRONT] = picture((64, 36))
    pictures = StripPictures(host, owner)
    seen = best_sight(rig_with(camera()), 0, CAR)
    assert isinstance(seen, Seen)
    came: list[int] = []
    pictures.ready.connect(came.append)
    for frame in range(KEPT + 5):
        pictures.want(frame, seen._replace(picture=frame))
    qtbot.waitUntil(lambda: len(came) == KEPT + 5)
    assert sum(pictures.image(seen._replace(picture=n)) is not None for n in range(KEPT + 5)) == KEPT
    pictures.forget()
    assert pictures.image(seen._replace(picture=KEPT)) is None


class Bench:
    """The editor with one camera, a car at frames 0 to 10, and its film strip in sight."""

    def __init__(self, qtbot: QtBot) -> None:
        self.track = a_track()
        last = replace(CAR, centre=(20.0, 1.0, 0.5))
        keys = [cuboid(self.track, frame, at.centre, at.size) for frame, at in ((0, CAR), (10, last))]
        self.host = SpaceHost(Cloud(car_points(CAR.centre, CAR.size).xyz), self.track, *keys, camera())
        self.host.pictures[FRONT] = picture()
        self.editor = PointCloudEditor(self.host)
        self.editor.resize(1300, 900)
        qtbot.addWidget(self.editor)
        self.editor.show()
        held = item()
        front = Stream(StreamId(FRONT), "front", "image", frames=11, width=SIZE[0], height=SIZE[1])
        self.editor.open(replace(held, streams=(*held.streams, front)), self.host.document, ONTOLOGY, False)
        self.editor._below.setCurrentIndex(1)
        self.editor.bench.select(frozenset({EntityId(self.track.id)}))
        qtbot.waitUntil(lambda: self.picture(4) is not None)

    def picture(self, frame: int) -> PictureCrop | None:
        crop = self.editor.strip.strip.crops.of(frame).get("camera")
        return crop if isinstance(crop, PictureCrop) and not crop.image.isNull() else None

    def box(self, frame: int) -> tuple[float, float, float, float]:
        rig, at = self.editor.cameras.rig, self.editor.scene.index.cuboid_at(self.track.id, frame)
        assert rig is not None
        return rig.box(rig.cameras[0], frame, corners(at.centre, at.size, at.rotation), clip=False)

    def drag(self, frame: int, start: tuple[float, float], end: tuple[float, float], *held: str) -> None:
        for kind, xy in (("press", start), ("move", end), ("release", end)):
            self.editor.strip.strip.pointer.emit(
                CellPointer(kind, frame, "camera", xy, 1.0, "left", frozenset(held))
            )


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


def test_a_side_of_the_box_takes_the_cuboid_along_at_its_frame(bench: Bench) -> None:
    left, top, right, bottom = bench.box(4)
    middle = (top + bottom) / 2 + 6.0  # beside the handle in the middle
    bench.drag(4, (left, middle), (left - 20.0, middle))
    now = bench.box(4)
    assert abs(now[0] - (left - 20.0)) < 0.6
    assert abs(now[2] - right) < 0.6
    made = [each for each in bench.host.document if isinstance(each, Cuboid) and each.frame == 4]
    assert len(made) == 1
    assert "pixels" in bench.host.said[-1]
    assert bench.editor.scene.frame == 4


def test_with_alt_the_box_of_that_picture_alone_is_pinned(bench: Bench) -> None:
    left, top, right, bottom = bench.box(6)
    middle = (top + bottom) / 2 + 6.0
    bench.drag(6, (right, middle), (right + 15.0, middle), "alt")
    (pinned,) = [each for each in bench.host.document if isinstance(each, Box)]
    assert pinned.frame == 6
    assert abs(pinned.xyxy[2] - (right + 15.0)) < 0.01
    assert bench.box(6) == (left, top, right, bottom)


def test_a_click_beside_the_track_leaves_it_selected(bench: Bench) -> None:
    bench.drag(3, (5.0, 5.0), (5.0, 5.0))
    assert bench.editor.scene.selection == {EntityId(bench.track.id)}
    assert bench.host.edits == []


def test_the_outline_in_the_crop_is_where_the_camera_sees_the_cuboid(bench: Bench) -> None:
    crop, rig = bench.picture(4), bench.editor.cameras.rig
    assert crop is not None
    assert rig is not None
    at = bench.editor.scene.index.cuboid_at(bench.track.id, 4)
    sight = sight_of(rig, rig.cameras[0], 4, 1.0)
    assert sight is not None
    seen = sight.to_screen(corners(at.centre, at.size, at.rotation))[:, :2]
    ends = crop.lines.reshape(-1, 2)
    for corner in seen:
        assert np.linalg.norm(ends - corner, axis=1).min() < 0.01
