"""An import as one background call: look at a folder, send it, wait for the node to read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.contracts.formats import Sniffed
from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId
from studio.domain.wire import routes
from studio.domain.wire.jobs import ImportReport
from studio.domain.wire.projects import AssetFacts
from studio.shell.calls import Call

if TYPE_CHECKING:
    from studio.client import Client

_SENT = 0.5  # share of the bar that sending takes; the rest is the node's reading


def look_at(folder: Path) -> list[Sniffed]:
    """What formats see in `folder`, most confident first. Raises `import.nothing`."""
    from studio.client import uploads

    found = [each.sniffed for each in uploads.sniff(folder)]
    if not found:
        raise AtelierError(
            "import.nothing",
            f"No installed format recognises what lies in {folder.name!r}. Nothing was changed.",
            hint="Choose the folder that holds the pictures or the label files.",
        )
    return found


def bring_in(
    client: Client,
    project: ProjectId,
    folder: Path,
    format_name: str,
    facts: AssetFacts,
    call: Call,
    *,
    adopt: bool = False,
    tasks: bool = False,
) -> ImportReport:
    """Send `folder` and wait until the node has read it; cancelling the call leaves what was sent.

    Raises `import.*` and `node.*`. Doing it again goes on where it stopped.
    """
    from studio.client import jobs, uploads

    upload = uploads.Upload(
        client,
        project,
        folder,
        format=format_name,
        name=folder.name,
        facts=facts,
        adopt=str(folder) if adopt else "",
        make_tasks=tasks,
    )
    state = upload.run(
        on_progress=lambda p: call.check(_SENT * p.done / max(p.total, 1), p.text + left(p.eta_s))
    )
    if state.job is None:
        state = client.call(routes.START_IMPORT, import_=state.id)
    assert state.job is not None  # START_IMPORT always asks for one
    for job in jobs.watch(client, state.job.id):
        share = _SENT + (1 - _SENT) * job.done / max(job.total, 1)
        count = f"{job.done:,} of {job.total:,} {job.unit}".rstrip() if job.total else "Reading …"
        call.check(share, f"{count}{left(job.eta_s)}")
    return jobs.report(client, state.job.id)


def left(seconds: float | None) -> str:
    """How long it will still take, to be put behind a text."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f", about {max(1, round(seconds))} s left"
    return f", about {round(seconds / 60)} min left"
