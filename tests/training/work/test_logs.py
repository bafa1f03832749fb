"""Driving logs through a real node: many frames of many sensors, some of them missing or broken."""

import io
import signal
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from plugins.pointcloud.cloud import read_head, read_piece
from studio.domain import canonical
from studio.domain.wire import routes
from studio.domain.wire.jobs import ImportReport
from studio.domain.wire.routes import path_of
from tests.plugins.pointcloud.points.point_files import sweep
from tests.training.driving_log import CAMERA, LIDAR, driving_log
from tests.training.uploading import bring_in, items_of, new_project, send, wait_for
from training.data import worker
from training.data.worker_messages import Bad, Orders, Part, Prepared
from training.data.workers import Worker, WorkerDied


@pytest.fixture
def owner(node):
    return node.owner()


@pytest.fixture
def project(owner):
    return new_project(owner)


def get(owner, item, stream, frame, rendition="original"):
    path = path_of(routes.MEDIA, item=item, stream=stream, frame=frame, rendition=rendition)
    return owner.http.get(path, headers={"Authorization": f"Bearer {owner.token}"})


def test_a_log_of_two_hundred_frames_comes_in_as_one_item_with_every_sweep_prepared(owner, project, tmp_path):
    folder = driving_log(tmp_path / "log", 200)
    report = bring_in(owner, project, folder, "atelier_json")
    assert (report.items, report.shapes, report.problems) == (1, 200, ())
    (row,) = items_of(owner, project).rows
    assert (row.kind, row.stream) == ("points", LIDAR)
    item = owner.call(routes.ITEM, item=row.id)
    lidar, camera = item.streams
    # what only the label file knows survives the look at the files, and what only they know comes in
    assert (lidar.frames, lidar.points, lidar.rate_hz, lidar.media_type) == (
        200, 100_000, 10.0, "application/x-lidar-sweep",
    )  # fmt: skip
    assert lidar.times_ns[:2] == (1_000_000_000, 1_100_000_000)
    assert camera.times_ns[199] == 1_000_000_000 + 199 * 100_000_000 + 30_000_000
    assert (camera.frames, camera.width, camera.height) == (200, 64, 48)
    for frame in (0, 99, 199):
        assert (
            get(owner, row.id, LIDAR, frame).content == (folder / f"drive/lidar/{frame:06}.bin").read_bytes()
        )
        head = read_head(get(owner, row.id, LIDAR, frame, "cloud").content)
        piece = read_piece(get(owner, row.id, LIDAR, frame, "cloud-0").content)
        raw = np.frombuffer(sweep(500, frame), np.float32).reshape(-1, 4)
        assert (head.points, head.pieces) == (500, 1)
        assert np.array_equal(piece.xyz, raw[piece.order, :3])
        for stream in (LIDAR, CAMERA):
            thumb = Image.open(io.BytesIO(get(owner, row.id, stream, frame, "thumb").content))
            assert max(thumb.size) in (64, 256)


def test_a_broken_sweep_and_a_missing_picture_leave_the_rest_of_the_log(owner, project, tmp_path):
    folder = driving_log(tmp_path / "log", 12)
    (folder / "drive/lidar/000003.bin").write_bytes(b"no sweep")
    whole = folder / "drive/lidar/000004.bin"
    whole.write_bytes(whole.read_bytes()[:-5])
    (folder / "drive/camera/000007.png").unlink()
    (folder / "drive/camera/000008.png").write_bytes(b"no picture")
    report = bring_in(owner, project, folder, "atelier_json")
    assert (report.items, report.skipped) == (1, 0)
    said = {problem.path.rpartition("/")[2]: problem.code for problem in report.problems}
    assert said == {
        "000003.bin": "cloud.unknown_kind",
        "000004.bin": "cloud.cut_short",
        "drive.json": "import.missing_file",
        "000008.png": "media.not_a_picture",
    }
    (row,) = items_of(owner, project).rows
    item = owner.call(routes.ITEM, item=row.id)
    assert [stream.frames for stream in item.streams] == [12, 12]
    for stream, frame in ((LIDAR, 3), (LIDAR, 4), (CAMERA, 7), (CAMERA, 8)):
        answer = get(owner, row.id, stream, frame, "thumb")
        assert (answer.status_code, answer.json()["code"]) == (404, "media.missing")
    # the others still stand at their own frames
    assert get(owner, row.id, CAMERA, 11).content == (folder / "drive/camera/000011.png").read_bytes()
    assert get(owner, row.id, LIDAR, 5).content == (folder / "drive/lidar/000005.bin").read_bytes()


