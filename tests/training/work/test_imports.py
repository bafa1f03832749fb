"""Imports through a real node: what comes in, what is named and left out, and what a kill leaves."""

import io
import json
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from plugins.image.formats.own_json import OwnJson
from studio.cli.reading import inspection, read_folder
from studio.client.jobs import revert_batch
from studio.domain import canonical
from studio.domain.contracts.formats import WriteItem
from studio.domain.entities import Box, Cuboid, Span
from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId, StreamId, new_id
from studio.domain.ontology import ClassType, Ontology, RoleType
from studio.domain.wire import routes
from studio.domain.wire.documents import RevertBatch, RevisionQuery
from studio.domain.wire.jobs import ImportReport, NewExport, NewImport, SourceFile
from studio.domain.wire.people import TaskQuery
from studio.domain.wire.projects import Stream
from studio.domain.wire.training import NewSnapshot
from tests.plugins.formats_kit import Folder
from tests.training.running import running_node
from tests.training.uploading import (
    bring_in,
    files_of,
    items_of,
    new_project,
    picture,
    send,
    voc_folder,
    wait_for,
)


@pytest.fixture
def owner(node):
    return node.owner()


@pytest.fixture
def project(owner):
    return new_project(owner)


def test_a_folder_becomes_items_with_their_boxes_and_classes(owner, project, tmp_path):
    report = bring_in(owner, project, voc_folder(tmp_path / "voc", 20), make_tasks=True)
    assert (report.items, report.shapes, report.skipped, report.problems) == (20, 40, 0, ())
    assert report.new_classes == ("cell", "debris")
    page = items_of(owner, project)
    assert page.total == 20
    assert {row.classes for row in page.rows} == {(("cell", 1), ("debris", 1))}
    assert {(row.width, row.height) for row in page.rows} == {(64, 48)}
    document = owner.call(routes.DOCUMENT, item=page.rows[0].id)
    assert sum(isinstance(each, Box) for each in document.entities) == 2
    known = owner.call(routes.PROJECT, project=project)
    ontology = owner.call(routes.ONTOLOGY, project=project, version=known.ontology_version).ontology
    looks = {(each.color, each.dash, each.letter, each.key) for each in ontology.classes}
    assert len(looks) == 2
    assert all(all(look) for look in looks)
    history = owner.call(routes.REVISIONS, RevisionQuery(), item=page.rows[0].id).revisions
    assert [each.edit.made_by for each in history] == ["importer:pascal_voc"]
    assert items_of(owner, project, split="val").total == 4


def test_a_labelling_template_comes_with_its_data_and_goes_out_with_them(owner, project, tmp_path):
    template = Ontology(
        classes=(
            ClassType("cell", title="Blood cell", color="#aa0000", letter="B", key="1"),
            ClassType("nucleus", parent="cell", letter="N", key="2"),
        ),
        groups=(ClassType("clump", roles=(RoleType("middle", classes=("cell",), minimum=1),)),),
    )
    folder = tmp_path / "in"
    picture(folder / "a.png", 1)
    stream = Stream(StreamId("image"), "image", "image", width=64, height=48)
    OwnJson().write([WriteItem("a", (stream,), (), (("a.png",),))], template, Folder(folder))
    assert bring_in(owner, project, folder, "atelier_json").new_classes == ("cell", "nucleus", "clump")
    version = owner.call(routes.PROJECT, project=project).ontology_version
    held = owner.call(routes.ONTOLOGY, project=project, version=version).ontology
    assert replace(held, version=1) == template
    asked = NewExport("atelier_json", "to try it elsewhere", with_media=True)
    request = owner.call(routes.NEW_EXPORT, asked, project=project)
    wait_for(owner, owner.call(routes.JOB, job=request.job))
    path = routes.path_of(routes.FETCH_EXPORT, project=project, request=request.id)
    answer = owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "out")
    other = new_project(owner)
    assert bring_in(owner, other, tmp_path / "out", "atelier_json").items == 1
    version = owner.call(routes.PROJECT, project=other).ontology_version
    assert (
        replace(owner.call(routes.ONTOLOGY, project=other, version=version).ontology, version=1) == template
    )


