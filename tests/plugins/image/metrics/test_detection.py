"""Judging boxes: against a plain implementation of COCO's rules, and on cases that a person can count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.image.metrics import BOX_DETECTION
from plugins.judging import best_threshold
from studio.domain.contracts.training import Judged
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.geometry import iou_matrix
from studio.domain.ids import StreamId, new_id

CLASSES = ("cell", "platelet")
Drawn = tuple[str, tuple[float, float, float, float]]
Found = tuple[str, tuple[float, float, float, float], float]


def judged(labels: list[Drawn], found: list[Found], name: str = "a.png") -> Judged:
    """One picture of 640 x 480 with these boxes."""
    drawn: list[AnyEntity] = []
    predicted: list[AnyEntity] = []
    scores = []
    for class_name, xyxy in labels:
        drawn += _box(class_name, xyxy)
    for class_name, xyxy, score in found:
        predicted += _box(class_name, xyxy)
        scores.append((predicted[-1].id, score))
    return Judged(new_id(), name, tuple(drawn), tuple(predicted), tuple(scores), 1, 640, 480, StreamId("s"))


def _box(class_name: str, xyxy: tuple[float, float, float, float]) -> list[AnyEntity]:
    track = Track(new_id(), class_name)  # type: ignore[arg-type]
    return [track, Box(new_id(), track.id, StreamId("s"), 0, xyxy)]  # type: ignore[arg-type]


def naive_map50(items: list[Judged]) -> float:
    """Average precision as COCO's paper tells it, one loop after the other."""
    found_classes = sorted(
        {each.class_name for item in items for each in item.labels if isinstance(each, Track)}
    )
    precisions = []
    for name in found_classes:
        ranked: list[tuple[float, bool]] = []
        positives = 0
        for item in items:
            own = {
                each.id
                for each in (*item.labels, *item.predictions)
                if getattr(each, "class_name", "") == name
            }
            labels = [each for each in item.labels if isinstance(each, Box) and each.track in own]
            predictions = [each for each in item.predictions if isinstance(each, Box) and each.track in own]
            scores = dict(item.scores)
            positives += len(labels)
            free = list(labels)
            for each in sorted(predictions, key=lambda box: -scores[box.id]):
                overlap = [
                    float(iou_matrix(np.array([each.xyxy]), np.array([label.xyxy]))[0, 0]) for label in free
                ]
                hit = bool(overlap) and max(overlap) >= 0.5
                if hit:
                    free.pop(overlap.index(max(overlap)))
                ranked.append((scores[each.id], hit))
        ranked.sort(key=lambda pair: -pair[0])
        steps = []
        right = 0
        for count, (_, hit) in enumerate(ranked, 1):
            right += hit
            steps.append((right / positives, right / count))
        precisions.append(
            sum(max([p for r, p in steps if r >= level], default=0.0) for level in np.linspace(0, 1, 101))
            / 101
        )
    return sum(precisions) / len(precisions) if precisions else 0.0