def test_a_log_none_of_whose_sweeps_can_be_used_is_left_out_and_the_next_one_comes_in(
    owner, project, tmp_path
):
    folder = driving_log(tmp_path / "log", 3, name="bad")
    for path in (folder / "bad" / "lidar").iterdir():
        path.write_bytes(b"")
    driving_log(folder, 3, name="good")
    report = bring_in(owner, project, folder, "atelier_json")
    assert (report.items, report.skipped) == (1, 1)
    assert {problem.code for problem in report.problems} == {"cloud.empty"}
    assert [row.name for row in items_of(owner, project).rows] == ["good"]


def test_a_sweep_of_which_the_worker_dies_is_named_and_the_log_comes_in_without_it(
    node, owner, project, tmp_path
):
    folder = driving_log(tmp_path / "log", 60, 60_000)
    state = send(owner, project, folder, "atelier_json")
    until = time.monotonic() + 120
    killed = False
    while not killed:
        assert time.monotonic() < until
        for child in psutil.Process(node.pid).children():
            # the first worker plans; the one that prepares has sent frames when blobs are there
            if any((node.folder / "blobs").rglob("*")) and "training.data.worker" in child.cmdline():
                child.send_signal(signal.SIGKILL)
                killed = True
        time.sleep(0.01)
    report = canonical.decode(wait_for(owner, state.job).result, ImportReport)
    assert (report.items, report.skipped) == (1, 0)
    (problem,) = report.problems
    assert (problem.code, problem.path.rpartition("/")[0]) in {
        ("import.deadly_file", "drive/lidar"),
        ("import.deadly_file", "drive/camera"),
    }
    (row,) = items_of(owner, project).rows
    stream = LIDAR if "lidar" in problem.path else CAMERA
    lost = int(problem.path[-10:-4])
    there = [get(owner, row.id, stream, frame, "thumb").status_code for frame in range(60)]
    assert there == [404 if frame == lost else 200 for frame in range(60)]


def test_a_killed_worker_names_the_file_that_it_was_at_and_the_next_one_avoids_it(tmp_path: Path) -> None:
    folder = driving_log(tmp_path / "log", 40, 20_000)
    first = Worker(Orders("atelier_json", False, folder=str(folder)))
    messages = first.messages()
    part = next(messages)
    assert isinstance(part, Part)
    assert part.is_first
    psutil.Process(first._process.pid).send_signal(signal.SIGKILL)
    with pytest.raises(WorkerDied) as caught:
        list(messages)
    assert caught.value.source == "drive"
    assert caught.value.path.startswith("drive/lidar/")
    again = Worker(Orders("atelier_json", False, folder=str(folder), avoid=frozenset({caught.value.path})))
    found = list(again.messages())
    prepared = found[-1]
    assert isinstance(prepared, Prepared)
    assert prepared.in_parts
    frames = [each.frame for each in found if isinstance(each, Part)] + list(prepared.frames)
    assert len(frames) == 79
    assert caught.value.path not in {each.path for each in frames}
    assert not [each for each in found if isinstance(each, Bad)]


def test_what_is_prepared_of_a_large_cloud_travels_and_is_kept_in_runs(owner, project, tmp_path):
    count = worker.RUN_BYTES // 20 + 200_000
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "000000.bin").write_bytes(sweep(count))
    found = list(Worker(Orders("point_folder", False, folder=str(tmp_path / "large"))).messages())
    assert [type(each) for each in found] == [Part, Prepared]
    assert [each.frame.run for each in found[:1]] + [each.run for each in found[1].frames] == [0, 1]
    report = bring_in(owner, project, tmp_path / "large", "point_folder")
    assert (report.items, report.problems) == (1, ())
    (row,) = items_of(owner, project).rows
    head = read_head(get(owner, row.id, row.stream, 0, "cloud").content)
    assert head.points == count
    order = np.concatenate(
        [
            read_piece(get(owner, row.id, row.stream, 0, f"cloud-{piece}").content).order
            for piece in range(head.pieces)
        ]
    )
    assert np.array_equal(np.sort(order), np.arange(count))
    assert get(owner, row.id, row.stream, 0, f"cloud-{head.pieces}").status_code == 404
