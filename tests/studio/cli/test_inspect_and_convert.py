"""`atelier inspect` and `atelier convert`, as a person types them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.formats_kit import picture


def atelier(*words: str | Path) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "studio", *map(str, words), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout.strip().splitlines()[-1]), done.stderr


def test_inspect_counts_what_blood_cells_hold(shared_data: Path) -> None:
    code, said, _ = atelier("inspect", shared_data / "image_bccd")
    assert code == 0
    assert said["shapes"] == {"Platelets": 292, "RBC": 3350, "WBC": 301}
    assert (said["format"], said["items"], said["frames"], said["tracks"]) == ("pascal_voc", 292, 292, 3943)
    assert set(said) == {
        *("format", "items", "streams", "frames", "tracks", "shapes", "tags", "relations", "groups"),
        *("points", "seconds", "characters", "warnings"),
    }


@pytest.mark.parametrize("to", ["coco", "openlabel", "atelier_json", "pascal_voc"])
def test_converting_and_back_gives_the_same_inspection_where_nothing_was_lost(
    shared_data: Path, tmp_path: Path, to: str
) -> None:
    source = shared_data / "image_bccd"
    code, report, _ = atelier("convert", source, tmp_path / "there", "--to", to)
    assert (code, report["losses"]) == (0, [])
    assert atelier("convert", tmp_path / "there", tmp_path / "back", "--to", "pascal_voc")[0] == 0
    assert atelier("inspect", tmp_path / "back")[1] == atelier("inspect", source)[1]


def test_what_a_format_cannot_hold_is_named_with_its_count(shared_data: Path, tmp_path: Path) -> None:
    scene = shared_data / "export_openlabel" / "openlabel100_kitti_tracking_0003.json"
    code, report, _ = atelier("convert", scene, tmp_path / "out", "--to", "coco")
    assert code == 0
    assert {"what": "shape cuboid", "count": 533, "how": "left out"} in report["losses"]


def test_a_corrupt_picture_is_listed_and_the_others_come_in(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    code, said, _ = atelier("inspect", tmp_path)
    assert (code, said["items"]) == (0, 1)
    assert len(said["warnings"]) == 1
    assert said["warnings"][0].startswith("bad.png: ")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("inspect", "nowhere"), "import.not_found"),
        (("inspect", "."), "import.unknown_format"),
        (("inspect", ".", "--format", "nonsense"), "import.unknown_format"),
        (("inspect", ".", "--format", "coco"), "import.nothing"),
        (("convert", ".", "out", "--to", "nonsense"), "export.unknown_format"),
        (("convert", "."), "cli.usage"),
    ],
)
def test_a_wrong_call_ends_with_2_and_a_plain_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "readme.unknown").write_text("nothing to label")
    returned, said, stderr = atelier(*words)
    assert (returned, said["error"]["code"]) == (2, code)
    assert said["error"]["message"] in stderr
    assert "Traceback" not in stderr


def test_nothing_that_exists_is_written_over(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    code, said, _ = atelier("convert", shared_data / "export_brat", tmp_path, "--to", "atelier_json")
    assert (code, said["error"]["code"]) == (2, "export.not_empty")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
