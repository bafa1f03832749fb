"""The sample: pages of handwritten digits, written on this machine and brought in like any other folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import AssetFacts, NewProject, Project
from studio.shell.calls import Call

if TYPE_CHECKING:
    from studio.client import Client

SAMPLE_NAME = "Sample: handwritten digits"
_FACTS = AssetFacts(
    source="scikit-learn's handwritten digits, composed on this machine",
    purpose="trying the studio",
    sensitivity="open",
)
_WRITTEN = 0.2  # share of the wait that writing the pictures takes
_SENT = 0.5


def open_sample(client: Client, call: Call) -> Project:
    """The sample project, made and filled if it is not there yet. For a background call."""
    from studio.client import jobs, uploads

    for project in client.call(routes.PROJECTS).projects:
        if project.name == SAMPLE_NAME and project.items:
            return project
    call.check(0.0, "Writing the pictures …")
    with tempfile.TemporaryDirectory(prefix="atelier-sample-") as folder:
        _write(Path(folder))
        call.check(_WRITTEN, "Making the project …")
        project = client.call(
            routes.NEW_PROJECT,
            NewProject(SAMPLE_NAME, Ontology(), "Pages of digits with boxes, some of them labelled wrongly"),
        )
        upload = uploads.Upload(
            client, project.id, Path(folder), format="pascal_voc", name="digits", facts=_FACTS
        )
        state = upload.run(
            on_progress=lambda p: call.check(
                _WRITTEN + (_SENT - _WRITTEN) * p.done / max(p.total, 1), "Sending the pictures …"
            )
        )
    if state.job is not None:
        for job in jobs.watch(client, state.job.id):
            call.check(_SENT + (1 - _SENT) * job.done / max(job.total, 1), "Bringing them in …")
        jobs.report(client, state.job.id)
    return client.call(routes.PROJECT, project=project.id)


def _write(folder: Path) -> None:
    # scikit-learn takes a second of import and 100 MB, which the window's process can do without
    done = subprocess.run(
        [sys.executable, "-m", "resources.sample", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise AtelierError(
            "sample.not_written",
            "The sample's pictures could not be written.",
            detail=done.stderr.strip()[-500:],
            hint="Check that there is room for temporary files, then try again.",
        )
