"""MOTA, IDF1 and HOTA: cases counted by hand, and what must hold of any."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.metrics.tracking import ALPHAS, TrackFrame, clear, hota, identity_f1

Seen = dict[int, int]  # label -> the prediction that stands for it


def frame(
    labels: Sequence[int], predictions: Sequence[int], pairs: Seen, similarity: float = 1.0
) -> TrackFrame:
    table = np.zeros((len(labels), len(predictions)))
    for label, prediction in pairs.items():
        table[list(labels).index(label), list(predictions).index(prediction)] = similarity
    return TrackFrame(np.array(labels, np.int64), np.array(predictions, np.int64), table)


PERFECT = [frame([0, 1], [0, 1], {0: 0, 1: 1}) for _ in range(5)]


def test_who_follows_perfectly_has_one_of_everything() -> None:
    found = clear([PERFECT])
    assert (found.mota, found.motp, found.switches) == (1.0, 1.0, 0)
    assert identity_f1([PERFECT]) == 1.0
    assert hota([PERFECT]).hota == pytest.approx(1.0)


def test_who_finds_nothing_has_nothing() -> None:
    blind = [frame([0, 1], [], {}) for _ in range(3)]
    assert clear([blind]).mota == 0.0
    assert identity_f1([blind]) == 0.0
    assert hota([blind]).hota == 0.0
    assert clear([blind]).misses == 6


def test_what_is_not_there_counts_against_mota_without_bound() -> None:
    ghosts = [frame([0], [0, 1, 2], {0: 0}) for _ in range(2)]
    assert clear([ghosts]).mota == pytest.approx((2 - 4) / 2)


def test_a_switch_in_the_middle() -> None:
    """One label of 4 frames, followed by one track for two of them and by another for two.

    MOTA: 4 found, 1 switch: 3 / 4. IDF1: the better of the two follows 2 of 4, and 4 were predicted: 4 / 8.
    HOTA: all detections right; each pair of 2 frames has 2 / (4 + 2 - 2): association 1 / 2.
    """
    frames = [frame([0], [number // 2], {0: number // 2}) for number in range(4)]
    assert clear([frames]).mota == 0.75
    assert clear([frames]).switches == 1
    assert identity_f1([frames]) == 0.5
    found = hota([frames])
    assert (found.detection, found.association) == (1.0, 0.5)
    assert found.hota == pytest.approx(math.sqrt(0.5))


def test_a_label_that_comes_back_under_another_name_is_a_switch() -> None:
    frames = [frame([0], [0], {0: 0}), frame([0], [], {}), frame([0], [1], {0: 1})]
    found = clear([frames])
    assert (found.switches, found.misses) == (1, 1)
    assert found.mota == pytest.approx((2 - 0 - 1) / 3)


def test_a_match_is_kept_while_it_fits_though_another_is_nearer() -> None:
    near = TrackFrame(np.array([0]), np.array([0, 1]), np.array([[0.6, 0.9]]))
    found = clear([[frame([0], [0], {0: 0}), near]])
    assert (found.switches, found.false_positives) == (0, 1)
    assert found.motp == pytest.approx((1.0 + 0.6) / 2)


def test_two_that_swap_their_names() -> None:
    """Two labels over 2 + 2 frames whose tracks swap: each pair has 2 / (4 + 4 - 2), association 1 / 3."""
    swapped = [frame([0, 1], [0, 1], {0: 0, 1: 1})] * 2 + [frame([0, 1], [0, 1], {0: 1, 1: 0})] * 2
    assert clear([swapped]).mota == pytest.approx((8 - 2) / 8)
    assert identity_f1([swapped]) == 0.5
    assert hota([swapped]).association == pytest.approx(1 / 3)


def test_hota_falls_with_the_levels_that_a_loose_match_misses() -> None:
    loose = [frame([0], [0], {0: 0}, similarity=0.52) for _ in range(4)]
    reached = np.count_nonzero(ALPHAS <= 0.52)
    found = hota([loose])
    assert found.hota == pytest.approx(reached / len(ALPHAS))
    assert clear([loose]).mota == 1.0
    assert clear([[frame([0], [0], {0: 0}, similarity=0.49)]]).mota == -1.0


@st.composite
def drives(draw: st.DrawFn) -> list[TrackFrame]:
    frames = []
    for _ in range(draw(st.integers(1, 6))):
        labels = draw(st.lists(st.integers(0, 4), unique=True, max_size=4))
        predictions = draw(st.lists(st.integers(0, 5), unique=True, max_size=5))
        levels = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.55, 0.8, 1.0])
        table = [[draw(levels) for _ in predictions] for _ in labels]
        frames.append(
            TrackFrame(
                np.array(labels, np.int64),
                np.array(predictions, np.int64),
                np.array(table, np.float64).reshape(len(labels), len(predictions)),
            )
        )
    return frames


@given(drives())
def test_figures_stay_within_their_bounds(frames: list[TrackFrame]) -> None:
    found, higher = clear([frames]), hota([frames])
    assert found.mota <= 1.0
    assert 0.0 <= identity_f1([frames]) <= 1.0
    assert 0.0 <= higher.hota <= 1.0
    # the mean of geometric means is at most the geometric mean of the means (Cauchy and Schwarz)
    assert higher.hota <= math.sqrt(higher.detection * higher.association) + 1e-12
    labels = sum(len(each.labels) for each in frames)
    assert found.matches + found.misses == labels


@given(drives(), st.permutations(range(6)))
def test_the_names_of_tracks_do_not_matter(frames: list[TrackFrame], names: list[int]) -> None:
    renamed = [each._replace(predictions=np.array(names)[each.predictions]) for each in frames]
    assert identity_f1([renamed]) == pytest.approx(identity_f1([frames]))
    assert clear([renamed]).misses == clear([frames]).misses


@given(st.lists(drives(), min_size=1, max_size=3))
def test_items_count_as_one_drive_of_tracks_that_never_meet(several: list[list[TrackFrame]]) -> None:
    joined = [
        each._replace(labels=each.labels + 5 * number, predictions=each.predictions + 6 * number)
        for number, drive in enumerate(several)
        for each in drive
    ]
    assert clear(several) == pytest.approx(clear([joined]))
    assert hota(several) == pytest.approx(hota([joined]))
    assert identity_f1(several) == pytest.approx(identity_f1([joined]))


@given(drives())
def test_identity_f1_is_the_best_of_all_ways_to_pair_tracks(frames: list[TrackFrame]) -> None:
    labels = sum(len(each.labels) for each in frames)
    predictions = sum(len(each.predictions) for each in frames)
    best = 0
    for names in itertools.permutations(range(6), 5):
        right = 0
        for each in frames:
            for row, label in enumerate(each.labels):
                for column in np.flatnonzero(each.predictions == names[label]):
                    right += each.similarity[row, column] >= 0.5
        best = max(best, right)
    assert identity_f1([frames]) == pytest.approx(2 * best / max(labels + predictions, 1))
