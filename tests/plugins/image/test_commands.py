"""Commands and keys of the image editor: declared once, the same everywhere."""

from collections import Counter
from pathlib import Path

import pytest

from plugins.image.commands import BY_NAME, COMMANDS, HINTS
from plugins.image.editor import ImageEditor
from plugins.image.keymap import COMMAND_KEYS, arrow, attribute_keys, class_keys
from studio.domain.ontology import AttributeType, ClassType, Ontology
from tests.plugins.image.memory_host import MemoryHost


def test_no_two_commands_share_a_key_and_none_takes_an_arrow():
    counts = Counter(key for command in COMMANDS for key in command.keys)
    assert [key for key, count in counts.items() if count > 1] == []
    assert [key for key in counts if arrow(key) is not None] == []


def test_the_editor_knows_every_command_and_no_other(qtbot):
    editor = ImageEditor(MemoryHost())
    qtbot.addWidget(editor)
    assert set(editor.actions()) == set(BY_NAME) == set(editor._commands)
    assert {name for names in HINTS.values() for name in names} <= set(BY_NAME)


def test_the_guide_lists_every_key(root: Path):
    guide = (root / "docs" / "user-guide" / "pictures.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        keys = " or ".join(f"`{key}`" for key in command.keys)
        assert f"| {keys} | {command.title}" in guide


def test_a_class_keeps_its_key_unless_a_command_or_an_earlier_class_has_it():
    ontology = Ontology(
        classes=(
            ClassType("car", key="c"),
            ClassType("bike", key="c"),
            ClassType("box", key="b"),
            ClassType("one", key="1"),
            ClassType("left", key="Left"),
        )
    )
    assert class_keys(ontology) == {"C": "car", "1": "one", "2": "bike", "3": "box", "4": "left"}


def test_thirty_classes_have_keys_and_the_others_none():
    ontology = Ontology(classes=tuple(ClassType(f"class-{n}") for n in range(40)))
    keys = class_keys(ontology)
    assert len(keys) == 30
    assert keys["Alt+0"] == "class-29"
    assert not set(keys) & set(COMMAND_KEYS)


def test_an_attribute_has_its_key_where_nothing_else_has():
    attributes = (AttributeType("a", key="q"), AttributeType("b", key="v"), AttributeType("c", key="1"))
    ontology = Ontology(classes=(ClassType("car", attributes=attributes),))
    assert attribute_keys(ontology, "car") == {"Q": "a"}


@pytest.mark.parametrize(
    ("key", "move"),
    [
        ("Left", (-1, 0, False)),
        ("Shift+Down", (0, 10, False)),
        ("Ctrl+Right", (50, 0, False)),
        ("Alt+Up", (0, -1, True)),
        ("Shift+Alt+Up", (0, -10, True)),
        ("Ctrl+Shift+Up", None),
        ("A", None),
    ],
)
def test_arrows_step_by_1_10_or_50_pixels(key, move):
    assert arrow(key) == move