def test_a_whole_import_is_one_batch_that_can_be_taken_back(owner, project, tmp_path):
    state = send(owner, project, voc_folder(tmp_path / "voc", 6))
    wait_for(owner, state.job)
    asked = owner.call(routes.REVERT_BATCH, RevertBatch(state.id, preview=True), project=project)
    assert (asked.items, asked.edits, asked.edited_since, asked.job) == (6, 6, 0, None)
    assert {row.shapes for row in items_of(owner, project).rows} == {2}
    taken = revert_batch(owner, project, state.id)
    assert (taken.reverted, taken.left) == (6, ())
    assert {row.shapes for row in items_of(owner, project).rows} == {0}
    again = revert_batch(owner, project, taken.batch)
    assert (again.reverted, again.left) == (6, ())
    assert {row.shapes for row in items_of(owner, project).rows} == {2}


def test_the_same_import_again_brings_nothing_twice(owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 8)
    first = send(owner, project, folder)
    wait_for(owner, first.job)
    before = items_of(owner, project)
    report = bring_in(owner, project, folder, import_id=first.id)
    assert report.items == 8
    assert items_of(owner, project) == before
    assert bring_in(owner, project, folder).items == 8
    assert items_of(owner, project).total == 16  # another import is another set of items


def test_a_bad_file_is_named_and_stops_nothing(owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 12)
    pictures = folder / "JPEGImages"
    (pictures / "picture_00001.png").write_bytes(b"this is no picture")
    (pictures / "picture_00002.png").unlink()
    whole = (pictures / "picture_00003.png").read_bytes()
    (pictures / "picture_00003.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "picture_00004.png").write_bytes(bomb(100_000, 100_000))
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("../../../escaped.txt", "out")
    report = bring_in(owner, project, folder)
    assert report.items == 8
    said = {problem.path.rpartition("/")[2]: problem for problem in report.problems}
    assert said["picture_00001.png"].code == "media.not_a_picture"
    assert said["picture_00003.png"].code == "media.broken"
    assert said["picture_00004.png"].code == "media.too_large"
    assert said["more.zip"].code == "import.archive"
    assert any(
        "picture_00002" in problem.message or "picture_00002" in problem.path for problem in report.problems
    )
    assert all(problem.message and problem.hint for problem in report.problems)
    assert not list(tmp_path.rglob("escaped.txt"))


def test_what_does_not_fit_its_real_picture_is_counted_and_comes_in_as_it_was(owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 3)
    pictures = folder / "JPEGImages"
    picture(pictures / "picture_00000.png", 1, (20, 15))  # scaled after it was labelled
    picture(pictures / "picture_00001.png", 1, (48, 64))  # turned after it was labelled
    report = bring_in(owner, project, folder)
    assert (report.items, report.shapes, report.skipped) == (3, 6, 0)
    said = {(problem.path.rpartition("/")[2], problem.code): problem for problem in report.problems}
    assert set(said) == {
        ("picture_00000.png", "import.wrong_size"),
        ("picture_00000.png", "import.outside"),
        ("picture_00001.png", "import.wrong_size"),
    }
    assert "64 x 48 pixels, the picture has 20 x 15" in said["picture_00000.png", "import.wrong_size"].message
    assert "2 of 2 shapes" in said["picture_00000.png", "import.outside"].message
    assert "turned" in said["picture_00001.png", "import.wrong_size"].hint
    row = items_of(owner, project).rows[0]
    assert (row.width, row.height) == (20, 15)
    boxes = [each for each in owner.call(routes.DOCUMENT, item=row.id).entities if isinstance(each, Box)]
    assert sorted(each.xyxy for each in boxes) == [(4.0, 5.0, 25.0, 30.0), (5.0, 5.0, 26.0, 30.0)]
    # the command line says the same
    assert sorted(inspection(read_folder(folder)).warnings) == sorted(
        f"{problem.path}: {problem.message} {problem.hint}" for problem in report.problems
    )


def test_a_mended_file_comes_in_with_the_same_import(owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 4)
    (folder / "JPEGImages" / "picture_00001.png").write_bytes(b"this is no picture")
    state = send(owner, project, folder)
    wait_for(owner, state.job)
    assert items_of(owner, project).total == 3
    picture(folder / "JPEGImages" / "picture_00001.png", 1)
    report = bring_in(owner, project, folder, import_id=state.id)
    assert (report.items, report.problems) == (4, ())


@pytest.mark.parametrize("path", ["../up.png", "/etc/passwd", "a/../../b", "a//b", "nul\0.png", "./a", ""])
def test_names_that_lead_out_of_the_folder_are_refused(owner, project, path):
    asked = NewImport("hostile", "pascal_voc", (SourceFile(path, 0),))
    with pytest.raises(AtelierError) as caught:
        owner.call(routes.NEW_IMPORT, asked, project=project)
    assert caught.value.code == "import.bad_path"


def test_a_chunk_that_is_not_what_was_announced_is_refused(owner, project, tmp_path):
    files, chunks = files_of(voc_folder(tmp_path / "voc", 2))
    state = owner.call(routes.NEW_IMPORT, NewImport("x", "pascal_voc", tuple(files)), project=project)
    wanted = state.missing[0]
    with pytest.raises(AtelierError) as caught:
        owner.call(routes.PUT_CHUNK, chunks[wanted] + b"!", import_=state.id, chunk=wanted.hex())
    assert caught.value.code == "import.wrong_chunk"
    with pytest.raises(AtelierError) as caught:
        owner.call(routes.PUT_CHUNK, b"stowaway", import_=state.id, chunk="00" * 32)
    assert caught.value.code == "import.unknown_chunk"
    started = owner.call(routes.START_IMPORT, import_=state.id)
    assert started.job is None
    assert set(started.missing) == set(state.missing)


def test_an_upload_goes_on_with_what_is_missing(owner, project, tmp_path):
    files, chunks = files_of(voc_folder(tmp_path / "voc", 5))
    asked = NewImport("x", "pascal_voc", tuple(files), import_id=ImportId(new_id()))
    state = owner.call(routes.NEW_IMPORT, asked, project=project)
    for chunk in state.missing[:4]:
        owner.call(routes.PUT_CHUNK, chunks[chunk], import_=state.id, chunk=chunk.hex())
    again = owner.call(routes.NEW_IMPORT, asked, project=project)
    assert set(again.missing) == set(state.missing[4:])


def test_what_waits_in_staging_and_among_blobs_is_sealed(node, owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 3)
    files, chunks = files_of(folder)
    state = owner.call(routes.NEW_IMPORT, NewImport("x", "pascal_voc", tuple(files)), project=project)
    for chunk in state.missing:
        owner.call(routes.PUT_CHUNK, chunks[chunk], import_=state.id, chunk=chunk.hex())
    head = (folder / "JPEGImages" / "picture_00000.png").read_bytes()[:60]

    def readable() -> list[str]:
        return [str(each) for each in node.folder.rglob("*") if each.is_file() and head in each.read_bytes()]

    assert list((node.folder / "staging").rglob("*"))
    assert readable() == []
    wait_for(owner, owner.call(routes.START_IMPORT, import_=state.id).job)
    assert readable() == []
    assert [each for each in (node.folder / "staging").rglob("*") if each.is_file()] == []


def test_a_killed_node_brings_in_the_rest_and_only_the_rest(node, owner, project, tmp_path):
    folder = voc_folder(tmp_path / "voc", 600)
    state = send(owner, project, folder)
    until = time.monotonic() + 60
    while items_of(owner, project).total < 64:
        assert time.monotonic() < until
        time.sleep(0.02)
    node.kill()
    node.start()
    owner = node.owner()
    before = items_of(owner, project)
    assert 0 < before.total < 600, "the kill came too late to show anything"
    job = wait_for(owner, state.job)
    assert job.state == "done"
    page = items_of(owner, project)
    assert page.total == 600
    assert len({row.name for row in page.rows}) == 600
    assert {row.shapes for row in page.rows} == {2}
    kept = {row.name: row.id for row in page.rows}
    assert all(kept[row.name] == row.id for row in before.rows)


def test_an_import_can_be_paused_and_goes_on(owner, project, tmp_path):
    state = send(owner, project, voc_folder(tmp_path / "voc", 400))
    until = time.monotonic() + 60
    while items_of(owner, project).total < 64:
        assert time.monotonic() < until
        time.sleep(0.02)
    owner.call(routes.PAUSE_JOB, job=state.job.id)
    wait_for(owner, state.job, "paused")
    held = items_of(owner, project).total
    assert held < 400
    owner.call(routes.RESUME_JOB, job=state.job.id)
    assert wait_for(owner, state.job).state == "done"
    assert items_of(owner, project).total == 400


def test_unlabelled_pictures_become_tasks_where_that_is_asked_for(owner, project, tmp_path):
    for number in range(4):
        picture(tmp_path / "pictures" / f"{number}.png", number)
    report = bring_in(owner, project, tmp_path / "pictures", "image_folder", make_tasks=True)
    assert report.items == 4
    assert owner.call(routes.TASKS, TaskQuery(), project=project).total == 4


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def test_real_blood_cells_come_in(owner, project, shared_data: Path):
    report = bring_in(owner, project, shared_data / "image_bccd")
    assert report.items > 280
    assert report.shapes > 3000
    assert set(report.new_classes) == {"RBC", "WBC", "Platelets"}
    assert items_of(owner, project, split="val").total > 30


def test_a_file_that_ends_its_reader_is_parked_and_the_rest_comes_in(node, owner, project, tmp_path):
    state = send(owner, project, voc_folder(tmp_path / "voc", 300))
    until = time.monotonic() + 120
    while items_of(owner, project).total < 64:
        assert time.monotonic() < until
        time.sleep(0.02)
    killed = [
        child.kill()
        for child in psutil.Process(node.pid).children()
        if "training.data.worker" in child.cmdline()
    ]
    assert len(killed) == 1
    report = canonical.decode(wait_for(owner, state.job).result, ImportReport)
    # killed between two items it takes none along
    assert report.items + report.skipped == 300
    assert report.skipped <= 1
    assert {each.code for each in report.problems} <= {"import.deadly_file"}


def test_media_can_be_adopted_where_they_lie(tmp_path):
    folder = voc_folder(tmp_path / "lake" / "cells", 4)
    secret = voc_folder(tmp_path / "secret", 1)
    (tmp_path / "lake" / "link").symlink_to(secret)
    workspace = tmp_path / "w"
    workspace.mkdir()
    (workspace / "node.toml").write_text(f'[roots]\nlake = "{tmp_path / "lake"}"\n')
    with running_node(workspace) as node:
        owner = node.owner()
        project = new_project(owner)
        for wrong in (
            str(secret),
            str(tmp_path / "lake" / "link"),
            str(tmp_path / "lake" / ".." / "secret"),
            "cells",
        ):
            with pytest.raises(AtelierError) as caught:
                owner.call(routes.NEW_IMPORT, NewImport("x", "pascal_voc", adopt=wrong), project=project)
            assert caught.value.code == "import.not_allowed", wrong
        asked = NewImport("x", "pascal_voc", adopt=str(folder))
        state = owner.call(routes.NEW_IMPORT, asked, project=project)
        assert state.missing == ()
        wait_for(owner, owner.call(routes.START_IMPORT, import_=state.id).job)
        rows = items_of(owner, project).rows
        assert len(rows) == 4
        path = routes.path_of(
            routes.MEDIA, item=rows[0].id, stream=rows[0].stream, frame=0, rendition="original"
        )
        headers = {"Authorization": f"Bearer {owner.token}"}
        file = folder / rows[0].name
        before = file.read_bytes()
        assert owner.http.get(path, headers=headers).content == before
        picture(file, 999)
        changed = owner.http.get(path, headers=headers)
        assert changed.status_code >= 400
        assert changed.json()["code"] == "media.changed"


def test_a_scene_of_cuboids_and_a_document_of_spans_come_in_whole(owner, project, shared_data: Path):
    for folder, format_, kinds in (
        ("export_openlabel", "openlabel", (Cuboid,)),
        ("export_brat", "brat", (Span,)),
    ):
        report = bring_in(owner, project, shared_data / folder, format_)
        assert report.items > 0, report
        wanted = inspection(read_folder(shared_data / folder, format_, check_media=False))
        rows = items_of(owner, project).rows
        documents = [owner.call(routes.DOCUMENT, item=row.id).entities for row in rows]
        held = [each for entities in documents for each in entities]
        for kind in kinds:
            assert any(isinstance(each, kind) for each in held), (format_, report)
        assert report.items == wanted.items


def test_a_text_comes_back_as_it_was(owner, project, shared_data: Path):
    bring_in(owner, project, shared_data / "export_brat", "brat")
    for row in items_of(owner, project).rows:
        path = routes.path_of(routes.MEDIA, item=row.id, stream=row.stream, frame=0, rendition="original")
        answer = owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})
        assert answer.status_code == 200
        assert answer.content.decode() in {
            each.read_text(encoding="utf-8") for each in (shared_data / "export_brat").rglob("*.txt")
        }


