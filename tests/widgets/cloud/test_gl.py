"""Clouds by OpenGL on a real display, beside the same in software; block by block, for drivers differ."""

import json
import subprocess
import sys

from tests.widgets.cloud.gl_stage import LOOKS

MOST = 4.0  # of 255 in a block of 20 x 20 pixels
ROUND = 25.0  # the same where points are discs: numpy's are stamps of whole pixels


def staged(display, root, case: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.widgets.cloud.gl_stage", case],
        cwd=root,
        env=display.environment(),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_both_renderers_draw_every_look_alike_and_a_look_sends_no_point(display, root):
    found = staged(display, root, "looks")
    assert found.pop("renderers") == ["GlRenderer", "SoftwareRenderer"]
    assert (found.pop("space sent"), found.pop("top sent")) == (0, 0)
    for side in ("space", "top"):
        assert found.pop(f"{side} orange #ff8800")[1] > 0.03
        assert found.pop(f"{side} orange none")[1] < 0.003
    assert len(found) == 2 * (len(LOOKS) + 2) + 2
    for name, (difference, brightness) in found.items():
        assert brightness > 0.5, name
        assert difference < (ROUND if name.endswith("plain") else MOST), name


def test_what_arrives_and_changes_step_by_step_is_what_drawing_anew_gives(display, root):
    found = staged(display, root, "changes")
    assert found["stepwise"] < 3
    assert found["moved"] < 3
    assert found["differs from before"] > 20


def test_views_in_several_windows_share_what_was_sent_and_survive_floating_and_loss(display, root):
    found = staged(display, root, "windows")
    assert found["clouds sent"] == 2
    assert min(found["means"]) > 1
    assert found["same buffers"]
    assert found["to be freed"] == ["array", "buffer"]
    assert found["left"] == 0
    name, difference = found["after the loss"]
    assert name == "SoftwareRenderer"
    assert difference < MOST
