"""The cloud view: 10 million points under a hand, beside what a small cloud costs."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QEvent
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from studio.domain.cameras import edges_on_picture
from studio.domain.entities import Calibration
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Pose, corners, joined, quaternion_of, turn
from tests.bench.canvas import Stage, application, compared, settle, to_pixel
from tests.bench.harness import PAIRS, Samples, bench, interleaved
from widgets.camera_strip import CameraStrip
from widgets.canvas.pyramid import Pyramid, halvings
from widgets.cloud.drawn import CloudLayer, LineSet, LineStyle, Look, cuboid_segments, one_style
from widgets.cloud.scene import CloudScene
from widgets.cloud_view import CloudView
from widgets.ortho_view import OrthoView

WINDOW = (1280, 800)
MANY, FEW = 10_000_000, 200_000
PIECE = 131_072  # points of one piece, as they come from the node
EVENTS = 60
RIG = 6  # cameras
OTHERS = 200  # cuboids that stand still
PICTURE = (1600, 900)
INTRINSICS = (1200.0, 0.0, 800.0, 0.0, 1200.0, 450.0, 0.0, 0.0, 1.0)
STYLES = tuple(LineStyle(color) for color in ("#4dabf7", "#ff9f43", "#da77f2", "#69db7c"))
ACTIVE = LineStyle("#ffd43b", 2.0)


@cache
def street(count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A street of walls, ground and clutter, shuffled: (N, 3) float32 and its fields."""
    rng = np.random.default_rng(11)
    ground = rng.normal(size=(count // 2, 3)) * (40, 20, 0.03) + (0, 0, -1.7)
    sides = rng.uniform((-80, 8, -1.7), (80, 9, 6), (count // 4, 3)) * np.array([[1, 1, 1]])
    sides[::2, 1] *= -1
    clutter = rng.normal(size=(count - len(ground) - len(sides), 3)) * (30, 10, 1.0)
    xyz = np.concatenate([ground, sides, clutter]).astype(np.float32)[rng.permutation(count)]
    return xyz, {"intensity": rng.random(count, np.float32)}


def shown_view(scene: CloudScene) -> CloudView:
    """A shown view that looks along the street."""
    application()
    view = CloudView(scene)
    view.rest_ms = 10_000  # else the view whose turn it is not would draw on meanwhile
    view.resize(*WINDOW)
    view.show()
    settle()
    view.set_view(replace(view.view, centre=(0.0, 0.0, 0.0), distance=50.0))
    return view


def orbiting(count: int, start: int | None = None) -> Stage:
    """A view of so many points; a step turns the camera a little.

    start: only so many are there at first, and each step brings another piece.
    """
    xyz, fields = street(count)
    scene = CloudScene()
    first = {name: values[:start] for name, values in fields.items()}
    scene.set_cloud([CloudLayer("lidar", xyz[:start], first, expected=count)])
    scene.set_look(Look("height", low=-2, high=5))
    view = shown_view(scene)
    for _ in range(25):  # until it knows how many points there is time for
        view.set_view(view.view.orbited((4.0, 0.0)))
        to_pixel(view)

    def step() -> None:
        done = len(scene.clouds["lidar"])
        part = slice(done, done + PIECE)
        if done < count:
            scene.append("lidar", xyz[part], {name: values[part] for name, values in fields.items()})
        view.set_view(view.view.orbited((4.0, 1.0)))
        to_pixel(view)

    return Stage(view, step, view)


def opening(start: int) -> Stage:
    """An empty view; a step gives it a cloud of which so many points are there."""
    xyz, fields = street(MANY)
    scene = CloudScene()
    scene.set_look(Look("height", low=-2, high=5))
    view = shown_view(scene)

    def step() -> None:
        first = {name: values[:start] for name, values in fields.items()}
        scene.set_cloud([CloudLayer("lidar", xyz[:start], first, expected=MANY)])
        to_pixel(view)

    return Stage(view, step, view)


@bench("P6", "orbit of 10 million points, event to pixel; of 200,000", at_most=1.5, p95_ms=33)
def orbit_beside_a_small_cloud() -> Samples:
    many, few = orbiting(MANY), orbiting(FEW)
    views = [stage.widget for stage in (many, few)]
    samples = compared(many, few, EVENTS)
    budgets = [view.budget.points for view in views if isinstance(view, CloudView)]
    renderer = views[0].scene.renderer()
    note = f"{type(renderer).__name__}; points a frame {budgets[0]:,} and {budgets[1]:,}"
    return samples._replace(note=note)


@bench(
    "P6-first",
    "first picture of 10 million points, of the first piece; of all of them",
    at_least=5,
    p95_ms=100,
)
def first_picture() -> Samples:
    return compared(opening(PIECE), opening(MANY), PAIRS)


@bench("P6-load", "orbit while a piece arrives at each step; with all of them there", at_most=1.5, p95_ms=33)
def orbit_while_the_rest_loads() -> Samples:
    return compared(orbiting(MANY, PIECE), orbiting(MANY), EVENTS)


def rig() -> dict[str, Calibration]:
    """Six cameras that look all around, by name."""
    forward = quaternion_of(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))
    made = {}
    for number in range(RIG):
        name = f"CAM_{number}"
        rotation = joined(turn(number * 2 * np.pi / RIG), forward)
        place = (0.0, 0.0, 1.6)
        made[name] = Calibration(
            EntityId(new_id()), StreamId(name), "pinhole", PICTURE, INTRINSICS, (), place, rotation
        )
    return made


def cuboids(count: int) -> np.ndarray:
    """(count, 8, 3) corners, all around, with a fixed seed."""
    rng = np.random.default_rng(5)
    made = []
    for angle, away, yaw in rng.uniform((-np.pi, 6, -np.pi), (np.pi, 60, np.pi), (count, 3)).tolist():
        centre = (away * np.cos(angle), away * np.sin(angle), -0.9)
        made.append(corners(centre, (4.2, 1.8, 1.6), turn(yaw)))
    return np.stack(made)


def seen_by(
    cameras: dict[str, Calibration], boxes: np.ndarray, styles: tuple[LineStyle, ...]
) -> dict[str, LineSet]:
    """The edges of cuboids in every camera."""
    found = {}
    for name, camera in cameras.items():
        ends = edges_on_picture(boxes, camera).reshape(-1, 2, 2)
        found[name] = LineSet(ends, (np.arange(len(ends)) // 12 % len(styles)).astype(np.int32), styles)
    return found


class Desk(NamedTuple):
    """A window as an editor has it: perspective, three flat views, six cameras."""

    window: QWidget
    scene: CloudScene
    view: CloudView
    strip: CameraStrip
    cameras: dict[str, Calibration]


def desk() -> Desk:
    """The window, shown, with 200,000 points and 200 cuboids in four classes."""
    application()
    xyz, fields = street(FEW)
    scene = CloudScene()
    scene.set_cloud([CloudLayer("lidar", xyz, fields)])
    window = QWidget()
    grid = QGridLayout(window)
    view = CloudView(scene)
    grid.addWidget(view, 0, 0, 3, 1)
    flats = [OrthoView(scene, side) for side in ("top", "side", "front")]
    for row, flat in enumerate(flats):
        grid.addWidget(flat, row, 1)
    strip, cameras = CameraStrip(), rig()
    grid.addWidget(strip, 3, 0, 1, 2)
    grid.setColumnStretch(0, 2)
    grid.setColumnStretch(1, 1)
    strip.setMinimumHeight(330)
    strip.set_cameras({name: name for name in cameras})
    window.resize(1580, 960)
    window.show()
    for each in (view, *flats):
        each.rest_ms = 10_000
    settle()
    rest = cuboids(OTHERS)
    ends = cuboid_segments(rest)
    scene.set_lines(LineSet(ends, (np.arange(len(ends)) // 15 % len(STYLES)).astype(np.int32), STYLES))
    strip.set_lines(seen_by(cameras, rest, STYLES))
    for name in cameras:
        strip.cameras[name].show_picture(photograph())
    for each in flats:
        each.show_target(Pose((10.0, 0.0, -0.9)), (4.2, 1.8, 1.6))
    settle()
    return Desk(window, scene, view, strip, cameras)


def photograph() -> Pyramid:
    """A camera's picture with something in every pixel."""
    grey = (np.add.outer(np.arange(PICTURE[1]), np.arange(PICTURE[0])) % 251).astype(np.uint8)
    image = QImage(grey.tobytes(), *PICTURE, PICTURE[0], QImage.Format.Format_Grayscale8)
    made = Pyramid((float(PICTURE[0]), float(PICTURE[1])), 1)
    made.put_levels(halvings(image))
    return made


def all_to_pixel(window: QWidget) -> None:
    """As `to_pixel`, of a window with several views in it."""
    for each in (window, *window.findChildren(QWidget)):
        QApplication.sendPostedEvents(each, int(QEvent.Type.UpdateRequest.value))
    to_pixel(window)


@bench(
    "P6-drag",
    f"drag a cuboid among {OTHERS} in 4 views and {RIG} cameras, to the pixel; drawing one view's points",
    at_most=1.5,
    p95_ms=16,
)
def drag_a_cuboid() -> Samples:
    made = desk()
    yaws = iter(np.linspace(0, 20, 10_000).tolist())

    def drag() -> None:
        yaw = next(yaws)
        centre = (10 + 2 * np.cos(yaw), 2 * np.sin(yaw), -0.9)
        box = corners(centre, (4.2, 1.8, 1.6), turn(yaw))[None]
        made.scene.set_lines(one_style(cuboid_segments(box), ACTIVE), "active")
        made.strip.set_lines(seen_by(made.cameras, box, (ACTIVE,)), "active")
        all_to_pixel(made.window)

    return compared(Stage(made.window, drag, made.view), orbiting(FEW), EVENTS)


@bench(
    "P6-cameras",
    f"a cuboid among {OTHERS} moves in {RIG} cameras, to the pixel; all {OTHERS} projected and painted",
    at_most=0.5,
    p95_ms=5,
)
def move_in_six_cameras() -> Samples:
    made = desk()
    made.view.hide()
    yaws = iter(np.linspace(0, 20, 10_000).tolist())
    rest = cuboids(OTHERS)

    def move() -> None:
        yaw = next(yaws)
        box = corners((10 + 2 * np.cos(yaw), 2 * np.sin(yaw), -0.9), (4.2, 1.8, 1.6), turn(yaw))[None]
        made.strip.set_lines(seen_by(made.cameras, box, (ACTIVE,)), "active")
        all_to_pixel(made.window)

    def all_anew() -> None:
        made.strip.set_lines(seen_by(made.cameras, rest, STYLES))
        all_to_pixel(made.window)

    try:
        return interleaved(move, all_anew, pairs=EVENTS, warm_up=10)
    finally:
        made.window.close()
        made.window.deleteLater()
        QApplication.processEvents()
