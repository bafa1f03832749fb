"""Lidars and radars as layers: arrows of what moves, and what is remembered of how they are looked at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud, prepared
from plugins.pointcloud.editor import PointCloudEditor
from plugins.pointcloud.layers import LEAST_MS, RADAR_COLOR, LayerLook, arrows, decoded, encoded, usual_look
from studio.domain.entities import CoordinateSystem
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import turn
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.space_ground import ONTOLOGY, car_points, item
from tests.plugins.pointcloud.space_host import SpaceHost

RADAR = StreamId("RADAR_FRONT")
numbers = st.floats(-40, 40, width=32)
rows = st.lists(st.tuples(*[numbers] * 6), max_size=12)


@given(rows)
def test_an_arrow_goes_from_each_point_that_moves_to_where_it_is_in_a_second(held):
    points = np.array([each[:3] for each in held], float).reshape(-1, 3)
    speeds = np.array([each[3:] for each in held], float).reshape(-1, 3)
    lines = arrows(points, speeds, "#ffffff")
    moving = np.linalg.norm(speeds, axis=1) >= LEAST_MS
    assert len(lines) == 3 * moving.sum()
    shafts = lines.ends[0::3]
    assert np.allclose(shafts[:, 0], points[moving])
    assert np.allclose(shafts[:, 1], (points + speeds)[moving])
    assert np.isfinite(lines.ends).all()


def test_what_is_chosen_comes_back_and_what_is_not_ours_is_nothing():
    looks = {"LIDAR_TOP": LayerLook(), "RADAR": LayerLook(False, "#ff0000", 3.5, False)}
    assert decoded(encoded(looks)) == looks
    for text in ("", "{", "[]", '{"a": 1}'):
        assert decoded(text) == {}
    assert usual_look(True).color == RADAR_COLOR
    assert usual_look(False) == LayerLook()


class _WithRadar(SpaceHost):
    """A lidar, and a radar of two points: one stands, one drives at 5 m/s along the radar's own x."""

    def __init__(self) -> None:
        mounted = CoordinateSystem(EntityId(new_id()), RADAR, "ego", (3.0, 0.0, 0.0), turn(np.pi / 2))
        super().__init__(Cloud(car_points((10.0, 0.0, -1.0), (4.0, 1.8, 1.5)).xyz), mounted)
        seen = np.array([[10, 0, 0], [20, 1, 0]], np.float32)
        speeds = np.array([[0, 0, 0], [5, 0, 0]], np.float32)
        self.radar = prepared(Cloud(seen, fields={"velocity": speeds}))

    def media(self, stream, frame, rendition, done) -> None:
        if stream == RADAR:
            done(self.radar[0] if rendition == "cloud" else self.radar[1][0])
        else:
            super().media(stream, frame, rendition, done)


def opened(qtbot: QtBot, host: _WithRadar) -> PointCloudEditor:
    editor = PointCloudEditor(host)
    qtbot.addWidget(editor)
    editor.show()
    held = item()
    radar = Stream(RADAR, "radar", "points", frames=11, times_ns=held.streams[0].times_ns)
    editor.open(replace(held, streams=(*held.streams, radar)), host.document, ONTOLOGY, False)
    return editor


def test_a_radar_is_a_layer_with_arrows_and_no_matter_of_tools(qtbot: QtBot) -> None:
    host = _WithRadar()
    editor = opened(qtbot, host)
    cloud, lines = editor.views.scene.clouds[RADAR], editor.views.scene.lines["ghosts"]
    assert (cloud.color, len(cloud)) == (RADAR_COLOR, 2)
    assert len(lines) == 3
    # its x is the vehicle's y
    assert np.allclose(lines.ends[0], [[2.0, 20.0, 0.0], [2.0, 25.0, 0.0]], atol=1e-5)
    assert len(editor.scene.points) == len(editor.views.scene.clouds["lidar"])
    editor.sweeps.set_look_of(RADAR, LayerLook(True, "#00ff00", 3.0, arrows=False))
    assert (cloud.color, cloud.point_size) == ("#00ff00", 3.0)
    assert len(editor.views.scene.lines["ghosts"]) == 0
    editor.sweeps.set_look_of(RADAR, LayerLook(shown=False))
    assert not cloud.visible
    other_host = _WithRadar()
    other_host.settings = host.settings
    other = opened(qtbot, other_host)
    assert not other.views.scene.clouds[RADAR].visible


def test_the_panel_has_a_row_for_each_and_hides_a_lidar_from_tools(qtbot: QtBot) -> None:
    editor = opened(qtbot, _WithRadar())
    panel = editor.layers
    boxes = {each.accessibleName(): each for each in panel.findChildren(QCheckBox)}
    assert set(boxes) == {"Show lidar", "Show RADAR_FRONT", "Velocities of RADAR_FRONT"}
    boxes["Show lidar"].setChecked(False)
    assert len(editor.scene.points) == 0
    assert not editor.views.scene.clouds["lidar"].visible
    boxes["Show lidar"].setChecked(True)
    assert len(editor.scene.points)
    boxes["Velocities of RADAR_FRONT"].setChecked(False)
    assert len(editor.views.scene.lines["ghosts"]) == 0
