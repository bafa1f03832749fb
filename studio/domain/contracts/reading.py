"""What readers and writers of label files share: bounded reads, strict JSON, problems, losses."""

import json
from collections import Counter
from typing import Any

from studio.domain.contracts.formats import Budget, Loss, Problem, Tree
from studio.domain.errors import AtelierError


def read_bytes(tree: Tree, path: str, limit: int) -> bytes:
    """All of a file. Raises `import.too_large` before reading past `limit`, `import.missing_file`."""
    if tree.size(path) > limit:
        raise AtelierError(
            "import.too_large",
            f"The file {path!r} has {tree.size(path):,} bytes; {limit:,} are allowed.",
            hint="Split it into smaller files.",
        )
    with tree.open(path) as file:
        return file.read(limit + 1)


def read_text(tree: Tree, path: str, budget: Budget) -> str:
    """A UTF-8 text, with or without a mark at its start. Raises `import.not_text` naming the byte."""
    data = read_bytes(tree, path, budget.text_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AtelierError(
            "import.not_text",
            f"{path!r} is not UTF-8 text: byte {error.start} does not belong there.",
            hint="Save it again as UTF-8.",
        ) from error


def read_json(tree: Tree, path: str, budget: Budget, *, allow_nan: bool = False) -> Any:
    """A JSON file, strictly: no key twice, no NaN, no infinity, bounded depth. Raises `import.bad_json`.

    With `allow_nan` such a value is None, as if the file said null: for formats whose own writer leaves them.
    """
    text = read_text(tree, path, budget)
    constant = _nothing if allow_nan else _no_constant
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=constant)
    except AtelierError as error:
        raise AtelierError(error.code, f"{path!r}: {error.message}", error.detail, error.hint) from error
    except json.JSONDecodeError as error:
        raise AtelierError(
            "import.bad_json",
            f"{path!r} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            hint="Write the file again with the program that made it.",
        ) from error
    except ValueError as error:
        # Python refuses to read integers of more than 4,300 digits
        raise AtelierError(
            "import.bad_json",
            f"{path!r} holds a number that is no sensible number: {error}.",
            hint="Write the file again with the program that made it.",
        ) from error
    except RecursionError as error:
        raise AtelierError(
            "import.bad_json",
            f"{path!r} is nested too deeply to be a label file.",
            hint="Write the file again with the program that made it.",
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        raise AtelierError(
            "import.bad_json",
            f"the key {twice!r} stands twice in one object, so two readers could understand it differently.",
            hint="Remove one of the two.",
        )
    return found


def _no_constant(name: str) -> float:
    raise AtelierError(
        "import.bad_json",
        f"the value {name} is no number that JSON allows.",
        hint="Replace it, or leave the entry out.",
    )


def _nothing(_name: str) -> None:
    return None


def as_problem(path: str, error: AtelierError) -> Problem:
    """An error as one line of an import's report."""
    return Problem(path=path, code=error.code, message=error.message, hint=error.hint)


class Losses:
    """Counts what a format could not hold."""

    def __init__(self) -> None:
        self._count: Counter[tuple[str, str]] = Counter()

    def add(self, what: str, how: str = "left out", count: int = 1) -> None:
        """`count` more of `what` were lost in the way `how`."""
        self._count[what, how] += count

    def report(self) -> tuple[Loss, ...]:
        """Every kind of loss, sorted by name."""
        return tuple(Loss(what, n, how) for (what, how), n in sorted(self._count.items()))


class Files:
    """Finds the file that a label means: by its path, else by its name where that is unmistakable."""

    def __init__(self, tree: Tree, suffixes: tuple[str, ...]) -> None:
        self._paths = {path for path in tree.paths() if path.lower().endswith(suffixes)}
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            name = path.rpartition("/")[2]
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(name.rpartition(".")[0], []).append(path)

    def all(self) -> list[str]:
        """Every file of these suffixes, sorted."""
        return sorted(self._paths)

    def find(self, name: str, beside: str = "") -> str | None:
        """The path that `name` means, as a label file at `beside` writes it; None where there is none.

        Names are data: "..", drive letters and absolute paths never leave the tree, only their last part
        is looked up in it.
        """
        plain = name.replace("\\", "/")
        folder = beside.rpartition("/")[0]
        while True:
            candidate = f"{folder}/{plain}" if folder else plain
            if candidate in self._paths:
                return candidate
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        last = plain.rpartition("/")[2]
        ending = [path for path in self._by_name.get(last, ()) if path.endswith(f"/{plain}")]
        for found in (ending, self._by_name.get(last, [])):
            if len(found) == 1:
                return found[0]
        return None

    def with_stem(self, stem: str) -> str | None:
        """The one file called `stem` with any of the suffixes, or None."""
        found = self._by_stem.get(stem, [])
        return found[0] if len(found) == 1 else None
