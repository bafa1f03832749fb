"""The documentation keeps up: its links lead somewhere, and what it tells to type exists."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from studio.__main__ import SUBCOMMANDS
from studio.domain.contracts.plugin import installed_plugins, load_part
from tests.architecture.sources import PACKAGES, ROOT


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_link_leads_to_a_file_that_is_there() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")]
    assert [page.name for page in listed if page.name not in index] == ["index.md"]


def test_every_installed_format_is_described_as_it_is() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "| `" in line]
    described = {(title, name, writes, fidelity) for title, name, _, writes, fidelity, _ in rows}
    parts = [load_part(where)() for plugin in installed_plugins() for where in plugin.formats]
    assert described == {
        (each.title, f"`{each.name}`", "yes" if each.can_write else "no", each.fidelity) for each in parts
    }


def test_every_make_target_and_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text, re.MULTILINE)) <= {
            pair for target in targets for pair in ((target, ""), ("", target))
        }, page.name
        assert set(re.findall(r"\batelier ([a-z][a-z-]+) (?:[A-Z]{3}|--)", text)) <= set(SUBCOMMANDS), (
            page.name
        )


def test_help_names_every_make_target_that_a_person_may_call() -> None:
    shown = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    missing = set(declared[1].split()) - {line.split()[0] for line in shown.splitlines()} - {"clean"}
    assert missing == set()


def test_only_the_declared_packages_are_installed() -> None:
    """`tests` and `docs` on everybody's path would shadow those of a person's own project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.rstrip("*") for name in included} == set(PACKAGES)
    outside = subprocess.run(
        [sys.executable, "-P", "-c", "import tests"],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert "No module named 'tests'" in outside.stderr


def test_every_pin_is_exact_and_every_dependency_pinned() -> None:
    pins = {}
    for line in (ROOT / "resources" / "setup" / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            pins[_canonical(name)] = version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(one for many in project["optional-dependencies"].values() for one in many),
    ]
    names = {_canonical(re.split(r"[<>=\[; ]", one, maxsplit=1)[0]) for one in asked}
    assert names - set(pins) == set()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
