"""Train: what the one button asks for, and what a run shows."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from studio.domain.ids import ModelId, ProjectId, RunId, new_id
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.training import LogLine, NewRun, NewSnapshot, Point, Run, RunLog
from studio.pages.train.new_run import ONE_ITEM
from studio.pages.train.page import ASKING, TrainPage
from studio.pages.train.saying import over_epochs, seconds
from studio.shell.moments import ago
from tests.studio.pages.science.conftest import Seat
from tests.training.driving_log import driving_log
from tests.training.uploading import bring_in, new_project


def opened(seat: Seat) -> TrainPage:
    page = seat.page("train")
    assert isinstance(page, TrainPage)
    seat.until(lambda: page.panel.go.isEnabled())
    return page


def a_run(seat: Seat, state: str = "running") -> Run:
    """A run as the node would tell of it."""
    return Run(
        id=RunId(new_id()),
        project=seat.loop.workspace.project,
        name="first",
        template="detect_boxes",
        algorithm="detect_boxes@1",
        snapshot=seat.loop.snapshot,
        snapshot_name="first",
        parameters=(),
        seed=0,
        state=state,  # type: ignore[arg-type]
        epochs=2,
    )


def go_to(seat: Seat, project: ProjectId) -> None:
    """Open another project, as Home does."""
    seat.window.desk.set_project(seat.client.call(routes.PROJECT, project=project))


def a_project_of_drives(seat: Seat, folder: Path, *names: str) -> ProjectId:
    """Labelled drives, and nothing else."""
    for name in names:
        driving_log(folder, 2, name=name)
    project = new_project(seat.owner, "Drives")
    bring_in(seat.owner, project, folder, "atelier_json")
    return project


def test_the_button_asks_for_a_snapshot_and_only_for_what_was_changed(seat: Seat) -> None:
    page = opened(seat)
    asked: list[tuple[NewSnapshot | None, NewRun]] = []
    page.panel.wanted.disconnect()
    page.panel.wanted.connect(lambda recipe, run: asked.append((recipe, run)))
    page.panel.go.click()
    recipe, run = asked[0]
    assert recipe is not None
    assert recipe.name
    assert run.template == "detect_boxes"
    assert run.parameters == ()
    epochs = page.panel.form._answers["epochs"].control
    epochs.setText("3")  # type: ignore[attr-defined]
    page.panel.go.click()
    assert asked[1][1].parameters == (("epochs", 3),)


def test_the_template_is_that_of_the_data_until_somebody_chooses_another(seat: Seat) -> None:
    panel = opened(seat).panel
    assert panel.template.currentData() == "detect_boxes"
    panel.suit("points")
    assert panel.template.currentData() == "detect_cuboids"
    assert "pillar_m" in panel.form._answers
    panel.suit("text")  # nothing learns from that: what was chosen stays
    assert panel.template.currentData() == "detect_cuboids"
    panel.template.activated.emit(panel.template.currentIndex())
    panel.suit("image")
    assert panel.template.currentData() == "detect_cuboids"


def test_another_project_starts_from_what_it_holds(seat: Seat, tmp_path: Path) -> None:
    page = opened(seat)
    page.panel.template.activated.emit(page.panel.template.currentIndex())  # chosen here, for pictures
    page.panel.choose_query(ItemQuery(text="open"), "the open ones")
    page._chosen([a_run(seat)])
    assert page.view.run is not None
    assert page.right.currentWidget() is page.view
    go_to(seat, a_project_of_drives(seat, tmp_path, "north", "south"))
    assert page.view.run is None
    assert page.right.currentWidget() is page.nothing
    assert page.nothing.accessibleName() == ASKING
    assert not page.panel.go.isEnabled()
    seat.until(lambda: page.panel.go.isEnabled())
    assert page.panel.template.currentData() == "detect_cuboids"
    assert page.panel.query == ItemQuery()
    assert page.right.currentWidget() is page.panel


def test_one_drive_cannot_be_trained_on_and_the_page_says_why(seat: Seat, tmp_path: Path) -> None:
    page = opened(seat)
    assert page.panel.why_not.isHidden()
    go_to(seat, a_project_of_drives(seat, tmp_path, "only"))
    seat.until(lambda: page.right.currentWidget() is page.panel)
    assert page.panel.why_not.isVisible()
    assert page.panel.why_not.text() == page.panel.go.toolTip() == ONE_ITEM
    assert not page.panel.go.isEnabled()
    page.panel.hold(False)
    assert not page.panel.go.isEnabled()
    go_to(seat, seat.loop.workspace.project)
    seat.until(lambda: page.panel.go.isEnabled())
    assert page.panel.why_not.isHidden()


def test_what_was_said_the_last_time_is_not_said_again_before_it_is_known(seat: Seat) -> None:
    page = opened(seat)
    go_to(seat, new_project(seat.owner, "Empty"))
    seat.until(lambda: page.nothing.accessibleName() == "This project is empty")
    seat.page("data")
    seat.page("train")
    assert page.nothing.accessibleName() == ASKING
    seat.until(lambda: page.nothing.accessibleName() == "This project is empty")


def test_the_log_of_a_run_that_ended_elsewhere_is_fetched_to_its_end(seat: Seat) -> None:
    view = opened(seat).view
    run = a_run(seat)
    view.show_run(run)
    ended = replace(run, state="done", ended_ns=9, model=ModelId(new_id()))
    view.show_run(ended)  # as the page does when it is entered again
    assert view.is_behind(ended)
    view.take_log(ended, RunLog((Point("loss", 0, 0.0, 1.0, 0),), (LogLine(1, "info", "begun"),), 1, 1))
    assert "begun" in view.log.toPlainText()
    assert view.is_behind(ended)  # there may be more of it
    view.take_log(ended, RunLog((), (), 1, 1))
    assert not view.is_behind(ended)
    assert view.is_behind(replace(ended, ended_ns=10))  # it went on, and ended again


def test_labels_of_a_machine_are_held_down_in_a_new_snapshot_and_said_of_an_old_one(seat: Seat) -> None:
    page = opened(seat)
    made: list[NewSnapshot] = []
    page.panel.wanted.disconnect()
    page.panel.wanted.connect(lambda recipe, _run: made.append(recipe))
    page.panel.machine_share.setValue(25)
    page.panel.machine_weight.setValue(0.4)
    page.panel.go.click()
    assert (made[0].share_of_machine_labels, made[0].weight_of_machine_labels) == (0.25, 0.4)
    frozen = seat.client.call(routes.NEW_SNAPSHOT, made[0], project=seat.loop.workspace.project)
    assert frozen.recipe == made[0]
    page.panel.offer(page.panel._templates, (frozen,), 20, may_train=True)
    page.panel.choose_snapshot(frozen.id)
    said = "Machine labels: at most 25% of the items have no others, each counts 0.4"
    assert page.panel.holds.text().endswith(said)
    assert not page.panel.machine_share.isVisible()


def test_a_parameter_out_of_bounds_is_said_and_nothing_is_asked(seat: Seat) -> None:
    page = opened(seat)
    asked: list[object] = []
    page.panel.wanted.disconnect()
    page.panel.wanted.connect(lambda *given: asked.append(given))
    page.panel.form._answers["epochs"].control.setText("-4")  # type: ignore[attr-defined]
    page.panel.go.click()
    assert asked == []
    assert "Epochs" in page.panel.trouble.text()


def test_a_snapshot_that_is_there_can_be_trained_on_again(seat: Seat) -> None:
    page = opened(seat)
    asked: list[tuple[NewSnapshot | None, NewRun]] = []
    page.panel.wanted.disconnect()
    page.panel.wanted.connect(lambda recipe, run: asked.append((recipe, run)))
    page.panel.choose_snapshot(seat.loop.snapshot)
    page.panel.go.click()
    assert asked[0][0] is None
    assert asked[0][1].snapshot == seat.loop.snapshot
    assert seat.client.call(routes.SNAPSHOTS, project=seat.loop.workspace.project).snapshots


def test_the_points_of_one_epoch_are_spread_over_it() -> None:
    def points(*epochs: float) -> list[Point]:
        return [Point("loss", step, epoch, 0.0, 0) for step, epoch in enumerate(epochs)]

    assert over_epochs(points(0, 0, 1, 1, 2)) == (0, 0.5, 1, 1.5, 2)
    assert over_epochs(points(0, 0, 0, 0, 1, 1)) == (0, 0.25, 0.5, 0.75, 1, 1.25)  # one is under way
    assert over_epochs(points(9, 10, 11)) == (9, 10, 11)
    assert over_epochs([]) == ()


def test_durations_and_moments_are_said_as_people_say_them() -> None:
    assert [seconds(value) for value in (3, 75, 3700)] == ["3 s", "1 min 15 s", "1 h 01 min"]
    assert [ago(0, now_ns=int(past * 1e9)) for past in (1, 120, 7200, 400_000)] == [
        "just now",
        "2 min ago",
        "2 h ago",
        "5 days ago",
    ]
