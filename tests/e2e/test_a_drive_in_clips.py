"""A drive that an import cuts into clips, in the real window: the next clip goes on from the one before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.scene import generate
from plugins.pointcloud.generator.writing import write_scene
from studio.domain.entities import CoordinateSystem, Cuboid, EgoPose
from tests.e2e.person import Person

FRAMES, CLIP = 6, 3


def test_the_next_clip_goes_on_from_the_one_before(sit_down: Callable[..., Person], tmp_path: Path) -> None:
    counts = Counts(cars=6, vans=1, cyclists=0, lorries=0, pedestrians=0, walks=0, poles=1, walls=1, bushes=0)
    drive = generate(7, frames=FRAMES, counts=counts, columns=400, picture_size=None)
    # only the first clip is labelled: all of it ends at its last frame
    held = [each for each in drive.entities if isinstance(each, Cuboid) and each.frame < CLIP]
    tracks = {each.track for each in held if each.frame == CLIP - 1}
    shapes = [replace(e, ends_here=e.frame == CLIP - 1) for e in held if e.track in tracks]
    rest = [e for e in drive.entities if isinstance(e, EgoPose | CoordinateSystem) or e.id in tracks]
    write_scene(drive._replace(entities=(*rest, *shapes)), tmp_path / "drive")

    ann = sit_down()
    ann.reads("State of your work", "Saved")
    ann.find("New project")
    ann.press("ctrl+n")
    ann.click("Name").type("Clips")
    ann.click("Classes").type("car")
    ann.click("Create project")
    ann.see("This project is empty")
    ann.press("ctrl+i")
    ann.click("Folder").type(str(tmp_path / "drive")).press("Return")
    ann.see("This is what will come in.")
    ann.click("Frames of a clip")
    ann.press("ctrl+a").type(str(CLIP)).press("Tab")
    ann.click("Import")
    ann.see("2 items with")
    ann.click("Close")
    ann.reads("How many items are shown", "2 items")
    ann.click("Items as pictures")
    ann.press("Home", "Right", "Return")
    ann.until(lambda: ann.cuboids() == [], "the second clip, without a label")
    ann.press("shift+i")
    ann.click("Change it")
    made = ann.until(lambda: len(ann.cuboids()) == len(tracks) and ann.cuboids(), "what goes on")
    assert {each["frame"] for each in made} == {0}
    ann.reads("State of your work", "Saved")
    ann.press("ctrl+z")
    ann.until(lambda: ann.cuboids() == [], "all of it taken back as one")
