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

_SENDING = 0.3  # of the wait after writing


def _drive_template() -> Ontology:
    """What the street's own template says of sizes, colours and roles, and a class to draw lines as."""
    from plugins.pointcloud.generator.classes import ONTOLOGY

    lane = ClassType("lane", color="#f1c40f", letter="L", geometries=("polyline3",))
    return replace(ONTOLOGY, classes=(*ONTOLOGY.classes, lane))


class Sample(NamedTuple):
    """program: what follows `python -m` before the folder to write into, in a process of its own, which says
    on each line how much it has written (0 to 1), and what comes. written: the share of the whole wait that
    this takes. template: what the project starts with; classes that the data names besides are added.
    """

    name: str
    description: str
    program: tuple[str, ...]
    written: float
    format: str
    upload: str
    source: str
    template: Callable[[], Ontology] = Ontology


DIGITS = Sample(
    name="Sample: handwritten digits",
    description="Pages of digits with boxes, some of them labelled wrongly",
    # scikit-learn takes a second of import and 100 MB, which the window's process can do without
    program=("resources.sample",),
    written=0.3,
    format="pascal_voc",
    upload="digits",
    source="scikit-learn's handwritten digits, composed on this machine",
)
DRIVE = Sample(
    name="Sample: a drive",
    description="Two lidars and six cameras of a made-up street, with exact cuboids, tracks and groups",
    program=("plugins.pointcloud.generator", "--frames", "16", "--ego", "turning", "--progress"),
    written=0.6,
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
    call.check(0.0, "Beginning …")
    with tempfile.TemporaryDirectory(prefix="atelier-sample-") as folder:
        _write(sample, Path(folder), call)
        call.check(sample.written, "Making the project …")
        wanted = NewProject(sample.name, sample.template(), sample.description)
        # one that was made before somebody cancelled, or the line broke, is used and stands there once
        project = held[0] if held else client.call(routes.NEW_PROJECT, wanted)
        facts = AssetFacts(source=sample.source, purpose="trying the studio", sensitivity="open")
        upload = uploads.Upload(
            client, project.id, Path(folder), format=sample.format, name=sample.upload, facts=facts
        )
        left = 1 - sample.written
        state = upload.run(
            on_progress=lambda p: call.check(
                sample.written + left * _SENDING * p.done / max(p.total, 1), p.text
            )
        )
    if state.job is not None:
        for job in jobs.watch(client, state.job.id):
            share = sample.written + left * (_SENDING + (1 - _SENDING) * job.done / max(job.total, 1))
            count = f": {job.done:,} of {job.total:,} {job.unit}".rstrip() if job.total else ""
            call.check(share, f"Bringing it in{count}")
        jobs.report(client, state.job.id)
    return client.call(routes.PROJECT, project=project.id)


def _write(sample: Sample, folder: Path, call: Call) -> None:
    """Raises `sample.not_written`. One that is cancelled ends at the next line that is said."""
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [sys.executable, "-m", *sample.program, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            errors="replace",
        ) as writing,
    ):
        assert writing.stdout is not None
        try:
            for line in writing.stdout:
                share, _, what = line.strip().partition(" ")
                call.check(sample.written * float(share), what)
        except BaseException:
            writing.kill()  # cancelled: nobody waits for it
            raise
        if writing.wait():
            complaints.seek(0)
            raise AtelierError(
                "sample.not_written",
                "The sample could not be written.",
                detail=complaints.read().decode(errors="replace").strip()[-500:],
                hint="Check that there is room for temporary files, then try again.",
            )
