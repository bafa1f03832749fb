"""A recovery key that is taken out opens the workspace again when the root key is lost."""

import json
import subprocess
import sys
from pathlib import Path

from training.data.keys import open_keys, put_root
from training.data.root_key import ROOT_FILE, import_recovery

PASSPHRASE = "seven words that nobody guesses"


def recovery_key(folder: Path, out: Path, passphrase: str = PASSPHRASE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "studio", "recovery-key", "--folder", folder, "--out", out, "--json"]
    return subprocess.run(list(map(str, command)), input=f"{passphrase}\n", capture_output=True, text=True)


def test_the_written_file_brings_a_lost_root_key_back(tmp_path: Path) -> None:
    before = open_keys(tmp_path / "keys")
    out = tmp_path / "recovery.txt"
    done = recovery_key(tmp_path, out)
    assert json.loads(done.stdout.splitlines()[-1]) == {"file": str(out)}
    assert out.stat().st_mode & 0o077 == 0
    (tmp_path / "keys" / ROOT_FILE).unlink()
    put_root(tmp_path / "keys", import_recovery(out.read_bytes(), PASSPHRASE))
    assert open_keys(tmp_path / "keys").node_key("test") == before.node_key("test")


def test_a_folder_that_is_no_workspace_is_left_without_keys(tmp_path: Path) -> None:
    done = recovery_key(tmp_path, tmp_path / "out")
    assert done.returncode == 2
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"] == "recovery.no_workspace"
    assert list(tmp_path.iterdir()) == []


def test_neither_a_short_passphrase_nor_a_file_that_is_there_writes_anything(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys")
    out = tmp_path / "recovery.txt"
    assert recovery_key(tmp_path, out, "short").returncode == 2
    assert not out.exists()
    out.write_text("something of mine")
    assert recovery_key(tmp_path, out).returncode == 2
    assert out.read_text() == "something of mine"
