"""The editor leaves a small screen its window."""

from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from tests.plugins.pointcloud.space_ground import ONTOLOGY, car_points, item
from tests.plugins.pointcloud.space_host import SpaceHost


def test_it_fits_a_screen_of_1366_by_768(qtbot: QtBot) -> None:
    points = car_points((10.0, 0.0, -1.0), (4.0, 1.8, 1.5), yaw=0.3)
    host = SpaceHost(Cloud(points.xyz))
    editor = PointCloudEditor(host)
    qtbot.addWidget(editor)
    editor.open(item(), host.document, ONTOLOGY, False)
    editor.cameras.strip.show()
    least = editor.minimumSizeHint()
    assert least.height() <= 480  # menus, bars, a line of warning and the film strip of items need the rest
    assert least.width() <= 1000
    assert editor.panel.minimumSizeHint().height() <= 200  # it scrolls
