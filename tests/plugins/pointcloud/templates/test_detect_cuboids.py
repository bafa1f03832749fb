"""The recipe of the 3-D detector, piece by piece: pillars, numbers of a cuboid, overlaps, learning, ONNX."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.sight import packed
from studio.domain.overlap import cuboid_iou, ground_iou
from tests.plugins import recipe_kit

METRES = st.floats(-30, 30)
SIDE = st.floats(0.3, 12)
CUBOIDS = st.tuples(METRES, METRES, st.floats(-2, 3), SIDE, SIDE, SIDE, st.floats(-3.1, 3.1))


@pytest.fixture(scope="module")
def recipe() -> Iterator[ModuleType]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a run; on a busy machine more of them wait for each other
    with recipe_kit.recipe("pointcloud", "detect_cuboids") as found:
        yield found
    torch.set_num_threads(threads)


def field(recipe: ModuleType, classes: int = 2, side: int = 64) -> Any:
    """16 m of ground about the sensor."""
    sizes = np.array([[4.5, 1.8, 1.5], [0.7, 0.7, 1.7]], np.float32)[:classes]
    return recipe.Field((-side / 8, -side / 8), (side, side), 0.25, sizes)


def a_sweep(recipe: ModuleType, *rows: tuple[float, ...], seed: int = 0) -> Any:
    """Flat ground, and points all over cuboids: of class 0 where they are long, else of class 1."""
    rng = np.random.default_rng(seed)
    ground = np.column_stack(
        [rng.uniform(-8, 8, (2_000, 2)), rng.normal(0, 0.02, 2_000), np.full(2_000, 0.2)]
    )
    clouds = [ground]
    for x, y, z, length, width, height, yaw in rows:
        own = rng.uniform(-0.5, 0.5, (400, 3)) * (length, width, height)
        cos, sin = math.cos(yaw), math.sin(yaw)
        clouds.append(
            np.column_stack(
                [
                    x + own[:, 0] * cos - own[:, 1] * sin,
                    y + own[:, 0] * sin + own[:, 1] * cos,
                    z + own[:, 2],
                    np.full(400, 0.7),
                ]
            )
        )
    points = np.concatenate(clouds).astype(np.float32)
    labels = np.array(rows, np.float32).reshape(-1, 7)
    kinds = (labels[:, 3] < 2).astype(np.int64)
    return recipe.Sweep(points, labels, kinds, np.ones(len(rows), np.float32), 0.0)


CAR, OTHER, WALKER = (
    (3.0, 1.0, 0.75, 4.5, 1.8, 1.5, 0.4),
    (-3.0, 4.0, 0.75, 4.2, 1.8, 1.5, 1.9),
    (-2.0, -3.0, 0.85, 0.7, 0.7, 1.7, 0.0),
)


def batch_of(recipe: ModuleType, *sweeps: Any) -> Any:
    """Whole fields as windows."""
    ground = field(recipe)
    windows = []
    for sweep in sweeps:
        corner = np.array([*ground.corner, 0, 0], np.float32)
        rows = sweep.rows - np.array([*ground.corner, 0, 0, 0, 0, 0], np.float32)
        away = np.hypot(sweep.points[:, 0], sweep.points[:, 1])
        windows.append(recipe.Window(sweep.points - corner, rows, sweep.kinds, sweep.weights, away))
    return recipe.collate(windows, ground.sides, ground.pillar, "cpu")


def test_points_are_read_as_the_plug_in_packs_them(recipe: ModuleType) -> None:
    given_points = np.array([[1.234, -56.789, 0.5, 0.25], [np.nan, 0, 0, 0], [400.0, 0, 0, 0], [0, 0, 0, 1]])
    found = recipe.decode(packed(given_points))
    assert found.shape == (2, 4)
    assert np.abs(found - given_points[[0, 3]]).max() < 0.006
    assert recipe.decode(b"123") is None
    assert recipe.decode(b"").shape == (0, 4)


@given(cuboid=CUBOIDS, offset=st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_a_cuboid_comes_back_from_its_numbers(
    recipe: ModuleType, cuboid: tuple[float, ...], offset: tuple[float, float]
) -> None:
    import torch

    row = torch.tensor([cuboid], dtype=torch.float64)
    usual = torch.tensor([[4.0, 2.0, 1.5]], dtype=torch.float64)
    middle = row[:, :2] + torch.tensor([offset], dtype=torch.float64)
    back = recipe.cuboids_of(recipe.encoded(row, usual, middle, 0.5), usual, middle, 0.5)
    within = [math.log(side / 4) for side in cuboid[3:4]] + [
        math.log(cuboid[4] / 2),
        math.log(cuboid[5] / 1.5),
    ]
    sizes = torch.tensor(within).clamp(-2, 2).exp() * usual[0]  # no more is believed
    assert back[0, :3].tolist() == pytest.approx(cuboid[:3], abs=1e-9)
    assert back[0, 3:6].tolist() == pytest.approx(sizes.tolist(), abs=1e-6)
    assert math.remainder(float(back[0, 6]) - cuboid[6], 2 * math.pi) == pytest.approx(0, abs=1e-6)


@settings(max_examples=200)
@given(first=st.lists(CUBOIDS, min_size=1, max_size=4), second=st.lists(CUBOIDS, min_size=1, max_size=4))
def test_overlaps_are_those_that_judge(
    recipe: ModuleType, first: list[tuple[float, ...]], second: list[tuple[float, ...]]
) -> None:
    one = np.array(first)
    # near enough that they meet
    two = np.array(second) * np.array([0.1, 0.1, 1, 1, 1, 1, 1]) + np.array([*one[0, :2], 0, 0, 0, 0, 0])
    ground, space = recipe.overlaps(one, two)
    assert ground == pytest.approx(ground_iou(one, two), abs=1e-6)
    assert space == pytest.approx(cuboid_iou(one, two), abs=1e-6)


def test_of_cuboids_that_overlap_the_best_of_each_class_stays_and_a_rider_on_its_cycle(
    recipe: ModuleType,
) -> None:
    cycle = (0.0, 0.0, 0.55, 1.8, 0.6, 1.1, 0.0)
    rider = (0.0, 0.0, 1.2, 0.8, 0.6, 1.5, 0.0)
    rows = np.array([cycle, rider, (0.2, 0.0, 0.55, 1.8, 0.6, 1.1, 0.1), (9.0, 0, 0.5, 1.8, 0.6, 1.1, 0)])
    assert recipe.alone(rows, np.array([0, 1, 0, 0]), 0.1).tolist() == [0, 1, 3]
    # the same thing once more, as another class
    assert recipe.alone(rows[[0, 2]], np.array([0, 1]), 0.1).tolist() == [0]


def test_each_pillar_holds_the_points_that_stand_on_its_square(recipe: ModuleType) -> None:
    rng = np.random.default_rng(1)
    cloud = np.column_stack([rng.uniform(0, 4, (300, 2)), rng.uniform(0, 2, 300), rng.random(300)])
    cloud = cloud.astype(np.float32)
    away = np.hypot(cloud[:, 0], cloud[:, 1])
    features, real, places = recipe.pillars_of(cloud, away, (8, 8), 0.5)
    squares = np.floor(cloud[:, 0] / 0.5) * 8 + np.floor(cloud[:, 1] / 0.5)
    assert places.tolist() == sorted(set(squares.astype(int).tolist()))
    counts = [min(recipe.POINTS, int((squares == place).sum())) for place in places]
    assert real.sum(1).tolist() == counts
    for number, place in enumerate(places.tolist()):
        own = cloud[squares == place]
        middle = (np.array([place // 8, place % 8]) + 0.5) * 0.5
        back = features[number, real[number] > 0, :2] * 0.5 + middle
        assert np.abs(back[:, None] - own[None, :, :2]).max(2).min(1).max() < 1e-5
    assert recipe.pillars_of(cloud[:0], away[:0], (8, 8), 0.5)[2].shape == (0,)


@pytest.mark.parametrize("mirror", [False, True])
@given(angle=st.floats(-3.1, 3.1), scale=st.floats(0.9, 1.1))
def test_a_turned_scaled_or_mirrored_cuboid_holds_the_points_that_it_held(
    recipe: ModuleType, mirror: bool, angle: float, scale: float
) -> None:
    sweep = a_sweep(recipe, CAR, OTHER, WALKER)
    cloud, rows = recipe.turned(sweep.points, sweep.rows, angle, scale, mirror)
    for before, after in zip(sweep.rows, rows, strict=True):
        held = recipe.inside(sweep.points, before, 0.02)
        assert (recipe.inside(cloud, after, 0.04) | ~held).all()
        assert not (recipe.inside(cloud, after, -0.04) & ~held).any()


def test_cuboids_follow_their_points_through_every_window(recipe: ModuleType) -> None:
    params = recipe.Params(window_m=16.0, turn=180.0, paste=0, thin=0.0)
    ground = field(recipe)
    sweep = a_sweep(recipe, CAR, OTHER, WALKER)
    random = np.random.default_rng(3)
    held = []
    for _ in range(40):
        window = recipe.window_of(sweep, ground, [[], []], random, params)
        for row in window.rows:
            held.append(int(recipe.inside(window.points, row, 0.02).sum()))
    assert len(held) > 40
    assert np.mean(np.array(held) > 150) > 0.9  # those at a window's edge are seen in part


def test_things_of_other_sweeps_stand_where_nothing_is_and_as_far_away(recipe: ModuleType) -> None:
    sweeps = [a_sweep(recipe, CAR, WALKER), a_sweep(recipe, OTHER, seed=1)]
    things = recipe.things_of(sweeps, field(recipe), 2)
    assert [len(each) for each in things] == [2, 1]
    random = np.random.default_rng(4)
    for _ in range(20):
        sweep = sweeps[0]
        cloud, rows, kinds, weights = recipe.with_things(
            sweep.points, sweep.rows, sweep.kinds, sweep.weights, things, random, 3
        )
        assert len(rows) == len(kinds) == len(weights)
        ground, _ = recipe.overlaps(rows.astype(float), rows.astype(float))
        assert (ground - np.eye(len(rows))).max() < 0.01
        for row in rows[2:]:
            assert min(abs(np.hypot(*row[:2]) - np.hypot(*each[:2])) for each in (CAR, OTHER, WALKER)) < 0.01
            assert recipe.inside(cloud, row, 0.05).sum() > 300


def test_an_empty_sweep_and_one_without_labels_teach_too(recipe: ModuleType) -> None:
    empty = recipe.Sweep(np.zeros((0, 4), np.float32), *recipe.no_labels(), 0.0)
    model = recipe.Detector(2).train()
    batch = batch_of(recipe, empty, a_sweep(recipe))
    centre, cuboid = recipe.losses(model(*batch.inputs, 2, batch.sides), batch, field(recipe))
    (centre + cuboid).backward()
    assert np.isfinite([centre.item(), cuboid.item()]).all()
    assert cuboid.item() == 0
    assert recipe.floor_of(empty.points) == 0.0


def test_a_label_without_points_counts_nothing_and_is_neither_right_nor_wrong(recipe: ModuleType) -> None:
    from atelier_run import Sample

    sweep = a_sweep(recipe, CAR)
    hidden = (-6.0, -6.0, 30.0, 4.5, 1.8, 1.5, 0.0)  # high in the air
    told = recipe.sweep_of(Sample("a", "a", packed(sweep.points.astype(float)), (0, 0), (CAR, hidden)))
    assert told.weights.tolist() == [1, 0]
    seen = (np.array([0]), np.array([0.9]), np.array([CAR]))
    both = (np.array([0, 0]), np.array([0.9, 0.8]), np.array([CAR, hidden]))
    assert recipe.mean_average_precision([seen], [told]) == pytest.approx(1.0)
    assert recipe.mean_average_precision([both], [told]) == pytest.approx(1.0)
    assert recipe.best_threshold([both], [told]) == pytest.approx(0.9)


def test_points_that_cannot_be_read_and_labels_without_points_are_refused(recipe: ModuleType) -> None:
    from atelier_run import Refused, Sample

    with pytest.raises(Refused) as caught:
        recipe.sweep_of(Sample("drive, frame 3", "a", b"123", (), ()))
    assert caught.value.code == "run.bad_points"
    assert "drive, frame 3" in caught.value.message
    sweeps = recipe.Sweeps([Sample("a", "a", b"", (0,), (CAR,))])
    with pytest.raises(Refused) as caught:
        recipe.field_of(sweeps, 1, recipe.Params())
    assert caught.value.code == "run.no_points"


def test_an_object_of_no_weight_pulls_nothing(recipe: ModuleType) -> None:
    import torch

    sweep = a_sweep(recipe, CAR, WALKER)
    pulls = []
    for weight in (1.0, 0.5, 0.0):
        batch = batch_of(recipe, sweep)
        batch.weights[0, 1] = weight
        cells = recipe.cells_of(batch.sides, 0.5)
        logits = torch.full((1, len(cells), 2), -2.0, requires_grad=True)
        numbers = torch.zeros(1, len(cells), 2, recipe.REGRESSED, requires_grad=True)
        sum(recipe.losses((logits, numbers), batch, field(recipe))).backward()
        of_walker = recipe.gaussians(cells, batch, 0.5)[0, 1] > 0
        pulls.append((logits.grad[0, of_walker].abs().sum().item(), numbers.grad[0, :, 1].abs().sum().item()))
    (full, full_shape), (half, half_shape), (none, none_shape) = pulls
    assert (half, half_shape) == pytest.approx((full / 2, full_shape / 2))
    assert none == none_shape == 0.0


def test_it_learns_a_sweep_by_heart_and_onnx_finds_the_same(recipe: ModuleType, tmp_path: Path) -> None:
    import torch

    torch.manual_seed(0)
    ground = field(recipe)
    sweep = a_sweep(recipe, CAR, OTHER, WALKER)
    model = recipe.Detector(2).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch = batch_of(recipe, sweep)
    for _ in range(60):
        loss = sum(recipe.losses(model(*batch.inputs, 1, batch.sides), batch, ground))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.5  # what it has seen so far is long past
    for _ in range(10):
        model(*batch.inputs, 1, batch.sides)
    model.eval()
    kinds, sure, rows = recipe.decoded(*recipe.answer(model, sweep, ground), ground)
    assert sorted(kinds[sure > 0.4].tolist()) == [0, 0, 1]
    space = recipe.overlaps(rows[sure > 0.4], sweep.rows.astype(float))[1]
    assert (space.max(0) > 0.5).all()
    graph = recipe.onnx_graph(model, ground, tmp_path / "model.onnx")
    assert len(graph) < 4_000_000
    recipe.check_same(model, graph, [sweep], ground)
    other = recipe.Detector(2).eval()
    with pytest.raises(recipe.Refused):
        recipe.check_same(other, graph, [sweep], ground)


def test_labels_ahead_alone_are_looked_for_ahead_alone(recipe: ModuleType) -> None:
    rng = np.random.default_rng(0)
    ahead = np.column_stack([rng.uniform(5, 40, 200), rng.uniform(-15, 15, 200)])
    low, high = recipe.reach_of(ahead)
    assert low[0] > 0
    assert high[0] > 40
    low, high = recipe.reach_of(ahead * np.where(rng.random((200, 1)) < 0.3, -1, 1))
    assert (low == -high).all()


def test_the_form_has_a_default_and_bounds_for_everything(recipe: ModuleType) -> None:
    import msgspec

    schema = json.loads(msgspec.json.encode(msgspec.json.schema(recipe.Params)))
    properties = schema["$defs"]["Params"]["properties"]
    assert all({"default", "description"} <= set(each) for each in properties.values())
