"""The frame of the command line: plain sentences, one JSON object, exit codes; in real processes."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from studio.__main__ import SUBCOMMANDS
from studio.cli import frame


def atelier(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "studio", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def test_a_misspelt_command_names_the_nearest_one_and_ends_with_2() -> None:
    done = atelier("trian")
    assert done.returncode == 2
    assert "Did you mean `atelier train`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_under_json_a_wrong_argument_is_one_object_at_the_end_of_stdout() -> None:
    done = atelier("doctor", "--json", "--colour")
    error = json.loads(done.stdout.splitlines()[-1])["error"]
    assert done.returncode == 2
    assert error["code"] == "cli.usage"
    assert "--colour" in error["message"]


def test_help_lists_every_command_and_loads_nothing_of_ours() -> None:
    code = "import sys; from studio.__main__ import main; main(['--help']); print(*sorted(sys.modules))"
    *page, modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert all(any(line.split()[:1] == [name] for line in page) for name in SUBCOMMANDS)
    packages = {"studio", "widgets", "plugins", "training", "resources"}
    ours = {name for name in modules.split() if name.partition(".")[0] in packages}
    assert ours == {"studio", "studio.__main__"}


def test_the_installed_command_is_this_one() -> None:
    (script,) = entry_points(group="console_scripts", name="atelier")
    assert script.value == "studio.__main__:main"


def test_a_part_that_is_not_installed_is_named_and_not_traced(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.dispatch({"far": ("no_such_package.main:run", "")}, ["far"]) == 2
    said = capsys.readouterr().err
    assert "no_such_package" in said
    assert "make setup" in said


def test_a_fault_of_ours_leaves_its_trace_in_a_file_and_a_sentence_on_the_screen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert frame.dispatch({"odd": ("operator:index", "")}, ["odd"]) == 1  # a list is no index
    said = capsys.readouterr().err
    (log,) = tmp_path.rglob("odd-*.log")
    assert "TypeError" in log.read_text()
    assert str(log) in said
    assert "Traceback" not in said


def test_numbers_that_are_not_finite_become_null(capsys: pytest.CaptureFixture[str]) -> None:
    frame.answer({"a": float("nan"), "b": float("inf")}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": None}
