"""Outcomes as pictures: outlines where the points are, and the camera that sees them."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from plugins.pointcloud.cloud import prepared
from plugins.pointcloud.generator import Counts, Scene, generate
from plugins.pointcloud.match_crops import LABEL, PREDICTED, SIZE, SpaceCrops
from studio.domain.entities import AnyEntity, Calibration, CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, MatchId, StreamId
from studio.domain.space import NO_TURN
from studio.domain.wire.evaluation import Match, Placement

LIDAR = StreamId("lidar")
Read = Callable[[StreamId, int, str], bytes]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return generate(12, frames=2, counts=Counts(cars=6), ego="turning", picture_size=(320, 200))


def reader(scene: Scene, without: tuple[str, ...] = ()) -> Read:
    def read(stream: StreamId, frame: int, rendition: str) -> bytes:
        if rendition in without:
            raise AtelierError("media.missing", "There is no such picture.")
        if rendition == "original":
            out = io.BytesIO()
            Image.fromarray(scene.images[stream][frame]).save(out, "JPEG")
            return out.getvalue()
        head, pieces = prepared(scene.clouds[stream][frame])
        return head if rendition == "cloud" else pieces[int(rendition.removeprefix("cloud-"))]

    return read


def seen_car(scene: Scene) -> Placement:
    """The car with the most points in the last frame."""
    hits = scene.hits[LIDAR][1]
    counts = {
        scene.tracks[number].id: int(np.count_nonzero(hits == number))
        for number in np.unique(hits[hits >= 0]).tolist()
        if scene.tracks[number].class_name == "car"
    }
    found = max(scene.cuboids(1), key=lambda each: counts.get(each.track, 0))
    return Placement(found.centre, found.size, found.rotation)


def outcome(label: Placement | None, predicted: Placement | None) -> Match:
    return Match(
        MatchId("x"),
        ItemId("i"),
        "drive",
        LIDAR,
        1,
        "confusion",
        0.9,
        0.6,
        label_cuboid=label,
        predicted_cuboid=predicted,
    )


def shown(
    match: Match, scene: Scene, read: Read, entities: tuple[AnyEntity, ...] | None = None
) -> np.ndarray:
    data = SpaceCrops().picture(match, scene.streams, scene.entities if entities is None else entities, read)
    image = Image.open(io.BytesIO(data))
    assert image.size == SIZE
    return np.asarray(image.convert("RGB")).astype(int)


def share_of(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(pixels - colour).max(axis=2) < 45).mean())


def test_label_and_prediction_have_their_own_outlines(scene: Scene) -> None:
    car = seen_car(scene)
    x, y, z = car.centre
    other = replace(car, centre=(x + 0.8, y + 0.5, z))
    both = shown(outcome(car, other), scene, reader(scene))
    alone = shown(outcome(car, None), scene, reader(scene))
    assert share_of(both, LABEL) > 0.001 < share_of(both, PREDICTED)
    assert share_of(alone, PREDICTED) < share_of(both, PREDICTED) / 3


def test_the_points_of_a_car_lie_within_its_outline(scene: Scene) -> None:
    """Also where the sensor stands askew: without its pose the car would be elsewhere."""
    car = seen_car(scene)
    no_cameras = tuple(each for each in scene.entities if not isinstance(each, Calibration))
    straight = shown(outcome(car, None), scene, reader(scene), no_cameras)
    turned = tuple(
        replace(each, translation=(40.0, 0.0, 0.0), rotation=NO_TURN)
        if isinstance(each, CoordinateSystem)
        else each
        for each in no_cameras
    )
    askew = shown(outcome(car, None), scene, reader(scene), turned)
    height, width = straight.shape[:2]
    middle = np.s_[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    high = [(each[middle][..., 1] - each[middle][..., 2] > 60).mean() for each in (straight, askew)]
    assert high[0] > 4 * high[1]  # what is high is green or yellow


def test_the_camera_that_sees_it_stands_in_a_corner(scene: Scene) -> None:
    car = seen_car(scene)
    corner = np.s_[-60:-10, -80:-10]
    seen = shown(outcome(car, None), scene, reader(scene))[corner]
    unseen = shown(outcome(car, None), scene, reader(scene, without=("original",)))[corner]
    assert seen.mean() > 60 > unseen.mean()  # daylight, and the night above a cloud of points


def test_a_cloud_that_is_missing_is_said(scene: Scene) -> None:
    with pytest.raises(AtelierError) as refused:
        shown(outcome(seen_car(scene), None), scene, reader(scene, without=("cloud",)))
    assert refused.value.code == "media.missing"


def test_an_outcome_without_a_cuboid_is_no_picture(scene: Scene) -> None:
    with pytest.raises(AtelierError) as refused:
        shown(outcome(None, None), scene, reader(scene))
    assert refused.value.code == "media.missing"
