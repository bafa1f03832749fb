"""Folders of the node's machine from which media may be adopted: read where they lie, never written."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName

_PIECE = 1024 * 1024


class Roots:
    """The allow-listed folders, by the names that `node.toml` gives them."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        self._roots = {name: Path(folder) for name, folder in roots.items()}

    def place_of(self, folder: str) -> tuple[str, Path]:
        """Which root `folder` lies under, and where it really is. Raises `import.not_allowed`.

        Links are resolved first, so one that leads out of a root is outside.
        """
        asked = Path(folder)
        if asked.is_absolute():
            real = asked.resolve()
            for name, root in self._roots.items():
                if real.is_relative_to(root.resolve()) and real.is_dir():
                    return name, real
        raise AtelierError(
            "import.not_allowed",
            "This folder of the node's machine is not open for adoption. Nothing was read.",
            hint="Whoever looks after the node can list it under roots in node.toml; or import a copy.",
        )

    def within(self, root: str, path: Path) -> str:
        """A real path below `root`, relative to it."""
        return path.relative_to(self._roots[root].resolve()).as_posix()

    def local(self, root: str, path: str) -> Path:
        """Where an adopted file lies now. Raises `media.changed` where it is gone or leads elsewhere."""
        top = self._roots.get(root)
        if top is None:
            raise changed(path, f"root {root!r} is no longer listed")
        real = (top / path).resolve()
        if not real.is_relative_to(top.resolve()) or not real.is_file():
            raise changed(path, "it is gone or leads out of its folder")
        return real

    def stream(
        self, root: str, path: str, name: BlobName, size: int, start: int, end: int
    ) -> Iterator[bytes]:
        """Bytes [start, end) of an adopted file. Raises `media.changed`.

        A read of the whole file is compared with the hash that was taken when it was adopted.
        """
        with self.local(root, path).open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                raise changed(path, "its size is another")
            whole = start == 0 and end >= size
            digest = hashlib.sha256()
            file.seek(start)
            left = min(end, size) - start
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                left -= len(piece)
                if whole:
                    digest.update(piece)
                    if left <= 0 and digest.hexdigest() != name:
                        raise changed(path, "its content is another")
                yield piece


def changed(path: str, why: str) -> AtelierError:
    """The error of adopted media that are not what they were."""
    return AtelierError(
        "media.changed",
        "An adopted file is no longer what it was when it was taken in.",
        detail=f"{path[:200]}: {why}",
        hint="Bring the file back as it was, or import it again as a copy.",
    )
