"""What was uploaded and not yet brought in: chunks in a folder of their own, sealed with the import's key."""

import hashlib
import io
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from studio.domain.contracts.tree import missing_file
from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId, is_id
from studio.domain.wire.jobs import CHUNK_BYTES, SourceFile
from training.data.files import disk_error, make_folder
from training.data.sealing import KeySealer


class Staging:
    """The chunks of one import."""

    def __init__(self, folder: Path, one: ImportId, key: bytes) -> None:
        assert is_id(one)
        self.folder = folder / one
        self._sealer = KeySealer(key)

    def has(self, chunk: bytes) -> bool:
        """Whether a chunk has arrived."""
        return self._file(chunk).is_file()

    def put(self, chunk: bytes, data: bytes) -> None:
        """Keep a chunk under its SHA-256. Raises `import.wrong_chunk`, `node.disk_full`.

        Not synced to disk: a chunk that a power cut takes is asked for again, or named in the report.
        """
        if len(data) > CHUNK_BYTES or hashlib.sha256(data).digest() != chunk:
            raise AtelierError(
                "import.wrong_chunk",
                "A part of the upload was refused: it is not what was announced.",
                detail=chunk.hex(),
                hint="The file changed while it was sent, or was damaged on the way. Start the import again.",
            )
        path = self._file(chunk)
        temporary = path.with_suffix(f".{os.urandom(4).hex()}.part")
        try:
            make_folder(path.parent)
            temporary.write_bytes(self._sealer.seal(data, chunk))
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise disk_error(error) from error

    def get(self, chunk: bytes) -> bytes:
        """The content of a chunk. Raises `import.lost_chunk`."""
        try:
            return self._sealer.open(self._file(chunk).read_bytes(), chunk)
        except (OSError, AtelierError) as error:
            raise AtelierError(
                "import.lost_chunk",
                "A part of the upload is missing or damaged on the node.",
                detail=chunk.hex(),
                hint="Start the import again: only what is missing is sent.",
            ) from error

    def discard(self) -> None:
        """Remove everything: it was brought in."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, chunk: bytes) -> Path:
        name = chunk.hex()
        return self.folder / name[:2] / name


class StagedTree:
    """A `Tree` over the chunks of an import. Paths are the user's words and never touch a disk."""

    def __init__(self, staging: Staging, files: Sequence[SourceFile]) -> None:
        self._staging = staging
        self._files = {file.path: file for file in files}

    def paths(self) -> list[str]:
        return sorted(self._files)

    def size(self, path: str) -> int:
        return self._file(path).size

    def open(self, path: str) -> BinaryIO:
        file = self._file(path)
        if len(file.chunks) <= 1:
            return io.BytesIO(self._staging.get(file.chunks[0]) if file.chunks else b"")
        return io.BufferedReader(_ChunkReader(self._staging, file), CHUNK_BYTES)

    def _file(self, path: str) -> SourceFile:
        if path not in self._files:
            raise missing_file(path)
        return self._files[path]


class _ChunkReader(io.RawIOBase):
    """A large file, one chunk of it in memory."""

    def __init__(self, staging: Staging, file: SourceFile) -> None:
        self._staging = staging
        self._source = file
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._source.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number, inside = divmod(self._at, CHUNK_BYTES)
        if number >= len(self._source.chunks):
            return 0
        if self._held[0] != number:
            self._held = (number, self._staging.get(self._source.chunks[number]))
        piece = self._held[1][inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def check_files(files: Sequence[SourceFile]) -> None:
    """Refuse what cannot be a folder of files. Raises `import.bad_path`, `import.bad_file`."""
    seen: set[str] = set()
    for file in files:
        parts = file.path.split("/")
        bad = "\0" in file.path or len(file.path) > 4096 or any(part in ("", ".", "..") for part in parts)
        if bad or file.path in seen:
            raise AtelierError(
                "import.bad_path",
                f"The import was refused: {file.path[:200]!r} is no path within a folder, or stands twice.",
                hint="Choose the folder again; names of files must not contain '..' or begin with '/'.",
            )
        seen.add(file.path)
        wanted = -(-file.size // CHUNK_BYTES) if file.size > 0 else 0
        if file.size < 0 or len(file.chunks) not in (wanted, max(1, wanted)):
            raise AtelierError(
                "import.bad_file",
                f"The import was refused: the parts of {file.path[:200]!r} do not make up its size.",
                hint="The file changed while it was read. Start the import again.",
            )
        if any(len(chunk) != hashlib.sha256().digest_size for chunk in file.chunks):
            raise AtelierError(
                "import.bad_file",
                f"The import was refused: a part of {file.path[:200]!r} is named by no SHA-256.",
                hint="Update the program that sends it.",
            )
