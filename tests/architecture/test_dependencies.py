"""Whatever is imported is declared: what happens to lie in one machine's environment is not on the next."""

import re
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, imported, place, sources

OURS = {*PACKAGES, "tests"}
# on the path of a closed environment only, which `training.runs.inside` is the root of
INSIDE = {path.stem for path in (ROOT / "training" / "runs" / "inside").iterdir()}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def declared(*extras: str) -> set[str]:
    """The normalised names of the distributions that these extras ask for, with what those stand on."""
    wanted = [
        *PROJECT["dependencies"],
        *(line for extra in extras for line in PROJECT["optional-dependencies"][extra]),
    ]
    found: set[str] = set()
    waiting = [name_in(line) for line in wanted]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            with suppress(PackageNotFoundError):
                waiting += [name_in(line) for line in requires(name) or () if "extra ==" not in line]
    return found


def name_in(requirement: str) -> str:
    return normal(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def undeclared(files: list[Path], allowed: set[str]) -> list[str]:
    distributions = packages_distributions()
    found = []
    for path in files:
        for node, name in imported(path):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names | OURS | INSIDE:
                continue
            owners = {normal(each) for each in distributions.get(top, [])}
            if not owners & allowed:
                found.append(f"{place(path, node)} {top}")
    return found


@pytest.mark.parametrize(
    ("rooms", "extras"),
    [(("studio", "widgets"), ("studio",)), (("training",), ("node",)), (("plugins",), ("studio", "node"))],
)
def test_every_library_that_a_room_imports_is_declared(
    rooms: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    files = [path for path in sources() if path.relative_to(ROOT).parts[0] in rooms]
    assert undeclared(files, declared(*extras)) == []


def test_what_the_tests_import_is_declared() -> None:
    files = [path for path in (ROOT / "tests").rglob("*.py") if "third_party" not in path.parts]
    assert undeclared(files, declared("studio", "node", "dev")) == []


def test_formats_find_their_libraries_in_the_window_as_on_the_node() -> None:
    """A preview is made by the same code as the import."""
    files = [path for path in sources() if "formats" in path.parts]
    for extra in ("studio", "node"):
        assert undeclared(files, declared(extra)) == []
