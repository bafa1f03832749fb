"""A node whose jobs count: a process of its own, so that it can be killed.

`python -m tests.training.work.counting FOLDER` carries on with what is there and stays until its input ends.
"""

import os
import sys
import time
from pathlib import Path

import msgspec

from training.node import Node, assemble
from training.work.job_kinds import KINDS
from training.work.running_job import RunningJob

KINDS["count"] = "tests.training.work.counting:carry_out"
NAME = os.environ.get("COUNT_AS", "count")  # what another version of the code calls its steps


def carry_out(job: RunningJob) -> bytes:
    """Add a line a step to the file `counted`; step `fail` fails while the file `broken` is there."""
    orders = msgspec.msgpack.decode(job.payload)
    for number in range(orders["steps"]):
        job.step(f"{NAME} {number}", lambda number=number: _count(job, number, orders))
        job.progress(number + 1, orders["steps"])
    return msgspec.msgpack.encode(orders["steps"])


def _count(job: RunningJob, number: int, orders: dict) -> int:
    if orders.get("kill") == number:
        os.kill(os.getpid(), 9)
    if orders.get("fail") == number and (job.node.folder / "broken").exists():
        raise ValueError("a fault of the step")
    with (job.node.folder / "counted").open("a") as file:
        file.write(f"{number}\n")
    time.sleep(orders["seconds"])
    return number


def open_node(folder: Path) -> Node:
    """A node without its routes."""
    return assemble(folder)


if __name__ == "__main__":
    node = open_node(Path(sys.argv[1]))
    node.jobs.resume()
    print("ready", flush=True)
    sys.stdin.read()
    node.close()
