"""Runs through a real node: what they make, how they stop and go on, and what they refuse."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.domain.edit import creation
from studio.domain.entities import Box, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ProjectId, RunId, SnapshotId, new_id
from studio.domain.wire import routes
from studio.domain.wire.training import Model, NewRun, NewSnapshot, Run, RunLogQuery
from tests.training.running import Person, RunningNode, running_node
from tests.training.runs.shapes import shapes_folder
from tests.training.uploading import bring_in, items_of, new_project
from tests.training.workspace import save

SMALL = (("batch", 4), ("epochs", 6), ("picture_side", 64))
LONG = (("batch", 4), ("epochs", 400), ("patience", 1000), ("picture_side", 64))


class Bench:
    """A node with a project and a snapshot of shapes."""

    def __init__(self, node: RunningNode, folder: Path) -> None:
        self.node = node
        self.owner: Person = node.owner()
        self.project: ProjectId = new_project(self.owner, "Shapes")
        bring_in(self.owner, self.project, shapes_folder(folder, 24))
        self.snapshot: SnapshotId = self._snapshot("All")

    def _snapshot(self, name: str) -> SnapshotId:
        asked = NewSnapshot(name, validation_share=0.25, seed=3)
        return self.owner.call(routes.NEW_SNAPSHOT, asked, project=self.project).id

    def start(self, parameters: tuple[tuple[str, object], ...] = SMALL, seed: int = 5) -> RunId:
        """Ask for a run."""
        asked = NewRun("detect_boxes", self.snapshot, parameters=parameters, seed=seed)  # type: ignore[arg-type]
        return self.owner.call(routes.NEW_RUN, asked, project=self.project).id

    def run(self, run: RunId) -> Run:
        """The run as it is now."""
        return self.owner.call(routes.RUN, run=run)

    def wait(self, run: RunId, *states: str) -> Run:
        """The run once it is in one of `states`, over by default."""
        wanted = states or ("done",)
        until = time.monotonic() + 240
        while (now := self.run(run)).state not in wanted:
            assert now.state in ("queued", "running", "pausing", "cancelling"), now
            assert time.monotonic() < until, now
            time.sleep(0.1)
        return now

    def wait_for_epoch(self, run: RunId, epoch: int) -> Run:
        """The run once this many epochs are done."""
        until = time.monotonic() + 240
        while (now := self.run(run)).epoch < epoch:
            assert now.state in ("queued", "running"), now
            assert time.monotonic() < until, now
            time.sleep(0.05)
        return now

    def model(self, run: Run) -> Model:
        """What the run made."""
        models = self.owner.call(routes.MODELS, project=run.project).models
        return next(each for each in models if each.id == run.model)

    def restart(self) -> None:
        """kill -9, and start again."""
        self.node.kill()
        self.node.start()
        self.owner = self.node.owner()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("runs")
    with running_node(folder / "w") as node:
        yield Bench(node, folder / "shapes")


@pytest.fixture(scope="module")
def undisturbed(bench: Bench) -> Run:
    """A run of six epochs that nobody stopped."""
    return bench.wait(bench.start())


def test_a_template_says_its_parameters_as_a_form(bench: Bench) -> None:
    templates = bench.owner.call(routes.TEMPLATES).templates
    boxes = next(each for each in templates if each.name == "detect_boxes")
    schema = json.loads(boxes.parameters)["$defs"]["Params"]["properties"]
    assert schema["epochs"]["minimum"] == 1
    assert dict(boxes.defaults)["flips"] == "auto"


def test_a_run_leaves_a_model_its_curves_and_where_it_came_from(bench: Bench, undisturbed: Run) -> None:
    model = bench.model(undisturbed)
    assert model.classes == ("disc", "square") or model.classes == ("square", "disc")
    assert len(model.digest) == 32
    assert dict(model.metrics) == {"map50": dict(undisturbed.metrics)["map50"]}
    assert (undisturbed.epoch, undisturbed.epochs, undisturbed.attempt) == (6, 6, 1)
    assert undisturbed.cpu_s > 0
    log = bench.owner.call(routes.RUN_LOG, RunLogQuery(), run=undisturbed.id)
    assert {point.name for point in log.points} == {"centre_loss", "box_loss", "map50"}
    assert any("pictures to learn from" in line.text for line in log.lines)
    rest = RunLogQuery(log.next_point, log.next_line)
    assert bench.owner.call(routes.RUN_LOG, rest, run=undisturbed.id).points == ()
    lineage = bench.owner.call(routes.LINEAGE, project=bench.project, kind="model", id=model.id)
    assert [(each.kind, each.id) for each in lineage.made_from] == [("run", undisturbed.id)]
    assert not list((bench.node.folder / "runs" / undisturbed.id).glob("*/*"))  # copies of data are gone


def test_a_killed_node_goes_on_by_itself_to_the_same_model(bench: Bench, undisturbed: Run) -> None:
    run = bench.start()
    bench.wait_for_epoch(run, 2)
    bench.restart()
    again = bench.wait(run)
    assert again.attempt == 2
    assert bench.model(again).digest == bench.model(undisturbed).digest


def test_a_paused_run_goes_on_to_the_same_model(bench: Bench, undisturbed: Run) -> None:
    run = bench.start()
    bench.wait_for_epoch(run, 1)
    bench.owner.call(routes.PAUSE_RUN, run=run)
    bench.wait(run, "paused")
    bench.owner.call(routes.RESUME_RUN, run=run)
    again = bench.wait(run)
    assert bench.model(again).digest == bench.model(undisturbed).digest


def test_another_seed_makes_another_model(bench: Bench, undisturbed: Run) -> None:
    other = bench.wait(bench.start(seed=6))
    assert bench.model(other).digest != bench.model(undisturbed).digest


def test_a_cancelled_run_ends_and_lets_the_next_one_in(bench: Bench) -> None:
    first, second = bench.start(LONG), bench.start(LONG)
    bench.wait_for_epoch(first, 1)
    assert bench.run(second).state == "queued"
    bench.owner.call(routes.CANCEL_RUN, run=first)
    assert bench.wait(first, "cancelled").model is None
    bench.wait(second, "running")
    bench.owner.call(routes.CANCEL_RUN, run=second)
    bench.wait(second, "cancelled")
    with pytest.raises(AtelierError) as caught:
        bench.owner.call(routes.RESUME_RUN, run=second)
    assert caught.value.code == "run.not_stopped"


@pytest.mark.parametrize(
    "parameters", [(("epochs", 0),), (("epochs", "many"),), (("colour", 7.0),), (("speed", 1),)]
)
def test_a_parameter_out_of_bounds_starts_nothing(
    bench: Bench, parameters: tuple[tuple[str, object], ...]
) -> None:
    with pytest.raises(AtelierError) as caught:
        bench.start(parameters)
    assert caught.value.code == "run.bad_parameters"


def test_without_labels_nothing_is_trained(bench: Bench, tmp_path: Path) -> None:
    project = new_project(bench.owner, "Bare")
    bring_in(bench.owner, project, shapes_folder(tmp_path / "bare", 6, labelled=False))
    snapshot = bench.owner.call(routes.NEW_SNAPSHOT, NewSnapshot("Bare"), project=project).id
    run = bench.owner.call(routes.NEW_RUN, NewRun("detect_boxes", snapshot), project=project).id
    refused = bench.wait(run, "refused")
    assert "no item" in refused.error
    assert refused.hint


def test_labels_of_a_machine_count_as_much_as_the_snapshot_says(bench: Bench, tmp_path: Path) -> None:
    """The weight goes from the Edits' `made_by` into the closed environment; what counts nothing is none."""
    project = new_project(bench.owner, "Machine")
    bring_in(bench.owner, project, shapes_folder(tmp_path / "m", 6, labelled=False), "image_folder")
    rows = items_of(bench.owner, project).rows

    def label(number: int, made_by: str) -> None:
        track = Track(EntityId(new_id()), "disc")
        box = Box(EntityId(new_id()), track.id, rows[number].stream, 0, (9.0, 9.0, 40.0, 40.0))
        fence = bench.owner.call(routes.LEASE, item=rows[number].id).fence
        edit = creation("Label", track, box, made_by=made_by)
        bench.owner.call(routes.SAVE_EDIT, save(edit, fence=fence), item=rows[number].id)

    def trained(weight: float) -> Run:
        recipe = NewSnapshot("s", validation_share=0.34, weight_of_machine_labels=weight)
        snapshot = bench.owner.call(routes.NEW_SNAPSHOT, recipe, project=project).id
        asked = NewRun("detect_boxes", snapshot, parameters=(("epochs", 2), ("picture_side", 64)), seed=1)
        return bench.wait(bench.owner.call(routes.NEW_RUN, asked, project=project).id, "done", "refused")

    for number in range(4):
        label(number, "model:first")
    assert trained(0.0).state == "refused"
    label(4, "person")
    label(5, "person")
    models = [bench.model(run) for run in map(trained, (1.0, 1.0, 0.5))]
    assert models[0].digest == models[1].digest
    assert models[0].digest != models[2].digest


def test_without_a_sandbox_training_refuses_rather_than_running_open(bench: Bench, tmp_path: Path) -> None:
    bench.owner.call(routes.TEMPLATES)  # the form is known before bubblewrap is gone
    bench.node.stop()
    bench.node.start(PATH=str(tmp_path))
    bench.owner = bench.node.owner()
    refused = bench.wait(bench.start(), "refused")
    assert "bubblewrap" in refused.error
    bench.node.stop()
    bench.node.start(PATH=os.environ["PATH"])
    bench.owner = bench.node.owner()
