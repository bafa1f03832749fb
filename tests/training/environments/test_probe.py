"""The probe says what training would meet."""

from pathlib import Path

import pytest

from training.environments.probe import probe


def test_where_training_works_the_probe_says_so() -> None:
    assert {each.name: each.works for each in probe()}["environment"]


def test_without_bubblewrap_the_probe_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = next(each for each in probe() if each.name == "environment")
    assert not found.works
    assert "bubblewrap" in found.mend
