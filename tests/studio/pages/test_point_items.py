"""The Data page with items that are no pictures: they have small pictures all the same."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from pytestqt.qtbot import QtBot

from studio.client import jobs, uploads
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject
from studio.pages.data.page import DataPage
from studio.shell.page import Place
from tests.plugins.pointcloud.points.point_files import sweep
from tests.studio.pages.conftest import Workplace


def test_the_sheet_shows_a_sweep_from_above(workplace: Workplace, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "first sweep.bin").write_bytes(sweep(2000))
    client, desk = workplace.client, workplace.window.desk
    project = client.call(routes.NEW_PROJECT, NewProject("Sweeps", Ontology()))
    upload = uploads.Upload(
        client, project.id, tmp_path / "sweeps", format="point_folder", name="s", notes=tmp_path / "notes"
    )
    state = upload.run()
    assert state.job is not None
    assert jobs.report(client, state.job.id).items == 1
    desk.set_project(client.call(routes.PROJECT, project=project.id))
    workplace.window.go(Place("data"))
    page = workplace.window.stack.page("data")
    assert isinstance(page, DataPage)
    qtbot.waitUntil(lambda: page.count.text() == "1 item", timeout=30_000)
    came: list[bytes] = []
    page.source.picture_came.connect(lambda _item, data: came.append(data))
    page.source.want_picture(str(page.source.item_at(0)))
    qtbot.waitUntil(lambda: bool(came), timeout=30_000)
    assert Image.open(io.BytesIO(came[0])).size == (256, 256)
    desk.set_project(workplace.project)
