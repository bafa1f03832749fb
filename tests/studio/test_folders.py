"""One answer to where files lie, whoever asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from studio import folders


def test_the_workspace_lies_in_the_data_folder_that_the_system_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert folders.default_workspace() == tmp_path / "atelier" / "workspace"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folders.default_workspace() == tmp_path / ".local" / "share" / "atelier" / "workspace"
    assert not list(tmp_path.iterdir())


def test_on_windows_nothing_lies_among_the_journals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    found = (folders.config_folder(), folders.state_folder(), folders.default_workspace())
    assert found == (
        tmp_path / "roaming" / "atelier",
        tmp_path / "local" / "atelier" / "studio",
        tmp_path / "local" / "atelier" / "workspace",
    )


@pytest.mark.parametrize("command", ["node", "doctor"])
def test_every_command_names_the_same_default_workspace(command: str, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studio", command, "--help"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(folders.default_workspace()) in "".join(done.stdout.split())


def test_no_other_file_asks_the_system_where_files_lie(root: Path) -> None:
    asking = [
        path.relative_to(root)
        for room in ("studio", "training", "widgets", "plugins", "resources")
        for path in (root / room).rglob("*.py")
        for word in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA")
        if word in path.read_text(encoding="utf-8")
    ]
    # the demo gives the studio that it starts folders of its own
    assert set(asking) == {Path("studio/folders.py"), Path("studio/demo/main.py")}
