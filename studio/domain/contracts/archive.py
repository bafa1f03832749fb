"""A zip archive as a `Tree`: read in place, within bounds, never unpacked to a disk."""

from __future__ import annotations

import stat
import threading
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from studio.domain.contracts.formats import Budget, Tree
from studio.domain.contracts.tree import FolderTree, missing_file
from studio.domain.errors import AtelierError

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)  # what reading one may raise, with OSError
_BOMB_RATIO = 200  # of a whole archive: label text packs 50 to 1 at most, a bomb thousands to 1
_BOMB_BYTES = 256 * 1024**2  # what may come out of however little without a question
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ZipTree:
    """The files of a zip archive as formats see them; a folder that holds them all is no part of their paths.

    Hidden files, links, what the Macintosh packs beside, and names that lead out of the archive are not
    there. Raises `import.not_found`, `import.bad_archive`, `import.too_many_files` and `import.too_large`.
    """

    def __init__(self, path: Path, budget: Budget = Budget()) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise AtelierError(
                "import.not_found", f"The archive {path.name!r} cannot be read.", detail=str(error.strerror)
            ) from error
        except BROKEN as error:
            raise _bad(path.name, "It is damaged, or cut in half.", str(error)) from error
        self._lock = threading.Lock()
        infos = {name: info for info in self._zip.infolist() if (name := _name(info))}
        if len(infos) > budget.files:
            raise AtelierError(
                "import.too_many_files",
                f"The archive holds more than {budget.files:,} files.",
                hint="Import it in parts.",
            )
        _check(path, infos, budget)
        top = _common_folder(infos)
        self._infos = {name.removeprefix(top): info for name, info in infos.items()}

    def paths(self) -> list[str]:
        """Every file, sorted."""
        return sorted(self._infos)

    def size(self, path: str) -> int:
        """Bytes of a file once unpacked. Raises `import.missing_file`."""
        return self._info(path).file_size

    def open(self, path: str) -> BinaryIO:
        """The file, for reading; it gives no more than its declared size. Raises `import.missing_file`."""
        with self._lock:
            return cast("BinaryIO", self._zip.open(self._info(path)))

    def _info(self, path: str) -> zipfile.ZipInfo:
        if path not in self._infos:
            raise missing_file(path)
        return self._infos[path]


def is_archive(path: Path) -> bool:
    """Whether `path` is a zip archive, by its name and its content."""
    return path.suffix.lower() == ".zip" and path.is_file() and zipfile.is_zipfile(path)


def tree_of(path: Path, budget: Budget = Budget()) -> Tree:
    """The files of a folder or a zip archive, or one file alone. Raises as `FolderTree` and `ZipTree`."""
    return ZipTree(path, budget) if is_archive(path) else FolderTree(path, budget)


def _name(info: zipfile.ZipInfo) -> str:
    """The path of a file in the archive, empty for what is left out."""
    path = PurePosixPath(info.filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    is_outside = path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]
    if info.is_dir() or is_link or is_outside or "\0" in info.filename:
        return ""
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return ""
    return str(path)


def _check(path: Path, infos: dict[str, zipfile.ZipInfo], budget: Budget) -> None:
    if any(info.flag_bits & 0x1 for info in infos.values()):
        raise _bad(path.name, "It is locked by a password.", "", "Unpack it yourself, and import the folder.")
    if any(info.compress_type not in _METHODS for info in infos.values()):
        raise _bad(
            path.name,
            "It is packed in a way that is not read.",
            "",
            "Unpack it yourself, and import the folder.",
        )
    largest = max(infos, key=lambda name: infos[name].file_size, default="")
    if largest and infos[largest].file_size > budget.file_bytes:
        raise AtelierError(
            "import.too_large",
            f"{largest!r} in the archive is {infos[largest].file_size:,} bytes large, and "
            f"{budget.file_bytes:,} are allowed.",
            hint="Cut it into smaller files.",
        )
    total = sum(info.file_size for info in infos.values())
    if total > max(_BOMB_BYTES, _BOMB_RATIO * path.stat().st_size):
        raise AtelierError(
            "import.too_large",
            f"The archive {path.name!r} would grow to {total:,} bytes, {total // path.stat().st_size:,} "
            "times its size. No data packs like that, so nothing of it was read.",
            hint="Unpack it yourself where there is room, look what it is, and import the folder.",
        )


def _common_folder(names: dict[str, zipfile.ZipInfo]) -> str:
    """`folder/` where every file lies in that one folder, else nothing."""
    tops = {name.partition("/")[0] for name in names if "/" in name}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in names) else ""


def _bad(
    name: str, why: str, detail: str, hint: str = "Make it anew, or import the folder it was made of."
) -> AtelierError:
    return AtelierError(
        "import.bad_archive", f"The archive {name!r} cannot be used. {why}", detail=detail, hint=hint
    )
