"""The detector's recipe, piece by piece, and its two ways of predicting against each other."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from plugins.image.predictor import open_detector
from tests.plugins import recipe_kit


@pytest.fixture(scope="module")
def recipe() -> Iterator[ModuleType]:
    with recipe_kit.recipe("image", "detect_boxes") as found:
        yield found


def example(recipe: ModuleType, picture: np.ndarray, *boxes: tuple[float, float, float, float]) -> object:
    return recipe.Example(
        picture, np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(boxes), np.int64), 1.0
    )


def several(recipe: ModuleType, pictures: list[np.ndarray], classes: list[int]) -> object:
    """Pictures that each hold one object over all of them."""
    from atelier_run import Sample

    samples = [
        Sample(
            str(number),
            str(number),
            cv2.imencode(".png", picture)[1].tobytes(),
            (name,),
            ((0.0, 0.0, float(picture.shape[1]), float(picture.shape[0])),),
        )
        for number, (picture, name) in enumerate(zip(pictures, classes, strict=True))
    ]
    return recipe.Pictures(samples, (64, 64))


@pytest.mark.parametrize("mirrors", [(), ("horizontal",), ("horizontal", "vertical")])
def test_boxes_follow_their_pixels_through_every_view(recipe: ModuleType, mirrors: tuple[str, ...]) -> None:
    random = np.random.default_rng(1)
    params = recipe.Params(colour=0.0, shrink=0.5)
    for _ in range(50):
        x, y = random.integers(0, 60, 2)
        w, h = random.integers(8, 20, 2)
        picture = np.full((80, 80, 3), recipe.PAD, np.uint8)
        picture[y : y + h, x : x + w] = 255
        view = recipe.augmented(
            example(recipe, picture, (x, y, x + w, y + h)), (96, 80), random, mirrors, params
        )
        rows, columns = np.nonzero(view.picture[..., 0] > (255 + recipe.PAD) / 2)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert view.picture.shape == (80, 96, 3)
        assert view.boxes[0] == pytest.approx(seen, abs=1.0)


def test_cells_may_be_mirrored_and_digits_may_not(recipe: ModuleType) -> None:
    digits = load_digits()
    pictures = [cv2.resize(each.astype(np.uint8) * 15, (40, 40)) for each in digits.images[:300]]
    written = several(recipe, [np.dstack([each] * 3) for each in pictures], digits.target[:300].tolist())
    assert recipe.allowed_mirrors(written, "auto") == ()
    random = np.random.default_rng(2)
    discs = []
    for _ in range(20):
        disc = random.integers(0, 60, (40, 40, 3), dtype=np.uint8)
        cv2.circle(disc, (20, 20), 15, (200, 80, 80), -1)
        discs.append(disc)
    assert recipe.allowed_mirrors(several(recipe, discs, [0] * 20), "auto") == ("horizontal", "vertical")


def test_of_boxes_that_overlap_the_best_of_each_class_stays(recipe: ModuleType) -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [0, 0, 10, 10], [30, 30, 40, 40]], np.float32)
    scores = np.array([[0.9, 0.0], [0.8, 0.0], [0.0, 0.7], [0.6, 0.0]], np.float32)
    kinds, sure, kept = recipe.decoded(scores, boxes, overlap=0.5)
    assert list(kinds) == [0, 1, 0]
    assert sure.tolist() == pytest.approx([0.9, 0.7, 0.6])
    assert kept.tolist() == [[0, 0, 10, 10], [0, 0, 10, 10], [30, 30, 40, 40]]


def test_a_picture_without_boxes_and_a_single_class_teach_too(recipe: ModuleType) -> None:
    model = recipe.Detector(1, (64, 64)).train()
    empty = example(recipe, np.zeros((64, 64, 3), np.uint8))
    batch = recipe.collate([empty, empty], "cpu")
    centre, box = recipe.losses(model(batch.pictures), recipe.cells_of((64, 64)), batch)
    (centre + box).backward()
    assert np.isfinite([centre.item(), box.item()]).all()
    assert box.item() == 0


def scene(recipe: ModuleType, weights: tuple[float, ...] | None, classes: tuple[int, int] = (0, 1)) -> object:
    """A disc at the left and a square at the right, each with its box."""
    picture = np.full((64, 64, 3), 20, np.uint8)
    cv2.circle(picture, (16, 32), 10, (250, 60, 40), -1)
    cv2.rectangle(picture, (38, 22), (58, 42), (40, 230, 60), -1)
    boxes = np.array([[6, 22, 26, 42], [38, 22, 58, 42]], np.float32)
    held = None if weights is None else np.array(weights, np.float32)
    return recipe.Example(picture, boxes, np.array(classes, np.int64), 1.0, held)


def gradients(recipe: ModuleType, *examples: object) -> list[np.ndarray]:
    """What one step would learn from `examples`, and the two losses."""
    import torch

    torch.manual_seed(0)
    model = recipe.Detector(2, (64, 64)).train()
    batch = recipe.collate(examples, "cpu")
    centre, box = recipe.losses(model(batch.pictures), recipe.cells_of((64, 64)), batch)
    (centre + 5.0 * box).backward()
    return [centre.detach().numpy(), box.detach().numpy()] + [
        each.grad.numpy() for each in model.parameters() if each.grad is not None
    ]


def test_full_weights_are_bit_for_bit_as_none(recipe: ModuleType) -> None:
    plain = gradients(recipe, scene(recipe, None), scene(recipe, None))
    for weighed in ((1.0, 1.0), None):
        said = gradients(recipe, scene(recipe, None), scene(recipe, weighed))
        assert all(np.array_equal(one, two) for one, two in zip(plain, said, strict=True))


def test_an_object_of_less_weight_pulls_less_and_of_none_not_at_all(recipe: ModuleType) -> None:
    import torch

    cells = recipe.cells_of((64, 64))
    pulls = []
    for weight in (1.0, 0.5, 0.0):
        batch = recipe.collate([scene(recipe, (1.0, weight))], "cpu")
        logits = torch.full((1, len(cells), 2), -2.0, requires_grad=True)
        boxes = torch.cat([cells * 4 - 5, cells * 4 + 9], -1).unsqueeze(0).requires_grad_()
        centre, box = recipe.losses((logits, boxes), cells, batch)
        (centre + box).backward()
        of_square = recipe.gaussians(cells, batch)[0, 1] > 0
        pulls.append(
            (logits.grad[0, of_square].abs().sum().item(), boxes.grad[0, of_square].abs().sum().item())
        )
    (full, full_box), (half, half_box), (none, none_box) = pulls
    assert half == pytest.approx(full / 2)
    assert half_box == pytest.approx(full_box / 2)
    assert none == none_box == 0.0
    # nor does it matter what it was said to be
    first, second = (gradients(recipe, scene(recipe, (1.0, 0.0), classes)) for classes in ((0, 1), (0, 0)))
    assert all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


@pytest.mark.parametrize(("weight", "is_learned"), [(1.0, True), (0.0, False)])
def test_objects_of_no_weight_do_not_train(recipe: ModuleType, weight: float, is_learned: bool) -> None:
    import torch

    torch.manual_seed(0)
    model = recipe.Detector(2, (64, 64)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch = recipe.collate([scene(recipe, (1.0, weight))] * 2, "cpu")
    for _ in range(40):
        centre, box = recipe.losses(model(batch.pictures), recipe.cells_of((64, 64)), batch)
        optimizer.zero_grad()
        (centre + 5.0 * box).backward()
        optimizer.step()
    scores = model(batch.pictures)[0][0].sigmoid().detach().numpy().reshape(16, 16, 2)
    assert scores[8, 4, 0] > 0.5  # the disc's centre
    assert (scores[8, 12, 1] > 0.5) == is_learned


def test_a_label_of_no_weight_is_neither_right_nor_wrong(recipe: ModuleType) -> None:
    from atelier_run import Sample

    picture = cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    boxes = ((0.0, 0.0, 20.0, 20.0), (40.0, 40.0, 60.0, 60.0))
    pictures = recipe.Pictures([Sample("a", "a", picture, (0, 0), boxes, (1.0, 0.0))], (64, 64))
    for seen in (boxes[:1], boxes):
        found = (np.zeros(len(seen), int), np.linspace(0.9, 0.8, len(seen)), np.array(seen, np.float32))
        assert recipe.mean_average_precision([found], pictures) == pytest.approx(1.0)
        assert recipe.best_threshold([found], pictures) == pytest.approx(0.9)


def test_of_a_box_beyond_its_picture_only_what_can_be_seen_is_taught(recipe: ModuleType) -> None:
    from atelier_run import Sample

    picture = cv2.imencode(".png", np.zeros((32, 64, 3), np.uint8))[1].tobytes()
    boxes = ((40.0, 10.0, 90.0, 90.0), (70.0, 0.0, 80.0, 9.0), (0.0, 0.0, 64.0, 32.0))
    seen = recipe.Pictures([Sample("a", "a", picture, (0, 1, 2), boxes)], (64, 64))[0]
    assert seen.boxes.tolist() == [[40, 10, 64, 32], [0, 0, 64, 32]]
    assert seen.classes.tolist() == [0, 2]


def test_a_perfect_answer_has_the_precision_of_one(recipe: ModuleType) -> None:
    pictures = several(recipe, [np.zeros((64, 64, 3), np.uint8)] * 3, [0, 1, 1])
    found = [(each.classes, np.ones(1), each.boxes) for each in map(pictures.__getitem__, range(3))]
    assert recipe.mean_average_precision(found, pictures) == pytest.approx(1.0)
    assert recipe.mean_average_precision([], pictures) == 0.0
    assert recipe.best_threshold(found, pictures) == 1.0


@pytest.mark.parametrize("mirrored", [False, True])
def test_onnx_runtime_finds_what_pytorch_finds(recipe: ModuleType, tmp_path: Path, mirrored: bool) -> None:
    import torch

    torch.manual_seed(0)
    model = recipe.Detector(3, (96, 64), mirrored=mirrored).eval()
    torch.nn.init.normal_(model.centre.weight, std=0.5)  # so that something is found
    told = {
        "kind": "box_detector",
        "classes": ["a", "b", "c"],
        "width": 96,
        "height": 64,
        "score": 0.01,
        "threshold": 0.5,
        "overlap": 0.5,
        "limit": 50,
        "flip": mirrored,
    }
    (tmp_path / "model.json").write_text(json.dumps(told))
    (tmp_path / "model.onnx").write_bytes(recipe.onnx_graph(model, tmp_path / "model.onnx"))
    (tmp_path / "model.safetensors").write_bytes(recipe.save(dict(model.state_dict())))
    ours, theirs = recipe.load(tmp_path), open_detector(tmp_path)
    random = np.random.default_rng(3)
    for height, width in ((64, 96), (480, 640), (33, 200), (7, 5)):
        picture = random.integers(0, 255, (height, width, 3), dtype=np.uint8)
        first, second = ours.predict([picture])[0], theirs.predict([picture])[0]
        assert len(first) == len(second) > 0
        for one, (name, score, xyxy) in zip(first, second, strict=True):
            assert one.class_name == name
            assert one.score == pytest.approx(score, abs=1e-4)
            assert one.shape == pytest.approx(xyxy, abs=0.05)
            assert 0 <= xyxy[0] < xyxy[2] <= width
            assert 0 <= xyxy[1] < xyxy[3] <= height
