"""The plain `Tree`: a folder, or one file, on this machine. Links are not followed out of it."""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError


class FolderTree:
    """A folder as formats see it: relative paths with "/" between parts, hidden files left out.

    Raises `import.not_found` where nothing is there and `import.too_many_files` past the budget. A single
    file is a tree of that file. Links, devices and pipes are left out: what is read is what lies here.
    """

    def __init__(self, root: Path, budget: Budget = Budget()) -> None:
        self.root = root
        self._sizes: dict[str, int] = {}
        try:
            found = root.lstat() if not root.is_symlink() else root.stat()
        except OSError as error:
            raise AtelierError(
                "import.not_found",
                f"There is no file or folder {root.name!r}.",
                detail=str(error.strerror),
                hint="Check the path; nothing was changed.",
            ) from error
        if stat.S_ISDIR(found.st_mode):
            self._walk(budget)
        elif stat.S_ISREG(found.st_mode):
            self.root = root.parent
            self._sizes[root.name] = found.st_size
        else:
            raise AtelierError(
                "import.not_found",
                f"{root.name!r} is neither a file nor a folder.",
                hint="Name a folder of data or one file of it.",
            )

    def _walk(self, budget: Budget) -> None:
        for folder, names, files in os.walk(self.root, followlinks=False):
            names[:] = sorted(name for name in names if not name.startswith("."))
            inside = PurePosixPath(Path(folder).relative_to(self.root).as_posix())
            for name in files:
                if name.startswith("."):
                    continue
                found = os.lstat(os.path.join(folder, name))
                if stat.S_ISREG(found.st_mode):
                    self._sizes[str(inside / name)] = found.st_size
            if len(self._sizes) > budget.files:
                raise AtelierError(
                    "import.too_many_files",
                    f"The folder holds more than {budget.files:,} files.",
                    hint="Import it in parts.",
                )

    def paths(self) -> list[str]:
        """Every file, sorted."""
        return sorted(self._sizes)

    def size(self, path: str) -> int:
        """Bytes of a file. Raises `import.missing_file`."""
        if path not in self._sizes:
            raise missing_file(path)
        return self._sizes[path]

    def open(self, path: str) -> BinaryIO:
        """The file, for reading. Raises `import.missing_file`."""
        return self.local(path).open("rb")

    def local(self, path: str) -> Path:
        """Where the file lies on this machine. Raises `import.missing_file`."""
        if path not in self._sizes:
            raise missing_file(path)
        return self.root / path


def missing_file(path: str) -> AtelierError:
    """The error of a file that is named and not there."""
    return AtelierError(
        "import.missing_file",
        f"The file {path!r} is named, but it is not there.",
        hint="Put it beside the others, or take its name out of the label file.",
    )