def test_a_full_disk_stops_an_import_and_room_lets_it_go_on(tmp_path):
    folder = tmp_path / "pictures"
    for number in range(200):
        picture(folder / f"{number:03}.png", number, (100, 100))
    # a small disk of its own, for this one process
    command = [
        "bwrap",
        "--bind",
        "/",
        "/",
        "--dev-bind",
        "/dev",
        "/dev",
        "--proc",
        "/proc",
        "--tmpfs",
        "/mnt",
    ]
    command[-2:-2] = ["--size", str(24 * 1024 * 1024)]
    program = [sys.executable, "-m", "tests.training.work.full_disk", "/mnt/w", str(folder)]
    done = subprocess.run([*command, *program], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["first"] == "failed"
    assert said["code"] == "node.disk_full"
    assert 0 < said["kept"] < 200
    assert said["sound"] == said["kept"]
    assert (said["then"], said["items"]) == ("done", 200)


def test_everything_works_the_same_on_postgresql(postgres, tmp_path):
    with running_node(tmp_path / "w", database=postgres.fresh_database()) as node:
        owner = node.owner()
        project = new_project(owner)
        folder = voc_folder(tmp_path / "voc", 10)
        (folder / "JPEGImages" / "picture_00003.png").write_bytes(b"no picture")
        report = bring_in(owner, project, folder, make_tasks=True)
        assert (report.items, report.shapes, report.skipped) == (9, 18, 1)
        made = owner.call(routes.NEW_SNAPSHOT, NewSnapshot("s"), project=project)
        assert dict(made.splits) == {"train": 7, "validation": 2}
        item = items_of(owner, project).rows[0].id
        owner.call(routes.ERASE_ITEM, item=item)
        assert owner.call(routes.SNAPSHOTS, project=project).snapshots[0].erased == 1
        walked = owner.call(routes.LINEAGE, project=project, kind="snapshot", id=made.id)
        assert [each.kind for each in walked.made_from] == ["import", "items", *["item"] * 8]
        asked = NewExport("pascal_voc", "for the archive", made.id, with_media=True)
        request = owner.call(routes.NEW_EXPORT, asked, project=project)
        wait_for(owner, owner.call(routes.JOB, job=request.job))
        path = routes.path_of(routes.FETCH_EXPORT, project=project, request=request.id)
        answer = owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert sum(name.endswith(".xml") for name in archive.namelist()) == 8
