"""The walk, step by step. Each step uses the window by hand and is done when its effect is on the node."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.demo.hand import Hand
from studio.demo.mending import is_mended, mending
from studio.demo.plan import Data
from studio.domain.entities import Box, Track
from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.evaluation import Evaluation, Match, MatchQuery
from studio.domain.wire.projects import ItemQuery, Project
from studio.domain.wire.releases import Release, Service
from studio.domain.wire.training import Run

if TYPE_CHECKING:
    from studio.client import Client

TRAINING_S = 900.0
WAIT_S = 240.0


class Walk:
    """One walk over one data set, in a window that has just been opened on an empty workspace."""

    def __init__(self, hand: Hand, client: Client, data: Data, shots: Path | None, epochs: int) -> None:
        self.hand = hand
        self.client = client
        self.data = data
        self.shots = shots
        self.epochs = epochs or data.epochs
        self.project = ProjectId("")
        self.item = ItemId("")
        self._number = 0
        if shots is not None:
            shots.mkdir(parents=True, exist_ok=True)

    def all(self) -> list[str]:
        """Every step in the order of the loop; returns their titles."""
        steps: tuple[tuple[str, str, Callable[[], None]], ...] = (
            (
                "Home",
                "A project holds your data, its labels and its models. Let us bring data in.",
                self.begin,
            ),
            (
                "Data",
                "Everything that came in: as pictures or as a table, filtered as you like.",
                self.data_page,
            ),
            (
                "Seal a suite",
                "Some items are set aside: no model trains on them, and they answer only with figures.",
                self.seal,
            ),
            ("Label", "Draw with the mouse or with the keyboard alone; undo has no end.", self.label),
            ("Train", "One button. The run goes on when you leave, and after a crash.", self.train),
            (
                "Evaluate",
                "Every mistake as a picture, the most confident first. Judge it by key.",
                self.evaluate,
            ),
            ("Correct", "A wrong label is one click away, and mended here.", self.correct),
            (
                "Release",
                "A candidate faces the sealed suite; a human accepts, and the service answers.",
                self.release,
            ),
            (
                "Train again",
                "The corrections are in the next snapshot; the second run is compared.",
                self.again,
            ),
            ("Compare", "Two models on the same items, object by object.", self.compare),
            (
                "Share and roll back",
                "The better model gets a share of the traffic, and one click takes it back.",
                self.share,
            ),
            ("Online data", "What the service was asked comes back, ready to be labelled.", self.online),
        )
        done: list[str] = []
        for number, (title, words, act) in enumerate(steps, 1):
            self.hand.say(title, words, f"{number} of {len(steps)}")
            act()
            done.append(title)
        self.hand.say("The loop is closed", "Data, labels, model, mistakes, better labels, better model.", "")
        self.shoot("the-loop-is-closed")
        return done

    def shoot(self, name: str) -> None:
        """A picture of the window as it is now."""
        self._number += 1
        if self.shots is not None:
            self.hand.photograph(self.shots / f"{self._number:02d}-{name}.png")

    # Steps

    def begin(self) -> None:
        """A project with the data in it: the sample by its button, other data by the import dialog."""
        self.hand.find("Sample pictures")
        self.shoot("home")
        if self.data.is_sample:
            self.hand.click("Sample pictures")
        else:
            self.hand.click("New project")
            self.hand.fill("Name", self.data.title)
            self.shoot("new-project")
            self.hand.keys("Return")
            self.hand.until("the project is there", lambda: bool(self._projects()), WAIT_S)
            self.hand.find("This project is empty")
            self.hand.click("Import a folder")
            self.hand.fill("Folder", str(self.data.folder))
            self.hand.find("Format", within_s=WAIT_S)
            self.hand.until("the import can start", lambda: self._can("Import"), WAIT_S)
            self.shoot("import-preview")
            self.hand.click("Import", number=self._button("Import"))
        self.hand.until(
            f"{self.data.items} items came in",
            lambda: bool(self._projects()) and self._projects()[0].items == self.data.items,
            WAIT_S,
        )
        self.project = self._projects()[0].id
        if not self.data.is_sample:
            self.hand.find("Close", within_s=WAIT_S)
            self.shoot("import-report")
            self.hand.click("Close")

    def data_page(self) -> None:
        """The sheet, a filter, the table."""
        self.page("Data")
        self.hand.find("Items as pictures")
        self.hand.breathe()
        self._settle()
        self.shoot("data-sheet")
        self.hand.click(f"{self.data.classes[0]}  (")
        self._settle()
        self.shoot("data-filtered")
        self.hand.click("Clear filters")
        self.hand.click("Show as table")
        self._settle()
        self.shoot("data-table")
        self.hand.click("Show as contact sheet")

    def seal(self) -> None:
        """The items of the source's own held-back split become the sealed suite."""
        self.page("Release")
        self.hand.click("Seal a suite")
        self.hand.fill("Split of the source", self.data.sealed or " ")
        if self.data.sealed_text:
            self.hand.fill("Part of the items' names", self.data.sealed_text)
        self._settle()
        self.shoot("seal-a-suite")
        self.hand.click("Seal", number=self._button("Seal"))
        self.hand.until("the suite is sealed", lambda: bool(self._suites()))

    def label(self) -> None:
        """A box by mouse, one by keyboard, one moved; undo and redo."""
        self.page("Data")
        self.hand.find("Items as pictures")
        self._settle()
        place = self.hand.find("Items as pictures")
        left, top, _, _ = place["rect"]
        self.hand.click_at((left + 90, top + 90), double=True)
        corners = self.hand.on_canvas((20, 20), (70, 80))
        self.item = self._open_item()
        before = self._boxes()
        self.hand.keys("b")
        self.hand.drag(*corners)
        if self.client.call(routes.ITEM, item=self.item).state == "accepted":  # as labelled data come in
            self.shoot("label-accepted")
            self.hand.click("Change it")
        self.hand.until("the box that was drawn is saved", lambda: self._boxes() == before + 1)
        self.shoot("label-drawn")
        self.hand.keys("k")
        self.hand.keys("shift+Right", "shift+Down", "Return", "ctrl+Right", "ctrl+Down", "Return")
        self.hand.until("the box of the keyboard is saved", lambda: self._boxes() == before + 2)
        self.hand.keys("ctrl+z")
        self.hand.until("undo is saved", lambda: self._boxes() == before + 1)
        self.hand.keys("ctrl+shift+z")
        self.hand.until("redo is saved", lambda: self._boxes() == before + 2)
        self.shoot("label")
        # what was drawn for show is taken back again, so that it teaches the model nothing
        self.hand.keys("ctrl+z", "ctrl+z")
        self.hand.until("both are taken back", lambda: self._boxes() == before)

    def train(self) -> None:
        """One button; a short run for the walk."""
        self.page("Train")
        self.hand.find("Template")
        self._press_train(self.epochs)
        self.hand.until("the run has begun", lambda: bool(self._runs()))
        self.hand.until(
            "the first epochs are logged",
            lambda: self._runs()[0].epoch >= 1 or self._runs()[0].state in ("done", "failed"),
            WAIT_S,
        )
        self._settle()
        self.shoot("train-live")
        self._wait_for_run(1)
        self._settle()
        self.shoot("train-done")

    def evaluate(self) -> None:
        """The mistakes, ranked; a verdict by key."""
        self.hand.click("Evaluate the model")
        self.hand.until("the evaluation is done", lambda: self._evaluated(1), WAIT_S)
        self.hand.find("Mistakes")
        self._settle()
        self.shoot("evaluate-mistakes")
        self.hand.click("Precision and recall")
        self._settle()
        self.shoot("evaluate-curves")
        self.hand.click("Confusion matrix")
        self._settle()
        self.shoot("evaluate-confusion")
        self.hand.click("By class and slice")
        self.shoot("evaluate-classes")
        self.hand.click("Mistakes")

    def correct(self) -> None:
        """A wrong label, found by what is labelled there: judged, opened in Label and mended."""
        matches = self._matches()
        if not matches:
            self.hand.say("Correct", "This model made no mistake on its validation items.", "")
            return
        found = mending(matches, self._boxes_of, self.data.wrong)
        if found is None:
            self._choose_mistake(0)
            self.hand.say(
                "Correct", "No label is wrong here: the model is. Its items are kept as bad cases.", ""
            )
            self._judge("2", matches[0])
            return
        match = found.match
        self._choose_mistake(found.number)
        self._judge("1", match)
        self.hand.click("Correct it now")
        self.item = match.item
        left, top, right, bottom = match.predicted_xyxy or (0.0, 0.0, 1.0, 1.0)
        self.hand.on_canvas((left, top))
        self._settle()  # the picture moves until the place is in its middle
        corners = self.hand.on_canvas((left - 1, top - 1), (right + 1, bottom + 1))
        self.shoot("label-mistake")
        self._choose_class(found.class_name)  # of what is selected, which is the label where there is one
        if found.how == "draw":
            self.hand.keys("b")
            self.hand.drag(*corners)
        self.hand.until("the correction is saved", lambda: is_mended(found, *self._labels(match)))
        self._settle()
        self.shoot("label-corrected")

    def _choose_mistake(self, number: int) -> None:
        """A cell of the sheet: the first by a click, the others from there by the arrow."""
        sheet = next(
            each for each in self.hand.ask("find", name="Mistakes")["found"] if each["rect"][3] > 100
        )
        left, top, _, _ = sheet["rect"]
        self.hand.click_at((left + 90, top + 90))
        self.hand.keys(*["Right"] * number)
        self._settle()

    def _judge(self, key: str, match: Match) -> None:
        self.hand.keys(key)
        self.hand.until(
            "the verdict is kept",
            lambda: any(each.id == match.id and each.verdict is not None for each in self._matches()),
        )
        self._settle()
        self.shoot("evaluate-judged")

    def release(self) -> None:
        """Gate, decision, service."""
        self.page("Release")
        self.hand.find("Measure at the gate")
        self.hand.until("the gate is open", lambda: self._can("Measure at the gate"))
        self._gate(1)
        self.shoot("release-gate")
        self._accept(1)
        self.hand.until("the service answers", lambda: self._answering(1), WAIT_S)
        self._settle()
        self.shoot("release-service")
        self._try()

    def again(self) -> None:
        """The second snapshot holds the correction; the second run may be better, or not."""
        self.page("Evaluate")
        self.hand.click("Snapshot with the corrections, and train again")
        self.hand.find("Template")
        self._press_train(self.epochs + 4)
        self.hand.until("the second run has begun", lambda: len(self._runs()) > 1)
        self._wait_for_run(2)
        self._settle()
        self.shoot("train-second")

    def compare(self) -> None:
        """Both models on the first snapshot's validation."""
        self.page("Evaluate")
        self.hand.find("Mistakes")
        self._settle()
        newest = self._newest_run()
        first = min(self._runs(), key=lambda run: run.created_ns)
        self._choose("Model", lambda said: said.startswith(self._model_name(newest)))
        self._choose("Snapshot", lambda said: said == first.snapshot_name)
        self.hand.click("Evaluate", number=self._button("Evaluate"))
        self.hand.until("the second evaluation is done", lambda: self._evaluated(2), WAIT_S)
        self._settle()
        self.hand.click("Compare with")
        self._settle()
        self.hand.keys("Down", "Return")
        self.hand.find("Gained", within_s=WAIT_S)
        self._settle()
        self.shoot("evaluate-comparison")

    def share(self) -> None:
        """The second model against the one in service; a share of the traffic; and back."""
        self.page("Release")
        self._settle()
        newest = self._newest_run()
        self._choose("Candidate", lambda said: said.startswith(self._model_name(newest)))
        self._gate(2)
        self.shoot("release-second-gate")
        self._accept(2)
        self.hand.until(
            "two arms answer", lambda: bool(self._services()) and len(self._services()[0].arms) == 2, WAIT_S
        )
        self._settle()
        before = self._shares()
        number = self.hand.find("Share of traffic for", number=1)
        left, top, width, height = number["rect"]
        self.hand.click_at((left + width // 3, top + height // 2))
        self.hand.keys("ctrl+a")
        self.hand.type("40")
        self.hand.keys("Tab")
        self.hand.until("the share is set", lambda: self._shares() != before and 40 in self._shares())
        self._settle()
        self.shoot("release-share")
        self.hand.click("Roll back:")
        self.hand.until("the shares are as before", lambda: self._shares() == before)
        self._settle()
        self.shoot("release-rolled-back")

    def online(self) -> None:
        """What the service was asked is items of a pool."""
        self.hand.until("requests came back as items", lambda: self._online_items() > 0, WAIT_S)
        self.hand.click("Latest online data:")
        self.hand.find("Items as pictures")
        self._settle()
        self.shoot("online-data")

    # Doing

    def page(self, title: str) -> None:
        """Go to a page by its button in the rail."""
        rail = next(
            number
            for number, each in enumerate(self.hand.ask("find", name=title)["found"])
            if each["kind"] == "RailButton"
        )
        self.hand.click(title, number=rail)

    def _press_train(self, epochs: int) -> None:
        self.hand.find("Show parameters")
        if not self.hand.is_there("Epochs"):
            self.hand.click("Show parameters")
        self.hand.fill("Epochs", str(epochs))
        self.shoot("train-new")
        self.hand.until("training can start", lambda: self._can("Train"))
        self.hand.click("Train", number=self._button("Train"))

    def _wait_for_run(self, count: int) -> None:
        self.hand.until(
            "the run is done",
            lambda: (
                sum(run.state == "done" for run in self._runs()) >= count
                or any(run.state == "failed" for run in self._runs())
            ),
            TRAINING_S,
        )
        failed = [run for run in self._runs() if run.state == "failed"]
        self.hand.until(f"the run did not fail: {failed[0].error if failed else ''}", lambda: not failed, 0.0)

    def _gate(self, count: int) -> None:
        self.hand.click("Measure at the gate")
        self.hand.until(
            "the gate has measured",
            lambda: (
                len(self._releases()) >= count
                and all(each.state != "evaluating" for each in self._releases())
            ),
            WAIT_S,
        )
        self.hand.find("Accept", within_s=WAIT_S)
        self._settle()

    def _accept(self, count: int) -> None:
        self.hand.fill("Note on the decision", "Looked at, and good enough for the walk")
        self.hand.click("Accept")
        self.hand.until(
            "the release is accepted",
            lambda: sum(each.state == "accepted" for each in self._releases()) >= count,
        )

    def _try(self) -> None:
        self.hand.until("the service can be tried", lambda: self._can("Try it:"), WAIT_S)
        self.hand.click("Try it:")
        self.hand.find("Items to ask with")
        self._settle()
        left, top, _, _ = self.hand.find("Items to ask with")["rect"]
        self.hand.click_at((left + 60, top + 60))
        self.hand.until("the service can be asked", lambda: self._can("Ask "), WAIT_S)
        self.hand.click("Ask ", number=self._button("Ask "))
        self.hand.find("Picture with the answer", within_s=WAIT_S)
        self._settle()
        self.shoot("release-answer")
        self.hand.click("Close")

    def _choose(self, box: str, wanted: Callable[[str], bool]) -> None:
        """An entry of a list that drops down, by its words."""
        self.hand.click(box, number=self._combo(box))
        # a list that has just dropped down takes the next click for a part of the one that opened it
        self._settle()
        for each in self.hand.ask("find", name="")["found"]:
            if each["kind"] == "QWidget" and wanted(each["said"]) and each["rect"][3] < 60:
                left, top, width, height = each["rect"]
                self.hand.click_at((left + width // 2, top + height // 2))
                break
        else:
            self.hand.keys("Escape")
        self._settle()

    def _choose_class(self, name: str) -> None:
        """A class by its row in the palette."""
        for each in self.hand.ask("find", name=name)["found"]:
            if each["said"] == name and each["kind"] == "QWidget":
                left, top, width, height = each["rect"]
                self.hand.click_at((left + width // 2, top + height // 2))
                return

    def _combo(self, name: str) -> int:
        found = [each for each in self.hand.ask("find", name=name)["found"] if each["enabled"]]
        return next((n for n, each in enumerate(found) if each["kind"] == "QComboBox"), 0)

    def _button(self, name: str) -> int:
        found = [each for each in self.hand.ask("find", name=name)["found"] if each["enabled"]]
        return next((n for n, each in enumerate(found) if each["kind"] == "QPushButton"), 0)

    def _can(self, name: str) -> bool:
        return any(
            each["enabled"] and each["kind"] == "QPushButton"
            for each in self.hand.ask("find", name=name)["found"]
        )

    def _settle(self) -> None:
        """Let what is shown arrive: pictures come in the background."""
        time.sleep(0.6)
        self.hand.breathe()

    # Seeing what is on the node

    def _projects(self) -> tuple[Project, ...]:
        return self.client.call(routes.PROJECTS).projects

    def _suites(self) -> int:
        return len(self.client.call(routes.SUITES, project=self.project).suites)

    def _runs(self) -> tuple[Run, ...]:
        return self.client.call(routes.RUNS, project=self.project).runs

    def _newest_run(self) -> Run:
        return max(self._runs(), key=lambda run: run.created_ns)

    def _model_name(self, run: Run) -> str:
        models = self.client.call(routes.MODELS, project=self.project).models
        return next(model.name for model in models if model.id == run.model)

    def _evaluations(self) -> tuple[Evaluation, ...]:
        return self.client.call(routes.EVALUATIONS, project=self.project).evaluations

    def _evaluated(self, count: int) -> bool:
        failed = [each for each in self._evaluations() if each.state == "failed"]
        self.hand.until(
            f"the evaluation did not fail: {failed[0].error if failed else ''}", lambda: not failed, 0.0
        )
        return sum(each.state == "done" for each in self._evaluations()) >= count

    def _matches(self) -> tuple[Match, ...]:
        newest = max(self._evaluations(), key=lambda each: each.created_ns)
        query = MatchQuery(outcomes=("false_positive", "false_negative", "confusion"))
        return self.client.call(routes.MATCHES, query, evaluation=newest.id).matches

    def _releases(self) -> tuple[Release, ...]:
        return self.client.call(routes.RELEASES, project=self.project).releases

    def _services(self) -> tuple[Service, ...]:
        return self.client.call(routes.SERVICES, project=self.project).services

    def _answering(self, arms: int) -> bool:
        return any(each.state == "answering" and len(each.arms) >= arms for each in self._services())

    def _shares(self) -> list[int]:
        return [arm.share for arm in self._services()[0].arms]

    def _online_items(self) -> int:
        pools = self.client.call(routes.POOLS, project=self.project).pools
        return sum(pool.items for pool in pools if pool.purpose == "online")

    def _open_item(self) -> ItemId:
        name = self.hand.find("Item")["text"]
        rows = self.client.call(routes.ITEMS, ItemQuery(text=name), project=self.project).rows
        return rows[0].id

    def _boxes(self) -> int:
        return len(self._boxes_of(self.item))

    def _boxes_of(self, item: ItemId) -> list[Box]:
        state = self.client.call(routes.DOCUMENT, item=item)
        return [each for each in state.entities if isinstance(each, Box)]

    def _labels(self, match: Match) -> tuple[list[Box], Callable[[Box], str]]:
        """The boxes of a mistake's item as they are now, and what says their class."""
        state = self.client.call(routes.DOCUMENT, item=match.item)
        classes = {each.id: each.class_name for each in state.entities if isinstance(each, Track)}
        boxes = [each for each in state.entities if isinstance(each, Box)]
        return boxes, lambda box: classes[box.track]
