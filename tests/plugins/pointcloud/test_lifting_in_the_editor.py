"""Boxes on pictures in the editor: drawn with the mouse on a camera's picture, and lifted by a command."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QBuffer, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from studio.domain.cameras import box_on_picture
from studio.domain.entities import AnyEntity, Box, Cuboid
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.space import corners, turn
from studio.domain.values import XYZ
from tests.plugins.pointcloud.camera_ground import FRONT, camera, streams
from tests.plugins.pointcloud.space_ground import ONTOLOGY, a_track, car_points, close, item
from tests.plugins.pointcloud.space_host import SpaceHost

CAR: tuple[XYZ, XYZ, float] = ((15.0, 1.0, 0.75), (4.2, 1.8, 1.5), 0.3)


def opened(qtbot: QtBot, *entities: AnyEntity) -> tuple[PointCloudEditor, SpaceHost]:
    host = SpaceHost(Cloud(car_points(*CAR).xyz), camera(), *entities)
    picture = QImage(1280, 720, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.darkGray)
    held = QBuffer()
    held.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(held, "PNG")
    host.pictures[FRONT] = held.data().data()
    editor = PointCloudEditor(host)
    editor.resize(1300, 900)
    qtbot.addWidget(editor)
    editor.show()
    qtbot.waitExposed(editor)
    plain = item()
    with qtbot.waitSignal(editor.cameras.strip.picture_shown):
        editor.open(replace(plain, streams=(*plain.streams, streams()[1])), host.document, ONTOLOGY, False)
    return editor, host


def rect() -> Rect:
    found = box_on_picture(corners(CAR[0], CAR[1], turn(CAR[2])), camera())
    assert found is not None
    return found


def test_a_box_drawn_on_a_picture_is_a_cuboid(qtbot: QtBot) -> None:
    editor, host = opened(qtbot)
    QTest.keyClick(editor.views.space, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert editor.gestures.tool.name == "box"
    view = editor.cameras.strip.cameras[FRONT]

    def on_screen(x: float, y: float) -> QPoint:
        at = view.view.to_screen((x, y))
        return QPoint(round(at[0]), round(at[1]))

    left, top, right, bottom = rect()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=on_screen(left, top))
    for share in (0.4, 0.8, 1.0):
        at = on_screen(left + share * (right - left), top + share * (bottom - top))
        QTest.mouseMove(view, at)
    assert len(editor.cameras.strip.cameras[FRONT]._lines["active"]) == 4  # the box in the hand
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=on_screen(right, bottom))
    (edit,) = host.edits
    (made,) = [new for _, new in edit.changes.values() if isinstance(new, Cuboid)]
    assert close(made.centre, CAR[0], 0.4)
    assert editor.scene is not None
    assert editor.scene.selection == {made.track}
    assert host.said[-1].startswith("Fitted to")


def test_boxes_without_a_cuboid_are_seen_on_their_picture_and_lifted_by_a_key(qtbot: QtBot) -> None:
    track = a_track()
    shape = Box(ShapeId(new_id()), TrackId(track.id), FRONT, 0, rect())
    editor, host = opened(qtbot, track, shape)
    assert len(editor.cameras.strip.cameras[FRONT]._lines["rest"]) == 4
    QTest.keyClick(editor.views.space, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert host.said[-1] == "1 cuboid made."
    assert editor.scene is not None
    placed = editor.scene.placement(EntityId(track.id))
    assert placed is not None
    assert np.allclose(placed.centre, CAR[0], atol=0.4)
    assert shape in list(host.document)  # pinned: it wins over the computed one
    assert not editor.run("pointcloud.lift")
    assert host.said[-1] == "No box on these pictures is without a cuboid."
    host.document.apply(host.edits[-1].inverse())
    editor.document_changed(frozenset(host.edits[-1].changes))
    assert editor.scene.placement(EntityId(track.id)) is None
    assert len(editor.cameras.strip.cameras[FRONT]._lines["rest"]) == 4
