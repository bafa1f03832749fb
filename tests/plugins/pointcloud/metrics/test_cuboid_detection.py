"""Judging cuboids: against plain loops over the definitions, and on cases that a person can count."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.cloud import Cloud, prepared
from plugins.pointcloud.metrics import CUBOID_DETECTION
from studio.domain.contracts.training import Judged, Judgement
from studio.domain.entities import AnyEntity, CoordinateSystem, Cuboid, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.overlap import cuboid_iou, rows_of
from studio.domain.space import turn
from studio.domain.wire.projects import Stream

LIDAR = StreamId("lidar")
CLASSES = ("car", "pedestrian")
CAR = (4.5, 1.8, 1.5)
Placed = tuple[float, float]  # x, y
Drawn = tuple[str, int, Placed]  # class, frame, where
Found = tuple[str, int, Placed, float]


def judged(labels: Sequence[Drawn], found: Sequence[Found], frames: int = 1, **given: object) -> Judged:
    """An item in which every cuboid has a track of its own and is seen at its own frame alone."""
    drawn: list[AnyEntity] = []
    predicted: list[AnyEntity] = []
    scores: list[tuple[EntityId, float]] = []
    for name, frame, at in labels:
        drawn += cuboid(track(name), frame, at)
    for name, frame, at, score in found:
        predicted += cuboid(track(name), frame, at)
        scores.append((predicted[-1].id, score))
    return item(drawn, predicted, scores, frames, **given)


def item(
    labels: Sequence[AnyEntity],
    predictions: Sequence[AnyEntity],
    scores: Sequence[tuple[EntityId, float]],
    frames: int,
    **given: object,
) -> Judged:
    return Judged(
        new_id(),
        "drive",
        tuple(labels),
        tuple(predictions),
        tuple(scores),
        7,
        stream=LIDAR,
        streams=(Stream(LIDAR, "lidar", "points", frames=frames),),
        **given,  # type: ignore[arg-type]
    )


def track(name: str = "car") -> Track:
    return Track(EntityId(new_id()), name)


def cuboid(of: Track, frame: int, at: Placed, ends: bool = True) -> list[AnyEntity]:
    size = CAR if of.class_name == "car" else (0.6, 0.6, 1.8)
    place = (float(at[0]), float(at[1]), 0.8)
    return [of, Cuboid(EntityId(new_id()), of.id, LIDAR, frame, place, size, turn(0.3), ends_here=ends)]


def figures(judgement: Judgement) -> dict[str, float]:
    return dict(judgement.metrics)


def test_what_is_found_exactly_is_right_in_every_figure() -> None:
    labels: list[Drawn] = [("car", 0, (10, 0)), ("car", 1, (30, 5)), ("pedestrian", 1, (8, -3))]
    found = [(*each, 0.9) for each in labels]
    judgement = CUBOID_DETECTION.judge([judged(labels, found, 2)], CLASSES, 0.5)
    assert figures(judgement) == pytest.approx(dict.fromkeys(figures(judgement), 1.0))
    assert "mota" not in figures(judgement)  # nothing is followed
    assert judgement.confusion == ((2, 0, 0), (0, 1, 0), (0, 0, 0))
    assert all(match.label_cuboid == match.predicted_cuboid for match in judgement.matches)


def test_each_outcome_says_where_it_is() -> None:
    labels: list[Drawn] = [("car", 0, (10, 0)), ("pedestrian", 1, (8, -3)), ("car", 1, (20, 0))]
    found: list[Found] = [
        ("car", 0, (10.1, 0), 0.9),
        ("car", 0, (40, 0), 0.8),
        ("car", 1, (8, -3), 0.7),
        ("pedestrian", 1, (20, 0), 0.6),
    ]
    judgement = CUBOID_DETECTION.judge([judged(labels, found, 3)], CLASSES, 0.2)
    by_outcome = {
        outcome: [match for match in judgement.matches if match.outcome == outcome]
        for outcome in ("true_positive", "false_positive", "confusion", "false_negative")
    }
    (right,) = by_outcome["true_positive"]
    assert (right.frame, right.stream, right.revision) == (0, LIDAR, 7)
    assert right.label_cuboid is not None
    assert right.label_cuboid.centre == (10.0, 0.0, 0.8)
    assert right.predicted_cuboid is not None
    assert right.predicted_cuboid.centre == pytest.approx((10.1, 0.0, 0.8))
    assert judgement.threshold == 0.9  # the rest only costs precision
    assert len(by_outcome["false_negative"]) == 2
    assert all(match.predicted_cuboid is None for match in by_outcome["false_negative"])
    rows = np.array(judgement.confusion)
    assert rows.sum() == len(judgement.matches)
    scores = [match.score for match in judgement.matches]
    assert scores == sorted(scores, reverse=True)


def test_labels_between_key_frames_are_judged_as_people_saw_them() -> None:
    labelled = track()
    labels = [
        *cuboid(labelled, 0, (10, 0), ends=False),
        *cuboid(labelled, 4, (18, 0))[1:],
    ]
    predicted = [track() for _ in range(6)]
    found = [each for frame, of in enumerate(predicted) for each in cuboid(of, frame, (10 + 2 * frame, 0))]
    scores = [(each.id, 0.9) for each in found if isinstance(each, Cuboid)]
    judgement = CUBOID_DETECTION.judge([item(labels, found, scores, 7)], CLASSES, 0.9)
    outcomes = {match.frame: match for match in judgement.matches}
    assert [outcomes[frame].outcome for frame in range(5)] == ["true_positive"] * 5
    assert outcomes[5].outcome == "false_positive"  # the track has ended
    assert outcomes[0].label == labels[1].id
    assert outcomes[2].label == labelled.id  # nothing is stored there


def test_a_track_that_is_followed_gives_figures_of_tracks() -> None:
    labelled, first, second = track(), track(), track()
    labels: list[AnyEntity] = [labelled]
    found: list[AnyEntity] = [first, second]
    for frame in range(4):
        labels += cuboid(labelled, frame, (10 + frame, 0), ends=frame == 3)[1:]
        found += cuboid(first if frame < 2 else second, frame, (10 + frame, 0))[1:]
    scores = [(each.id, 0.9) for each in found if isinstance(each, Cuboid)]
    held = figures(CUBOID_DETECTION.judge([item(labels, found, scores, 4)], CLASSES, 0.5))
    assert held["mota"] == 0.75
    assert held["idf1"] == 0.5
    assert held["hota"] == pytest.approx(math.sqrt(0.5))


def test_slices_by_distance_leave_out_what_belongs_elsewhere() -> None:
    labels: list[Drawn] = [("car", 0, (10, 0)), ("car", 0, (30, 0))]
    found: list[Found] = [("car", 0, (10, 0), 0.9), ("car", 0, (50, 9), 0.95)]
    slices = {
        each.name: each for each in CUBOID_DETECTION.judge([judged(labels, found)], CLASSES, 0.5).slices
    }
    assert (slices["0 to 20 m"].ap50, slices["0 to 20 m"].labels) == (1.0, 1)
    assert (slices["20 to 40 m"].ap50, slices["20 to 40 m"].labels) == (0.0, 1)
    assert slices["40 m and further"].labels == 0
    assert set(slices) == {"0 to 20 m", "20 to 40 m", "40 m and further"}  # points were not counted


def test_slices_by_points_count_what_a_cuboid_holds() -> None:
    """The sensor stands a metre up and looks to the left: the points must be turned before they count."""
    labels: list[Drawn] = [("car", 0, (10, 0)), ("car", 0, (30, 0)), ("car", 0, (50, 0))]
    ego = np.array([[10, 0, 0.8]] * 60 + [[30, 0, 0.8]] * 5 + [[30, 8, 0.8]] * 40, np.float64)
    own = np.column_stack([ego[:, 1], -ego[:, 0], ego[:, 2] - 1.0])
    head, pieces = prepared(Cloud(own.astype(np.float32)))
    held = {"cloud": head} | {f"cloud-{number}": piece for number, piece in enumerate(pieces)}
    placed = CoordinateSystem(EntityId(new_id()), "lidar", "ego", (0.0, 0.0, 1.0), turn(math.pi / 2))

    def rendition(_stream: StreamId, _frame: int, name: str) -> bytes:
        return held[name]

    made = judged(labels, [("car", 0, (10, 0), 0.9)], rendition=rendition)
    from msgspec.structs import replace

    seen = replace(made, labels=(*made.labels, placed))
    slices = {each.name: each for each in CUBOID_DETECTION.judge([seen], CLASSES, 0.5).slices}
    assert slices["51 points and more"].labels == slices["1 to 10 points"].labels == 1
    assert slices["no point"].labels == 1
    assert slices["51 points and more"].ap50 == 1.0
    assert slices["1 to 10 points"].ap50 == 0.0


def test_a_cloud_that_cannot_be_read_only_costs_its_slices() -> None:
    def rendition(_stream: StreamId, _frame: int, _name: str) -> bytes:
        raise AtelierError("media.missing", "There is no such picture.")

    made = judged([("car", 0, (10, 0))], [("car", 0, (10, 0), 0.9)], rendition=rendition)
    judgement = CUBOID_DETECTION.judge([made], CLASSES, 0.5)
    assert figures(judgement)["map50"] == 1.0
    assert len(judgement.slices) == 3


def test_long_things_must_fit_better_where_it_is_strict() -> None:
    """A car of 4.5 m that is off by 0.9 m overlaps by 3.6 / 5.4; 0.7 is wanted of it."""
    away = (10 + 0.9 * math.cos(0.3), 0.9 * math.sin(0.3))
    held = figures(
        CUBOID_DETECTION.judge([judged([("car", 0, (10, 0))], [("car", 0, away, 0.9)])], CLASSES, 0.5)
    )
    assert held["map50"] == 1.0
    assert held["map_strict"] == 0.0
    assert held["map_distance"] == pytest.approx(0.75)  # at 1, 2 and 4 m, not at 0.5


def test_nothing_labelled_and_nothing_found_is_no_error() -> None:
    judgement = CUBOID_DETECTION.judge([judged([], [], 3)], CLASSES, 0.5)
    assert figures(judgement)["map50"] == 0.0
    assert judgement.matches == ()
    assert CUBOID_DETECTION.judge([], CLASSES, 0.5).matches == ()


place = st.tuples(st.integers(0, 6).map(lambda n: n * 1.5), st.integers(0, 3).map(lambda n: n * 0.9))
drawn = st.lists(st.tuples(st.sampled_from(CLASSES), st.integers(0, 1), place), max_size=6)
predicted = st.lists(
    st.tuples(
        st.sampled_from(CLASSES),
        st.integers(0, 1),
        place,
        st.integers(1, 99).map(lambda n: n / 100),
    ),
    max_size=8,
    unique_by=lambda each: each[3],
)
items = st.lists(st.builds(judged, drawn, predicted, st.just(2)), min_size=1, max_size=3)


@settings(max_examples=60)
@given(items)
def test_precision_is_what_the_definition_says(held: list[Judged]) -> None:
    assert CUBOID_DETECTION.score(held, CLASSES) == pytest.approx(_naive(held, _coco, 0.5, by_distance=False))


@settings(max_examples=60)
@given(items)
def test_precision_by_distance_is_what_nuscenes_says(held: list[Judged]) -> None:
    expected = np.mean([_naive(held, _nuscenes, level, by_distance=True) for level in (0.5, 1.0, 2.0, 4.0)])
    got = figures(CUBOID_DETECTION.judge(held, CLASSES, 0.5))["map_distance"]
    assert got == pytest.approx(expected)


@settings(max_examples=25)
@given(items, st.integers(0, 99))
def test_resamples_are_judged_as_if_one_by_one(held: list[Judged], seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 3, (4, len(held)))
    counts[:, 0] = 1
    got = CUBOID_DETECTION.resampled_scores(held, CLASSES, counts)
    for row, value in zip(counts, got, strict=True):
        repeated = [each for each, count in zip(held, row, strict=True) for _ in range(count)]
        assert value == pytest.approx(CUBOID_DETECTION.score(repeated, CLASSES), abs=1e-9)


def _naive(held: list[Judged], precision_of: object, level: float, by_distance: bool) -> float:
    found = []
    for name in CLASSES:
        ranked: list[tuple[float, bool]] = []
        labels = 0
        for each in held:
            for frame in (0, 1):
                own = _cuboids(each.labels, name, frame)
                labels += len(own)
                scores = dict(each.scores)
                free = list(own)
                for guess in sorted(_cuboids(each.predictions, name, frame), key=lambda c: -scores[c.id]):
                    fits = [_fit(guess, label, by_distance) for label in free]
                    best = int(np.argmax(fits)) if fits else -1
                    least = -level if by_distance else level
                    hit = best >= 0 and fits[best] >= least
                    if hit:
                        free.pop(best)
                    ranked.append((scores[guess.id], hit))
        if labels:
            ranked.sort(key=lambda pair: -pair[0])
            found.append(precision_of([hit for _, hit in ranked], labels))  # type: ignore[operator]
    return float(np.mean(found)) if found else 0.0


def _cuboids(entities: Sequence[AnyEntity], name: str, frame: int) -> list[Cuboid]:
    own = {each.id for each in entities if isinstance(each, Track) and each.class_name == name}
    return [
        each for each in entities if isinstance(each, Cuboid) and each.track in own and each.frame == frame
    ]


def _fit(guess: Cuboid, label: Cuboid, by_distance: bool) -> float:
    if by_distance:
        return -math.hypot(guess.centre[0] - label.centre[0], guess.centre[1] - label.centre[1])
    return float(cuboid_iou(rows_of([guess]), rows_of([label]))[0, 0])


def _coco(hits: list[bool], labels: int) -> float:
    steps = [(sum(hits[:count]) / labels, sum(hits[:count]) / count) for count in range(1, len(hits) + 1)]
    levels = np.linspace(0, 1, 101)
    return float(np.mean([max([p for r, p in steps if r >= level], default=0.0) for level in levels]))


def _nuscenes(hits: list[bool], labels: int) -> float:
    """`accumulate` and `calc_ap` of nuscenes-devkit, by hand."""
    if not any(hits):
        return 0.0
    right = np.cumsum(hits)
    precision = np.interp(
        np.linspace(0, 1, 101), right / labels, right / np.arange(1, len(hits) + 1), right=0
    )
    kept = precision[11:] - 0.1
    kept[kept < 0] = 0
    return float(kept.mean() / 0.9)
