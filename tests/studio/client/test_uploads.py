"""Bringing a folder in: looked at in a bounded process, sent once, gone on with after a stop."""

import shutil
import threading
from pathlib import Path

import pytest

from studio.client import Client, jobs
from studio.client.connection import Connection
from studio.client.sniffing import Looked
from studio.client.uploads import Progress, Upload, sniff
from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import JobId, ProjectId, new_id
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.jobs import Job
from studio.domain.wire.projects import ItemQuery, NewProject


@pytest.fixture
def empty_project(client: Client) -> ProjectId:
    made: ProjectId = client.call(routes.NEW_PROJECT, NewProject("empty", Ontology())).id
    return made


def _upload(client: Client, project: ProjectId, folder: Path, notes: Path) -> Upload:
    return Upload(client, project, folder, format="pascal_voc", name="roads", notes=notes)


def test_a_folder_is_recognised_by_what_is_in_it(pictures: Path) -> None:
    best, *others = sniff(pictures)
    assert best.sniffed.format == "pascal_voc"
    assert best.sniffed.items == 3
    assert best.sniffed.classes == ("car",)
    assert best.title
    assert [each.shapes for each in best.preview] == [1, 1, 1]
    assert best.preview[0].paths == ("road-0.png",)
    assert all(each.sniffed.confidence <= best.sniffed.confidence for each in others)


def test_a_folder_with_nothing_to_label_has_no_candidate(tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_bytes(bytes(100))
    assert sniff(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AtelierError) as refused:
        sniff(tmp_path / "nowhere")
    assert refused.value.code == "import.not_found"


def test_a_process_that_takes_too_long_or_says_nonsense_is_a_plain_error(tmp_path: Path) -> None:
    for script, seconds in (("sleep 5", 0.2), ("echo nonsense", 20.0), ("exit 3", 20.0)):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o700)
        with pytest.raises(AtelierError) as refused:
            sniff(tmp_path, seconds, str(python))
        assert refused.value.code == "import.sniff_failed"


def test_the_looking_process_is_bounded(pictures: Path, root: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, pathlib\nfrom studio.client import sniffing\nsniffing.bound()\n"
        "try:\n pathlib.Path(sys.argv[1]).write_bytes(b'x')\n"
        "except OSError as e:\n print('no file', e.errno)\n"
        "try:\n bytearray(5 * 1024**3)\nexcept MemoryError:\n print('no memory')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + code,
         str(pictures.parent / "written")],
        cwd=root, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["no file 27", "no memory"]


def test_what_was_sent_comes_in_and_progress_ends_at_all(
    client: Client, empty_project: ProjectId, pictures: Path, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    state = _upload(client, empty_project, pictures, tmp_path).run(seen.append)
    assert state.job is not None
    report = jobs.report(client, state.job.id)
    assert (report.items, report.shapes, report.problem_count) == (3, 3, 0)
    assert seen[-1].done == seen[-1].total
    assert client.call(routes.ITEMS, ItemQuery(), project=empty_project).total == 3
    assert list(tmp_path.iterdir()) == [], "nothing is left to go on with"


def test_an_archive_comes_in_as_the_folder_would_that_is_packed_in_it(
    client: Client, empty_project: ProjectId, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "delivery"
    folder.mkdir()
    shutil.make_archive(str(folder / "roads"), "zip", pictures.parent, pictures.name)
    (folder / "licence.txt").write_text("free")
    (best, *_) = sniff(folder)
    assert (best.archive, best.sniffed.format, best.sniffed.items) == ("roads.zip", "pascal_voc", 3)
    assert sniff(folder / best.archive)[0].sniffed == best.sniffed
    state = _upload(client, empty_project, folder / best.archive, tmp_path / "notes").run()
    assert state.job is not None
    report = jobs.report(client, state.job.id)
    assert (report.items, report.shapes, report.problem_count) == (3, 3, 0)


def test_a_real_archive_of_points_is_recognised(shared_data: Path) -> None:
    best = sniff(shared_data / "pointcloud_cvat_canvas3d")[0]
    assert (best.archive, best.sniffed.format) == ("test_canvas3d.zip", "datumaro3d")


def test_an_import_that_was_stopped_goes_on_and_sends_no_byte_twice(
    client: Client, empty_project: ProjectId, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    sent: list[str] = []
    real = Connection.raw

    def counted(self: Connection, route: object, *arguments: object, **named: object) -> bytes:
        if route is routes.PUT_CHUNK:
            sent.append(str(named["chunk"]))
        return real(self, route, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "raw", counted)
    stop = threading.Event()
    first = _upload(client, empty_project, folder, tmp_path / "notes")
    with pytest.raises(AtelierError) as stopped:
        first.run(lambda at: stop.set() if at.text.startswith("Sending") else None, stop)
    assert stopped.value.code == "job.cancelled"
    again = _upload(client, empty_project, folder, tmp_path / "notes")
    assert again.import_id == first.import_id
    state = again.run()
    assert state.job is not None
    assert jobs.report(client, state.job.id).items == 3
    assert len(sent) == len(set(sent)) == 6
    later = _upload(client, empty_project, folder, tmp_path / "notes")
    assert later.import_id != first.import_id, "a finished import is not gone on with"


def test_a_file_that_changes_under_way_is_named(
    client: Client, empty_project: ProjectId, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(pictures, folder)

    def meddle(at: Progress) -> None:
        if at.text.startswith("Reading") and at.done == at.total:
            (folder / "road-0.xml").write_text("<annotation/>")

    with pytest.raises(AtelierError) as refused:
        _upload(client, empty_project, folder, tmp_path / "notes").run(meddle)
    assert refused.value.code == "upload.changed"
    assert "road-0.xml" in refused.value.message


def test_a_job_that_fails_or_is_called_off_says_so_in_its_own_words() -> None:
    for state, code in (("failed", "job.failed"), ("cancelled", "job.cancelled")):
        with pytest.raises(AtelierError) as refused:
            jobs.wait(_Jobs("queued", "running", state), "job")  # type: ignore[arg-type]
        assert refused.value.code == code
    assert jobs.wait(_Jobs("running", "node.gone", "done"), "job").state == "done"  # type: ignore[arg-type]


class _Jobs:
    """A node that answers with one state of a job after the other; a code with a dot is an error."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def call(self, route: object, body: object = None, **ids: object) -> Job:
        state = self.states.pop(0)
        if "." in state:
            raise AtelierError(state, "planned")
        return Job(JobId("job"), "import", "Import", state, error="The disk is full.")  # type: ignore[arg-type]


def test_a_job_that_is_not_there_is_not_waited_for(client: Client) -> None:
    with pytest.raises(AtelierError) as unknown:
        jobs.wait(client, new_id())
    assert unknown.value.code == "access.missing"


def test_what_the_process_writes_is_canonical() -> None:
    assert canonical.decode(canonical.encode(Looked()), Looked) == Looked()
