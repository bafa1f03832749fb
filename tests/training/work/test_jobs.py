"""Durable jobs: paused, cancelled, killed and started again, each step is done and none is lost."""

import base64
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from studio.domain.errors import AtelierError
from studio.domain.ids import JobId, UserId, new_id
from studio.domain.wire.jobs import Job
from tests.training.work.counting import open_node
from training.node import Node

ANN = UserId(new_id())


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = open_node(tmp_path / "n")
    node.jobs.resume()
    yield node
    node.close()


def ask(node: Node, steps: int = 20, seconds: float = 0.02, **orders: object) -> JobId:
    payload = msgspec.msgpack.encode({"steps": steps, "seconds": seconds, **orders})
    with node.store.write() as tx:
        return node.jobs.ask(tx, "count", "Count", None, "", payload, ANN)


def wait(read: Callable[[], Job], *states: str) -> Job:
    until = time.monotonic() + 60
    while (job := read()).state not in states:
        assert time.monotonic() < until, job
        time.sleep(0.02)
    return job


def counted(folder: Path) -> list[int]:
    file = folder / "counted"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_job_is_done_with_its_result(node):
    job = ask(node)
    done = wait(lambda: node.jobs.get(job), "done")
    assert counted(node.folder) == list(range(20))
    assert (done.done, done.total, msgspec.msgpack.decode(done.result)) == (20, 20, 20)


def test_a_paused_job_goes_on_where_it_stopped(node):
    job = ask(node, steps=40)
    wait(lambda: node.jobs.get(job), "running")
    assert node.jobs.pause(job, ANN).state in ("pausing", "paused")
    wait(lambda: node.jobs.get(job), "paused")
    before = counted(node.folder)
    time.sleep(0.2)
    assert counted(node.folder) == before
    assert len(before) < 40
    node.jobs.resume_job(job, ANN)
    wait(lambda: node.jobs.get(job), "done")


def test_a_cancelled_job_stops_and_stays_so(node):
    job = ask(node, steps=1000)
    wait(lambda: node.jobs.get(job), "running")
    node.jobs.cancel(job, ANN)
    wait(lambda: node.jobs.get(job), "cancelled")
    with pytest.raises(AtelierError) as caught:
        node.jobs.resume_job(job, ANN)
    assert caught.value.code == "job.over"


def test_a_failed_job_says_so_and_can_be_tried_again(node):
    (node.folder / "broken").touch()
    job = ask(node, fail=5)
    failed = wait(lambda: node.jobs.get(job), "failed")
    assert failed.error_code == "job.fault"
    assert "fault of the step" not in failed.error
    (node.folder / "broken").unlink()
    node.jobs.resume_job(job, ANN)
    assert wait(lambda: node.jobs.get(job), "done").error == ""


def test_jobs_beyond_the_first_two_wait_their_turn(node):
    asked = [ask(node, steps=10) for _ in range(5)]
    states = []
    until = time.monotonic() + 60
    while (now := [node.jobs.get(job).state for job in asked]) != ["done"] * 5:
        assert time.monotonic() < until
        states.append(now.count("running"))
        time.sleep(0.01)
    assert max(states) <= 2