corner = st.integers(0, 20).map(lambda n: n * 10.0)
side = st.integers(2, 12).map(lambda n: n * 10.0)
boxes = st.tuples(corner, corner, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@st.composite
def pictures(draw: st.DrawFn) -> list[Judged]:
    """A few crowded pictures; all scores differ, since the order of equal ones is nobody's promise."""
    names = st.sampled_from(CLASSES)
    shapes = draw(
        st.lists(
            st.tuples(
                st.lists(st.tuples(names, boxes), max_size=5), st.lists(st.tuples(names, boxes), max_size=6)
            ),
            min_size=1,
            max_size=5,
        )
    )
    count = sum(len(found) for _, found in shapes)
    order = draw(st.permutations(range(count)))
    scores = iter([(rank + 1) / (count + 1) for rank in order])
    return [
        judged(labels, [(name, box, next(scores)) for name, box in found], f"{index}.png")
        for index, (labels, found) in enumerate(shapes)
    ]


@given(pictures())
def test_the_score_is_what_a_plain_reading_of_cocos_rules_gives(items: list[Judged]) -> None:
    assert BOX_DETECTION.score(items, CLASSES) == pytest.approx(naive_map50(items), abs=1e-9)


@given(pictures(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_resample_scores_as_if_its_items_had_been_judged_one_by_one(items: list[Judged], seed: int) -> None:
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(items), (3, len(items)))
    counts = np.stack([np.bincount(draw, minlength=len(items)) for draw in draws])
    fast = BOX_DETECTION.resampled_scores(items, CLASSES, counts)
    slow = [BOX_DETECTION.score([items[index] for index in draw], CLASSES) for draw in draws]
    assert fast.tolist() == pytest.approx(slow, abs=1e-6)


@given(pictures())
def test_every_label_and_every_certain_prediction_has_exactly_one_outcome(items: list[Judged]) -> None:
    judgement = BOX_DETECTION.judge(items, CLASSES, 0.5)
    labels = [each.id for item in items for each in item.labels if isinstance(each, Box)]
    told = [match.label for match in judgement.matches if match.label is not None]
    assert sorted(told) == sorted(labels)
    certain = sum(score >= judgement.threshold for item in items for _, score in item.scores)
    assert sum(match.predicted_xyxy is not None for match in judgement.matches) == certain
    table = np.array(judgement.confusion)
    assert table.sum() == len(judgement.matches)
    assert table[-1, -1] == 0
    right = sum(match.outcome == "true_positive" for match in judgement.matches)
    assert np.trace(table) == right
    assert all(match.iou >= 0.5 for match in judgement.matches if match.outcome == "confusion")


@given(pictures())
@settings(max_examples=25)
def test_no_other_threshold_gives_a_better_f1(items: list[Judged]) -> None:
    judgement = BOX_DETECTION.judge(items, CLASSES, 0.5)
    best = dict(judgement.metrics)["f1"]
    labels = sum(isinstance(each, Box) for item in items for each in item.labels)
    for _, threshold in (pair for item in items for pair in item.scores):
        cut = [
            Judged(
                item.item,
                item.name,
                item.labels,
                tuple(
                    each
                    for each in item.predictions
                    if isinstance(each, Track) or dict(item.scores)[each.id] >= threshold
                ),
                item.scores,
                width=640,
                height=480,
            )
            for item in items
        ]
        matches = BOX_DETECTION.judge(cut, CLASSES, 0.5).matches
        right = sum(match.outcome == "true_positive" for match in matches)
        shown = sum(score >= threshold for item in items for _, score in item.scores)
        assert 2 * right / (shown + labels) <= best + 1e-12


def test_perfect_predictions_score_one_and_leave_the_sheets_empty() -> None:
    labels: list[Drawn] = [("cell", (10, 10, 60, 60)), ("platelet", (100, 100, 110, 112))]
    judgement = BOX_DETECTION.judge([judged(labels, [(*each, 0.9) for each in labels])], CLASSES, 0.5)
    assert dict(judgement.metrics) == {"map50": 1, "map": 1, "precision": 1, "recall": 1, "f1": 1}
    assert {match.outcome for match in judgement.matches} == {"true_positive"}
    assert judgement.confusion == ((1, 0, 0), (0, 1, 0), (0, 0, 0))


def test_each_kind_of_mistake_is_told_apart() -> None:
    item = judged(
        [("cell", (0, 0, 50, 50)), ("cell", (100, 0, 150, 50)), ("platelet", (200, 0, 250, 50))],
        [
            ("cell", (0, 0, 50, 50), 0.99),
            ("cell", (200, 0, 250, 50), 0.98),  # takes a platelet for a cell
            ("cell", (0, 0, 50, 48), 0.97),  # the first cell a second time
            ("cell", (100, 0, 150, 50), 0.96),
        ],
    )
    judgement = BOX_DETECTION.judge([item], CLASSES, 0.5)
    told = [(match.outcome, match.labelled, match.predicted) for match in judgement.matches]
    assert told == [
        ("true_positive", "cell", "cell"),
        ("confusion", "platelet", "cell"),
        ("false_positive", "", "cell"),
        ("true_positive", "cell", "cell"),
    ]
    assert judgement.confusion == ((2, 0, 0), (1, 0, 0), (1, 0, 0))
    assert judgement.matches[2].iou == pytest.approx(0.96)


def test_a_prediction_below_the_threshold_is_no_mistake_and_its_label_is_missed() -> None:
    items = [judged([("cell", (0, 0, 50, 50))], [("cell", (0, 0, 50, 50), 0.9)]) for _ in range(9)]
    items.append(judged([("cell", (0, 0, 50, 50))], [("cell", (300, 0, 350, 50), 0.1)]))
    judgement = BOX_DETECTION.judge(items, ("cell",), 0.5)
    assert judgement.threshold == 0.9
    assert dict(judgement.metrics)["precision"] == 1
    assert dict(judgement.metrics)["recall"] == 0.9
    assert judgement.matches[-1].outcome == "false_negative"


@pytest.mark.parametrize(
    ("labels", "found"),
    [([], []), ([("cell", (0, 0, 9, 9))], []), ([], [("cell", (0, 0, 9, 9), 0.7)])],
    ids=["nothing at all", "no predictions", "no labels"],
)
def test_empty_sides_score_zero_and_hold_no_nan(labels: list[Drawn], found: list[Found]) -> None:
    judgement = BOX_DETECTION.judge([judged(labels, found)], CLASSES, 0.5)
    assert dict(judgement.metrics)["map50"] == 0
    figures = [value for _, value in judgement.metrics] + [each.ap for each in judgement.per_class]
    assert np.isfinite(figures).all()
    assert BOX_DETECTION.resampled_scores(
        [judged(labels, found)], CLASSES, np.ones((2, 1), int)
    ).tolist() == [0, 0]


def test_no_items_at_all_judge_to_zero() -> None:
    assert dict(BOX_DETECTION.judge([], CLASSES, 0.5).metrics)["map50"] == 0
    assert BOX_DETECTION.score([], CLASSES) == 0


def test_a_class_that_only_the_model_knows_is_shown_and_spoils_no_average() -> None:
    item = judged(
        [("cell", (0, 0, 50, 50))],
        [("cell", (0, 0, 50, 50), 0.9), ("dust", (300, 300, 340, 340), 0.95)],
    )
    judgement = BOX_DETECTION.judge([item], ("cell",), 0.5)
    assert judgement.confusion_classes == ("cell", "dust")
    assert dict(judgement.metrics)["map50"] == 1
    dust = judgement.per_class[1]
    assert (dust.labels, dust.predictions, dust.ap50) == (0, 1, 0)


def test_slices_part_boxes_by_their_share_of_the_picture() -> None:
    item = judged(
        [("cell", (0, 0, 20, 20)), ("cell", (100, 0, 160, 60)), ("cell", (200, 0, 400, 200))],
        [("cell", (0, 0, 20, 20), 0.9), ("cell", (200, 0, 400, 200), 0.8)],
    )
    slices = {each.name: each for each in BOX_DETECTION.judge([item], CLASSES, 0.5).slices}
    assert [slices[f"{size} boxes"].labels for size in ("small", "medium", "large")] == [1, 1, 1]
    assert [slices[f"{size} boxes"].ap50 for size in ("small", "medium", "large")] == [1, 0, 1]
    assert slices["crowded items"].items == 0
    assert slices["items without overlap"].items == 1


def test_a_crowded_picture_is_judged_apart() -> None:
    alone = judged([("cell", (0, 0, 50, 50))], [("cell", (0, 0, 50, 50), 0.9)])
    crowd = judged([("cell", (0, 0, 50, 50)), ("cell", (10, 0, 60, 50))], [])
    slices = {each.name: each for each in BOX_DETECTION.judge([alone, crowd], CLASSES, 0.5).slices}
    assert (slices["crowded items"].labels, slices["crowded items"].ap50) == (2, 0)
    assert slices["items without overlap"].ap50 == 1


def test_a_threshold_never_parts_equal_scores() -> None:
    hits = np.array([True, False, True])
    assert best_threshold(hits, np.array([0.5, 0.5, 0.5]), 2) == 0.5


def test_more_than_a_hundred_objects_of_one_picture_all_count() -> None:
    labels: list[Drawn] = [
        ("cell", (x * 20, y * 20, x * 20 + 15, y * 20 + 15)) for x in range(15) for y in range(15)
    ]
    found = [(name, box, 0.5 + index / 1000) for index, (name, box) in enumerate(labels)]
    assert BOX_DETECTION.score([judged(labels, found)], ("cell",)) == 1


def test_of_a_label_beyond_its_picture_only_what_can_be_seen_is_judged() -> None:
    reaching = judged([("cell", (600.0, 440.0, 900.0, 900.0))], [("cell", (600.0, 440.0, 640.0, 480.0), 0.9)])
    assert BOX_DETECTION.score([reaching], CLASSES) == 1.0
    beyond = judged([("cell", (0.0, 0.0, 9.0, 9.0)), ("cell", (700.0, 0.0, 800.0, 90.0))], [])
    assert BOX_DETECTION.judge([beyond], CLASSES, 0.5).per_class[0].labels == 1
