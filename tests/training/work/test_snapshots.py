"""Snapshots: frozen for good, the same from the same state, and without what is sealed."""

import pytest
from msgspec.structs import replace

from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Box, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, RunId, ShapeId, StreamId, TrackId, UserId, new_id
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire.projects import ItemQuery, NewProject, Stream
from studio.domain.wire.training import NewSnapshot, Run
from training.data import media
from training.data.frozen import FrozenItem, frozen_items
from training.data.provenance import labels_at
from training.node import Node
from training.store import blobs
from training.store import items as item_rows
from training.work import documents, items, lineage, projects, reading, runs, snapshots
from training.work.access import Session
from training.work.showing import original

SAM = Session(UserId(new_id()), "Sam", True, b"", 2**62, {}, everything=True)
STREAM = Stream(StreamId("image"), "image", "image", width=64, height=48)


@pytest.fixture
def project(inside):
    return projects.create(inside, NewProject("Cells", Ontology(classes=(ClassType("cell"),))), SAM).id


def labelled(node: Node, project, name: str, content: bytes = b"", group: str = "") -> ItemId:
    """An accepted item with a picture and one box."""
    with node.store.write() as tx:
        stored = items.create(node, tx, project, name, (STREAM,), group_key=group, state="accepted")
        sealed = media.sealed_for(node.keys, tx, project, content or name.encode())
        node.blobs.put(project, [sealed])
        place = media.original(STREAM.id, 0)
        sealer = node.keys.item_sealer(tx, stored.id)
        blobs.add(tx, [media.blob_row(stored.id, project, place, sealed, "image/png", sealer)])
        track = Track(EntityId(new_id()), "cell")
        box = Box(ShapeId(EntityId(new_id())), TrackId(track.id), STREAM.id, 0, (1.0, 2.0, 3.0, 4.0))
        documents.append(node, tx, stored, creation("Draw", track, box), SAM.user)
    return stored.id


def save(node: Node, item: ItemId, edit: Edit) -> None:
    with node.store.write() as tx:
        stored = item_rows.get(tx, item)
        documents.append(node, tx, stored, edit, SAM.user)


def boxes(found) -> list[Box]:
    return [each for each in found.entities if isinstance(each, Box)]


def test_the_same_recipe_on_the_same_state_has_the_same_digest(inside, project):
    for number in range(12):
        labelled(inside, project, f"{number}")
    first, second = (snapshots.new_snapshot(inside, project, NewSnapshot("s", seed=3), SAM) for _ in range(2))
    assert first.digest == second.digest
    assert first.id != second.id
    assert snapshots.new_snapshot(inside, project, NewSnapshot("s", seed=4), SAM).digest != first.digest
    assert first.items == 12
    assert dict(first.splits) == {"train": 10, "validation": 2}
    assert first.classes == (("cell", 12),)


def test_what_was_frozen_stays_whatever_is_edited_since(inside, project):
    item = labelled(inside, project, "a")
    labelled(inside, project, "b")
    made = snapshots.new_snapshot(inside, project, NewSnapshot("s"), SAM)
    before = {each.item: each for each in frozen_items(inside, made.id)}
    assert first_file(inside, before[item]) == b"a"
    box = boxes(before[item])[0]
    moved = Box(box.id, box.track, box.stream, 0, (9.0, 9.0, 20.0, 20.0))
    save(inside, item, change("Move", (box, moved)))
    extra = Track(EntityId(new_id()), "cell")
    save(inside, item, creation("Draw", extra))
    save(inside, item, Edit("Delete", {box.id: (moved, None), box.track: (before_track(before[item]), None)}))
    after = {each.item: each for each in frozen_items(inside, made.id)}
    assert after[item].entities == before[item].entities
    again = snapshots.new_snapshot(inside, project, NewSnapshot("s"), SAM)
    assert again.digest != made.digest
    now = {each.item: each for each in frozen_items(inside, again.id)}
    assert [type(each) for each in now[item].entities] == [Track]


