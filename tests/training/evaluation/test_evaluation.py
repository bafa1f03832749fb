"""Evaluations on a real node: judged, looked at, given verdicts, compared; predictions accepted."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.edit import change
from studio.domain.entities import Box
from studio.domain.errors import AtelierError
from studio.domain.ids import OperationId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import SaveEdit
from studio.domain.wire.evaluation import (
    Accepted,
    AcceptPredictions,
    CompareWith,
    MatchQuery,
    NewVerdict,
    PoolItems,
)
from studio.domain.wire.people import TaskQuery
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.releases import NewSuite
from tests.training.loop_people import Everybody
from tests.training.loop_workspace import CELLS, cell_boxes, loop_workspace
from tests.training.running import running_node


@pytest.fixture(scope="module")
def everybody() -> Iterator[Everybody]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as folder:
        loop = loop_workspace(Path(folder) / "w")
        with running_node(Path(folder) / "w") as running:
            yield Everybody(running, loop)


def test_an_evaluation_says_how_good_a_model_is_and_where_it_is_wrong(everybody: Everybody) -> None:
    good, poor = everybody.evaluated(everybody.loop.good), everybody.evaluated(everybody.loop.poor)
    assert (good.state, good.items) == ("done", 8)
    assert dict(good.metrics)["map50"] == 1
    assert dict(poor.metrics)["map50"] < 0.8
    assert dict(poor.outcomes)["confusion"] == 4
    assert poor.confusion_classes == ("cell", "debris")
    listed = everybody["rita"].call(routes.EVALUATIONS, project=everybody.project).evaluations
    assert {good.id, poor.id} <= {each.id for each in listed}


def test_the_sheet_is_ranked_and_filtered_down_to_a_cell_of_the_confusion_matrix(
    everybody: Everybody,
) -> None:
    poor = everybody.evaluated(everybody.loop.poor)
    wrong = everybody.matches(poor.id, outcomes=("false_positive", "confusion"))
    scores = [each.score for each in wrong]
    assert scores == sorted(scores, reverse=True)
    cell = everybody.matches(poor.id, labelled="cell", predicted="debris")
    assert {each.outcome for each in cell} == {"confusion"}
    assert [each.label_xyxy for each in cell] == [CELLS[2]] * len(cell)
    one = everybody.matches(poor.id, item=everybody.loop.items[0])
    assert {each.item for each in one} == {everybody.loop.items[0]}
    assert {each.item_name for each in one} == {"open-00.png"}
    asked = MatchQuery(outcomes=("true_positive",), limit=5, offset=3)
    page = everybody["sam"].call(routes.MATCHES, asked, evaluation=poor.id)
    assert (page.total, len(page.matches)) == (13, 5)


def test_an_empty_part_of_a_snapshot_is_told_in_words(everybody: Everybody) -> None:
    failed = everybody.evaluated(everybody.loop.good, split="nothing")
    assert failed.state == "failed"
    assert "holds no item" in failed.error


def test_a_label_that_is_wrong_sends_its_item_back_to_review(everybody: Everybody) -> None:
    poor = everybody.evaluated(everybody.loop.poor)
    item = everybody.loop.items[1]
    match = next(each for each in everybody.matches(poor.id, item=item) if each.outcome != "true_positive")
    judged = everybody["rita"].call(
        routes.VERDICT, NewVerdict("label_wrong", "no cell here"), evaluation=poor.id, match=match.id
    )
    assert (judged.verdict, judged.verdict_note) == ("label_wrong", "no cell here")
    now = everybody["rita"].call(routes.ITEM, item=item)
    assert now.state != "accepted"
    tasks = everybody["rita"].call(routes.TASKS, TaskQuery(), project=everybody.project).tasks
    assert [task.note for task in tasks if task.item == item] == ["no cell here"]
    again = everybody.matches(poor.id, item=item, judged=True)
    assert [each.id for each in again] == [match.id]


def test_a_correction_shows_in_the_sheet_as_older_than_the_item(everybody: Everybody) -> None:
    poor = everybody.evaluated(everybody.loop.poor)
    item = everybody.loop.items[2]
    before = everybody.matches(poor.id, item=item)
    assert {each.corrected for each in before} == {False}
    rita = everybody["rita"]
    state = rita.call(routes.DOCUMENT, item=item)
    box = cell_boxes(state.entities)[0]
    moved = Box(box.id, box.track, box.stream, box.frame, (1.0, 1.0, 50.0, 50.0))
    lease = rita.call(routes.LEASE, item=item)
    edit = change("Move box", (box, moved))
    save = SaveEdit(OperationId(new_id()), state.revision, lease.fence, 1, edit)
    rita.call(routes.SAVE_EDIT, save, item=item)
    after = everybody.matches(poor.id, item=item)
    assert {each.corrected for each in after} == {True}
    assert dict(everybody.evaluated(everybody.loop.good).metrics)["map50"] == 1  # the snapshot stays


def test_other_verdicts_gather_bad_cases_once(everybody: Everybody) -> None:
    poor = everybody.evaluated(everybody.loop.poor)
    item = everybody.loop.items[3]
    match = everybody.matches(poor.id, item=item, outcomes=("false_positive",))[0]
    for verdict in ("model_wrong", "model_wrong", "ambiguous"):
        everybody["sam"].call(routes.VERDICT, NewVerdict(verdict), evaluation=poor.id, match=match.id)
    pools = {pool.name: pool for pool in everybody["sam"].call(routes.POOLS, project=everybody.project).pools}
    bad = pools["Bad cases"]
    rows = everybody["sam"].call(routes.ITEMS, ItemQuery(pool=bad.id), project=everybody.project).rows
    assert [row.id for row in rows].count(item) == 1
    assert bad.items == len(rows)
    assert everybody["rita"].call(routes.ITEM, item=item).state == "accepted"
    line = everybody["sam"].call(routes.LINEAGE, project=everybody.project, kind="pool", id=bad.id)
    assert poor.id in [each.id for each in line.made_from]


def test_items_of_another_project_are_in_no_pool(everybody: Everybody) -> None:
    pools = everybody["sam"].call(routes.POOLS, project=everybody.project).pools
    asked = PoolItems((everybody.loop.workspace.other_item,))
    with pytest.raises(AtelierError) as refused:
        everybody["sam"].call(routes.ADD_TO_POOL, asked, pool=pools[0].id)
    assert refused.value.code == "access.missing"


def test_two_models_are_compared_object_by_object(everybody: Everybody) -> None:
    poor, good = everybody.evaluated(everybody.loop.poor), everybody.evaluated(everybody.loop.good)
    found = everybody["sam"].call(routes.COMPARE, CompareWith(good.id), evaluation=poor.id)
    assert found.both_right == 13
    assert len([each for each in found.gained if each.label is not None]) == 11
    assert len([each for each in found.gained if each.label is None]) == 8
    assert found.lost == ()
    other = everybody.evaluated(everybody.loop.good, split="nothing")
    with pytest.raises(AtelierError) as refused:
        everybody["sam"].call(routes.COMPARE, CompareWith(other.id), evaluation=poor.id)
    assert refused.value.code == "evaluation.not_comparable"


def test_accepted_items_are_left_as_they_are_unless_it_is_asked_otherwise(everybody: Everybody) -> None:
    loop, rita = everybody.loop, everybody["rita"]
    items = loop.suite_items[:10]

    def accept(text: str, threshold: float, *, leave: bool = True) -> Accepted:
        asked = AcceptPredictions(
            loop.poor, ItemQuery(text=text), threshold, preview=False, leave_accepted=leave
        )
        return everybody["mia"].call(routes.ACCEPT_PREDICTIONS, asked, project=everybody.project)

    def result(of: Accepted) -> tuple[int, int]:
        made = canonical.decode(everybody.wait(of.job).result, Accepted)
        return made.items, made.shapes

    before = [rita.call(routes.ITEM, item=item) for item in items]
    assert accept("sealed-0", 0.93) == Accepted(0, 0, accepted_items=10)
    reopened = accept("sealed-01", 0.93, leave=False)
    assert (reopened.items, reopened.accepted_items, result(reopened)) == (1, 1, (1, 1))
    assert rita.call(routes.ITEM, item=items[1]).state == "labelling"
    assert accept("sealed-0", 0.93) == Accepted(0, 0, accepted_items=9, highest=0.92)
    some = accept("sealed-0", 0.92)
    assert (some.items, some.accepted_items, result(some)) == (1, 9, (1, 1))
    others = [0, *range(2, 10)]
    assert [rita.call(routes.ITEM, item=items[each]) for each in others] == [before[each] for each in others]


def test_predictions_are_shown_counted_and_accepted_as_one_batch(everybody: Everybody) -> None:
    loop, mia = everybody.loop, everybody["mia"]
    layers = everybody["ann"].call(routes.PREDICTIONS, item=loop.items[4]).predictions
    assert {each.model for each in layers} == {loop.good, loop.poor}
    asked = AcceptPredictions(loop.poor, ItemQuery(text="open"), 0.5, leave_accepted=False)
    counted = mia.call(routes.ACCEPT_PREDICTIONS, asked, project=everybody.project)
    assert (counted.items, counted.batch) == (8, None)
    states = [everybody["rita"].call(routes.ITEM, item=item).state for item in loop.items]
    assert counted.accepted_items == states.count("accepted") > 0
    before = everybody["rita"].call(routes.DOCUMENT, item=loop.items[4])
    asked = replace(asked, preview=False)
    accepted = mia.call(routes.ACCEPT_PREDICTIONS, asked, project=everybody.project)
    assert everybody.wait(accepted.job).state == "done"
    assert accepted.shapes == counted.shapes
    after = everybody["rita"].call(routes.DOCUMENT, item=loop.items[4])
    # the cells that stand are not made twice: what is new is the box that nobody drew
    assert len(cell_boxes(after.entities)) == len(cell_boxes(before.entities)) + 1
    assert everybody["rita"].call(routes.ITEM, item=loop.items[4]).state != "accepted"
    again = mia.call(routes.ACCEPT_PREDICTIONS, asked, project=everybody.project)
    assert (again.items, again.shapes) == (0, 0)


def test_sealed_items_are_shown_to_reviewers_alone(everybody: Everybody) -> None:
    loop = everybody.loop
    suite = everybody["rita"].call(
        routes.NEW_SUITE, NewSuite("sealed", ItemQuery(text="sealed")), project=everybody.project
    )
    assert suite.items == 12
    item = loop.suite_items[0]
    for name in ("ann", "sam"):
        for route in (routes.ITEM, routes.DOCUMENT, routes.PREDICTIONS):
            with pytest.raises(AtelierError) as refused:
                everybody[name].call(route, item=item)
            assert refused.value.code == "suite.sealed"
        page = everybody[name].call(routes.ITEMS, ItemQuery(), project=everybody.project)
        assert (page.total, len(page.rows)) == (8, 8)
    assert everybody["rita"].call(routes.DOCUMENT, item=item).entities
    page = everybody["rita"].call(routes.ITEMS, ItemQuery(), project=everybody.project)
    assert page.total == 20
    with pytest.raises(AtelierError) as refused:
        everybody["sam"].call(routes.NEW_SUITE, NewSuite("mine", ItemQuery()), project=everybody.project)
    assert refused.value.code == "access.refused"


def test_seven_items_make_no_suite(everybody: Everybody) -> None:
    with pytest.raises(AtelierError) as refused:
        everybody["rita"].call(
            routes.NEW_SUITE, NewSuite("small", ItemQuery(text="open-00")), project=everybody.project
        )
    assert refused.value.code == "suite.too_small"
