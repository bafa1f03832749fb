"""Two evaluations object by object."""

from msgspec.structs import replace

from studio.domain.ids import (
    EntityId,
    EvaluationId,
    ItemId,
    MatchId,
    ModelId,
    ProjectId,
    SnapshotId,
    StreamId,
    new_id,
)
from studio.domain.wire.evaluation import Evaluation, Match, Outcome, Placement
from training.evaluation.comparing import compare

ITEM = ItemId(new_id())


def evaluation(map50: float) -> Evaluation:
    return Evaluation(
        EvaluationId(new_id()),
        ProjectId("p"),
        ModelId(new_id()),
        "model",
        SnapshotId("s"),
        "validation",
        0.5,
        "done",
        metrics=(("map50", map50),),
    )


def match(outcome: Outcome, label: EntityId | None = None, left: float = 0.0, score: float = 0.9) -> Match:
    box = (left, 0.0, left + 10, 10.0)
    seen = outcome != "false_negative"
    return Match(
        MatchId(new_id()),
        ITEM,
        "a.png",
        StreamId("s"),
        0,
        outcome,
        score if seen else 0.0,
        0.8,
        label,
        "cell" if label else "",
        "cell" if seen else "",
        box if label else None,
        box if seen else None,
    )


def test_each_label_is_gained_lost_or_the_same() -> None:
    labels = [EntityId(new_id()) for _ in range(4)]
    before: list[Outcome] = ["true_positive", "true_positive", "false_negative", "confusion"]
    after: list[Outcome] = ["true_positive", "false_negative", "true_positive", "confusion"]
    first = [match(outcome, label) for outcome, label in zip(before, labels, strict=True)]
    second = [match(outcome, label) for outcome, label in zip(after, labels, strict=True)]
    found = compare(evaluation(0.5), evaluation(0.6), first, second)
    assert [each.label for each in found.gained] == [labels[2]]
    assert [each.label for each in found.lost] == [labels[1]]
    assert (found.both_right, found.both_wrong) == (1, 1)
    assert found.metrics == (("map50", 0.5, 0.6),)


def test_a_false_positive_that_went_away_is_gained_and_one_at_the_same_place_is_wrong_in_both() -> None:
    first = [match("false_positive", left=0), match("false_positive", left=100)]
    second = [match("false_positive", left=1), match("false_positive", left=300)]
    found = compare(evaluation(0.5), evaluation(0.5), first, second)
    assert [each.predicted_xyxy for each in found.gained] == [(100.0, 0.0, 110.0, 10.0)]
    assert [each.predicted_xyxy for each in found.lost] == [(300.0, 0.0, 310.0, 10.0)]
    assert (found.both_right, found.both_wrong) == (0, 1)


def test_swapping_the_two_swaps_gained_and_lost() -> None:
    label = EntityId(new_id())
    first, second = (
        [match("false_negative", label)],
        [match("true_positive", label), match("false_positive", left=50)],
    )
    there = compare(evaluation(0.1), evaluation(0.2), first, second)
    back = compare(evaluation(0.2), evaluation(0.1), second, first)
    assert (len(there.gained), len(there.lost)) == (len(back.lost), len(back.gained)) == (1, 1)


def test_the_most_certain_come_first() -> None:
    first = [replace(match("false_positive", left=100 * index), score=index / 10) for index in range(5)]
    found = compare(evaluation(0.5), evaluation(0.5), first, [])
    assert [each.score for each in found.gained] == [0.4, 0.3, 0.2, 0.1, 0.0]


def cuboid(outcome: Outcome, x: float, frame: int = 0, label: EntityId | None = None) -> Match:
    stands = Placement((x, 0.0, 0.8), (4.5, 1.8, 1.5), (0.0, 0.0, 0.0, 1.0))
    return replace(
        match(outcome, label),
        frame=frame,
        label_xyxy=None,
        predicted_xyxy=None,
        label_cuboid=stands if label else None,
        predicted_cuboid=None if outcome == "false_negative" else stands,
    )


def test_false_cuboids_are_compared_where_they_stand() -> None:
    first = [cuboid("false_positive", 10.0), cuboid("false_positive", 30.0)]
    second = [cuboid("false_positive", 10.4), cuboid("false_positive", 60.0)]
    found = compare(evaluation(0.5), evaluation(0.5), first, second)
    assert [each.predicted_cuboid.centre[0] for each in found.gained if each.predicted_cuboid] == [30.0]
    assert [each.predicted_cuboid.centre[0] for each in found.lost if each.predicted_cuboid] == [60.0]
    assert found.both_wrong == 1


def test_a_track_that_is_the_label_at_many_frames_is_compared_at_each() -> None:
    track = EntityId(new_id())
    first = [cuboid("false_negative", 10.0, frame, track) for frame in range(4)]
    second = [cuboid("true_positive", 10.0, frame, track) for frame in range(4)]
    found = compare(evaluation(0.1), evaluation(0.2), first, second)
    assert sorted(each.frame for each in found.gained) == [0, 1, 2, 3]
