"""What every plug-in promises, ours and a third party's alike; the third party's is installed by pip."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import Editor
from studio.domain.contracts.formats import Budget, Loss
from studio.domain.contracts.plugin import API, Plugin, installed_plugins, load_part, load_parts
from studio.domain.contracts.training import TrainingTemplate
from studio.domain.contracts.tree import FolderTree
from studio.domain.ontology import Ontology
from studio.pages.label.commands import label_commands

NAMES = ("image", "pointcloud", "reader", "text")
NODE_ONLY = {"torch", "torchvision", "open3d", "sqlalchemy", "fastapi", "dbos", "training"}
TEXTS = ("xml", "json", "txt", "ann", "sentences", "xodr", "yaml", "csv")
DATA = ("jpg", "png", "zip", "bin", "pcd", "feather", "label", "pkl")
WINDOW_ONLY = {"PySide6", "widgets"}


@pytest.fixture(params=NAMES)
def plugin(
    request: pytest.FixtureRequest, third_party: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Plugin]:
    monkeypatch.syspath_prepend(str(third_party))
    yield next(each for each in installed_plugins() if each.name == request.param)
    for name in [name for name in sys.modules if name.partition(".")[0] == "atelier_reader"]:
        del sys.modules[name]


def flat(parts: list[Any]) -> list[Any]:
    """Parts, where an import string may name one or several."""
    return [each for part in parts for each in (part if isinstance(part, list | tuple) else [part])]


def test_exactly_the_expected_plug_ins_are_installed(
    third_party: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {each.name for each in installed_plugins()} == set(NAMES) - {"reader"}
    monkeypatch.syspath_prepend(str(third_party))
    assert {each.name for each in installed_plugins()} == set(NAMES)


def test_it_is_made_for_this_api_and_every_part_that_it_names_is_there(plugin: Plugin) -> None:
    assert plugin.api == API
    assert plugin.title
    assert all(part is not None for part in load_parts({*plugin.studio_parts(), *plugin.node_parts()}))


@pytest.mark.parametrize("side", ["studio", "node"])
def test_each_side_loads_without_the_other(plugin: Plugin, side: str, third_party: Path) -> None:
    parts = plugin.studio_parts() if side == "studio" else plugin.node_parts()
    code = (
        "import sys; from studio.domain.contracts.plugin import load_parts\n"
        f"load_parts({parts!r})\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(third_party)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & (NODE_ONLY if side == "studio" else WINDOW_ONLY) == set()


def test_names_are_used_once_among_all_plug_ins(third_party: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(third_party))
    for kind in ("formats", "templates", "metrics", "strategies", "commands"):
        names = [each.name for one in installed_plugins() for each in flat(load_parts(getattr(one, kind)))]
        assert len(names) == len(set(names)), kind


class Memory:
    """A sink that keeps what is written."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = data


def test_a_format_says_nothing_of_nothing_and_stumbles_over_no_bytes(plugin: Plugin, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise").mkdir()
    rng = random.Random(5)
    for ending in (*TEXTS, *DATA):
        for size in (0, 1, 700):
            (tmp_path / "noise" / f"n{size}.{ending}").write_bytes(rng.randbytes(size))
    for part in plugin.formats:
        format_ = load_part(part)()
        assert format_.title
        assert format_.fidelity in {"lossless", "lossy"}
        assert format_.sniff(FolderTree(tmp_path / "empty")) is None
        format_.sniff(FolderTree(tmp_path / "noise"))
        list(format_.read(FolderTree(tmp_path / "noise"), Budget()))  # problems, perhaps, and no exception


def test_a_format_that_writes_nothing_loses_nothing(plugin: Plugin) -> None:
    for part in plugin.formats:
        format_ = load_part(part)()
        if format_.can_write:
            losses: tuple[Loss, ...] = format_.write([], Ontology(), Memory())
            assert losses == ()


def test_a_fresh_tool_holds_no_gesture_and_keys_differ(plugin: Plugin) -> None:
    tools = [load_part(part)() for part in plugin.tools]
    assert all(tool.preview() == () and tool.draft() is None for tool in tools)
    assert len({tool.key for tool in tools}) == len(tools)


def test_commands_are_named_after_their_plug_in_and_their_keys_differ(plugin: Plugin) -> None:
    commands: list[Command] = flat(load_parts(plugin.commands))
    assert all(command.name.startswith(f"{plugin.name}.") and command.title for command in commands)
    keys = [(command.scope, key) for command in commands for key in command.keys]
    assert len(keys) == len(set(keys))


class Desk(QWidget):
    """A host that takes no Edit and has no media: what an editor is handed before anything is open."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def apply(self, edit: object, blobs: object = None) -> bool:
        self.asked.append("apply")
        return False

    def blob(self, name: str, done: object) -> None:
        self.asked.append("blob")

    def compute(self, work: object, done: object) -> None:
        self.asked.append("compute")

    def select(self, ids: frozenset[Any]) -> None:
        self.asked.append("select")

    def media(self, stream: str, frame: int, rendition: str, done: object) -> None:
        self.asked.append("media")

    def beside(self, by: int, done: object) -> None:
        self.asked.append("beside")

    def say(self, text: str) -> None:
        self.asked.append("say")

    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None:
        self.asked.append("keep_draft")

    def setting(self, name: str, *, here: bool = False) -> str:
        return ""

    def keep_setting(self, name: str, text: str, *, here: bool = False) -> None:
        self.asked.append("keep_setting")


def test_an_editor_is_a_widget_with_a_name_that_changes_nothing_before_an_item_is_open(
    plugin: Plugin, qtbot: QtBot
) -> None:
    if not plugin.editor:
        return
    desk = Desk()
    qtbot.addWidget(desk)
    editor = load_part(plugin.editor)(desk, desk)
    assert isinstance(editor, QWidget)
    assert [name for name in vars(Editor) if not name.startswith("_") and not hasattr(editor, name)] == []
    names = [each.accessibleName() for each in (editor, *editor.findChildren(QWidget))]
    assert any(names)
    commands = {command.name for command in flat(load_parts(plugin.commands))}
    assert set(editor.actions()) <= commands
    for command in sorted(commands):
        editor.run(command)
    editor.close_item()
    assert "apply" not in desk.asked


def test_a_template_is_found_without_being_loaded(plugin: Plugin) -> None:
    for template in flat(load_parts(plugin.templates)):
        assert isinstance(template, TrainingTemplate)
        assert template.modality == plugin.name
        assert template.modality in {each.modality for each in flat(load_parts(plugin.metrics))}
        assert plugin.sight
        assert template.version >= 1
        assert find_spec(template.module) is not None
    code = (
        "import sys; from studio.domain.contracts.plugin import load_parts\n"
        f"found = load_parts({plugin.templates!r})\n"
        "print([template.module for template in found if template.module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_editors_keys_are_not_those_of_the_page_around_it(plugin: Plugin) -> None:
    """A key that a page has as well would do one thing with the focus in the editor and another without."""
    around = {key for command in label_commands() for key in command.keys}
    shared = {key for command in flat(load_parts(plugin.commands)) for key in command.keys} & around
    # an editor takes these only while it has a use for them: something selected, a gesture unfinished
    assert shared <= {"PgUp", "PgDown"}
