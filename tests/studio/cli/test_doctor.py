"""The doctor: each row tells the truth about a thing that the test itself makes well or ill."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from studio.cli import doctor
from studio.cli.checks import sandbox, secrets, storage, window
from studio.cli.checks.row import Row
from studio.cli.screen import Screen
from training.data.keys import open_keys


def test_the_report_is_one_object_whose_state_is_the_worst_of_its_rows(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studio", "doctor", "--json", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    states = [row["state"] for row in report["rows"]]
    assert report["state"] == max(states, key=["ok", "warn", "bad"].index)
    assert done.returncode == (2 if "bad" in states else 0)
    assert [row["name"] for row in report["rows"]] == list(doctor.checks(tmp_path))


def test_every_row_that_is_not_well_says_how_to_mend_it(tmp_path: Path) -> None:
    ill = [row for row in doctor.examine(tmp_path).rows if row.state != "ok"]
    assert [row.name for row in ill if not row.mend] == []


def test_a_check_that_breaks_is_a_row_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(workspace: Path) -> Row:
        raise RuntimeError("no such device")

    monkeypatch.setattr(storage, "room", breaks)
    rows = {row.name: row for row in doctor.examine(tmp_path).rows}
    assert rows["disk"].state == "bad"
    assert "no such device" in rows["disk"].means
    assert rows["fsync"].state == "ok"


def test_a_window_opens_and_something_draws_on_a_real_display(
    display: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display.display)
    assert window.display().state == "ok"
    assert window.opengl().state == "ok"


def test_a_display_that_does_not_answer_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":9999")
    assert window.display().state == "bad"


def test_the_wall_of_the_closed_environment_stands_on_this_machine() -> None:
    assert [row.state for row in (sandbox.bubblewrap(), sandbox.seccomp(), sandbox.interpreter())] == [
        "ok"
    ] * 3


def test_without_bubblewrap_training_is_said_to_refuse(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    row = sandbox.bubblewrap()
    assert row.state == "bad"
    assert "refuses" in row.means


def test_the_folder_that_shuts_the_sandboxs_user_out_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:  # not tmp_path, which lies in a closed folder itself
        (Path(name) / "checkout" / "bin").mkdir(parents=True)
        python = Path(name) / "checkout" / "bin" / "python"
        python.touch()
        Path(name).chmod(0o755)
        assert sandbox.closed_folder(python) is None
        (Path(name) / "checkout").chmod(0o700)
        assert sandbox.closed_folder(python) == Path(name) / "checkout"


def test_a_workspace_that_does_not_exist_yet_is_looked_at_where_it_will_lie(tmp_path: Path) -> None:
    assert str(tmp_path) in storage.room(tmp_path / "not" / "yet").means


def test_a_keyring_that_keeps_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    row = secrets.keyring()
    assert row.state == "warn"
    assert "keyring.backends.null" in row.means


def test_a_recovery_key_that_was_never_exported_is_asked_for(tmp_path: Path) -> None:
    assert secrets.recovery_key(tmp_path).state == "ok"  # nothing is there that could be lost
    keys = open_keys(tmp_path / "keys")
    assert secrets.recovery_key(tmp_path).state == "warn"
    keys.export_recovery("a passphrase of some length")
    assert secrets.recovery_key(tmp_path).state == "ok"