class Process:
    """The counting node as a process that can be killed."""

    def __init__(self, folder: Path, **environment: str) -> None:
        command = [sys.executable, "-m", "tests.training.work.counting", str(folder)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        assert self.process.stdout is not None

    def ready(self) -> None:
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> None:
        self.process.communicate("")
        assert self.process.returncode == 0


def queued(folder: Path, **orders: object) -> JobId:
    """A job that is asked for and not yet begun."""
    node = open_node(folder)
    node.jobs._want = lambda job: None  # the node is stopped before it gets to it
    job = ask(node, **orders)
    node.close()
    return job


def looked_up(folder: Path, job: JobId) -> Job:
    import sqlite3

    with sqlite3.connect(folder / "node.db") as database:
        state, done, code = database.execute(
            "SELECT state, done, error_code FROM jobs WHERE id = ?", (job,)
        ).fetchone()
    return Job(job, "count", "", state, done=done, error_code=code)


def test_a_node_killed_twice_goes_on_behind_the_last_step(tmp_path):
    times = 2
    folder = tmp_path / "n"
    job = queued(folder, steps=40, seconds=0.05)
    for kill in range(times):
        process = Process(folder)
        process.ready()
        until = time.monotonic() + 60
        while len(counted(folder)) < 8 * (kill + 1):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.kill()
    process = Process(folder)
    process.ready()
    wait(lambda: looked_up(folder, job), "done")
    process.stop()
    done = counted(folder)
    assert sorted(set(done)) == list(range(40))
    assert len(done) <= 40 + times  # only the step under way may run twice


def test_a_node_stopped_in_good_order_goes_on_too(tmp_path):
    folder = tmp_path / "n"
    job = queued(folder, steps=30, seconds=0.05)
    process = Process(folder)
    process.ready()
    while len(counted(folder)) < 5:
        time.sleep(0.01)
    process.stop()
    assert looked_up(folder, job).state == "running"
    process = Process(folder)
    process.ready()
    wait(lambda: looked_up(folder, job), "done")
    process.stop()


def test_a_job_goes_on_where_dbos_lost_its_file(tmp_path):
    folder = tmp_path / "n"
    job = queued(folder, steps=20, seconds=0.02)
    process = Process(folder)
    process.ready()
    while len(counted(folder)) < 5:
        time.sleep(0.01)
    process.kill()
    for file in folder.glob("jobs.db*"):
        file.unlink()
    process = Process(folder)
    process.ready()
    wait(lambda: looked_up(folder, job), "done")
    process.stop()


def test_a_job_interrupted_by_an_upgrade_of_the_code_goes_on(tmp_path):
    folder = tmp_path / "n"
    job = queued(folder, steps=20, seconds=0.02)
    process = Process(folder)
    process.ready()
    while len(counted(folder)) < 5:
        time.sleep(0.01)
    process.kill()
    process = Process(folder, COUNT_AS="tally")
    process.ready()
    wait(lambda: looked_up(folder, job), "done")
    process.stop()
    assert counted(folder)[-1] == 19


def test_what_became_of_a_job_is_said_as_soon_as_the_disk_has_room(tmp_path):
    folder = tmp_path / "n"
    job = queued(folder, steps=100, seconds=0.02)
    process = Process(folder)
    process.ready()
    while len(counted(folder)) < 5:
        time.sleep(0.01)
    # the kernel refuses to let the databases grow, the node's own and the engine's
    limit = (4096, resource.RLIM_INFINITY)
    before = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, limit)
    time.sleep(3)
    assert looked_up(folder, job).state == "running"
    done = len(counted(folder))
    assert done < 100
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, before)
    failed = wait(lambda: looked_up(folder, job), "failed")
    assert failed.error_code in ("node.disk_full", "node.disk_failed")
    assert len(counted(folder)) == done
    process.stop()


def test_a_job_that_kills_the_node_again_and_again_is_put_aside(tmp_path):
    folder = tmp_path / "n"
    job = queued(folder, steps=3, seconds=0.01, kill=0)
    for _ in range(3):
        process = Process(folder)
        process.ready()
        process.process.wait(60)
        assert process.process.returncode == -signal.SIGKILL
        process.process.communicate()
    process = Process(folder)
    process.ready()
    assert wait(lambda: looked_up(folder, job), "failed").error_code == "job.parked"
    process.stop()


def test_the_databases_hold_no_pickles(node):
    job = ask(node, fail=3)
    (node.folder / "broken").touch()
    wait(lambda: node.jobs.get(job), "failed", "done")
    for file in (node.folder / "node.db", node.folder / "jobs.db", node.folder / "node.db-wal"):
        data = file.read_bytes()
        for protocol in range(2, 6):
            head = bytes([0x80, protocol])
            for mark in (head + b"\x95", head + b"c", head + b"}", head + b"("):
                assert mark not in data, file.name
                encoded = base64.b64encode(mark + b"\0\0")[:4]
                assert encoded not in data, file.name
