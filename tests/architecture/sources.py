"""The product's own source files, and what they parse to."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("studio", "widgets", "plugins", "training", "resources")


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file of the product."""
    return tuple(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """`room/file.py:12`, for a message that can be clicked."""
    line = f":{node.lineno}" if isinstance(node, ast.stmt | ast.expr) else ""
    return f"{path.relative_to(ROOT)}{line}"


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or class of that name, however it is qualified."""
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and _name(node.func) == name:
                yield path, node


def imported(path: Path, *, at_once: bool = False) -> Iterator[tuple[ast.stmt, str]]:
    """Every module that the file imports; with `at_once` only those that its own import loads."""
    for node in tree(path).body if at_once else ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module


def module_name(path: Path) -> str:
    """`studio.domain.edit` for its file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""
