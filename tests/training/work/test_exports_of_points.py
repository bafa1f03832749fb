"""What leaves of a driving log: labels, and sweeps and pictures under names that tell what they are."""

import io
import zipfile

import numpy as np
import pytest

from plugins.image.formats.openlabel import OpenLabel
from studio.domain.document import Document
from studio.domain.wire import routes
from studio.domain.wire.jobs import NewExport
from studio.domain.wire.routes import path_of
from tests.plugins.formats_kit import Folder, read, write
from tests.plugins.pointcloud.formats.scenes import everything
from tests.training.uploading import bring_in, new_project, picture, wait_for

HEAD = b"""VERSION .7
FIELDS x y z
SIZE 4 4 4
TYPE F F F
COUNT 1 1 1
WIDTH %d
HEIGHT 1
POINTS %d
DATA binary
"""


@pytest.fixture
def owner(node):
    return node.owner()


def some_pcd(count):
    return HEAD % (count, count) + np.arange(3 * count, dtype="<f4").tobytes()


def with_files(folder, item):
    for file in item.media:
        for number, path in enumerate(file.paths):
            if path and file.stream.kind == "points":
                Folder(folder).write(path, some_pcd(10 + number))
            elif path:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                picture(folder / path, number, (640, 480))
    return folder


def exported(owner, project, folder):
    asked = NewExport("openlabel", "for another program", with_media=True)
    request = owner.call(routes.NEW_EXPORT, asked, project=project)
    assert wait_for(owner, owner.call(routes.JOB, job=request.job)).state == "done"
    path = path_of(routes.FETCH_EXPORT, project=project, request=request.id)
    answer = owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for name in archive.namelist():
            assert not name.startswith("/")
            assert ".." not in name
            Folder(folder).write(name, archive.read(name))
    return folder


def test_a_log_comes_back_with_its_sweeps_and_pictures(owner, tmp_path):
    item = everything()
    write(OpenLabel(), [item], tmp_path / "in")
    with_files(tmp_path / "in", item)
    project = new_project(owner)
    report = bring_in(owner, project, tmp_path / "in", "openlabel")
    assert (report.items, report.problems) == (1, ())
    (again,), problems = read(OpenLabel(), exported(owner, project, tmp_path / "out"))
    assert problems == []
    assert Document(again.entities) == Document(item.entities)
    assert again.blobs == item.blobs
    for was, now in zip(item.media, again.media, strict=True):
        assert now.stream.times_ns == was.stream.times_ns
        for path_was, path_now in zip(was.paths, now.paths, strict=True):
            assert path_now.endswith(".pcd" if was.stream.kind == "points" else ".png")
            left, came = tmp_path / "out" / path_now, tmp_path / "in" / path_was
            assert left.read_bytes() == came.read_bytes()
