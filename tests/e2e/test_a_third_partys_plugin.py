"""A plug-in of somebody else, installed by pip, is at home in the real window: format, editor and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.person import Person


def test_texts_of_a_third_partys_format_are_tagged_in_its_editor(
    sit_down: Callable[..., Person], tmp_path: Path, third_party: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "day.sentences").write_text("The lamp is on.\nNobody knows why.\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(third_party))
    ann = sit_down()
    ann.reads("State of your work", "Saved")
    ann.find("New project")
    ann.press("ctrl+n")
    ann.click("Name").type("Texts")
    ann.click("Classes").type("doubtful")
    ann.click("Create project")
    ann.see("This project is empty")
    ann.press("ctrl+i")
    ann.click("Folder").type(str(texts)).press("Return")
    ann.see("This is what will come in.")
    ann.click("Import")
    ann.see("2 items with 0 shapes came in.")
    ann.click("Close")
    ann.press("alt+2")
    ann.reads("How many items are shown", "2 items")
    ann.click("Items as pictures").press("Home", "Return")
    ann.find("Reader")
    ann.click("Text").press("d")
    ann.reads("Tags", "doubtful")
    ann.reads("State of your work", "Saved")
