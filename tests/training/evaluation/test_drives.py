"""Drives with cuboids, once round on a real node: learned from, looked at, judged, shown, accepted."""

import io
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace
from PIL import Image

from plugins.pointcloud.generator import Counts, generate, write_scene
from plugins.pointcloud.match_crops import SIZE, SpaceCrops
from studio.domain.entities import Cuboid, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ModelId, ProjectId, SnapshotId, StreamId, SuiteId, new_id
from studio.domain.wire import routes
from studio.domain.wire.evaluation import AcceptPredictions, MatchQuery, NewEvaluation, PredictItems
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.releases import NewRelease
from studio.domain.wire.routes import path_of
from studio.domain.wire.training import NewRun, NewSnapshot, Run, RunLogQuery
from tests.training.running import Person, running_node
from tests.training.runs.shapes import shapes_folder
from tests.training.uploading import bring_in, new_project, wait_for

T = TypeVar("T")
COUNTS = Counts(cars=5, vans=0, cyclists=0, lorries=0, pedestrians=0, walks=0, poles=1, walls=1, bushes=1)
# a few seconds on one processor: enough to find some cars, and surely not all
SMALL = (("batch", 1), ("epochs", 12), ("paste", 3), ("pillar_m", 0.5), ("reach_m", 25.0), ("window_m", 24.0))
FRAMES, LONG = 4, 18


class Trained:
    """A node with three labelled drives, and a model that was trained on two of them."""

    def __init__(self, owner: Person, folder: Path) -> None:
        self.owner = owner
        self.folder = folder
        self.project: ProjectId = new_project(owner, "Drives")
        for seed in range(3):
            self.drive(seed, FRAMES)
        asked = NewSnapshot("all", validation_share=0.3, seed=2)
        self.snapshot: SnapshotId = owner.call(routes.NEW_SNAPSHOT, asked, project=self.project).id
        self.run = self.trained(self.snapshot)
        assert self.run.model is not None, self.run
        self.model: ModelId = self.run.model

    def drive(self, seed: int, frames: int) -> None:
        """Bring a generated drive in; without pictures, of which those of empty ground would be copies."""
        scene = generate(seed, frames=frames, counts=COUNTS, columns=400, picture_size=None)
        write_scene(scene, self.folder / f"drive {seed}", f"drive_{seed}")
        bring_in(self.owner, self.project, self.folder / f"drive {seed}", "atelier_json")

    def trained(self, snapshot: SnapshotId) -> Run:
        """How a small run on a snapshot ends."""
        asked = NewRun("detect_cuboids", snapshot, parameters=SMALL, seed=5)
        run = self.owner.call(routes.NEW_RUN, asked, project=self.project)
        ends = ("done", "failed", "refused")
        return until(lambda: self.owner.call(routes.RUN, run=run.id), lambda now: now.state in ends)

    def items(self, text: str) -> list[ItemId]:
        rows = self.owner.call(routes.ITEMS, ItemQuery(text=text), project=self.project).rows
        return [row.id for row in rows]

    def media(self, item: ItemId, stream: StreamId, frame: int, rendition: str) -> bytes:
        path = path_of(routes.MEDIA, item=item, stream=stream, frame=frame, rendition=rendition)
        answer = self.owner.http.get(path, headers={"Authorization": f"Bearer {self.owner.token}"})
        assert answer.status_code == 200, answer.json()
        return answer.content


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float = 240) -> T:
    """What `look` gives once it is good."""
    end = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.1)
    return seen


@pytest.fixture(scope="module")
def trained() -> Iterator[Trained]:
    with (
        tempfile.TemporaryDirectory(prefix="atelier-n-") as folder,
        running_node(Path(folder) / "w") as running,
    ):
        yield Trained(running.owner(), Path(folder))


def test_one_click_learns_from_the_sweeps_of_drives(trained: Trained) -> None:
    log = trained.owner.call(routes.RUN_LOG, RunLogQuery(), run=trained.run.id)
    said = [line.text for line in log.lines]
    assert any(f"{2 * FRAMES} sweeps to learn from, {FRAMES} to validate on" in line for line in said)
    assert {"centre_loss", "box_loss", "map50"} <= {point.name for point in log.points}
    assert 0 <= dict(trained.run.metrics)["map50"] <= 1


