"""The product's main job, walked in the real window by a real pointer: from a folder to a released model."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from studio.cli.screen import Screen

STEPS = 12


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_loop_is_walked_and_every_step_is_seen_on_the_node(
    display: Screen, tmp_path: Path, root: Path
) -> None:
    shots = tmp_path / "shots"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "studio", "demo", "--pace", "quick", "--json"),
            *("--pages", "30", "--epochs", "2", "--shots", str(shots)),
        ],
        env=display.environment(),
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout.splitlines()[-1])["steps"]) == STEPS
    pictures = sorted(shots.glob("*.png"))
    assert len(pictures) >= 2 * STEPS
    for picture in pictures:
        with Image.open(picture) as opened:
            assert opened.width >= 1000
            assert len(opened.convert("RGB").resize((200, 120)).getcolors(24_000) or range(24_000)) > 20, (
                picture
            )


def test_data_without_boxes_is_refused_before_a_window_opens(tmp_path: Path, root: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    done = subprocess.run(
        [sys.executable, "-m", "studio", "demo", "--data", str(tmp_path), "--json"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"] == "demo.no_boxes"
