"""A detector of cuboids in sweeps, trained from scratch in minutes on two cores: read it from top to bottom.

The ground is cut into small squares. The points that stand on one (its pillar) become one vector: a small
network looks at each point and the largest answer of each channel stays (Lang et al., "PointPillars", 2019).
Seen from above these vectors are a picture, and a convolutional network says of every cell of it how much it
looks like the middle of an object of each class, and where that object's sides are (Yin et al.,
"Center-based 3D Object Detection and Tracking", 2021; its bumps as wide as the object, as in "TTFNet", 2020,
so that each object teaches several cells). Sizes are learned as shares of what is usual for the class.

Learning looks at windows of a sweep, turned, mirrored and scaled, into which objects of other sweeps are put.
What is reported is the averaged network, with what was chosen on validation.
"""

import copy
import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnxruntime
import torch
from atelier_run import Found, Model, Refused, Run, Sample, points
from msgspec import Meta, Struct
from msgspec.structs import replace
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 2  # pillars to a cell
WHOLE = 8  # pillars by which the network's picture grows: it is halved three times
FEATURES = 9  # of each point
CHANNELS = 32  # of each pillar
POINTS = 8  # of one pillar that are looked at; a sweep is shuffled, so they are a sample
LOWEST = 0.02  # scores below it are never reported
LIMIT = 200  # cuboids a sweep
OVERLAPS = (0.05, 0.15, 0.3)  # to choose from
SAME = 0.5  # overlap in space from which cuboids of two classes cannot both be there
MARGIN_M = 4.0  # looked at beyond the outermost labels
BEHIND = 0.02  # share of labels behind the sensor from which on they are all round it
FEWEST = 5  # points of an object that is put into another sweep
HELD_BYTES = 2 * 1024**3  # of sweeps kept in memory; more than that are read each time
LOOKS_FROM = 0.5  # share of the epochs after which validation is looked at
REGRESSED = 10  # numbers of a cuboid beside its score: offset (2), rise, size (3), axis (2), heading (2)

decode = points  # what a closed environment shows the model: (N, 4) x, y, z, intensity


class Params(Struct, frozen=True, forbid_unknown_fields=True):
    """The GUI's form, the CLI's flags and the run's record come from this."""

    epochs: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Passes over the sweeps. More helps while the validation curve still rises; it "
            "stops by itself where that has long been flat.",
        ),
    ] = 30
    pillar_m: Annotated[
        float,
        Meta(
            ge=0.1,
            le=1.0,
            description="Side of the squares into which the ground is cut, in metres. Lower it where small "
            "objects are missed; half the side takes four times as long.",
        ),
    ] = 0.25
    reach_m: Annotated[
        float,
        Meta(
            ge=5,
            le=200,
            description="How far from the sensor objects are looked for at most, in metres. Nothing is "
            "looked for much further away than the furthest label.",
        ),
    ] = 60.0
    window_m: Annotated[
        float,
        Meta(
            ge=8,
            le=200,
            description="Side of the part of a sweep that is looked at in a step, in metres. Lower it where "
            "memory runs out.",
        ),
    ] = 40.0
    learning_rate: Annotated[
        float,
        Meta(
            gt=0,
            le=0.1,
            description="Largest step size of AdamW. Lower it where the loss leaps up and down.",
        ),
    ] = 2e-3
    batch: Annotated[
        int,
        Meta(ge=1, le=64, description="Sweeps a step. Few teach more in the same time; raise it on a GPU."),
    ] = 2
    turn: Annotated[
        float,
        Meta(
            ge=0,
            le=180,
            description="Sweeps are turned by a random angle of up to this while it learns, in degrees. "
            "Raise it where there are few sweeps; 0 where objects always face the same way.",
        ),
    ] = 45.0
    mirror: Annotated[
        bool,
        Meta(description="Every second sweep is mirrored while it learns. Off where left and right differ."),
    ] = True
    paste: Annotated[
        int,
        Meta(
            ge=0,
            le=30,
            description="Objects of other sweeps that are put into each one, rare classes as often as common "
            "ones. 0 where objects only make sense where they are.",
        ),
    ] = 5
    thin: Annotated[
        float,
        Meta(
            ge=0,
            le=0.95,
            description="Of every second sweep a random share of the points of up to this is left out. Raise "
            "it where other lidars will have fewer rings.",
        ),
    ] = 0.3
    patience: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Looks at validation without a better result before it stops. Raise it where the "
            "curve climbs in steps.",
        ),
    ] = 3


