"""Train: what the one button asks for, and what a run shows."""

from __future__ import annotations

from studio.domain.wire import routes
from studio.domain.wire.training import NewRun, NewSnapshot, Point
from studio.pages.train.page import TrainPage
from studio.pages.train.saying import over_epochs, seconds
from studio.shell.moments import ago
from tests.studio.pages.science.conftest import Seat


def opened(seat: Seat) -> TrainPage:
    page = seat.page("train")
    assert isinstance(page, TrainPage)
    seat.until(lambda: page.panel.go.isEnabled())
    return page


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
    page.panel.offer(page.panel._templates, (frozen,), may_train=True)
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
