"""Intersection over union of classes of points."""

import numpy as np
import pytest

from plugins.pointcloud.metrics.points import point_classes


def test_hand_counted_classes() -> None:
    labelled = np.array([1, 1, 1, 2, 2, 0, 0])
    predicted = np.array([1, 1, 2, 2, 1, 1, 2])
    found = point_classes([(labelled, predicted)], 4)
    assert found.iou[1] == pytest.approx(2 / 4)
    assert found.iou[2] == pytest.approx(1 / 3)
    assert np.isnan(found.iou[[0, 3]]).all()
    assert found.mean == pytest.approx((2 / 4 + 1 / 3) / 2)
    assert found.confusion.sum() == 5


def test_many_clouds_count_as_one() -> None:
    rng = np.random.default_rng(0)
    labelled, predicted = rng.integers(0, 5, (2, 1000))
    whole = point_classes([(labelled, predicted)], 5)
    parts = point_classes(zip(np.split(labelled, 4), np.split(predicted, 4), strict=True), 5)
    assert np.array_equal(whole.confusion, parts.confusion)
    assert whole.mean == parts.mean


def test_all_right_is_one_and_nothing_to_judge_is_none() -> None:
    labelled = np.array([1, 2, 3], np.uint16)
    assert point_classes([(labelled, labelled)], 4).mean == 1.0
    assert point_classes([(np.zeros(3, int), labelled)], 4).mean == 0.0


def test_predicting_nothing_is_a_miss() -> None:
    found = point_classes([(np.array([1, 1]), np.array([0, 1]))], 2)
    assert found.iou[1] == pytest.approx(0.5)