def first_file(node: Node, found: FrozenItem) -> bytes:
    return original(node, found.item, found.streams[0].id, 0)


def before_track(found) -> Track:
    return next(each for each in found.entities if isinstance(each, Track))


def test_a_split_can_be_read_alone(inside, project):
    for number in range(10):
        labelled(inside, project, f"{number}", group="one" if number < 4 else "")
    made = snapshots.new_snapshot(inside, project, NewSnapshot("s", validation_share=0.5), SAM)
    train = {each.item for each in frozen_items(inside, made.id, "train")}
    validation = {each.item for each in frozen_items(inside, made.id, "validation")}
    assert len(train | validation) == 10
    assert not train & validation
    sides = {each.split for each in frozen_items(inside, made.id) if each.group_key == "one"}
    assert len(sides) == 1


def test_copies_of_one_picture_stand_on_one_side(inside, project):
    for number in range(10):
        labelled(inside, project, f"{number}", content=b"the same" if number < 5 else b"")
    made = snapshots.new_snapshot(inside, project, NewSnapshot("s", validation_share=0.4), SAM)
    sides = {each.split for each in frozen_items(inside, made.id) if first_file(inside, each) == b"the same"}
    assert len(sides) == 1


def test_unlabelled_items_are_left_out_and_nothing_labelled_is_refused(inside, project):
    with inside.store.write() as tx:
        items.create(inside, tx, project, "untouched", (STREAM,))
    with pytest.raises(AtelierError) as caught:
        snapshots.new_snapshot(inside, project, NewSnapshot("s"), SAM)
    assert caught.value.code == "snapshot.empty"
    labelled(inside, project, "a")
    made = snapshots.new_snapshot(inside, project, NewSnapshot("s"), SAM)
    assert made.items == 1


def test_a_snapshot_is_found_again_and_its_items_can_be_listed(inside, project):
    labelled(inside, project, "a")
    labelled(inside, project, "b")
    recipe = NewSnapshot("mine", ItemQuery(text="a"))
    made = snapshots.new_snapshot(inside, project, recipe, SAM)
    assert snapshots.of_project(inside, project) == (made,)
    assert made.items == 1
    item = next(frozen_items(inside, made.id)).item
    walked = lineage.of(inside, project, "item", item, SAM)
    assert [(each.kind, each.id, each.title) for each in walked.used_in] == [("snapshot", made.id, "mine")]


