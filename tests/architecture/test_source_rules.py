"""Rules about the source that no tool knows."""

import ast
import re
import subprocess

import pytest

from tests.architecture.sources import PACKAGES, ROOT, calls, imported, place, sources, tree

POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def test_every_painter_is_closed_by_a_with_block() -> None:
    """A bare painter stays open after an exception in paintEvent: later paints fail, then it crashes."""
    closed = {
        id(item.context_expr)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.With)
        for item in node.items
    }
    assert [place(path, call) for path, call in calls("QPainter") if id(call) not in closed] == []


def test_nothing_is_pickled_and_no_untrusted_code_is_evaluated() -> None:
    found = [place(path, node) for path in sources() for node, name in imported(path) if name in _PICKLES]
    found += [
        place(path, call) for name in ("eval", "exec") for path, call in calls(name) if _is_builtin(call)
    ]
    found += [place(path, call) for path, call in calls("load") if ast.unparse(call.func) == "torch.load"]
    assert found == []


_PICKLES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def _is_builtin(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name)


def test_no_error_is_swallowed_by_a_bare_except() -> None:
    bare = [
        place(path, node)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert bare == []


def test_the_studios_half_loads_no_module_that_only_posix_has() -> None:
    found = [
        f"{place(path, node)} {name}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] in {"studio", "widgets"}
        for node, name in imported(path, at_once=True)
        if name.partition(".")[0] in POSIX_ONLY
    ]
    assert found == []


@pytest.mark.parametrize("mark", ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"])
def test_nothing_is_left_for_later_in_the_code(mark: str) -> None:
    assert [name for name, text in _tracked_text() if mark in text] == []


def test_no_file_names_a_machines_own_folders_or_a_registry() -> None:
    folders = r"/root/|/home/\w|/Users/\w|/work/(main|shared)|/opt/(pypi|wheels)"
    hosts = r"pypi\.(org|python)|pythonhosted\.org|npmjs\.(org|com)|download\.pytorch\.org"
    pattern = re.compile(f"{folders}|{hosts}")
    found = {
        f"{name}: {match[0]}"
        for name, text in _tracked_text()
        for match in [pattern.search(text)]
        if match and name != "tests/architecture/test_source_rules.py"
    }
    assert found == set()


def test_every_package_says_what_it_is_for() -> None:
    silent = [place(path) for path in sources() if not ast.get_docstring(tree(path))]
    assert silent == []


def test_every_folder_of_a_package_is_a_package() -> None:
    # `inside` is no room but a root: what stands in it is on the path of a closed environment, alone
    folders = {path.parent for path in sources()} - {ROOT / "training" / "runs" / "inside"}
    assert [place(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
    assert set(PACKAGES) <= {folder.name for folder in folders}


def _tracked_text() -> list[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    readable = {".py", ".md", ".toml", ".sh", ".txt", ".json", ".spec", ".ini", ".mako", ""}
    files = [(name, ROOT / name) for name in listed if name and (ROOT / name).suffix in readable]
    return [
        (name, path.read_text(encoding="utf-8", errors="replace")) for name, path in files if path.is_file()
    ]
