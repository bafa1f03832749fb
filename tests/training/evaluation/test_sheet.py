"""The sheet of outcomes: what is sealed comes back, of boxes and of cuboids, and old rows stay readable."""

import os

from msgspec import Struct
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, EvaluationId, ItemId, MatchId, ProjectId, StreamId, new_id
from studio.domain.wire.evaluation import Match, Placement
from training.data.sealing import KeySealer
from training.evaluation import sheet
from training.store.items import StoredItem

ITEM = ItemId(new_id())
SEALER = KeySealer(os.urandom(32))
CUBOID = Match(
    MatchId(new_id()),
    ITEM,
    "drive",
    StreamId("lidar"),
    14,
    "confusion",
    0.75,
    0.5,
    EntityId(new_id()),
    "car",
    "van",
    revision=3,
    label_cuboid=Placement((1.0, 2.0, 0.5), (4.5, 1.8, 1.5), (0.0, 0.0, 0.6, 0.8)),
    predicted_cuboid=Placement((1.5, 2.0, 0.5), (5.0, 2.0, 2.0), (0.0, 0.0, 0.0, 1.0)),
)


def stored_item(revision: int = 3) -> StoredItem:
    return StoredItem(
        ITEM,
        ProjectId(new_id()),
        "drive",
        "drive",
        "accepted",
        revision,
        1,
        0,
        0,
        0,
        0,
        False,
        None,
        "",
        "",
        "",
        StreamId("lidar"),
        "points",
        0,
        0,
        b"",
        0,
        False,
    )


def test_a_cuboid_comes_back_as_it_was_sealed() -> None:
    row = sheet.stored(EvaluationId(new_id()), 0, CUBOID, SEALER)
    assert sheet.opened(row, stored_item(), SEALER) == CUBOID
    assert sheet.opened(row, stored_item(4), SEALER).corrected


def test_nothing_of_where_it_stands_is_kept_in_the_clear() -> None:
    row = sheet.stored(EvaluationId(new_id()), 0, CUBOID, SEALER)
    assert canonical.encode(CUBOID.label_cuboid)[2:20] not in row.payload


class Before(Struct, frozen=True):
    """What was sealed of an outcome before there were cuboids."""

    stream: StreamId
    frame: int
    score: float
    iou: float
    label: EntityId | None
    label_xyxy: Rect | None
    predicted_xyxy: Rect | None
    revision: int


def test_an_outcome_that_was_sealed_before_there_were_cuboids_opens() -> None:
    boxes = replace(
        CUBOID,
        label_cuboid=None,
        predicted_cuboid=None,
        label_xyxy=(0.0, 0.0, 1.0, 1.0),
        stream=StreamId("s"),
    )
    row = sheet.stored(EvaluationId(new_id()), 0, boxes, SEALER)
    old = Before(boxes.stream, 14, 0.75, 0.5, boxes.label, boxes.label_xyxy, None, 3)
    aad = f"match seen {row.item} {row.id}".encode()
    earlier = replace(row, payload=SEALER.seal(canonical.encode(old), aad))
    assert sheet.opened(earlier, stored_item(), SEALER) == sheet.opened(row, stored_item(), SEALER) == boxes
