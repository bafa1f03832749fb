"""The cloud view: 10 million points under a hand, beside what a small cloud costs."""

from __future__ import annotations

from functools import cache

import numpy as np
from msgspec.structs import replace

from tests.bench.canvas import Stage, application, compared, settle, to_pixel
from tests.bench.harness import PAIRS, Samples, bench
from widgets.cloud.drawn import CloudLayer, Look
from widgets.cloud.scene import CloudScene
from widgets.cloud_view import CloudView

WINDOW = (1280, 800)
MANY, FEW = 10_000_000, 200_000
PIECE = 131_072  # points of one piece, as they come from the node
EVENTS = 60


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
