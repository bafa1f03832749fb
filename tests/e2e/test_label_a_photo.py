"""One person's promises, in the real window, by real mouse and keys."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from studio.client import OwnNode
from tests.e2e.person import Person

FIRST = ((80.0, 60.0), (220.0, 180.0))
SECOND = ((240.0, 60.0), (330.0, 150.0))


def begin(person: Person, pictures: Path) -> None:
    """A new project with two classes, the pictures in it, the first of them open."""
    person.reads("State of your work", "Saved")
    person.find("New project")
    person.press("ctrl+n")
    person.click("Name").type("Squares")
    person.click("Classes").type("square, round")
    person.click("Create project")
    person.see("This project is empty")
    person.press("ctrl+i")
    person.click("Folder").type(str(pictures)).press("Return")
    person.see("This is what will come in.")
    person.click("Import")
    person.see("3 items with 0 shapes came in.")
    person.click("Close")
    person.reads("How many items are shown", "3 items")
    open_first(person)


def open_first(person: Person) -> None:
    """From the Data page, the first item in Label."""
    person.find("Squares · Atelier")  # the project is open: before it is, there is no Data page
    person.press("alt+2")
    person.reads("How many items are shown", "3 items")
    person.click("Items as pictures")
    person.press("Home", "Return")
    person.boxes()


def draw(person: Person, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A box by the mouse."""
    person.press("b")
    person.drag(start, end)


def test_what_is_drawn_can_be_undone_and_after_a_restart_redone(
    sit_down: Callable[..., Person], pictures: Path
) -> None:
    ann = sit_down()
    begin(ann, pictures)
    draw(ann, *FIRST)
    drawn = ann.until(ann.boxes, "a box")
    assert drawn[0][0] == "square"
    assert all(abs(a - b) <= 2 for a, b in zip(drawn[0][1:], (80, 60, 220, 180), strict=True))
    ann.reads("State of your work", "Saved")
    ann.press("ctrl+z")
    ann.until(lambda: ann.boxes() == [], "the box taken back")
    ann.reads("State of your work", "Saved")
    assert ann.leave() == 0

    ann.start()
    ann.reads("State of your work", "Saved")
    open_first(ann)
    assert ann.boxes() == []
    ann.press("ctrl+shift+z")
    assert ann.until(ann.boxes, "the box done again") == drawn


def test_a_studio_killed_in_the_middle_of_a_drag_keeps_what_was_drawn_before(
    sit_down: Callable[..., Person], pictures: Path
) -> None:
    ann = sit_down()
    begin(ann, pictures)
    draw(ann, *FIRST)
    drawn = ann.until(ann.boxes, "a box")
    ann.press("b")
    ann.drag(*SECOND, release=False)
    ann.kill()
    ann.screen.hand("mouseup", 1)

    ann.start()
    ann.reads("State of your work", "Saved")
    open_first(ann)
    assert ann.until(ann.boxes, "the box of before") == drawn


def test_two_studios_on_one_item_see_each_others_boxes(
    sit_down: Callable[..., Person], pictures: Path
) -> None:
    ann = sit_down("ann")
    begin(ann, pictures)
    ann.ask(size=[1100, 800])
    draw(ann, *FIRST)
    ann.reads("State of your work", "Saved")
    bob = sit_down("bob")
    bob.reads("State of your work", "Saved")
    bob.click("Projects").press("Return")
    open_first(bob)
    assert bob.until(bob.boxes, "the first box") == ann.boxes()
    draw(bob, *SECOND)
    bob.until(lambda: len(bob.boxes()) == 2, "the second box")
    ann.until(lambda: ann.boxes() == bob.boxes(), "the same two boxes in the other studio")
    assert len(ann.boxes()) == 2


def test_a_node_killed_under_the_studio_comes_back_and_gets_what_was_drawn_meanwhile(
    sit_down: Callable[..., Person], pictures: Path, workspace: Path
) -> None:
    ann = sit_down()
    begin(ann, pictures)
    node = OwnNode.find(workspace)
    assert node is not None
    os.kill(node.pid, signal.SIGKILL)
    draw(ann, *FIRST)
    drawn = ann.until(ann.boxes, "a box, though the node is gone")
    ann.reads("State of your work", "Kept here: 1")

    def another_node() -> bool:
        again = OwnNode.find(workspace)
        return again is not None and again.pid != node.pid

    ann.until(another_node, "another node")
    ann.reads("State of your work", "Saved")
    assert ann.boxes() == drawn


def test_a_polygon_that_was_not_finished_is_offered_again_after_a_kill(
    sit_down: Callable[..., Person], pictures: Path
) -> None:
    ann = sit_down()
    begin(ann, pictures)
    ann.press("p")
    for point in ((80.0, 60.0), (220.0, 70.0), (200.0, 180.0)):
        ann.point_at(point)
    ann.until(lambda: not ann.ask(read="State of your work").startswith("Writing"), "the draft on disk")
    time.sleep(2.5)  # unfinished gestures are journalled each second
    ann.kill()

    ann.start()
    ann.reads("State of your work", "Saved")
    open_first(ann)
    ann.see("You had not finished")
    ann.click("Go on")
    ann.press("Return")
    assert ann.until(lambda: ann.ask(polygons=True), "the polygon") == [3]
