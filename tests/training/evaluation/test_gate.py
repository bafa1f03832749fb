"""The gate: what its interval says, and when it refuses to say anything."""

import numpy as np
import pytest

from plugins.image.metrics import BOX_DETECTION
from plugins.pointcloud.metrics import CUBOID_DETECTION
from studio.domain.contracts.training import Judged
from studio.domain.entities import AnyEntity, Box, CoordinateSystem, Cuboid, EgoPose, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from training.evaluation import gate
from training.work.evaluation import metric_for


def entities(*boxes: tuple[str, float]) -> tuple[AnyEntity, ...]:
    """A track and a box for each (class, left)."""
    made: list[AnyEntity] = []
    for class_name, left in boxes:
        track = Track(EntityId(new_id()), class_name)
        made += [track, Box(EntityId(new_id()), track.id, StreamId("s"), 0, (left, 0.0, left + 20, 20.0))]
    return tuple(made)


def suite(finds: list[bool]) -> list[Judged]:
    """One item for each of `finds`: one cell, found or missed."""
    items = []
    for index, found in enumerate(finds):
        predictions = entities(("cell", 0.0 if found else 200.0))
        scores = ((predictions[1].id, 0.9),)
        items.append(
            Judged(f"item {index}", "", entities(("cell", 0.0)), predictions, scores, width=640, height=480)
        )
    return items


def test_a_model_that_finds_more_is_better_and_the_interval_says_so() -> None:
    better = suite([True] * 38 + [False] * 2)
    worse = suite([True] * 20 + [False] * 20)
    result = gate.judge(BOX_DETECTION, better, worse, ("cell",), seed=1)
    assert result.passes
    assert result.low > 0
    assert result.low <= result.difference <= result.high
    assert result.sentence.endswith("It is better.")
    turned = gate.judge(BOX_DETECTION, worse, better, ("cell",), seed=1)
    assert not turned.passes
    assert turned.high < 0
    assert turned.sentence.endswith("It is worse.")


def test_the_same_model_twice_differs_by_nothing() -> None:
    same = suite([True, False] * 10)
    result = gate.judge(BOX_DETECTION, same, same, ("cell",), seed=3)
    assert (result.difference, result.low, result.high, result.passes) == (0, 0, 0, True)


def test_a_difference_on_few_items_may_be_chance() -> None:
    result = gate.judge(
        BOX_DETECTION, suite([True] * 6 + [False] * 4), suite([False] * 5 + [True] * 5), ("cell",), seed=2
    )
    assert result.low < 0 < result.high
    assert "may be chance" in result.sentence


def test_pairing_makes_the_interval_narrower_than_two_intervals_apart() -> None:
    finds = [True, False] * 30
    also = [*finds]
    also[1] = True
    paired = gate.judge(BOX_DETECTION, suite(also), suite(finds), ("cell",), seed=5)
    alone = gate.judge(BOX_DETECTION, suite(also), None, ("cell",), seed=5)
    assert paired.high - paired.low < (alone.high - alone.low) / 2


def test_the_interval_holds_the_truth_about_as_often_as_it_promises() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for turn in range(40):
        finds = (generator.random(60) < 0.7).tolist()
        result = gate.judge(BOX_DETECTION, suite(finds), None, ("cell",), seed=turn, resamples=400)
        # what every item is worth for the average precision of so simple a model, over endlessly many items
        held += result.low <= 0.7 * 0.7 * 1.02 + 0.02 and result.high >= 0.7 * 0.7 * 0.98 - 0.02
    assert held >= 34


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    ours, theirs = suite([True] * 15 + [False] * 5), suite([True] * 10 + [False] * 10)
    first = gate.judge(BOX_DETECTION, ours, theirs, ("cell",), seed=7)
    assert gate.judge(BOX_DETECTION, ours, theirs, ("cell",), seed=7) == first
    assert gate.judge(BOX_DETECTION, ours, theirs, ("cell",), seed=8).low != first.low


def test_without_a_model_in_service_the_interval_is_of_the_candidates_own_figure() -> None:
    result = gate.judge(BOX_DETECTION, suite([True] * 30 + [False] * 10), None, ("cell",), seed=1)
    assert result.baseline is None
    assert result.low <= result.candidate <= result.high
    assert not gate.judge(BOX_DETECTION, suite([False] * 10), None, ("cell",), seed=1).passes


@pytest.mark.parametrize(("items", "labels"), [(7, {"cell": 100}), (8, {"cell": 7, "dust": 3}), (8, {})])
def test_a_suite_too_small_to_hide_single_items_is_refused(items: int, labels: dict[str, int]) -> None:
    with pytest.raises(AtelierError) as refused:
        gate.check_large_enough(items, labels)
    assert refused.value.code == "suite.too_small"


def test_a_class_with_few_labels_is_left_out_of_the_figure() -> None:
    assert gate.judged_classes({"cell": 8, "dust": 7, "gone": 0}) == (("cell",), ("dust",))
    item = Judged("i", "", entities(("cell", 0.0), ("dust", 50.0)), entities(("dust", 50.0)), ())
    kept = gate.of_classes(item, ("cell",))
    assert [each.class_name for each in kept.labels if isinstance(each, Track)] == ["cell"]
    assert len(kept.labels) == 2
    assert kept.predictions == ()


def test_frames_of_reference_stay_whatever_classes_are_judged() -> None:
    pose = EgoPose(EntityId(new_id()), 0, (1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    placed = CoordinateSystem(EntityId(new_id()), "lidar", "ego")
    cells = entities(("cell", 0.0), ("dust", 50.0))
    item = Judged("item", "", (*cells, pose, placed), cells, ())
    assert gate.of_classes(item, ("cell",)).labels == (*cells[:2], pose, placed)


def test_cuboids_pass_the_gate_by_their_own_metric() -> None:
    def drive(found: bool) -> Judged:
        made: list[AnyEntity] = []
        for x in (10.0, 10.0 if found else 40.0):
            track = Track(EntityId(new_id()), "car")
            place, size = (x, 0.0, 0.8), (4.5, 1.8, 1.5)
            made += [
                track,
                Cuboid(EntityId(new_id()), track.id, StreamId("lidar"), 0, place, size, (0.0, 0.0, 0.0, 1.0)),
            ]
        return Judged(new_id(), "", tuple(made[:2]), tuple(made[2:]), ((made[3].id, 0.9),))

    better, worse = [drive(True)] * 12, [drive(False)] * 12
    result = gate.judge(metric_for("detect_boxes"), better, worse, ("car",), seed=1)
    assert result.candidate == 0.0  # boxes of pictures say nothing of cuboids
    result = gate.judge(CUBOID_DETECTION, better, worse, ("car",), seed=1)
    assert (result.candidate, result.baseline, result.passes) == (1.0, 0.0, True)
    assert result.low > 0


def test_a_template_that_nobody_has_is_judged_by_nobody() -> None:
    with pytest.raises(AtelierError) as refused:
        metric_for("detect_dreams")
    assert refused.value.code == "evaluation.no_metric"
