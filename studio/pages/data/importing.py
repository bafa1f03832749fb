"""An import as one background call: look at a folder, send it, wait for the node to read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.contracts.archive import is_archive, tree_of
from studio.domain.errors import AtelierError
from studio.domain.ids import JobId, ProjectId
from studio.domain.wire.jobs import ImportReport
from studio.domain.wire.projects import AssetFacts
from studio.shell.calls import Call

if TYPE_CHECKING:
    from studio.client import Client
    from studio.client.uploads import Candidate

_SENT = 0.5  # share of the bar that sending takes; the rest is the node's reading


def look_at(folder: Path) -> tuple[Path, list[Candidate]]:
    """Where the data lies (`folder`, or the one archive in it), and what formats see there, most confident
    first. Raises `import.nothing`, `import.bad_archive` and as `sniff`.
    """
    from studio.client import uploads

    found = uploads.sniff(folder)
    if not found:
        raise _nothing_in(folder)
    return folder / found[0].archive, found


def _nothing_in(folder: Path) -> AtelierError:
    """Why no format sees anything there."""
    hint = "Choose the folder or zip archive that holds the pictures or the label files."
    if folder.is_file() and folder.suffix.lower() == ".zip" and not is_archive(folder):
        return AtelierError(
            "import.bad_archive",
            f"{folder.name!r} is no zip archive, or only a part of one. Nothing was changed.",
            hint=hint,
        )
    said = f"No installed format recognises what lies in {folder.name!r}."
    if not tree_of(folder).paths():
        said = f"The {'folder' if folder.is_dir() else 'archive'} {folder.name!r} is empty."
    return AtelierError("import.nothing", f"{said} Nothing was changed.", hint=hint)


def send(
    client: Client,
    project: ProjectId,
    folder: Path,
    format_name: str,
    facts: AssetFacts,
    call: Call,
    *,
    adopt: bool = False,
    tasks: bool = False,
    clip_frames: int = 0,
) -> JobId:
    """Send `folder`; the node's job then reads it. Cancelling leaves what was sent, the next time goes on.

    Raises `import.*`, `upload.*` and `node.*`.
    """
    from studio.client import uploads

    upload = uploads.Upload(
        client,
        project,
        folder,
        format=format_name,
        name=folder.name,
        facts=facts,
        adopt=str(folder) if adopt else "",
        make_tasks=tasks,
        clip_frames=clip_frames,
    )
    state = upload.run(
        on_progress=lambda p: call.check(_SENT * p.done / max(p.total, 1), p.text + left(p.eta_s))
    )
    assert state.job is not None  # `run` ends when there is one
    return state.job.id


def wait_for(client: Client, job_id: JobId, call: Call) -> ImportReport:
    """Wait until the node has read what was sent. Raises `job.failed`; cancelling leaves the job going on."""
    from studio.client import jobs

    for job in jobs.watch(client, job_id):
        share = _SENT + (1 - _SENT) * job.done / max(job.total, 1)
        count = f"{job.done:,} of {job.total:,} {job.unit}".rstrip() if job.total else "Reading …"
        call.check(share, f"{count}{left(job.eta_s)}")
    return jobs.report(client, job_id)


def left(seconds: float | None) -> str:
    """How long it will still take, to be put behind a text."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f", about {max(1, round(seconds))} s left"
    return f", about {round(seconds / 60)} min left"
