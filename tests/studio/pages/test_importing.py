"""The import dialog: what it says of folders that hold nothing, and of a job that ends under one's hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from studio.client import Client, OwnNode, jobs, uploads
from studio.domain.errors import AtelierError
from studio.domain.ids import JobId
from studio.domain.wire.jobs import ImportReport
from studio.domain.wire.projects import Project
from studio.pages.data.import_dialog import ImportDialog
from studio.pages.data.importing import look_at
from tests.studio.pages.conftest import Workplace


def _refusal(path: Path) -> AtelierError:
    with pytest.raises(AtelierError) as refused:
        look_at(path)
    return refused.value


def test_a_folder_without_files_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "bare" / "inside").mkdir(parents=True)
    assert _refusal(tmp_path / "bare").message == "The folder 'bare' is empty. Nothing was changed."
    with zipfile.ZipFile(tmp_path / "bare.zip", "w"):
        pass
    assert _refusal(tmp_path / "bare.zip").message == "The archive 'bare.zip' is empty. Nothing was changed."


def test_what_no_format_knows_and_what_is_no_archive_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "notes.bin").write_bytes(bytes(100))
    assert _refusal(tmp_path / "odd").message.startswith("No installed format recognises")
    (tmp_path / "fake.zip").write_bytes(b"no archive at all")
    assert _refusal(tmp_path / "fake.zip").message.startswith("'fake.zip' is no zip archive")


@pytest.fixture
def done_job(tmp_path: Path, filled_node: tuple[OwnNode, Client, Project]) -> JobId:
    """An import that has just ended."""
    _, client, project = filled_node
    (tmp_path / "late").mkdir()
    Image.new("RGB", (32, 24), (9, 9, 200)).save(tmp_path / "late" / "late.png")
    upload = uploads.Upload(
        client, project.id, tmp_path / "late", format="image_folder", name="late", notes=tmp_path / "notes"
    )
    state = upload.run()
    assert state.job is not None
    jobs.report(client, state.job.id)
    return state.job.id


@pytest.mark.parametrize("press", ["stop", "go_on"])
def test_a_job_that_has_ended_meanwhile_shows_its_report(
    workplace: Workplace, qtbot: QtBot, done_job: JobId, press: str
) -> None:
    desk = workplace.window.desk
    dialog = ImportDialog(
        workplace.client,
        workplace.project.id,
        desk.calls_of(workplace.window),
        may_adopt=False,
        parent=workplace.window,
    )
    heard: list[ImportReport] = []
    dialog.imported.connect(heard.append)
    dialog._sent(done_job)
    getattr(dialog, press).click()
    qtbot.waitUntil(lambda: dialog.steps.currentWidget() is dialog.report, timeout=10_000)
    assert "cannot be done" not in dialog.said.text()
    assert not dialog.start.isVisibleTo(dialog)
    assert len(heard) == 1
    dialog.close()
