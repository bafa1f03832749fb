"""The clips beside the open one, in the editor: ghosts near the edges, findings at the seam, going on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.editor import PointCloudEditor
from studio.domain.contracts.editing import Neighbour
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Track, identity_of
from studio.domain.ids import TrackId
from studio.domain.wire.projects import Item
from tests.plugins.pointcloud.space_ground import FRAMES, ONTOLOGY, a_track, car_points, cuboid, item
from tests.plugins.pointcloud.space_host import SpaceHost

Open = Callable[..., tuple[PointCloudEditor, SpaceHost]]
SEGMENTS = 15


@pytest.fixture
def open_clip(qtbot: QtBot) -> Open:
    windows = []

    def opened(
        *entities: AnyEntity,
        before: Neighbour | None = None,
        after: Neighbour | None = None,
        frames: int = 40,
    ) -> tuple[PointCloudEditor, SpaceHost]:
        host = SpaceHost(Cloud(car_points().xyz), *entities)
        host.neighbours = {by: each for by, each in ((-1, before), (1, after)) if each is not None}
        window = QWidget()
        windows.append(window)
        qtbot.addWidget(window)
        editor = PointCloudEditor(host, window)
        window.show()
        editor.open(clip_item(frames), host.document, ONTOLOGY, False)
        return editor, host

    return opened


def clip_item(frames: int = FRAMES) -> Item:
    return replace(item(frames), sequence="drive")


def neighbour(*entities: AnyEntity) -> Neighbour:
    return Neighbour(clip_item(), Document(entities))


def asked(host: SpaceHost) -> list[int]:
    return [by for name, by, _ in host.asked if name == "beside"]


def ghosts(editor: PointCloudEditor) -> int:
    return len(editor.views.scene.lines["ghosts"]) // SEGMENTS


def test_ghosts_show_near_the_edge_beyond_which_they_are(open_clip: Open) -> None:
    there, then = a_track(), a_track("person")
    editor, host = open_clip(
        before=neighbour(there, cuboid(there)), after=neighbour(then, cuboid(then, ends_here=True))
    )
    assert asked(host) == [-1]
    assert ghosts(editor) == 3  # the last three frames; nothing moves, so they lie on each other
    editor.bench.go_to(20)
    assert (asked(host), ghosts(editor)) == ([-1], 0)
    editor.bench.go_to(39)
    assert (asked(host), ghosts(editor)) == ([-1, 1], 1)
    editor.bench.go_to(0)
    assert (asked(host), ghosts(editor)) == ([-1, 1], 3)  # held, not fetched again
    QTest.keyClick(editor.views.space, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    assert ghosts(editor) == 0
    QTest.keyClick(editor.views.space, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    assert ghosts(editor) == 3


def test_an_item_of_no_sequence_asks_for_nothing_and_says_so(open_clip: Open) -> None:
    editor, host = open_clip()
    editor.open(item(), host.document, ONTOLOGY, False)
    host.asked.clear()
    editor.bench.go_to(1)
    assert not editor.run("pointcloud.go_on")
    assert "no clip" in host.said[-1]
    assert asked(host) == []


def test_what_still_comes_for_another_item_is_dropped(open_clip: Open) -> None:
    there = a_track()
    editor, host = open_clip(before=neighbour(there, cuboid(there)))
    waiting: list[Callable[[Neighbour | None], None]] = []
    host.beside = lambda _by, done: waiting.append(done)  # type: ignore[method-assign]
    editor.open(clip_item(), host.document, ONTOLOGY, False)
    editor.open(clip_item(), host.document, ONTOLOGY, False)
    assert len(waiting) == 2
    waiting[0](neighbour(there, cuboid(there)))
    assert editor.neighbours.clip(-1) is None
    waiting[1](neighbour(there, cuboid(there)))
    assert editor.neighbours.clip(-1) is not None


def test_all_tracks_of_the_clip_before_begin_here_by_one_key_and_are_taken_back_as_one(
    open_clip: Open,
) -> None:
    cars = [a_track(), a_track()]
    before = neighbour(*cars, cuboid(cars[0]), cuboid(cars[1], centre=(20.0, 5.0, 0.0)))
    editor, host = open_clip(before=before)
    QTest.keyClick(editor.views.space, Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    (edit,) = host.edits
    assert edit.title == "Carry on 2 tracks of the clip before"
    tracks = [each for each in host.document if isinstance(each, Track)]
    assert {identity_of(each) for each in tracks} == {each.id for each in cars}
    assert editor.run("pointcloud.go_on")
    assert "here already" in host.said[-1]
    host.document.apply(edit.inverse())
    assert len(host.document) == 0


def test_the_selected_track_is_the_one_that_headed_there(open_clip: Open) -> None:
    there, mine = a_track(), a_track("person")
    before = neighbour(replace(there, identity="7"), cuboid(there, size=(5.0, 2.0, 1.5)))
    editor, host = open_clip(mine, cuboid(mine, centre=(10.4, 0.0, 0.0)), before=before)
    editor.bench.select(frozenset([mine.id]))
    assert editor.run("pointcloud.go_on")
    now = host.document.get(mine.id)
    assert isinstance(now, Track)
    assert (now.identity, now.class_name) == ("7", "car")
    assert editor.scene is not None
    assert editor.scene.index.key_frames(TrackId(mine.id))[0].size == (5.0, 2.0, 1.5)
    assert len(host.edits) == 1


def test_the_seam_is_among_the_findings_and_mended_by_an_edit(open_clip: Open) -> None:
    there, mine = a_track(), a_track()
    before = neighbour(replace(there, identity="7"), cuboid(there))
    editor, host = open_clip(mine, cuboid(mine, centre=(10.2, 0.0, 0.0)), before=before)
    editor.lint.check()
    rows = [row for row in editor.lint.queue.model.rows if "clip before" in row.words]
    assert [row.proposal for row in rows] == ["Give it the identity that it had"]
    editor.lint.queue.mend_wanted.emit(rows[0].key)
    assert identity_of(host.document.get(mine.id)) == "7"  # type: ignore[arg-type]
    assert not [row for row in editor.lint.queue.model.rows if "clip before" in row.words]
    assert asked(host).count(-1) == 2  # at opening, and afresh when a check was asked for
