"""Who and what is in a scene, and where: bodies on paths that never run into each other."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.generator import classes, paths, solids
from plugins.pointcloud.generator.paths import Path
from plugins.pointcloud.generator.solids import Body, Colour
from studio.domain.errors import AtelierError
from studio.domain.space import Floats
from studio.domain.values import XYZ

CLUTTER = ""
_PAINT: tuple[Colour, ...] = (
    (196, 32, 38),
    (28, 70, 150),
    (225, 225, 228),
    (150, 154, 158),
    (36, 40, 46),
    (222, 176, 40),
    (38, 110, 72),
    (130, 60, 40),
)
_EGO_SIZE = (4.8, 2.0)
_CLEAR_M = 0.35  # between any two things, at all times
_LOOK_EVERY = 10  # rows of a path between two looks at who is in whose way: 0.2 s
_TRIES = 400


class Actor(NamedTuple):
    """A body and its way. `class_name` is empty for clutter, which has no label.

    Actors of one `unit` belong together: `group` names the class of their group, `role` the part in it, which
    ends at `leaves_s`.
    """

    class_name: str
    body: Body
    path: Path
    unit: int
    group: str = ""
    role: str = ""
    leaves_s: float = math.inf


class Counts(NamedTuple):
    """How many of each a scene has."""

    cars: int = 8
    vans: int = 2
    cyclists: int = 2
    lorries: int = 1
    pedestrians: int = 4
    walks: int = 1  # pairs of pedestrians, of whom one leaves the other
    poles: int = 6
    walls: int = 2
    bushes: int = 4


def ego_path(kind: str, seconds: float) -> Path:
    """The way of the car that carries the sensors: `straight`, `turning` or `still`."""
    match kind:
        case "straight":
            return paths.driven(0, 0, 0, [(0.5 * seconds, 8.0, 0.0), (seconds, 9.0, 0.0)], seconds)
        case "turning":
            return paths.driven(0, 0, 0, [(0.3 * seconds, 7.0, 0.0), (seconds, 6.0, 0.3)], seconds)
        case "still":
            return paths.standing(0, 0, 0, seconds)
    raise AtelierError(
        "generator.unknown",
        f"The ego car does not drive {kind!r}.",
        hint="It drives straight, turning or still.",
    )


def populate(rng: np.random.Generator, counts: Counts, ego: Path, seconds: float) -> list[Actor]:
    """Everything of a scene but the ego car and the ground. The same `rng` state gives the same.

    Raises `generator.crowded` where there is no room for all of it.
    """
    makers: list[tuple[int, Callable[[np.random.Generator, Path, float], list[Actor]]]] = [
        (counts.lorries, _lorry),
        (counts.walls, _wall),
        (counts.vans, _van),
        (counts.cars, _car),
        (counts.cyclists, _cyclist),
        (counts.walks, _walk),
        (counts.pedestrians, _pedestrian),
        (counts.poles, _pole),
        (counts.bushes, _bush),
    ]
    held: list[Actor] = []
    taken = _Taken(ego)
    unit = 0
    for number, make in makers:
        for _ in range(number):
            for _ in range(_TRIES):
                made = make(rng, ego, seconds)
                if taken.has_room(made):
                    break
            else:
                raise AtelierError(
                    "generator.crowded",
                    "There is no room for so many things around the ego car.",
                    hint="Ask for fewer of them, or for fewer frames.",
                )
            taken.add(made)
            held += [each._replace(unit=unit) for each in made]
            unit += 1
    return held


class _Taken:
    """The rectangles that are taken, at each of the times that are looked at."""

    def __init__(self, ego: Path) -> None:
        self._rows = [ego.rows[::_LOOK_EVERY]]
        self._halves = [np.array(_EGO_SIZE) / 2]

    def has_room(self, made: list[Actor]) -> bool:
        rows, halves = np.stack(self._rows), np.stack(self._halves)
        return not any(
            _touching(rows, halves, _rectangle(each), np.array(each.body.size[:2]) / 2) for each in made
        )

    def add(self, made: list[Actor]) -> None:
        for each in made:
            self._rows.append(_rectangle(each))
            self._halves.append(np.array(each.body.size[:2]) / 2)


def _rectangle(actor: Actor) -> Floats:
    x, y, _ = actor.body.centre
    return actor.path.beside(x, y).rows[::_LOOK_EVERY]


def _touching(rows: Floats, halves: Floats, own: Floats, half: Floats) -> bool:
    """Whether a rectangle comes near any of A others. rows: (A, T, 3), own: (T, 3) x, y, yaw.

    By the separating axes of both: (4,) directions, on each the gap less both reaches.
    """
    gap = rows[..., :2] - own[:, :2]
    near = np.linalg.norm(gap, axis=2) < np.linalg.norm(halves, axis=1)[:, None] + np.linalg.norm(half) + 1.0
    if not near.any():
        return False
    which, when = np.nonzero(near)
    theirs, ours = _axes(rows[which, when, 2]), _axes(own[when, 2])
    axes = np.concatenate([theirs, ours], axis=1)  # (M, 4, 2)
    between = np.abs(np.einsum("mai,mi->ma", axes, gap[which, when]))
    reach = np.abs(np.einsum("mai,mbi->mab", axes, theirs)) @ halves[which][:, :, None]
    reach = reach[..., 0] + (np.abs(np.einsum("mai,mbi->mab", axes, ours)) @ half)
    return bool((between < reach + _CLEAR_M).all(axis=1).any())


def _axes(yaw: Floats) -> Floats:
    """(M, 2, 2): ahead and left of each heading."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=1)


