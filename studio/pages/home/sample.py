"""Samples: pages of digits, and a drive; written on this machine and brought in like any other folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from studio.domain.errors import AtelierError
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import AssetFacts, NewProject, Project
from studio.shell.calls import Call

if TYPE_CHECKING:
    from studio.client import Client

_WRITTEN = 0.2  # share of the wait that writing takes
_SENT = 0.5
_LOOK_S = 0.1  # between two looks whether the writing is done or no longer wanted


def _drive_template() -> Ontology:
    """What the street's own template says of sizes, colours and roles, and a class to draw lines as."""
    from plugins.pointcloud.generator.classes import ONTOLOGY

    lane = ClassType("lane", color="#f1c40f", letter="L", geometries=("polyline3",))
    return replace(ONTOLOGY, classes=(*ONTOLOGY.classes, lane))


class Sample(NamedTuple):
    """program: what follows `python -m` before the folder to write into, in a process of its own.

    template: the labelling template that the project starts with; what the data names besides is added.
    """

    name: str
    description: str
    program: tuple[str, ...]
    format: str
    upload: str
    source: str
    template: Callable[[], Ontology] = Ontology


DIGITS = Sample(
    name="Sample: handwritten digits",
    description="Pages of digits with boxes, some of them labelled wrongly",
    # scikit-learn takes a second of import and 100 MB, which the window's process can do without
    program=("resources.sample",),
    format="pascal_voc",
    upload="digits",
    source="scikit-learn's handwritten digits, composed on this machine",
)
DRIVE = Sample(
    name="Sample: a drive",
    description="Two lidars and six cameras of a made-up street, with exact cuboids, tracks and groups",
    program=("plugins.pointcloud.generator", "--frames", "16", "--ego", "turning"),
    format="atelier_json",
    upload="drive",
    source="a street that was ray-cast on this machine",
    template=_drive_template,
)


def open_sample(client: Client, sample: Sample, call: Call) -> Project:
    """The sample's project, made and filled if it is not there yet. For a background call."""
    from studio.client import jobs, uploads

    held = [each for each in client.call(routes.PROJECTS).projects if each.name == sample.name]
    if (filled := next((each for each in held if each.items), None)) is not None:
        return filled
    call.check(0.0, "Writing the sample …")
    with tempfile.TemporaryDirectory(prefix="atelier-sample-") as folder:
        _write(sample, Path(folder), call)
        call.check(_WRITTEN, "Making the project …")
        wanted = NewProject(sample.name, sample.template(), sample.description)
        # one that was made before somebody cancelled, or the line broke, is used and stands there once
        project = held[0] if held else client.call(routes.NEW_PROJECT, wanted)
        facts = AssetFacts(source=sample.source, purpose="trying the studio", sensitivity="open")
        upload = uploads.Upload(
            client, project.id, Path(folder), format=sample.format, name=sample.upload, facts=facts
        )
        state = upload.run(
            on_progress=lambda p: call.check(
                _WRITTEN + (_SENT - _WRITTEN) * p.done / max(p.total, 1), "Sending the sample …"
            )
        )
    if state.job is not None:
        for job in jobs.watch(client, state.job.id):
            call.check(_SENT + (1 - _SENT) * job.done / max(job.total, 1), "Bringing it in …")
        jobs.report(client, state.job.id)
    return client.call(routes.PROJECT, project=project.id)


def _write(sample: Sample, folder: Path, call: Call) -> None:
    writing = subprocess.Popen(
        [sys.executable, "-m", *sample.program, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    with writing:
        try:
            while True:
                try:
                    _out, said = writing.communicate(timeout=_LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    call.check(0.0, "Writing the sample …")
        except BaseException:
            writing.kill()  # cancelled: nobody waits for it
            raise
    if writing.returncode:
        raise AtelierError(
            "sample.not_written",
            "The sample could not be written.",
            detail=said.strip()[-500:],
            hint="Check that there is room for temporary files, then try again.",
        )
