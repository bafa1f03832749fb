"""The files of a model as a service takes them: on disk in the service's folder, known by their digests.

They are not sealed there: a service goes on while its node is down, so it could not ask for a key. The folder
is the node's alone, and what a service opens it compares with the signed table first.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.ids import ModelId
from training.data.files import make_folder, replace_file
from training.serving.table import ModelFile
from training.work import models

if TYPE_CHECKING:
    from training.node import Node

SERVED = ("model.json", "model.onnx")


def served_files(node: Node, model: ModelId, folder: Path) -> tuple[ModelFile, ...]:
    """Have the model's files in `folder`/models/MODEL; one that is missing or altered is written anew.

    Raises `access.missing`, `seal.broken`, `node.disk_full`.
    """
    home = folder / "models" / model
    make_folder(home)
    found: list[ModelFile] = []
    for name, data in sorted(models.files(node, model).items()):
        if name not in SERVED:
            continue
        file = ModelFile(name, len(data), hashlib.sha256(data).digest())
        if not _is_there(home / name, file):
            replace_file(home / name, data)
        found.append(file)
    return tuple(found)


def _is_there(path: Path, file: ModelFile) -> bool:
    try:
        if path.stat().st_size != file.size:
            return False
        return hashlib.sha256(path.read_bytes()).digest() == file.sha256
    except OSError:
        return False
