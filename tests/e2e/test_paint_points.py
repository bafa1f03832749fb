"""Points of a sweep painted in the real window by a real mouse, undone, redone, and there after a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.scene import generate
from tests.e2e.person import Person
from tests.e2e.test_label_a_drive import begin, nearest_cars, open_it


def painted(person: Person) -> dict[str, int]:
    """How many points have each class; waits until the labels are there."""
    person.until(lambda: person.ask(points=True) is not None, "labels of points")
    found: dict[str, int] = person.ask(points=True)
    return found


def test_points_are_painted_undone_redone_and_there_after_a_restart(
    sit_down: Callable[..., Person], tmp_path: Path
) -> None:
    counts = Counts(cars=4, vans=0, cyclists=0, lorries=0, pedestrians=0, walks=0, poles=1, walls=1, bushes=0)
    drive = generate(7, frames=1, counts=counts, columns=600, picture_size=(160, 100))
    points = drive.in_ego("lidar", 0)
    (tmp_path / "sweep").mkdir()
    np.column_stack([points, np.zeros(len(points))]).astype(np.float32).tofile(tmp_path / "sweep" / "one.bin")
    ann = sit_down()
    begin(ann, tmp_path / "sweep")

    # a brush over the nearest car
    x, y, z = nearest_cars(drive)[0]
    ann.press("shift+h")
    ann.drag_in_view((x - 1.0, y, z), (x + 1.0, y, z), "top")
    ann.until(lambda: painted(ann).get("car", 0) > 50, "painted points")
    ann.reads("State of your work", "Saved")
    once = painted(ann)

    # everything on the ground at once, over it; two undos take both back, two redos bring both again
    ann.press("shift+d", "shift+k")
    left, top = ann.ask(place=[x, y + 6.0, z], view="top")
    ann.screen.hand("mousemove", left, top)
    ann.screen.hand("keydown", "shift", "click", 1, "keyup", "shift")
    ann.until(lambda: painted(ann)["car"] > once["car"] + 1000, "the ground painted")
    ann.reads("State of your work", "Saved")
    both = painted(ann)
    ann.press("ctrl+z")
    ann.until(lambda: painted(ann) == once, "the ground taken back")
    ann.press("ctrl+z")
    ann.until(lambda: painted(ann) == {}, "nothing painted")
    ann.press("ctrl+shift+z", "ctrl+shift+z")
    ann.until(lambda: painted(ann) == both, "both strokes done again")
    ann.reads("State of your work", "Saved")

    assert ann.leave() == 0
    ann.start()
    ann.reads("State of your work", "Saved")
    open_it(ann)
    ann.until(lambda: painted(ann) == both, "the labels after a restart")
    ann.press("ctrl+z")
    ann.until(lambda: painted(ann) == once, "the ground taken back after a restart")
    assert ann.leave() == 0
