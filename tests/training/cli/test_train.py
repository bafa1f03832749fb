"""`atelier train`, `evaluate` and `predict` as people call them, on a folder, through the real command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.training.runs.shapes import shapes_folder

SMALL = ["--set", "epochs=2", "--set", "picture_side=64", "--set", "batch=4"]


def atelier(root: Path, *arguments: str | Path) -> tuple[int, Any, str]:
    """Exit code, the last object on stdout, and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "studio", *map(str, arguments), "--json"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=280,
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled pictures of which every fourth is kept from training."""
    folder = shapes_folder(tmp_path_factory.mktemp("data") / "shapes", 20)
    names = sorted(each.stem for each in (folder / "JPEGImages").iterdir())
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("\n".join(names[::4]))
    (lists / "train.txt").write_text("\n".join(name for name in names if name not in names[::4]))
    return folder


@pytest.fixture(scope="module")
def trained(root: Path, shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("out")
    code, answer, said = atelier(root, "train", "--data", shapes, "--out", out, "--seed", "4", *SMALL)
    assert code == 0, said
    assert isinstance(answer, dict)
    return answer


def test_training_answers_with_the_model_and_what_it_cost(trained: dict[str, Any]) -> None:
    assert set(trained) == {"model", "metrics", "cpu_seconds", "wall_seconds", "warnings"}
    assert 0 <= trained["metrics"]["map50"] <= 1
    assert trained["cpu_seconds"] > 1
    files = {each.name for each in Path(trained["model"]).iterdir()}
    assert files == {"model.safetensors", "model.onnx", "model.json", "run.json"}
    record = json.loads((Path(trained["model"]) / "run.json").read_text())
    assert record["items"] == 15  # those of `train`; `val` was not touched
    assert not list((Path(trained["model"]).parent / "run").glob("*/*"))  # no copy of the data is left


def test_evaluating_judges_what_was_kept_from_training(
    root: Path, shapes: Path, trained: dict[str, Any]
) -> None:
    code, answer, said = atelier(root, "evaluate", trained["model"], "--data", shapes)
    assert code == 0, said
    assert answer["items"] == 5
    assert {"map50", "map"} <= set(answer["metrics"])
    assert set(answer["per_class"]) == {"disc", "square"}
    assert answer["slices"]


def test_predicting_names_the_file_that_is_no_picture(
    root: Path, shapes: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "no.png").write_text("not a picture")
    first = sorted((shapes / "JPEGImages").iterdir())[0]
    code, answer, said = atelier(root, "predict", trained["model"], first, tmp_path / "no.png")
    assert code == 0, said
    good, bad = answer["pictures"]
    assert all(set(each) == {"class", "score", "xyxy"} for each in good["found"])
    assert "decoded" in bad["error"]


def test_an_altered_model_is_refused(
    root: Path, shapes: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    for file in Path(trained["model"]).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    told = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**told, "overlap": 0.9}))
    code, answer, _ = atelier(root, "evaluate", tmp_path, "--data", shapes)
    assert (code, answer["error"]["code"]) == (2, "model.unreadable")


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        (["--set", "epochs=0"], "run.bad_parameters"),
        (["--set", "speed=1"], "run.bad_parameters"),
        (["--set", "epochs"], "cli.usage"),
        (["--template", "magic"], "run.unknown_template"),
    ],
)
def test_what_cannot_be_trained_is_said_plainly(
    root: Path, shapes: Path, tmp_path: Path, more: list[str], wrong: str
) -> None:
    code, answer, _ = atelier(root, "train", "--data", shapes, "--out", tmp_path, *more)
    assert (code, answer["error"]["code"]) == (2, wrong)
    assert answer["error"]["hint"]


def test_a_folder_without_labels_is_refused(root: Path, tmp_path: Path) -> None:
    bare = shapes_folder(tmp_path / "bare", 4, labelled=False)
    code, answer, _ = atelier(root, "train", "--data", bare, "--out", tmp_path / "out")
    assert (code, answer["error"]["code"]) == (2, "run.no_labels")


def test_no_model_is_said_before_anything_is_read(root: Path, tmp_path: Path) -> None:
    code, answer, _ = atelier(root, "predict", tmp_path, tmp_path / "x.png")
    assert (code, answer["error"]["code"]) == (2, "model.unreadable")
