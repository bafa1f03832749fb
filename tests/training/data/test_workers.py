"""A worker that dies: whom it names."""

import signal
from pathlib import Path

import psutil
import pytest

from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId, new_id
from tests.training.uploading import voc_folder
from training.data.worker_messages import Orders, Planned, Prepared
from training.data.workers import Worker, WorkerDied


def test_it_reads_a_folder_item_by_item(tmp_path: Path):
    worker = Worker(Orders("pascal_voc", False, folder=str(voc_folder(tmp_path / "voc", 3))))
    found = list(worker.messages())
    worker.close()
    assert all(isinstance(each, Prepared) for each in found)
    assert [len(each.item.entities) for each in found] == [4, 4, 4]
    assert [(each.streams[0].width, each.streams[0].height) for each in found] == [(64, 48)] * 3
    assert {name for each in found for name, _ in each.frames[0].views} == {"thumb"}


def test_what_is_in_already_is_skipped(tmp_path: Path):
    folder = voc_folder(tmp_path / "voc", 4)
    first = Worker(Orders("pascal_voc", False, folder=str(folder)))
    sources = [each.item.source for each in first.messages()]
    rest = Worker(Orders("pascal_voc", False, folder=str(folder), skip=frozenset(sources[:3])))
    assert [each.item.source for each in rest.messages()] == sources[3:]


def test_a_plan_counts_items_and_names_classes(tmp_path: Path):
    worker = Worker(Orders("pascal_voc", True, folder=str(voc_folder(tmp_path / "voc", 5))))
    (planned,) = list(worker.messages())
    assert isinstance(planned, Planned)
    assert planned.items == 5
    assert [each.name for each in planned.classes] == ["cell", "debris"]


def test_a_killed_worker_names_the_item_that_it_was_at(tmp_path: Path):
    # more than fits between the two, so that it cannot have come to its end
    folder = voc_folder(tmp_path / "voc", 200)
    worker = Worker(Orders("pascal_voc", False, folder=str(folder)))
    messages = worker.messages()
    next(messages)
    psutil.Process(worker._process.pid).send_signal(signal.SIGKILL)
    with pytest.raises(WorkerDied) as caught:
        list(messages)
    assert caught.value.source.startswith("JPEGImages/")


def test_orders_that_cannot_be_followed_are_an_error_with_a_hint(tmp_path: Path):
    staged = Orders(
        "papyrus", False, staging=str(tmp_path), import_id=ImportId(new_id()), staging_key=bytes(32)
    )
    with pytest.raises(AtelierError) as caught:
        list(Worker(staged).messages())
    assert caught.value.code == "import.unknown_format"
    assert caught.value.hint


def test_nothing_of_the_nodes_environment_reaches_it(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ATELIER_SECRET", "a secret of the node")
    worker = Worker(Orders("pascal_voc", False, folder=str(voc_folder(tmp_path / "voc", 50))))
    environment = Path(f"/proc/{worker._process.pid}/environ").read_bytes()
    worker.close()
    assert b"a secret of the node" not in environment
