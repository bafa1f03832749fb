"""Templates that mean harm, in a real closed environment: the node keeps its word and its disk."""

import os
from pathlib import Path

import pytest

from training.environments.bounds import Bounds
from training.runs.child import Budget, Child, Ending, new_key
from training.runs.inside import atelier_wire as wire
from training.runs.spawner import Spawner

LINK = """
import gc, os, sys
from atelier_run.link import Link
from atelier_wire import Part, Checkpoint, Said
link = next(each for each in gc.get_objects() if isinstance(each, Link))
"""


def ending(tmp_path: Path, template: str, **budget: int) -> tuple[Ending, list[wire.Out], Path]:
    """How a template ends that does its harm while it is loaded, and what the node heard."""
    file = tmp_path / "template.py"
    file.write_text(LINK + template)
    heard: list[wire.Out] = []
    spawner = Spawner()
    try:
        child = Child(
            spawner,
            f"hostile-{os.urandom(4).hex()}",
            wire.Specification("train", "r", 1, new_key(), template=""),
            template=file,
            reads={},
            bounds=Bounds(threads=1),
            landing=tmp_path / "landing",
            told=heard.append,
            budget=Budget(**budget),
        )
        found = child.wait(120)
        assert found is not None
        return found, heard, tmp_path / "landing"
    finally:
        spawner.close()


@pytest.mark.parametrize(
    "template",
    [
        "os.write(int(sys.argv[1]), b'\\xff' * 64)",
        "link.send(Part('model', 0, 'start.sh', b'x', True)); link.finish()",
        "link.send(Part('model', 0, 'model.onnx', b'x' * 2_000, True)); link.finish()",
        "link.send(Part('model', 0, 'model.onnx', b'x', False));"
        "link.send(Part('model', 0, 'model.json', b'x', True)); link.finish()",
    ],
    ids=["noise", "a name of its own", "a file too large", "two files at once"],
)
def test_what_does_not_belong_ends_the_run(tmp_path: Path, template: str) -> None:
    found, _, landing = ending(tmp_path, template, file_bytes=1_000)
    assert found.code == "run.protocol"
    assert not [file for file in landing.glob("*") if file.suffix != ".part"]


def test_a_flood_of_lines_is_counted_and_not_kept(tmp_path: Path) -> None:
    flood = "for n in range(5_000): print('line', n)\nfor n in range(500): link.send(Said('info', 'x'))"
    found, heard, _ = ending(tmp_path, flood, lines=100)
    assert found.code == "run.template_fault"  # it has no `train`
    assert len([each for each in heard if isinstance(each, wire.Said)]) <= 102


def test_a_line_cannot_steer_a_terminal(tmp_path: Path) -> None:
    _, heard, _ = ending(tmp_path, "print('a\\x1b[2Jb')")
    said = [each.text for each in heard if isinstance(each, wire.Said)]
    assert any(text.startswith("a") and "\x1b" not in text for text in said)


def test_a_template_that_is_killed_is_told_with_a_way_on(tmp_path: Path) -> None:
    found, _, _ = ending(tmp_path, "os.kill(os.getpid(), 9)")
    assert found.code == "run.killed"
    assert found.hint