def test_it_is_judged_on_the_drive_that_was_held_out_and_its_outcomes_have_pictures(trained: Trained) -> None:
    owner = trained.owner
    asked = NewEvaluation(trained.model, trained.snapshot, iou=0.3)
    made = owner.call(routes.NEW_EVALUATION, asked, project=trained.project)
    done = until(
        lambda: owner.call(routes.EVALUATION, evaluation=made.id), lambda now: now.state != "running"
    )
    assert done.state == "done", done.error
    assert done.items == 1
    metrics = dict(done.metrics)
    assert metrics["map_distance"] > 0
    assert {"map50", "mota", "idf1", "hota"} <= set(metrics)
    assert {"0 to 20 m", "51 points and more"} <= {each.name for each in done.slices}
    found = owner.call(routes.MATCHES, MatchQuery(), evaluation=made.id)
    assert found.total == sum(count for _, count in done.outcomes)
    seen = {match.outcome: match for match in found.matches}
    assert {"true_positive", "false_negative"} <= set(seen)
    for match in seen.values():
        streams = owner.call(routes.ITEM, item=match.item).streams
        entities = owner.call(routes.DOCUMENT, item=match.item).entities

        def read(stream: StreamId, frame: int, name: str, item: ItemId = match.item) -> bytes:
            return trained.media(item, stream, frame, name)

        crop = Image.open(io.BytesIO(SpaceCrops().picture(match, streams, entities, read)))
        assert crop.size == SIZE


def test_it_looks_at_every_frame_of_a_long_drive_and_what_it_sees_is_tracks(trained: Trained) -> None:
    owner = trained.owner
    trained.drive(30, LONG)
    query = ItemQuery(text="drive_30")
    job = owner.call(routes.PREDICT_ITEMS, PredictItems(trained.model, query), project=trained.project)
    done = wait_for(owner, job)
    assert (done.state, done.total, done.unit) == ("done", LONG, "frames")
    (item,) = trained.items("drive_30")
    (layer,) = owner.call(routes.PREDICTIONS, item=item).predictions
    tracks = {each.id: each for each in layer.entities if isinstance(each, Track)}
    cuboids = [each for each in layer.entities if isinstance(each, Cuboid)]
    assert {each.frame for each in cuboids} == set(range(LONG))
    assert {each.made for each in cuboids} == {"model"}
    assert {each.id for each in cuboids} == set(dict(layer.scores))
    assert {each.class_name for each in tracks.values()} == {"car"}
    seen = [sum(each.track == track for each in cuboids) for track in tracks]
    assert max(seen) > LONG // 3  # followed through the drive


def test_its_tracks_are_accepted_from_a_score_on_and_not_where_labels_stand(trained: Trained) -> None:
    owner = trained.owner
    (item,) = trained.items("drive_30")
    before = owner.call(routes.DOCUMENT, item=item).entities
    (layer,) = owner.call(routes.PREDICTIONS, item=item).predictions
    asked = AcceptPredictions(trained.model, ItemQuery(text="drive_30"), 0.1, leave_accepted=False)
    counted = owner.call(routes.ACCEPT_PREDICTIONS, asked, project=trained.project)
    assert counted.shapes > 0
    made = owner.call(
        routes.ACCEPT_PREDICTIONS,
        replace(asked, preview=False),
        project=trained.project,
    )
    until(lambda: owner.call(routes.JOB, job=made.job), lambda now: now.state == "done")
    fresh = {each.id for each in owner.call(routes.DOCUMENT, item=item).entities} - {
        each.id for each in before
    }
    assert fresh <= {each.id for each in layer.entities}
    assert sum(each.id in fresh for each in layer.entities if isinstance(each, Cuboid)) == counted.shapes


def test_it_is_no_candidate_for_a_service_and_that_is_said_at_once(trained: Trained) -> None:
    asked = NewRelease(trained.model, SuiteId(new_id()), "cuboids")
    with pytest.raises(AtelierError) as caught:
        trained.owner.call(routes.NEW_RELEASE, asked, project=trained.project)
    assert caught.value.code == "model.no_predictor"


def test_what_has_no_sweeps_is_refused_in_words(trained: Trained) -> None:
    owner = trained.owner
    project = new_project(owner, "Pictures")
    bring_in(owner, project, shapes_folder(trained.folder / "others", 2))
    snapshot = owner.call(routes.NEW_SNAPSHOT, NewSnapshot("all"), project=project).id
    run = owner.call(routes.NEW_RUN, NewRun("detect_cuboids", snapshot), project=project)
    now = until(
        lambda: owner.call(routes.RUN, run=run.id), lambda now: now.state not in ("queued", "running")
    )
    assert now.state == "refused"
    assert "no items that this template can learn from" in now.error