def _lorry(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    colour = _paint(rng)
    front = solids.tractor(_sized(rng, (6.0, 2.5, 3.4), 0.03), colour)
    rear = solids.trailer(_sized(rng, (12.0, 2.5, 3.8), 0.03), (214, 214, 208))
    turning = float(rng.choice([0.0, 0.12, -0.12]))
    speed = float(rng.uniform(4, 9))
    way = paths.driven(0, 0, 0, [(0.4 * seconds, speed, 0.0), (seconds, speed, turning)], seconds)
    lateral = float(rng.choice([-3.7, 3.7, 7.4]))
    path = _met(rng, ego, way, seconds, (-25.0, 45.0), lateral, math.pi if lateral > 0 else 0.0)
    behind = paths.towed(path, 1.8, rear.size[0] / 2 - 1.2)
    return [
        Actor(classes.TRACTOR, front, path, 0, classes.LORRY, "tractor"),
        Actor(classes.TRAILER, rear, behind, 0, classes.LORRY, "trailer"),
    ]


def _car(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    body = solids.car(_sized(rng, (4.5, 1.85, 1.55), 0.06), _paint(rng))
    return [Actor(classes.CAR, body, _road_path(rng, ego, seconds), 0)]


def _van(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    body = solids.car(_sized(rng, (5.4, 2.0, 2.3), 0.05), _paint(rng), roof=1.5)
    return [Actor(classes.VAN, body, _road_path(rng, ego, seconds), 0)]


def _cyclist(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    speed = float(rng.uniform(2.5, 6))
    turning = float(rng.choice([0.0, 0.0, 0.25, -0.25]))
    way = paths.driven(0, 0, 0, [(0.5 * seconds, speed, 0.0), (seconds, speed, turning)], seconds)
    side = float(rng.choice([-1.0, 1.0]))
    lateral = side * float(rng.uniform(5.4, 6.4))
    path = _met(rng, ego, way, seconds, (-15.0, 30.0), lateral, math.pi if side > 0 else 0.0)
    bicycle = solids.bicycle(_sized(rng, (1.8, 0.6, 1.1), 0.04), _paint(rng))
    rider = solids.rider(_sized(rng, (0.8, 0.6, 1.45), 0.05), _paint(rng))
    return [
        Actor(classes.BICYCLE, bicycle, path, 0, classes.CYCLIST, "vehicle"),
        Actor(classes.RIDER, rider, path, 0, classes.CYCLIST, "rider"),
    ]


def _pedestrian(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    speed = float(rng.choice([0.0, 1.0, 1.4, 1.6]))
    way = paths.driven(0, 0, 0, [(seconds, speed, float(rng.uniform(-0.1, 0.1)))], seconds)
    lateral = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(5.5, 9.0))
    path = _met(rng, ego, way, seconds, (-12.0, 25.0), lateral, float(rng.uniform(-math.pi, math.pi)))
    return [Actor(classes.PEDESTRIAN, _person(rng), path, 0)]


def _walk(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    """Two side by side; after six tenths of the time one of them turns away."""
    speed, parts = float(rng.uniform(1.0, 1.5)), 0.6 * seconds
    way = paths.driven(0, 0, 0, [(seconds, speed, 0.0)], seconds)
    lateral = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(6.0, 8.5))
    one = _met(rng, ego, way, seconds, (-10.0, 20.0), lateral, float(rng.choice([0.0, math.pi])))
    x, y, yaw = one.beside(0.0, 1.2).at(0.0)
    other = paths.driven(x, y, yaw, [(parts, speed, 0.0), (1.5, speed, 0.8), (seconds, speed, 0.0)], seconds)
    return [
        Actor(classes.PEDESTRIAN, _person(rng), one, 0, classes.WALK, "walker"),
        Actor(classes.PEDESTRIAN, _person(rng), other, 0, classes.WALK, "walker", parts),
    ]


def _pole(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    body = solids.pole(float(rng.uniform(0.08, 0.2)), float(rng.uniform(4.0, 7.0)))
    return [Actor(CLUTTER, body, _beside_road(rng, ego, seconds, 8.0, 10.0), 0)]


def _wall(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    size = (float(rng.uniform(12, 24)), 0.4, float(rng.uniform(2.5, 6.0)))
    return [Actor(CLUTTER, solids.wall(size, (150, 120, 98)), _beside_road(rng, ego, seconds, 17.0, 24.0), 0)]


def _bush(rng: np.random.Generator, ego: Path, seconds: float) -> list[Actor]:
    body = solids.bush(float(rng.uniform(0.4, 1.1)), float(rng.uniform(0.8, 1.9)))
    return [Actor(CLUTTER, body, _beside_road(rng, ego, seconds, 12.0, 20.0), 0)]


def _road_path(rng: np.random.Generator, ego: Path, seconds: float) -> Path:
    """A car's way: parked beside the road, or driving on it and perhaps off it."""
    if rng.random() < 0.45:
        side = float(rng.choice([-1.0, 1.0]))
        across = rng.random() < 0.3
        lateral = side * float(rng.uniform(12.0, 14.0) if across else rng.uniform(10.0, 11.0))
        yaw = float(rng.choice([0.5, -0.5] if across else [0.0, 1.0]) * math.pi + rng.normal(0, 0.04))
        way = paths.standing(0, 0, 0, seconds)
        return _met(rng, ego, way, seconds, (-30.0, 50.0), lateral, yaw)
    speed = float(rng.uniform(4, 13))
    turning = float(rng.choice([0.0, 0.0, 0.15, -0.15]))
    later = max(speed + float(rng.uniform(-3, 3)), 2.0)
    way = paths.driven(0, 0, 0, [(0.4 * seconds, speed, 0.0), (seconds, later, turning)], seconds)
    lateral = float(rng.choice([0.0, -3.6, 3.6, 7.2]))
    return _met(rng, ego, way, seconds, (-35.0, 55.0), lateral, math.pi if lateral > 0 else 0.0)


def _met(
    rng: np.random.Generator,
    ego: Path,
    way: Path,
    seconds: float,
    ahead: tuple[float, float],
    lateral: float,
    yaw: float,
) -> Path:
    """`way`, moved so that at some moment it is `ahead` and to the left of where the ego car is then."""
    when = float(rng.uniform(0, seconds))
    x, y, _ = ego.at(when)
    return way.through(when, x + float(rng.uniform(*ahead)), y + lateral, yaw)


def _beside_road(rng: np.random.Generator, ego: Path, seconds: float, near: float, far: float) -> Path:
    lateral = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(near, far))
    yaw = float(rng.normal(0, 0.1))
    return _met(rng, ego, paths.standing(0, 0, 0, seconds), seconds, (-40.0, 60.0), lateral, yaw)


def _person(rng: np.random.Generator) -> Body:
    return solids.pedestrian(_sized(rng, (0.6, 0.65, 1.75), 0.06), _paint(rng))


def _sized(rng: np.random.Generator, usual: XYZ, spread: float) -> XYZ:
    length, width, height = (float(each * (1 + spread * rng.uniform(-1, 1))) for each in usual)
    return length, width, height


def _paint(rng: np.random.Generator) -> Colour:
    return _PAINT[int(rng.integers(len(_PAINT)))]