def train(run: Run, params: Params) -> Model:
    """Learn from the snapshot's training part; everything is chosen on its validation part."""
    sweeps, held_out = Sweeps(run.snapshot.train), Sweeps(run.snapshot.validation)
    field = field_of(sweeps, len(run.classes), params)
    things = things_of(sweeps, field, len(run.classes)) if params.paste else []
    across, along = field.sides
    run.say(
        f"{len(sweeps)} sweeps to learn from, {len(held_out)} to validate on, {len(run.classes)} classes, "
        f"{across * field.pillar:.0f} x {along * field.pillar:.0f} m of ground in {across} x {along} pillars"
    )
    model = Detector(len(run.classes)).to(run.device, memory_format=torch.channels_last)
    average, best = Average(model), Best()
    optimizer = torch.optim.AdamW(weights_and_biases(model), lr=params.learning_rate)
    steps = params.epochs * math.ceil(len(sweeps) / params.batch)
    look_every = max(1, params.epochs // 8)  # looking at whole sweeps costs as much as learning from them
    for epoch in run.epochs(params.epochs, model=model, optimizer=optimizer, average=average, best=best):
        model.train()
        for numbers in run.batches(range(len(sweeps)), params.batch):
            random = run.random()
            windows = [window_of(sweeps[n], field, things, random, params) for n in numbers]
            batch = collate(windows, window_sides(field, params), field.pillar, run.device)
            for group in optimizer.param_groups:
                group["lr"] = params.learning_rate * pace(run.step, steps)
            centre_loss, box_loss = losses(model(*batch.inputs, len(windows), batch.sides), batch, field)
            optimizer.zero_grad()
            (centre_loss + box_loss).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            average.follow(model, run.step)
            run.log(centre_loss=centre_loss, box_loss=box_loss)
        done = (epoch + 1) / params.epochs
        if (done > LOOKS_FROM and (epoch + 1) % look_every == 0) or epoch + 1 == params.epochs:
            found = [decoded(*answer(average.model, sweep, field), field) for sweep in held_out]
            map50 = mean_average_precision(found, held_out)
            run.log(map50=map50)
            if best.is_better(map50, average.model):
                continue
            if best.looks_since >= params.patience:
                run.say(
                    f"Nothing was gained in {params.patience} looks at validation: epoch {epoch + 1} ends it."
                )
                run.stop_early()
    best.give_to(average.model)
    return run.save(finished(run, average.model, held_out, field))


def load(folder: Path) -> "Predictor":
    """The model in `folder`, ready to predict, as PyTorch computes it."""
    told = json.loads((folder / "model.json").read_text())
    field = Field(
        tuple(told["corner"]),
        tuple(told["sides"]),
        told["pillar"],
        np.array(told["sizes"], np.float32).reshape(-1, 3),
        told["overlap"],
    )
    model = Detector(len(told["classes"]))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Predictor(model.eval().to(device, memory_format=torch.channels_last), field, told["classes"])


class Predictor:
    """Finds cuboids in sweeps."""

    def __init__(self, model: "Detector", field: "Field", classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self._model, self._field = model, field

    def predict(self, sweeps: Sequence[np.ndarray]) -> list[list[Found]]:
        """For each sweep ((N, 4) x, y, z, intensity, ego frame): what was found, best first.

        A shape is centre x, y, z, length, width, height and yaw, in metres and radians.
        """
        answers = []
        for sweep in sweeps:
            seen = Sweep(sweep, *no_labels(), floor_of(sweep))
            kinds, sure, rows = decoded(*answer(self._model, seen, self._field), self._field)
            answers.append(
                [
                    Found(self.classes[kind], float(score), tuple(map(float, row)))
                    for kind, score, row in zip(kinds, sure, rows, strict=True)
                ]
            )
        return answers


class Field(Struct, frozen=True):
    """The piece of ground that the network looks at, and what is usual on it."""

    corner: tuple[float, float]  # x, y of its lowest corner, metres, ego frame
    sides: tuple[int, int]  # along x and y, in pillars, each a multiple of `WHOLE`
    pillar: float  # metres
    sizes: np.ndarray  # (classes, 3) usual length, width, height
    overlap: float = OVERLAPS[1]  # seen from above, over which the lower of two of a class goes

    @property
    def cell(self) -> float:
        """Metres of a cell of the answer."""
        return self.pillar * STRIDE


class Sweep(Struct, frozen=True):
    """One labelled sweep."""

    points: np.ndarray  # (N, 4) float32 x, y, z, intensity, ego frame
    rows: np.ndarray  # (M, 7) float32 centre, size, yaw
    kinds: np.ndarray  # (M,) int64
    weights: np.ndarray  # (M,) float32 what each label counts; 0 where none of its points was seen
    floor: float  # height of the ground


class Sweeps(Sequence[Sweep]):
    """Samples, read once; those beyond the memory bound each time anew."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self._held: dict[int, Sweep] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, number: int) -> Sweep:  # type: ignore[override]
        if number in self._held:
            return self._held[number]
        if not 0 <= number < len(self):
            raise IndexError(number)
        made = sweep_of(self._samples[number])
        if self._bytes + made.points.nbytes < HELD_BYTES:
            self._held[number] = made
            self._bytes += made.points.nbytes
        return made


def sweep_of(sample: Sample) -> Sweep:
    """A sample as it is learned from. Raises Refused `run.bad_points`."""
    found = decode(sample.data)
    if found is None:
        raise Refused(
            "run.bad_points",
            f"The training was stopped: the points of {sample.name} cannot be read.",
            "Remove it from the snapshot, or import it anew.",
        )
    rows = np.array(sample.shapes, np.float32).reshape(-1, 7)
    kinds = np.array(sample.classes, np.int64)
    weights = np.array(sample.weights or np.ones(len(rows)), np.float32)
    real = (rows[:, 3:6] > 0.01).all(1)  # nothing is learned from a cuboid without a volume
    rows, kinds, weights = rows[real], kinds[real], weights[real].copy()
    for number, row in enumerate(rows):
        if not inside(found, row, 0.1).any():
            weights[number] = 0.0  # nobody could know that it is there
    return Sweep(found, rows, kinds, weights, floor_of(found))


def no_labels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, kinds and weights of a sweep that nobody labelled."""
    return np.zeros((0, 7), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)


def floor_of(sweep: np.ndarray) -> float:
    """The height that most low points near the sensor share: the ground, wherever a rig has its origin."""
    z = sweep[np.hypot(sweep[:, 0], sweep[:, 1]) < 30, 2]
    if not len(z):
        return 0.0
    z = z[z <= np.median(z)]
    low, high = float(np.percentile(z, 1)), float(z.max())
    counts, edges = np.histogram(z, bins=max(1, min(400, round((high - low) / 0.1))), range=(low, high))
    at = int(counts.argmax())
    return float(edges[at] + edges[at + 1]) / 2


def inside(sweep: np.ndarray, row: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """(N,) bool: the points within a cuboid that is `margin` metres larger on all sides."""
    x, y, z = (sweep[:, axis] - row[axis] for axis in range(3))
    cos, sin = math.cos(row[6]), math.sin(row[6])
    ahead, left = np.abs(x * cos + y * sin), np.abs(y * cos - x * sin)
    half = row[3:6] / 2 + margin
    return (ahead <= half[0]) & (left <= half[1]) & (np.abs(z) <= half[2])


def field_of(sweeps: Sweeps, classes: int, params: Params) -> Field:
    """The ground that holds the labels, and each class's usual size. Raises Refused `run.no_points`."""
    rows: list[np.ndarray] = []
    kinds: list[np.ndarray] = []
    for sweep in sweeps:
        counts = sweep.weights > 0
        rows.append(sweep.rows[counts])
        kinds.append(sweep.kinds[counts])
    labels, names = np.concatenate(rows), np.concatenate(kinds)
    near = (np.abs(labels[:, :2]) < params.reach_m).all(1)
    labels, names = labels[near], names[near]
    if not len(labels):
        raise Refused(
            "run.no_points",
            f"Nothing was trained: no labelled cuboid within {params.reach_m:g} m holds a point.",
            "Check that the sweeps are not empty and that the cuboids stand where the points are.",
        )
    low, high = reach_of(labels[:, :2])
    step = WHOLE * params.pillar_m
    corner = np.floor(low / step) * step
    sides = np.ceil((high - corner) / step).astype(int) * WHOLE
    usual = np.median(labels[:, 3:6], axis=0)
    sizes = [
        np.median(labels[names == k, 3:6], axis=0) if (names == k).any() else usual for k in range(classes)
    ]
    return Field(
        (float(corner[0]), float(corner[1])),
        (int(sides[0]), int(sides[1])),
        params.pillar_m,
        np.array(sizes, np.float32),
    )


def reach_of(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rectangle in which objects are looked for: all round where labels are, or only where they are.

    A single label far from all others does not make everything slow.
    """
    if (places[:, 0] < 0).mean() > BEHIND:
        reach = np.percentile(np.abs(places).max(1), 99) + MARGIN_M
        return np.array([-reach, -reach]), np.array([reach, reach])
    return np.percentile(places, 0.5, axis=0) - MARGIN_M, np.percentile(places, 99.5, axis=0) + MARGIN_M


class Thing(Struct, frozen=True):
    """An object that may be put into another sweep; heights are above the ground."""

    points: np.ndarray  # (N, 4)
    row: np.ndarray  # (7,)


def things_of(sweeps: Sweeps, field: Field, classes: int, most: int = 400) -> list[list[Thing]]:
    """Objects with enough points, by class; at most `most` of each, from sweeps far apart in order."""
    found: list[list[Thing]] = [[] for _ in range(classes)]
    for sweep in sweeps:
        for row, kind, weight in zip(sweep.rows, sweep.kinds, sweep.weights, strict=True):
            if weight == 1:
                own = sweep.points[inside(sweep.points, row, 0.05)]
                if len(own) >= FEWEST:
                    down = np.array([0, 0, sweep.floor, 0], np.float32)
                    found[kind].append(Thing(own - down, row - np.append(down, [0, 0, 0])))
    return [each[:: max(1, len(each) // most)] for each in found]


class Window(Struct):
    """A part of a sweep as a step sees it; x and y are from its own corner, heights above the ground."""

    points: np.ndarray  # (N, 4)
    rows: np.ndarray
    kinds: np.ndarray
    weights: np.ndarray
    away: np.ndarray  # (N,) metres from the sensor


def window_of(
    sweep: Sweep, field: Field, things: list[list[Thing]], random: np.random.Generator, params: Params
) -> Window:
    """A part of a sweep, about an object or anywhere, turned about the sensor, mirrored and scaled."""
    low = np.array(field.corner, np.float32)
    high = low + np.array(field.sides, np.float32) * field.pillar
    cloud = sweep.points[within_bounds(sweep.points, low, high)]
    cloud = cloud - np.array([0, 0, sweep.floor, 0], np.float32)
    kept = within_bounds(sweep.rows, low, high)
    rows = sweep.rows[kept] - np.array([0, 0, sweep.floor, 0, 0, 0, 0], np.float32)
    kinds, weights = sweep.kinds[kept], sweep.weights[kept]
    if any(things):
        cloud, rows, kinds, weights = with_things(cloud, rows, kinds, weights, things, random, params.paste)
    if params.thin and random.random() < 0.5:
        cloud = cloud[random.random(len(cloud)) >= random.uniform(0, params.thin)]
    angle = math.radians(random.uniform(-params.turn, params.turn))
    scale = random.uniform(0.95, 1.05)
    cloud, rows = turned(cloud, rows, angle, scale, params.mirror and random.random() < 0.5)
    # another lidar says otherwise how bright things are, or nothing at all
    cloud[:, 3] *= random.uniform(0.7, 1.3) if random.random() < 0.8 else 0.0
    sides = window_sides(field, params)
    size = np.array(sides) * field.pillar
    corner = corner_of(rows[weights > 0], low, high, size, random)
    away = np.hypot(cloud[:, 0], cloud[:, 1])
    seen = within_bounds(cloud, corner, corner + size)
    kept = within_bounds(rows, corner, corner + size)
    cloud, rows = cloud[seen], rows[kept]
    cloud[:, :2] -= corner
    rows[:, :2] -= corner
    return Window(cloud, rows, kinds[kept], weights[kept], away[seen])


def within_bounds(rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(N,) bool: whose x and y lie in a rectangle along the axes."""
    return ((rows[:, :2] >= low) & (rows[:, :2] < high)).all(1)


def window_sides(field: Field, params: Params) -> tuple[int, int]:
    """A window's sides in pillars: never more than the whole field."""
    most = max(WHOLE, int(params.window_m / field.pillar / WHOLE) * WHOLE)
    return min(most, field.sides[0]), min(most, field.sides[1])


def corner_of(
    rows: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Where a window begins: mostly about an object, else anywhere on the field."""
    if len(rows) and random.random() < 0.75:
        corner = rows[random.integers(len(rows)), :2] - size * random.uniform(0.15, 0.85, 2)
    else:
        corner = random.uniform(low, np.maximum(high - size, low + 1e-3))
    return corner.astype(np.float32)


def with_things(
    cloud: np.ndarray,
    rows: np.ndarray,
    kinds: np.ndarray,
    weights: np.ndarray,
    things: list[list[Thing]],
    random: np.random.Generator,
    count: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Objects of other sweeps put into this one: as far from the sensor as they were, where nothing is.

    Turned about the sensor, so that the side that it saw still faces it.
    """
    classes = [kind for kind, some in enumerate(things) if some]
    added, clouds = [], []
    for kind in random.choice(classes, count).tolist():
        thing = things[kind][random.integers(len(things[kind]))]
        moved, row = turned(thing.points, thing.row[None], random.uniform(-math.pi, math.pi), 1.0, False)
        there = np.concatenate([rows, *(each[1] for each in added)])
        apart = np.hypot(there[:, 0] - row[0, 0], there[:, 1] - row[0, 1])
        if len(there) and (apart < (np.hypot(there[:, 3], there[:, 4]) + np.hypot(*row[0, 3:5])) / 2).any():
            continue
        added.append((kind, row))
        clouds.append(moved)
        cloud = cloud[~inside(cloud, row[0]) | (cloud[:, 2] < 0.2)]
    if not added:
        return cloud, rows, kinds, weights
    return (
        np.concatenate([cloud, *clouds]),
        np.concatenate([rows, *(row for _, row in added)]),
        np.append(kinds, [kind for kind, _ in added]),
        np.append(weights, np.ones(len(added), np.float32)).astype(np.float32),
    )


def turned(
    cloud: np.ndarray, rows: np.ndarray, angle: float, scale: float, mirror: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Copies turned about the sensor, scaled, and mirrored to the other side."""
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    matrix = np.array([[cos, sin], [-sin, cos]], np.float32)  # for rows from the left
    cloud, rows = cloud.copy(), rows.copy()
    cloud[:, :2] = cloud[:, :2] @ matrix
    cloud[:, 2] *= scale
    rows[:, :2] = rows[:, :2] @ matrix
    rows[:, 2:6] *= scale
    rows[:, 6] += angle
    if mirror:
        cloud[:, 1] *= -1
        rows[:, 1] *= -1
        rows[:, 6] *= -1
    return cloud, rows


def pillars_of(cloud: np.ndarray, away: np.ndarray, sides: tuple[int, int], pillar: float) -> tuple[Any, ...]:
    """(features, real, places) as numpy. cloud: (N, 4) from the corner, heights above the ground.

    The picture's rows are along x, its columns along y.
    """
    square = np.floor(cloud[:, :2] / pillar).astype(np.int64)
    kept = ((square >= 0) & (square < sides)).all(1) & (cloud[:, 2] > -2) & (cloud[:, 2] < 6)
    cloud, away, square = cloud[kept], away[kept], square[kept]
    place = square[:, 0] * sides[1] + square[:, 1]
    order = np.argsort(place, kind="stable")
    places, first, counts = np.unique(place[order], return_index=True, return_counts=True)
    nth = np.arange(len(order)) - np.repeat(first, counts)
    some = nth < POINTS
    owner, nth, order = np.repeat(np.arange(len(places)), counts)[some], nth[some], order[some]
    own = cloud[order]
    mean = np.zeros((len(places), 3), np.float32)
    np.add.at(mean, owner, own[:, :3])
    mean /= np.minimum(counts, POINTS)[:, None].clip(1)
    features = np.zeros((len(places), POINTS, FEATURES), np.float32)
    features[owner, nth, :2] = (own[:, :2] - (square[order] + 0.5) * pillar) / pillar
    features[owner, nth, 2] = own[:, 2] / 2
    features[owner, nth, 3] = own[:, 3]
    features[owner, nth, 4:7] = (own[:, :3] - mean[owner]) / pillar
    features[owner, nth, 7] = away[order] / 40
    features[owner, nth, 8] = np.log1p(counts[owner]) / 4
    real = np.zeros((len(places), POINTS), np.float32)
    real[owner, nth] = 1
    return features, real, places


class Batch(Struct):
    """Windows side by side. `real` is false where a window has fewer objects than the fullest one."""

    inputs: tuple[Tensor, Tensor, Tensor]  # features, real points and places of pillars
    sides: tuple[int, int]  # of each window, in pillars
    rows: Tensor  # (N, M, 7) from each window's corner
    kinds: Tensor  # (N, M) int64
    real: Tensor  # (N, M) bool
    weights: Tensor  # (N, M) what each counts


def collate(windows: Sequence[Window], sides: tuple[int, int], pillar: float, device: torch.device) -> Batch:
    """Windows of `sides` pillars, side by side."""
    parts = [pillars_of(each.points, each.away, sides, pillar) for each in windows]
    squares = sides[0] * sides[1]
    places = np.concatenate([each[2] + number * squares for number, each in enumerate(parts)])
    inputs = [
        np.concatenate([each[0] for each in parts]),
        np.concatenate([each[1] for each in parts]),
        places,
    ]
    most = max(1, *(len(each.rows) for each in windows))
    rows, weights = torch.zeros(len(windows), most, 7), torch.zeros(len(windows), most)
    rows[..., 3:6] = 1.0  # what is not there has a size, too, or its logarithm would be none
    kinds = torch.zeros(len(windows), most, dtype=torch.long)
    real = torch.zeros(len(windows), most, dtype=torch.bool)
    for number, each in enumerate(windows):
        count = len(each.rows)
        rows[number, :count] = torch.from_numpy(each.rows)
        kinds[number, :count] = torch.from_numpy(each.kinds)
        weights[number, :count] = torch.from_numpy(each.weights)
        real[number, :count] = True
    return Batch(
        tuple(torch.from_numpy(each).to(device) for each in inputs),
        sides,
        rows.to(device),
        kinds.to(device),
        real.to(device),
        weights.to(device),
    )


class Detector(nn.Module):
    """Pillars in; for each cell the logits of the classes and a cuboid's numbers out. 0.4 million weights."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.point = nn.Sequential(nn.Linear(FEATURES, CHANNELS), nn.LayerNorm(CHANNELS), nn.ReLU())
        self.second = nn.Sequential(block(CHANNELS, 32, stride=2), Residual(32))
        self.fourth = nn.Sequential(block(32, 64, stride=2), Residual(64))
        self.eighth = nn.Sequential(block(64, 96, stride=2), Residual(96))
        self.side2, self.side4 = block(32, 32, 1), block(64, 64, 1)
        self.top, self.narrow = block(96, 64, 1), block(64, 32, 1)
        self.join4, self.join2 = block(64, 64), block(32, 48)
        # numbers for each class: who sits on a cycle has its middle in the same cell
        self.centre, self.numbers = nn.Conv2d(48, classes, 1), nn.Conv2d(48, classes * REGRESSED, 1)
        nn.init.normal_(self.centre.weight, std=0.01)
        nn.init.normal_(self.numbers.weight, std=0.01)
        nn.init.constant_(self.centre.bias, -4.0)  # almost no cell is a centre: begin by saying so
        nn.init.zeros_(self.numbers.bias)

    def forward(
        self, features: Tensor, real: Tensor, places: Tensor, sweeps: int, sides: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """(P, POINTS, FEATURES), (P, POINTS), (P,) -> (N, cells, classes), (N, cells, classes, REGRESSED).

        N is `sweeps`, each of `sides` pillars; cells are row by row, rows along x.
        """
        pillars = (self.point(features) * real.unsqueeze(-1)).amax(1)
        # expanded, or the exported graph would hold the empty ground, a number for each square
        ground = pillars.new_zeros(1, 1).expand(sweeps * sides[0] * sides[1], CHANNELS)
        ground = ground.index_put((places,), pillars)
        x = ground.view(sweeps, sides[0], sides[1], CHANNELS).permute(0, 3, 1, 2)
        half = self.second(x)
        quarter = self.fourth(half)
        wide = self.join4(self.side4(quarter) + grown(self.top(self.eighth(quarter)), quarter))
        wide = self.join2(self.side2(half) + grown(self.narrow(wide), half))
        numbers = self.numbers(wide).flatten(2).transpose(1, 2).unflatten(2, (-1, REGRESSED))
        return self.centre(wide).flatten(2).transpose(1, 2), numbers


class Residual(nn.Module):
    """Two convolutions beside the identity, which is all that it is at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = block(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, momentum=0.05)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))), inplace=True)


def block(before: int, after: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    """Convolution, normalisation, rectifier. Plain ones: on a processor they beat depthwise ones tenfold."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(after, momentum=0.05),
        nn.ReLU(inplace=True),
    )


def grown(x: Tensor, like: Tensor) -> Tensor:
    """`x` at the size of `like`."""
    return F.interpolate(x, size=like.shape[-2:])


def cells_of(sides: tuple[int, int], cell: float) -> Tensor:
    """(cells, 2): x, y of the middle of each cell from the corner, metres; row by row, rows along x."""
    x, y = torch.meshgrid(torch.arange(sides[0] // STRIDE), torch.arange(sides[1] // STRIDE), indexing="ij")
    return (torch.stack([x.flatten(), y.flatten()], -1).float() + 0.5) * cell


def encoded(rows: Tensor, usual: Tensor, middle: Tensor, cell: float) -> Tensor:
    """(..., REGRESSED): what a cell has to answer for a cuboid that is there.

    rows: (..., 7) heights above the ground. usual: (..., 3) the usual size of its class. middle: (..., 2).
    """
    yaw = rows[..., 6:7]
    return torch.cat(
        [
            (rows[..., :2] - middle) / cell,
            rows[..., 2:3] - usual[..., 2:3] / 2,
            (rows[..., 3:6] / usual).log(),
            # the axis apart from which of its ends is the front, which often nobody can see
            (2 * yaw).sin(),
            (2 * yaw).cos(),
            yaw.sin(),
            yaw.cos(),
        ],
        -1,
    )


def cuboids_of(numbers: Tensor, usual: Tensor, middle: Tensor, cell: float) -> Tensor:
    """(..., 7): the cuboids of which `encoded` made these numbers."""
    axis = torch.atan2(numbers[..., 6], numbers[..., 7]) / 2
    ahead = axis.sin() * numbers[..., 8] + axis.cos() * numbers[..., 9]
    yaw = torch.where(ahead >= 0, axis, axis + math.pi)
    return torch.cat(
        [
            numbers[..., :2] * cell + middle,
            numbers[..., 2:3] + usual[..., 2:3] / 2,
            numbers[..., 3:6].clamp(-2, 2).exp() * usual,
            torch.remainder(yaw + math.pi, 2 * math.pi).unsqueeze(-1) - math.pi,
        ],
        -1,
    )


def losses(answers: tuple[Tensor, Tensor], batch: Batch, field: Field) -> tuple[Tensor, Tensor]:
    """How wrong the centres are (focal loss), and the cuboids: means over objects.

    An object of less weight pulls less, and so does the ground where it stands: one of no weight is as if
    nothing were known of its place.
    """
    logits, numbers = answers
    with torch.no_grad():
        cells = cells_of(batch.sides, field.cell).to(logits.device)
        bumps = gaussians(cells, batch, field.cell)  # (N, M, cells)
        number = batch.kinds.unsqueeze(-1).expand_as(bumps)
        wanted = torch.zeros(len(bumps), logits.shape[2], len(cells), device=logits.device)
        wanted = wanted.scatter_reduce_(1, number, bumps, "amax")
        # a cell teaches, of each class, the cuboid whose bump is highest there
        share = bumps * ((bumps > 0.1) & (bumps == wanted.gather(1, number)))
        share = share / share.sum(2, keepdim=True).clamp(min=1e-6) * batch.weights.unsqueeze(-1)
        sweep, cuboid, cell = taught = share.nonzero(as_tuple=True)
        kind, target, share = batch.kinds[sweep, cuboid], batch.rows[sweep, cuboid], share[taught]
        usual, middle = torch.from_numpy(field.sizes).to(logits.device)[kind], cells[cell]
        objects = (batch.real & (batch.weights > 0)).sum().clamp(min=1)
        height, owner = bumps.max(1)
        counts = torch.where(height > 0, batch.weights.gather(1, owner), 1.0).unsqueeze(-1)
        wanted = wanted.transpose(1, 2)
        sure = logits.sigmoid()
    easy = F.logsigmoid(-logits) * sure**2 * (1 - wanted) ** 4
    centres = torch.where(wanted > 0.9999, F.logsigmoid(logits) * (1 - sure) ** 2, easy) * counts
    said = numbers[sweep, cell, kind]
    off = (said - encoded(target, usual, middle, field.cell)).abs()
    pull = off * off.new_tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1])
    missed = 1 - shared(said, target, usual, middle, field.cell)
    cuboids = ((pull.sum(-1) + 2.0 * missed) * share).sum() / objects
    return -centres.sum() / objects, cuboids


def gaussians(cells: Tensor, batch: Batch, cell: float) -> Tensor:
    """(N, M, cells): for each cuboid a bump, 1 at its centre's cell and shaped as it is; 0 for none."""
    last = cells.amax(0)
    centre = ((batch.rows[..., :2] / cell).floor() + 0.5) * cell
    centre = centre.clamp(min=cell / 2).minimum(last).unsqueeze(2)
    x, y = (cells - centre).unbind(-1)
    cos, sin = batch.rows[..., 6:7].cos(), batch.rows[..., 6:7].sin()
    length, width = (0.16 * batch.rows[..., 3:5]).clamp(min=0.6 * cell).unsqueeze(2).unbind(-1)
    distance = ((x * cos + y * sin) / length) ** 2 + ((y * cos - x * sin) / width) ** 2
    bumps = torch.exp(-distance / 2) * batch.real.unsqueeze(-1)
    return torch.where(bumps < 0.02, 0.0, bumps)


def shared(numbers: Tensor, target: Tensor, usual: Tensor, middle: Tensor, cell: float) -> Tensor:
    """(P,) intersection over union in space, as if the answer were headed as the cuboid is."""
    centre = torch.cat([numbers[:, :2] * cell + middle, numbers[:, 2:3] + usual[:, 2:3] / 2], -1)
    size = numbers[:, 3:6].clamp(-2, 2).exp() * usual
    x, y, z = (centre - target[:, :3]).unbind(-1)
    cos, sin = target[:, 6].cos(), target[:, 6].sin()
    away = torch.stack([x * cos + y * sin, y * cos - x * sin, z], -1)
    low = torch.maximum(away - size / 2, -target[:, 3:6] / 2)
    high = torch.minimum(away + size / 2, target[:, 3:6] / 2)
    inner = (high - low).clamp(min=0).prod(-1)
    return inner / (size.prod(-1) + target[:, 3:6].prod(-1) - inner)


def weights_and_biases(model: nn.Module) -> list[dict[str, Any]]:
    """Weights shrink by themselves, biases and normalisations do not."""
    weights = [each for each in model.parameters() if each.ndim > 1]
    rest = [each for each in model.parameters() if each.ndim <= 1]
    return [{"params": weights, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0.0}]


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: 60 steps (or a tenth) to warm up, then down along a cosine."""
    warm = min(1.0, (step + 1) / min(60, max(1, steps // 10)))
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


class Average:
    """The mean of the network over its last hundred steps or so: better than the network itself."""

    def __init__(self, model: Detector) -> None:
        self.model = copy.deepcopy(model).eval()

    def follow(self, model: Detector, step: int) -> None:
        """Move a little towards `model`."""
        old, new = (
            [each for each in net.state_dict().values() if each.is_floating_point()]
            for net in (self.model, model)
        )
        torch._foreach_lerp_(old, new, 1 - min(0.99, (2 + step) / (11 + step)))

    def state_dict(self) -> dict[str, Any]:
        return self.model.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state)


class Best:
    """The network that was best on validation so far."""

    def __init__(self) -> None:
        self.map50, self.looks_since = -1.0, 0
        self.weights: dict[str, Tensor] = {}

    def is_better(self, map50: float, model: Detector) -> bool:
        """Whether this look was the best, which is then remembered."""
        if map50 > self.map50:
            self.map50, self.looks_since = map50, 0
            self.weights = {name: each.clone() for name, each in model.state_dict().items()}
            return True
        self.looks_since += 1
        return False

    def give_to(self, model: Detector) -> None:
        """Bring `model` back to where it was best."""
        model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {"map50": self.map50, "looks_since": self.looks_since, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.map50, self.looks_since, self.weights = state["map50"], state["looks_since"], state["weights"]


def inputs_of(sweep: Sweep, field: Field) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A whole sweep as the network takes it."""
    cloud = sweep.points - np.array([*field.corner, sweep.floor, 0], np.float32)
    away = np.hypot(sweep.points[:, 0], sweep.points[:, 1])
    return pillars_of(cloud, away, field.sides, field.pillar)


@torch.no_grad()
def answer(model: Detector, sweep: Sweep, field: Field) -> tuple[np.ndarray, np.ndarray, float]:
    """Scores (cells, classes) and numbers (cells, classes, REGRESSED) of a sweep; and its ground's height."""
    device = next(model.parameters()).device
    inputs = [torch.from_numpy(each).to(device) for each in inputs_of(sweep, field)]
    logits, numbers = model(*inputs, 1, field.sides)
    return logits[0].sigmoid().cpu().numpy(), numbers[0].cpu().numpy(), sweep.floor


def decoded(
    scores: np.ndarray, numbers: np.ndarray, floor: float, field: Field
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(kinds, scores, rows), best first: of cuboids of one class that overlap, the best stays.

    Seen from above; of two classes only what stands in the same space goes, since riders sit on cycles.
    """
    heat = torch.from_numpy(scores).T.reshape(1, scores.shape[1], *(side // STRIDE for side in field.sides))
    peak = (heat == F.max_pool2d(heat, 3, 1, 1)).flatten(2)[0].T.numpy()
    cell, kind = np.nonzero(peak & (scores > LOWEST))
    sure = scores[cell, kind]
    order = np.argsort(-sure, kind="stable")[: 2 * LIMIT]
    cell, kind, sure = cell[order], kind[order], sure[order]
    middle = cells_of(field.sides, field.cell)[torch.from_numpy(cell)]
    usual = torch.from_numpy(field.sizes[kind])
    rows = (
        cuboids_of(torch.from_numpy(numbers[cell, kind]), usual, middle, field.cell)
        .numpy()
        .astype(np.float64)
    )
    rows[:, :3] += (*field.corner, floor)
    real = np.isfinite(rows).all(1)
    kind, sure, rows = kind[real], sure[real], rows[real]
    kept = alone(rows, kind, field.overlap)[:LIMIT]
    return kind[kept], sure[kept], rows[kept]


def alone(rows: np.ndarray, kinds: np.ndarray, overlap: float) -> np.ndarray:
    """Places of those that stay; the best come first."""
    ground, space = overlaps(rows, rows, np.triu(np.ones((len(rows), len(rows)), bool), 1))
    is_same = kinds[:, None] == kinds
    hides = np.where(is_same, ground > overlap, space > SAME)
    stays = np.ones(len(rows), bool)
    for number in range(len(rows)):
        if stays[number]:
            stays &= ~hides[number]
    return np.flatnonzero(stays)


def overlaps(
    first: np.ndarray, second: np.ndarray, wanted: np.ndarray | bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 7) and (M, 7) -> (N, M) intersection over union from above, and in space; 0 if not `wanted`."""
    ground = np.zeros((len(first), len(second)))
    reach = np.hypot(first[:, 3], first[:, 4])[:, None] / 2 + np.hypot(second[:, 3], second[:, 4]) / 2
    apart = np.hypot(*(first[:, None, :2] - second[:, :2]).transpose(2, 0, 1))
    own, other = np.nonzero((apart < reach) & wanted)
    if len(own):
        ground[own, other] = shared_ground(first[own], second[other])
    low = np.maximum((first[:, 2] - first[:, 5] / 2)[:, None], second[:, 2] - second[:, 5] / 2)
    high = np.minimum((first[:, 2] + first[:, 5] / 2)[:, None], second[:, 2] + second[:, 5] / 2)
    space = ground * (high - low).clip(0)
    areas = first[:, 3:5].prod(1)[:, None] + second[:, 3:5].prod(1)
    volumes = first[:, 3:6].prod(1)[:, None] + second[:, 3:6].prod(1)
    return ground / (areas - ground).clip(1e-9), space / (volumes - space).clip(1e-9)


def shared_ground(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(P,) square metres that each pair of (P, 7) rows shares, seen from above.

    The corners of the shared polygon are corners of one that lie in the other, and where sides cross; in
    order about their middle they give its area.
    """
    ours, theirs = corners_of(first, second), corners_of(second, second)
    along, across = np.roll(ours, -1, 1) - ours, np.roll(theirs, -1, 1) - theirs
    gap = theirs[:, None] - ours[:, :, None]  # (P, 4, 4, 2): side of one, side of the other
    turn = cross(along[:, :, None], across[:, None])
    flat = np.abs(turn) < 1e-12
    turn = np.where(flat, 1.0, turn)
    share, other = cross(gap, across[:, None]) / turn, cross(gap, along[:, :, None]) / turn
    crosses = ~flat & (share >= 0) & (share <= 1) & (other >= 0) & (other <= 1)
    met = ours[:, :, None] + share[..., None] * along[:, :, None]
    corners = np.concatenate([ours, theirs, met.reshape(len(first), 16, 2)], 1)
    counts = np.concatenate(
        [holds(theirs, ours), holds(ours, theirs), crosses.reshape(len(first), 16)], axis=1
    )
    number = counts.sum(1)
    middle = (corners * counts[..., None]).sum(1) / number.clip(1)[:, None]
    spokes = corners - middle[:, None]
    order = np.argsort(np.where(counts, np.arctan2(spokes[..., 1], spokes[..., 0]), np.inf), 1)
    spokes = np.take_along_axis(spokes, order[..., None], 1)
    # those beyond the count repeat the first, so that they add nothing
    real = np.arange(24) < number[:, None]
    spokes = np.where(real[..., None], spokes, spokes[:, :1])
    area = cross(spokes, np.roll(spokes, -1, 1)).sum(1) / 2
    return np.where(number > 2, area, 0.0)


def corners_of(rows: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """(P, 4, 2) from the middles of `origin`: near zero nothing is lost to cancellation."""
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
    ahead, left = signs[:, 0] * rows[:, 3, None], signs[:, 1] * rows[:, 4, None]
    cos, sin = np.cos(rows[:, 6, None]), np.sin(rows[:, 6, None])
    x = rows[:, 0, None] - origin[:, 0, None] + ahead * cos - left * sin
    y = rows[:, 1, None] - origin[:, 1, None] + ahead * sin + left * cos
    return np.stack([x, y], -1)


def holds(outlines: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(P, 4) bool: which corners lie within the counter-clockwise outline of the same pair."""
    sides = np.roll(outlines, -1, 1) - outlines
    return (cross(sides[:, None], corners[:, :, None] - outlines[:, None]) >= -1e-9).all(2)


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The third number of the product of two flat vectors."""
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


Seen = tuple[np.ndarray, np.ndarray, np.ndarray]  # kinds, scores, rows of one sweep, best first


def outcomes(found: Sequence[Seen], sweeps: Sequence[Sweep]) -> tuple[np.ndarray, np.ndarray, int]:
    """(kind, score, whether it is right) of every prediction, labels by class, and how many labels count.

    Right is who is the first to overlap a label of its class by half, in space. Labels that count nothing
    are as COCO's crowds: finding them is neither right nor wrong.
    """
    told: list[tuple[float, float, float]] = []
    labels: list[int] = []
    for (kinds, sure, rows), sweep in zip(found, sweeps, strict=True):
        counts = sweep.weights > 0
        labels += sweep.kinds[counts].tolist()
        space = overlaps(rows, sweep.rows.astype(np.float64))[1]
        free = np.ones(len(sweep.rows), bool)
        for kind, score, shares in zip(kinds, sure, space, strict=True):
            fits = np.where(free & (sweep.kinds == kind), shares, 0.0)
            best = int(fits.argmax()) if len(fits) else -1
            hit = best >= 0 and fits[best] >= 0.5
            if hit and not counts[best]:
                continue
            if hit:
                free[best] = False
            told.append((float(kind), float(score), float(hit)))
    return np.array(told).reshape(-1, 3), np.array(labels, np.int64), len(labels)


def mean_average_precision(found: Sequence[Seen], sweeps: Sequence[Sweep]) -> float:
    """Average precision at an overlap in space of 0.5 by COCO's 101 levels, meaned over labelled classes."""
    told, labels, _ = outcomes(found, sweeps)
    precisions = []
    for kind in np.unique(labels):
        own = told[told[:, 0] == kind]
        right = np.cumsum(own[np.argsort(-own[:, 1], kind="stable"), 2])
        precision = right / np.arange(1, len(own) + 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        recall = right / (labels == kind).sum()
        at = np.searchsorted(recall, np.linspace(0, 1, 101))
        precisions.append(np.append(envelope, 0.0)[at].mean())
    return float(np.mean(precisions)) if precisions else 0.0


def best_threshold(found: Sequence[Seen], sweeps: Sequence[Sweep]) -> float:
    """The score from which on precision and recall are best together (F1 at an overlap of 0.5)."""
    told, _, labels = outcomes(found, sweeps)
    if not labels or not told[:, 2].any():
        return 0.5
    told = told[np.argsort(-told[:, 1], kind="stable")]
    f1 = 2 * np.cumsum(told[:, 2]) / (np.arange(1, len(told) + 1) + labels)
    return float(told[int(f1.argmax()), 1])


def finished(run: Run, model: Detector, held_out: Sweeps, field: Field) -> Model:
    """The model's files, with what is chosen on validation: overlap and threshold."""
    answers = [answer(model, sweep, field) for sweep in held_out]
    choices = []
    for overlap in OVERLAPS:
        tried = replace(field, overlap=overlap)
        found = [decoded(*each, tried) for each in answers]
        choices.append((mean_average_precision(found, held_out), tried, found))
    map50, field, found = max(choices, key=lambda choice: choice[0])
    threshold = best_threshold(found, held_out)
    told = {
        "kind": "cuboid_detector",
        "classes": list(run.classes),
        "corner": field.corner,
        "sides": field.sides,
        "pillar": field.pillar,
        "sizes": field.sizes.round(3).tolist(),
        "score": LOWEST,
        "threshold": round(threshold, 4),
        "overlap": field.overlap,
        "limit": LIMIT,
    }
    graph = onnx_graph(model, field)
    check_same(model, graph, held_out, field)
    run.say(
        f"Validation: mAP@0.5 {map50:.3f} by overlap in space, best F1 from a score of {threshold:.2f}, "
        f"overlap {field.overlap}."
    )
    weights = {name: each.cpu().contiguous() for name, each in model.state_dict().items()}
    files = {
        "model.safetensors": save(weights),
        "model.onnx": graph,
        "model.json": json.dumps(told, indent=1).encode(),
    }
    return Model(files, {"map50": map50})


def onnx_graph(model: Detector, field: Field, path: Path = Path("/tmp/model.onnx")) -> bytes:
    """The network as ONNX, for a sweep: `features`, `real`, `places` of pillars -> `scores`, `numbers`."""
    inputs = (
        torch.zeros(3, POINTS, FEATURES),
        torch.zeros(3, POINTS),
        torch.arange(3),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter takes a fifth of a second, the newer ten
        torch.onnx.export(
            OfOneSweep(copy.deepcopy(model).cpu().eval(), field.sides),
            inputs,
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["features", "real", "places"],
            output_names=["scores", "numbers"],
            dynamic_axes={name: {0: "pillars"} for name in ("features", "real", "places")},
        )
    return path.read_bytes()


class OfOneSweep(nn.Module):
    """The network for a sweep of known sides, with scores in place of logits."""

    def __init__(self, model: Detector, sides: tuple[int, int]) -> None:
        super().__init__()
        self.model, self.sides = model, sides

    def forward(self, features: Tensor, real: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        logits, numbers = self.model(features, real, places, 1, self.sides)
        return logits.sigmoid(), numbers


def check_same(model: Detector, graph: bytes, held_out: Sweeps, field: Field) -> None:
    """Raise Refused `run.onnx_differs` unless ONNX Runtime finds what PyTorch finds, on a few sweeps."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for number in range(min(2, len(held_out))):
        inputs = inputs_of(held_out[number], field)
        if not len(inputs[2]):
            continue  # the network's answer to nothing is no answer
        scores, numbers, _ = answer(model, held_out[number], field)
        other_scores, other = session.run(
            None, dict(zip(("features", "real", "places"), inputs, strict=True))
        )
        if np.abs(scores - other_scores[0]).max() > 1e-3 or np.abs(numbers - other[0]).max() > 0.02:
            raise Refused(
                "run.onnx_differs",
                "No model was made: what would be deployed does not find what was trained.",
                "Report this with the run's log.",
            )