@pytest.mark.parametrize(
    "recipe",
    [
        NewSnapshot("s", validation_share=1.0),
        NewSnapshot("s", validation_share=-0.1),
        NewSnapshot("s", fixed=(("x", "elsewhere"),)),
        NewSnapshot("s", weight_of_machine_labels=2.0),
        NewSnapshot("s", share_of_machine_labels=-0.1),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(inside, project, recipe):
    labelled(inside, project, "a")
    with pytest.raises(AtelierError) as caught:
        snapshots.new_snapshot(inside, project, recipe, SAM)
    assert caught.value.code == "snapshot.bad_recipe"


def by_machine(node: Node, project, name: str) -> ItemId:
    """An item whose only box came from a model."""
    with node.store.write() as tx:
        stored = items.create(node, tx, project, name, (STREAM,))
        track = Track(EntityId(new_id()), "cell")
        box = Box(ShapeId(EntityId(new_id())), TrackId(track.id), STREAM.id, 0, (5.0, 6.0, 7.0, 8.0))
        edit = creation("Accept predictions", track, box, tool="accept", made_by="model:m")
        documents.append(node, tx, stored, edit, SAM.user)
    return stored.id


def boxes_of(node: Node, item: ItemId) -> list[Box]:
    return [each for each in reading.read(node, item).entities if isinstance(each, Box)]


def machines(node: Node, item: ItemId) -> tuple[int, frozenset[EntityId]]:
    """How many labels an item has, and which of them are a machine's."""
    with node.store.read() as tx:
        stored = item_rows.get(tx, item)
        found = labels_at(tx, item, stored.revision, node.keys.item_sealer(tx, item))
    return found.count, found.by_machine


def test_a_label_is_a_machines_until_somebody_changes_it_or_its_track(inside, project):
    item = labelled(inside, project, "a")
    assert machines(inside, item) == (1, frozenset())
    seen = by_machine(inside, project, "b")
    (box,) = boxes_of(inside, seen)
    assert machines(inside, seen) == (1, frozenset({box.id}))
    track = next(each for each in reading.read(inside, seen).entities if isinstance(each, Track))
    renamed = replace(track, class_name="debris")
    save(inside, seen, change("Rename", (track, renamed), made_by="rule:rename"))
    assert machines(inside, seen) == (1, frozenset({box.id}))  # a rule looks at nothing
    save(inside, seen, change("Change the class", (renamed, track)))
    assert machines(inside, seen) == (1, frozenset())
    other = by_machine(inside, project, "c")
    (box,) = boxes_of(inside, other)
    save(inside, other, change("Move", (box, replace(box, xyxy=(5.0, 6.0, 9.0, 9.0)))))
    assert machines(inside, other) == (1, frozenset())


def test_the_share_limits_items_with_none_but_a_machines_labels(inside, project):
    for number in range(6):
        labelled(inside, project, f"by hand {number}")
    for number in range(6):
        by_machine(inside, project, f"by machine {number}")

    def counted(share: float, seed: int = 0) -> tuple[int, int, list[ItemId]]:
        recipe = NewSnapshot("s", seed=seed, share_of_machine_labels=share)
        made = snapshots.new_snapshot(inside, project, recipe, SAM)
        names = {each.item: each.name for each in frozen_items(inside, made.id)}
        chosen = sorted(item for item, name in names.items() if name.startswith("by machine"))
        return made.items, len(chosen), chosen

    assert counted(1.0)[:2] == (12, 6)
    assert counted(0.5)[:2] == (12, 6)
    assert counted(0.25)[:2] == (8, 2)
    assert counted(0.0)[:2] == (6, 0)
    assert counted(0.25) == counted(0.25)
    assert len({tuple(counted(0.25, seed)[2]) for seed in range(6)}) > 1


def test_where_a_machine_made_all_labels_no_share_lets_them_in_alone(inside, project):
    item = by_machine(inside, project, "a")
    recipe = NewSnapshot("s", share_of_machine_labels=0.5)
    with pytest.raises(AtelierError) as caught:
        snapshots.new_snapshot(inside, project, recipe, SAM)
    assert caught.value.code == "snapshot.empty"
    (box,) = boxes_of(inside, item)
    save(inside, item, change("Move", (box, replace(box, xyxy=(5.0, 6.0, 9.0, 9.0)))))
    assert snapshots.new_snapshot(inside, project, recipe, SAM).items == 1


def test_a_weight_reaches_the_samples_of_the_labels_that_a_machine_made(inside, project):
    labelled(inside, project, "a")
    item = by_machine(inside, project, "b")
    track, box = Track(EntityId(new_id()), "cell"), boxes_of(inside, item)[0]
    drawn = Box(ShapeId(EntityId(new_id())), TrackId(track.id), STREAM.id, 0, (20.0, 6.0, 27.0, 8.0))
    save(inside, item, creation("Draw", track, drawn))
    digests = set()
    for weight, wanted in ((1.0, {}), (0.5, {box.id: 0.5}), (0.0, {box.id: 0.0})):
        recipe = NewSnapshot("s", validation_share=0.0, weight_of_machine_labels=weight)
        made = snapshots.new_snapshot(inside, project, recipe, SAM)
        digests.add(made.digest)
        run = Run(RunId(new_id()), project, "r", "detect_boxes", "", made.id, "s", (), 0, "queued")
        held = {each.item.name: each.item.weights for each in runs.sources(inside, run)}
        assert held == {"a": {}, "b": wanted}
    assert len(digests) == 3  # what is learned differs, so they are different data
