"""DBOS, and the only place that knows it: it carries a workflow out to its end, whatever is killed meanwhile.

One workflow carries out every kind of job; its steps' results are recorded, so after a kill it goes on
behind the last recorded step. Nothing here is the truth about a job: that is the job's own row.
"""

import base64
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._serialization import Serializer

# DBOS recovers only workflows of its own version, which otherwise is a hash of the source: a job that was
# interrupted by an upgrade would never go on.
_VERSION = "atelier-1"

_lock = threading.Lock()
_carry_out: list[Callable[[str], None]] = []  # what the launched engine calls; DBOS is one a process


class _MessagePack(Serializer):
    """Plain values as MessagePack; DBOS's own default is pickle."""

    def serialize(self, data: Any) -> str:
        return base64.b64encode(msgspec.msgpack.encode(data)).decode()

    def deserialize(cls, serialized_data: str) -> Any:
        return msgspec.msgpack.decode(base64.b64decode(serialized_data))

    def name(self) -> str:
        return "atelier_msgpack"


@DBOS.workflow(name="carry_out_job")
def _workflow(name: str) -> None:
    _carry_out[-1](name)


def launch(database: Path, carry_out: Callable[[str], None]) -> None:
    """Start the engine on its own SQLite file; workflows that were interrupted go on by themselves.

    `carry_out` is called with a workflow's name, on a thread of the engine, and must not raise.
    Raises RuntimeError where this process already runs one: DBOS knows one a process.
    """
    with _lock:
        if _carry_out:
            raise RuntimeError("this process already carries out the jobs of another node")
        _carry_out.append(carry_out)
        logging.getLogger("dbos").setLevel(logging.ERROR)
        DBOS(
            config=DBOSConfig(
                name="atelier",
                system_database_url=f"sqlite:///{database}",
                serializer=_MessagePack(),
                application_version=_VERSION,
                executor_id="node",
                enable_otlp=False,
                log_level="ERROR",
                console_log_level="ERROR",
                scheduler_polling_interval_sec=3600.0,
            )
        )
        DBOS.launch()


def start(name: str) -> bool:
    """Have the workflow of this name carried out; False where it is over, and so will never be again."""
    known = DBOS.get_workflow_status(name)
    if known is not None and known.status not in ("PENDING", "ENQUEUED", "DELAYED"):
        return False
    if known is None:
        with SetWorkflowID(name):
            DBOS.start_workflow(_workflow, name)
    return True


def step(name: str, work: Callable[[], Any]) -> Any:
    """Within a workflow: the recorded result of `work`, which is called where there is none yet.

    The result is a plain value. `work` must not raise: DBOS would record the exception itself.
    """
    return DBOS.run_step({"name": name}, work)


def stop(wait_s: float) -> None:
    """Stop the engine; what still runs after `wait_s` is left to the next launch."""
    with _lock:
        if _carry_out:
            DBOS.destroy(workflow_completion_timeout_sec=int(wait_s))
            _carry_out.clear()
