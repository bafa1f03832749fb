"""Tiles that an importer brings: their content is kept before the Edit that names it, and leaves with it."""

import hashlib
import io
import json
import zipfile

import pytest

from plugins.image.formats.own_json import OwnJson
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.entities import Tile
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.wire import routes
from studio.domain.wire.jobs import NewExport
from studio.domain.wire.projects import Stream
from studio.domain.wire.routes import path_of
from tests.plugins.formats_kit import write
from tests.training.uploading import bring_in, items_of, new_project, picture, wait_for

LABELS = [b"\x01" * 5000, b"\x02" * 70]
NAMES = [hashlib.sha256(each).hexdigest() for each in LABELS]


@pytest.fixture
def owner(node):
    return node.owner()


def folder_with(folder, *, swapped=False):
    tiles = tuple(
        Tile(id=EntityId(new_id()), owner=None, stream=StreamId("image"), frame=0, index=(run, 0), blob=name)
        for run, name in enumerate([NAMES[0], NAMES[1], NAMES[0]])
    )
    stream = Stream(id=StreamId("image"), name="image", kind="image", width=64, height=48)
    item = ReadItem(
        source="a.png",
        media=(MediaFile(stream, ("a.png",)),),
        entities=tiles,
        blobs=tuple(zip(NAMES, LABELS, strict=True)),
    )
    write(OwnJson(), [item], folder)
    picture(folder / "a.png", 1)
    (path,) = (folder / "items").iterdir()
    content = json.loads(path.read_text())
    if swapped:
        (first, one), (second, two) = content["blobs"]
        content["blobs"] = [[first, two], [second, one]]
    content["classes"] = ["road"]
    path.write_text(json.dumps(content))
    return folder


def test_what_tiles_name_is_there_after_the_import_and_in_the_export(owner, tmp_path):
    project = new_project(owner)
    report = bring_in(owner, project, folder_with(tmp_path / "in"), "atelier_json")
    assert (report.items, report.problems, report.new_classes) == (1, (), ("road",))
    (row,) = items_of(owner, project).rows
    for name, content in zip(NAMES, LABELS, strict=True):
        path = path_of(routes.GET_BLOB, item=row.id, blob=name)
        assert owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"}).content == content
    request = owner.call(routes.NEW_EXPORT, NewExport("atelier_json", "for the archive"), project=project)
    assert wait_for(owner, owner.call(routes.JOB, job=request.job)).state == "done"
    path = path_of(routes.FETCH_EXPORT, project=project, request=request.id)
    answer = owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (written,) = [name for name in archive.namelist() if name.startswith("items/")]
        exported = json.loads(archive.read(written))
    brought = json.loads(next((tmp_path / "in" / "items").iterdir()).read_text())
    assert sorted(exported["blobs"]) == sorted(brought["blobs"])
    assert exported["classes"] == ["road"]


def test_an_item_whose_tile_is_not_what_its_name_says_is_left_out_by_name(owner, tmp_path):
    project = new_project(owner)
    report = bring_in(owner, project, folder_with(tmp_path / "in", swapped=True), "atelier_json")
    assert (report.items, report.skipped) == (0, 1)
    assert [(each.path, each.code) for each in report.problems] == [("a.png", "blob.wrong_name")]
