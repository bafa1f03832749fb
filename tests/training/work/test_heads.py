"""A stored document as its rules ask for it: what a group is in, without a look at its members."""

import pytest
from msgspec.structs import replace

from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Cuboid, Group, Member, Relation, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, StreamId, new_id
from tests.training.workspace import Workspace, furnish, session
from training.data.sealing import Sealer
from training.node import Node
from training.store.engine import Transaction
from training.work import documents, reading
from training.work.access import Session
from training.work.heads import StoredHeads

MEMBERS = 1200  # more than a statement takes at once


@pytest.fixture
def workspace(inside: Node) -> Workspace:
    return furnish(inside)


@pytest.fixture
def ann(workspace: Workspace) -> Session:
    return session(workspace.users["ann"], "Ann")


def append(node: Node, item: ItemId, edit: Edit, who: Session) -> None:
    with node.store.write() as tx:
        documents.append(node, tx, reading.live_item(tx, item), edit, who.user)


class Heads(StoredHeads):
    """Stored heads that count how many entities they open."""

    def __init__(self, tx: Transaction, item: ItemId, sealer: Sealer) -> None:
        super().__init__(tx, item, sealer)
        self.opened = 0

    def _load_heads(self, keys: list[EntityId]) -> None:
        self.opened += len(keys)
        super()._load_heads(keys)


def _convoy() -> tuple[list[Group], list[Track], list[Member]]:
    """Groups: fleet holds convoy and platoon, convoy holds platoon and many tracks."""
    fleet, convoy, platoon = (Group(EntityId(new_id()), name) for name in ("fleet", "convoy", "platoon"))
    tracks = [Track(EntityId(new_id()), "cell") for _ in range(MEMBERS)]
    placed = [(fleet, convoy), (fleet, platoon), (convoy, platoon), *((convoy, each) for each in tracks)]
    return [fleet, convoy, platoon], tracks, [Member(EntityId(new_id()), g.id, e.id) for g, e in placed]


def test_what_a_group_is_in_is_what_the_document_says_and_its_members_stay_closed(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item = workspace.items[0]
    groups, tracks, members = _convoy()
    related = Relation(EntityId(new_id()), "leads", groups[0].id, groups[1].id)
    append(inside, item, creation("Group", *groups, *tracks, *members, related), ann)
    document = Document([*groups, *tracks, *members, related])
    with inside.store.read() as tx:
        heads = Heads(tx, item, inside.keys.item_sealer(tx, item))
        for group in groups:
            assert set(heads.memberships(group.id)) == set(document.memberships(group.id))
        assert heads.opened < 10
        heads.load(change("Rename", (groups[1], replace(groups[1], name="first"))))
        heads.load(creation("Join", Member(EntityId(new_id()), groups[1].id, tracks[0].id)))
        heads.load(Edit("Leave", {members[-1].id: (members[-1], None)}))
        assert heads.opened < 20


def test_a_circle_through_a_stored_group_of_many_is_refused(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item = workspace.items[0]
    (fleet, convoy, platoon), tracks, members = _convoy()
    append(inside, item, creation("Group", fleet, convoy, platoon, *tracks, *members), ann)
    with pytest.raises(AtelierError) as refused:
        append(inside, item, creation("Nest", Member(EntityId(new_id()), platoon.id, fleet.id)), ann)
    assert refused.value.code == "document.dangling"
    append(inside, item, change("Rename", (convoy, replace(convoy, name="first"))), ann)
    append(inside, item, Edit("Leave", {members[2].id: (members[2], None)}), ann)
    append(inside, item, creation("Nest", Member(EntityId(new_id()), platoon.id, convoy.id)), ann)


def test_a_track_takes_its_many_shapes_to_another_class_in_the_counts(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item = workspace.items[0]
    track = Track(EntityId(new_id()), "cell")
    upright = (0.0, 0.0, 0.0, 1.0)
    cuboids = [
        Cuboid(EntityId(new_id()), track.id, StreamId("lidar"), n, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), upright)
        for n in range(MEMBERS)
    ]
    append(inside, item, creation("Draw", track, *cuboids), ann)
    append(inside, item, change("Class", (track, replace(track, class_name="debris"))), ann)
    with inside.store.read() as tx:
        assert reading.live_item(tx, item).shapes == MEMBERS
        stored = reading.read_in(inside, tx, item)
    assert sum(isinstance(each, Cuboid) for each in stored.entities) == MEMBERS
