"""A drive that an import cuts into clips, at a real node: each finds the ones beside it."""

from itertools import pairwise
from pathlib import Path

import pytest

from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.scene import generate
from plugins.pointcloud.generator.writing import write_scene
from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter import seam_findings
from studio.client import Client, jobs
from studio.client.sequences import beside
from studio.client.uploads import Upload, sniff
from studio.domain.document import Document
from studio.domain.entities import Group, Track, identity_of
from studio.domain.ids import ItemId
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery, NewProject

FRAMES, CLIP = 7, 3
COUNTS = Counts(cars=3, vans=0, cyclists=1, lorries=0, pedestrians=0, walks=0, poles=0, walls=1, bushes=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled drive."""
    found = tmp_path_factory.mktemp("drive")
    write_scene(generate(3, frames=FRAMES, counts=COUNTS, columns=400, picture_size=None), found)
    return found


@pytest.fixture
def clips(client: Client, folder: Path, tmp_path: Path) -> list[ItemId]:
    """The items that came of it, in order, in a project of their own."""
    project = client.call(routes.NEW_PROJECT, NewProject("drive", Ontology())).id
    for _ in range(2):  # a second import of it is a sequence of its own
        upload = Upload(
            client,
            project,
            folder,
            format="atelier_json",
            name="drive",
            clip_frames=CLIP,
            notes=tmp_path / "notes",
        )
        state = upload.run()
        assert state.job is not None
        report = jobs.report(client, state.job.id)
        assert (report.items, report.skipped) == (3, 0)
    query = ItemQuery(sequence="drive", origin=upload.import_id)
    page = client.call(routes.ITEMS, query, project=project)
    assert page.total == 3
    assert client.call(routes.ITEMS, ItemQuery(sequence="drive"), project=project).total == 6
    assert client.call(routes.ITEMS, ItemQuery(sequence="driv"), project=project).total == 0
    assert {row.sequence for row in page.rows} == {"drive"}
    return [row.id for row in page.rows]


def test_a_preview_says_that_a_drive_can_be_cut(folder: Path) -> None:
    (item,) = sniff(folder)[0].preview
    assert (item.frames, item.cuts) == (FRAMES, True)


def test_each_clip_finds_the_clips_beside_it_and_everything_goes_on(
    client: Client, clips: list[ItemId]
) -> None:
    items = [client.call(routes.ITEM, item=key) for key in clips]
    assert [each.name.rpartition("#")[2] for each in items] == ["000000", "000003", "000006"]
    assert [each.streams[0].frames for each in items] == [3, 3, 1]
    assert beside(client, items[0], -1) is None
    assert beside(client, items[2], 1) is None
    for before, after in pairwise(items):
        there, back = beside(client, before, 1), beside(client, after, -1)
        assert there is not None
        assert back is not None
        assert (there.item.id, back.item.id) == (after.id, before.id)
        indices = [TrackIndex(each.document, each.item.streams) for each in (back, there)]
        assert seam_findings(*indices) == []
        known = [_identities(each.document) for each in (back, there)]
        assert known[0] & known[1]
        groups = [{identity_of(e) for e in each.document if isinstance(e, Group)} for each in (back, there)]
        assert groups[0] == groups[1] != set()  # bicycle and rider are one in both


def test_an_item_of_no_sequence_has_none_beside_it(client: Client, items: list[ItemId]) -> None:
    assert beside(client, client.call(routes.ITEM, item=items[0]), 1) is None


def _identities(document: Document) -> set[str]:
    return {identity_of(each) for each in document if isinstance(each, Track)}
