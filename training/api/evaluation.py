"""Routes of predictions, evaluations, verdicts and pools."""

from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire.evaluation import (
    Accepted,
    AcceptPredictions,
    CompareWith,
    Comparison,
    Evaluation,
    Evaluations,
    Match,
    Matches,
    MatchQuery,
    NewEvaluation,
    NewVerdict,
    Pool,
    PoolItems,
    Pools,
    Predictions,
    PredictItems,
)
from studio.domain.wire.jobs import Job
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, Resolver
from training.store import evaluations as evaluation_rows
from training.store import pools as pool_rows
from training.work import evaluation, pools, predictions


def _project(call: Call[object]) -> ProjectId:
    assert call.project is not None
    return call.project


def list_evaluations(call: Call[Empty]) -> Evaluations:
    """A project's evaluations, the newest first."""
    return Evaluations(evaluation.of_project(call.node, _project(call)))


def new_evaluation(call: Call[NewEvaluation]) -> Evaluation:
    """Judge a model."""
    return evaluation.new(call.node, _project(call), call.body, call.who)


def one_evaluation(call: Call[Empty]) -> Evaluation:
    """One evaluation with its curves."""
    return evaluation.get(call.node, call.ids["evaluation"])


def matches(call: Call[MatchQuery]) -> Matches:
    """The sheet of outcomes."""
    return evaluation.matches(call.node, call.ids["evaluation"], call.body)


def verdict(call: Call[NewVerdict]) -> Match:
    """Say what an outcome means."""
    return evaluation.verdict(call.node, call.ids["evaluation"], call.ids["match"], call.body, call.who)


def compare(call: Call[CompareWith]) -> Comparison:
    """Two evaluations object by object."""
    return evaluation.compare(call.node, call.ids["evaluation"], call.body.other, _project(call))


def predict_items(call: Call[PredictItems]) -> Job:
    """Have a model look at items."""
    return predictions.ask(call.node, _project(call), call.body, call.who)


def item_predictions(call: Call[Empty]) -> Predictions:
    """Every layer on an item."""
    return predictions.of_item(call.node, ItemId(call.ids["item"]), call.who)


def accept_predictions(call: Call[AcceptPredictions]) -> Accepted:
    """Count, or make, what predictions would become."""
    return predictions.accept(call.node, _project(call), call.body, call.who)


def list_pools(call: Call[Empty]) -> Pools:
    """A project's pools."""
    return Pools(pools.of_project(call.node, _project(call)))


def add_to_pool(call: Call[PoolItems]) -> Pool:
    """Put items into a pool."""
    return pools.add_items(call.node, call.ids["pool"], call.body, call.who)


HANDLERS: dict[str, Handler] = {
    "evaluations": list_evaluations,
    "new_evaluation": new_evaluation,
    "evaluation": one_evaluation,
    "matches": matches,
    "verdict": verdict,
    "compare": compare,
    "predict_items": predict_items,
    "predictions": item_predictions,
    "accept_predictions": accept_predictions,
    "pools": list_pools,
    "add_to_pool": add_to_pool,
}
PROJECT_OF: dict[str, Resolver] = {
    "evaluation": evaluation_rows.project_of,
    "pool": pool_rows.project_of,
}
