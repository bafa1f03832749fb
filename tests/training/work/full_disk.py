"""An import on a disk that fills up: `python -m tests.training.work.full_disk WORKSPACE PICTURES`.

The workspace lies on a small disk; what happened is one JSON object on stdout.
"""

import json
import os
import sys
import time
from pathlib import Path

from studio.domain.ids import StreamId, UserId, new_id
from studio.domain.ontology import Ontology
from studio.domain.wire.jobs import NewImport
from studio.domain.wire.projects import ItemQuery, NewProject
from tests.training.uploading import files_of
from tests.training.workspace import session
from training.data.media import original
from training.node import Node, assemble
from training.store import item_search
from training.work import imports, media, projects

LEFT_BYTES = 5 * 1024 * 1024
WHO = session(UserId(new_id()))


def main(workspace: Path, pictures: Path) -> dict[str, object]:
    """Fill the disk but for some megabytes, import, make room, go on."""
    workspace.mkdir()
    node = assemble(workspace)
    try:
        project = projects.create(node, NewProject("Cells", Ontology()), WHO).id
        files, chunks = files_of(pictures)
        asked = NewImport("pictures", "image_folder", tuple(files))
        state = imports.new_import(node, project, asked, WHO)
        for chunk in state.missing:
            imports.put_chunk(node, state.id, chunk.hex(), chunks[chunk])
        filler = workspace / "filler"
        room = os.statvfs(workspace)
        filler.write_bytes(bytes(room.f_bavail * room.f_frsize - LEFT_BYTES))
        job = imports.start_import(node, state.id, WHO).job
        assert job is not None
        stopped(node, project)
        filler.unlink()
        # what became of the job may not have had room either: it is said at the latest now
        first = over(node, job.id)
        kept = found(node, project)
        sound = sum(bool(read(node, item)) for item in kept)
        node.jobs.resume_job(job.id, WHO.user)
        then = over(node, job.id)
        return {
            "first": first.state,
            "code": first.error_code,
            "kept": len(kept),
            "sound": sound,
            "then": then.state,
            "items": len(found(node, project)),
        }
    finally:
        node.close()


def stopped(node: Node, project: str) -> None:
    """Wait until nothing more has come in for some seconds."""
    until = time.monotonic() + 100
    kept, since = 0, time.monotonic()
    while time.monotonic() - since < 5:
        assert time.monotonic() < until, kept
        if (now := len(found(node, project))) != kept or not now:
            kept, since = now, time.monotonic()
        time.sleep(0.05)


def over(node: Node, job: str):
    """The job once it has ended."""
    until = time.monotonic() + 100
    while (now := node.jobs.get(job)).state not in ("done", "failed"):
        assert time.monotonic() < until, now
        time.sleep(0.05)
    return now


def found(node: Node, project: str) -> list:
    """The items that came in."""
    with node.store.read() as tx:
        return item_search.matching(tx, project, ItemQuery())


def read(node: Node, item: str) -> bytes:
    """An item's whole picture."""
    return node.media.read(media.find(node, item, original(StreamId("image"), 0), WHO))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
