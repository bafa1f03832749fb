"""A drive with one lidar and six cameras, labelled in the real window by real mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.classes import ONTOLOGY
from plugins.pointcloud.generator.scene import Scene, generate
from plugins.pointcloud.generator.writing import write_scene
from studio.domain.entities import Calibration, CoordinateSystem, EgoPose
from tests.e2e.person import Person

FRAMES = 4


@pytest.fixture(scope="module")
def drive() -> Scene:
    """A short drive past some cars, without a label."""
    counts = Counts(cars=5, vans=0, cyclists=0, lorries=0, pedestrians=0, walks=0, poles=1, walls=1, bushes=0)
    return generate(7, frames=FRAMES, counts=counts, columns=700, picture_size=(320, 200))


def begin(person: Person, folder: Path) -> None:
    """A new project with one class, the drive in it and open."""
    person.reads("State of your work", "Saved")
    person.find("New project")
    person.press("ctrl+n")
    person.click("Name").type("Drive")
    person.click("Classes").type("car")
    person.click("Create project")
    person.see("This project is empty")
    person.press("ctrl+i")
    person.click("Folder").type(str(folder)).press("Return")
    person.see("This is what will come in.")
    person.click("Import")
    person.see("1 item with 0 shapes came in.")
    person.click("Close")
    person.reads("How many items are shown", "1 item")
    open_it(person)


def open_it(person: Person) -> None:
    person.find("Drive · Atelier")  # the project is open: before it is, there is no Data page
    person.press("alt+2")
    person.reads("How many items are shown", "1 item")
    person.click("Items as pictures")
    person.press("Home", "Return")
    person.cuboids()


def nearest_cars(drive: Scene) -> list[tuple[float, float, float]]:
    """The middles of cars at the first frame that have many points on them, the nearest first."""
    cars = [each for each in drive.cuboids(0) if drive.hits["lidar"][0].size]
    return sorted((each.centre for each in cars), key=lambda xyz: xyz[0] ** 2 + xyz[1] ** 2)


def seen_point(drive: Scene, centre: tuple[float, float, float]) -> tuple[float, float, float]:
    """A lidar point on the car that stands there, half-way up."""
    points = drive.in_ego("lidar", 0)
    near = points[np.linalg.norm(points - np.array(centre), axis=1) < 3.0]
    near = near[near[:, 2] > centre[2] - 0.3]
    x, y, z = near[np.argmin(np.abs(near[:, 2] - centre[2]))].tolist()
    return x, y, z


def test_a_drive_is_labelled_corrected_in_a_camera_grouped_played_undone_and_redone(
    sit_down: Callable[..., Person], tmp_path: Path, drive: Scene
) -> None:
    folder = tmp_path / "drive"
    rig_alone = tuple(
        each for each in drive.entities if isinstance(each, Calibration | CoordinateSystem | EgoPose)
    )
    write_scene(drive._replace(entities=rig_alone), folder)
    ann = sit_down()
    begin(ann, folder)

    # one click on a car fits a cuboid to it
    car = nearest_cars(drive)[0]
    ann.press("c")
    ann.point_at_place(seen_point(drive, car), "top")
    (made,) = ann.until(ann.cuboids, "a cuboid")
    assert made["selected"]
    assert abs(made["centre"][0] - car[0]) < 2.5
    assert abs(made["centre"][1] - car[1]) < 2.5
    ann.reads("State of your work", "Saved")

    # it is corrected on the picture of the camera that came to the front by itself
    camera = ann.ask(front=True)
    assert camera in drive.calibrations
    ann.press("v")
    x, y, z = made["centre"]
    ann.drag_in_view((x, y, z), (x, y + 1.2, z), camera)
    moved = ann.until(
        lambda: [each for each in ann.cuboids() if abs(each["centre"][1] - y) > 0.6], "the cuboid moved"
    )
    assert moved[0]["size"] == made["size"]

    # the top view is torn off, moves the cuboid from its own window, and comes home
    ann.click("Tear off Top view")
    ann.see("Top view is in a window of its own")
    x, y, z = moved[0]["centre"]
    ann.drag_in_view((x, y, z), (x, y - 4.0, z), "top")
    ann.until(lambda: abs(ann.cuboids()[0]["centre"][1] - y) > 2.0, "the cuboid moved from the torn-off view")
    ann.press("ctrl+z")
    ann.until(lambda: ann.cuboids() == moved, "the move taken back by a key in the torn-off view")
    ann.click("Bring home")
    ann.until(lambda: "Top view is in a window of its own" not in ann.ask(texts=True), "the view at home")
    ann.press("Home")

    # two more cars by a click each, and the three of them are a group
    ann.press("c")
    for number, other in enumerate(nearest_cars(drive)[1:3], 2):
        ann.point_at_place(seen_point(drive, other), "top")
        ann.until(lambda number=number: len(ann.cuboids()) == number, f"cuboid number {number}")
    ann.press("ctrl+a", "ctrl+g")
    ann.see("Kind of group")  # which there are came with the data
    ann.press("Return")
    ann.until(lambda: ann.ask(groups=True) == [[ONTOLOGY.groups[0].name, 3]], "a group of three")

    # the sequence is played to its end: the cuboid stands still in the world while the car drives on
    ann.press("shift+space")
    last = ann.until(
        lambda: [each for each in ann.cuboids() if each["frame"] == FRAMES - 1], "the last frame"
    )
    assert len(last) == 3
    assert abs(last[0]["centre"][0] - moved[0]["centre"][0]) > 0.5

    # everything is undone, and after a restart done again
    ann.press(*["ctrl+z"] * 5)
    ann.until(lambda: ann.cuboids() == [], "everything taken back")
    ann.reads("State of your work", "Saved")
    assert ann.leave() == 0
    ann.start()
    ann.reads("State of your work", "Saved")
    open_it(ann)
    assert ann.cuboids() == []
    ann.press(*["ctrl+shift+z"] * 5)
    ann.until(lambda: ann.ask(groups=True) == [[ONTOLOGY.groups[0].name, 3]], "the group done again")
    ann.press("Home", "comma", "comma", "comma")
    again = ann.until(lambda: len(ann.cuboids()) == 3 and ann.cuboids(), "the cuboids done again")
    assert moved[0]["centre"] in [each["centre"] for each in again if each["frame"] == 0]
