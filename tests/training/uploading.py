"""Sending a folder to a node as a studio does, and folders to send."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from studio.domain import canonical
from studio.domain.ids import ImportId, ProjectId
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.jobs import (
    CHUNK_BYTES,
    ImportReport,
    ImportState,
    Job,
    NewImport,
    SourceFile,
)
from studio.domain.wire.projects import ItemPage, ItemQuery, NewProject
from tests.training.running import Person


def new_project(person: Person, name: str = "Cells") -> ProjectId:
    """An empty project."""
    return person.call(routes.NEW_PROJECT, NewProject(name, Ontology())).id


def picture(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> None:
    """A small picture of its own, PNG or JPEG by its name."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def voc_folder(folder: Path, count: int, classes: Sequence[str] = ("cell", "debris")) -> Path:
    """`count` pictures with two boxes each, in Pascal VOC; every fifth belongs to `val`."""
    for number in range(count):
        name = f"picture_{number:05}"
        picture(folder / "JPEGImages" / f"{name}.png", number)
        boxes = "".join(
            f"<object><name>{classes[which % len(classes)]}</name><bndbox><xmin>{5 + which}</xmin>"
            f"<ymin>{6 + number % 7}</ymin><xmax>{25 + which}</xmax><ymax>{30}</ymax></bndbox></object>"
            for which in range(2)
        )
        xml = (
            f"<annotation><filename>{name}.png</filename><size><width>64</width><height>48</height>"
            f"<depth>3</depth></size>{boxes}</annotation>"
        )
        (folder / "Annotations").mkdir(parents=True, exist_ok=True)
        (folder / "Annotations" / f"{name}.xml").write_text(xml)
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True, exist_ok=True)
    names = [f"picture_{number:05}" for number in range(count)]
    (lists / "val.txt").write_text("\n".join(names[::5]) + "\n")
    (lists / "train.txt").write_text("\n".join(name for name in names if name not in names[::5]) + "\n")
    return folder


def files_of(folder: Path) -> tuple[list[SourceFile], dict[bytes, bytes]]:
    """What a studio would announce, and the chunks by their hash."""
    files: list[SourceFile] = []
    chunks: dict[bytes, bytes] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        pieces = [data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)]
        hashes = [hashlib.sha256(piece).digest() for piece in pieces]
        chunks |= dict(zip(hashes, pieces, strict=True))
        files.append(SourceFile(path.relative_to(folder).as_posix(), len(data), tuple(hashes)))
    return files, chunks


def send(
    person: Person,
    project: ProjectId,
    folder: Path,
    format_: str = "pascal_voc",
    *,
    import_id: ImportId | None = None,
    make_tasks: bool = False,
    clip_frames: int = 0,
) -> ImportState:
    """Register, send what is missing, and start."""
    files, chunks = files_of(folder)
    asked = NewImport(
        folder.name,
        format_,
        tuple(files),
        import_id=import_id,
        make_tasks=make_tasks,
        clip_frames=clip_frames,
    )
    state = person.call(routes.NEW_IMPORT, asked, project=project)
    for chunk in state.missing:
        person.call(routes.PUT_CHUNK, chunks[chunk], import_=state.id, chunk=chunk.hex())
    return person.call(routes.START_IMPORT, import_=state.id)


def wait_for(person: Person, job: Job | None, *states: str, seconds: float = 120) -> Job:
    """The job once it is in one of `states`, over by default."""
    assert job is not None
    wanted = states or ("done", "failed", "cancelled")
    until = time.monotonic() + seconds
    while (now := person.call(routes.JOB, job=job.id)).state not in wanted:
        assert now.state not in ("failed", "cancelled"), now
        assert time.monotonic() < until, now
        time.sleep(0.05)
    return now


def bring_in(
    person: Person, project: ProjectId, folder: Path, format_: str = "pascal_voc", **how: object
) -> ImportReport:
    """Import a folder and wait for it."""
    state = send(person, project, folder, format_, **how)  # type: ignore[arg-type]
    job = wait_for(person, state.job)
    assert job.state == "done", job
    return canonical.decode(job.result, ImportReport)


def items_of(person: Person, project: ProjectId, **query: object) -> ItemPage:
    """Up to a thousand items."""
    asked = ItemQuery(limit=1000, **query)  # type: ignore[arg-type]
    return person.call(routes.ITEMS, asked, project=project)
