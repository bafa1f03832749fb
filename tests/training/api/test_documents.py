"""Saving through a real node: exactly once, by field, never without a lease."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.edit import change
from studio.domain.entities import Box, Track
from studio.domain.errors import AtelierError
from studio.domain.values import attributes
from studio.domain.wire import routes
from studio.domain.wire.documents import RevisionQuery, Saved
from studio.domain.wire.projects import ItemQuery
from tests.training.running import Person, RunningNode, running_node
from tests.training.workspace import Workspace, a_box, draw, furnished, save, sign_in


class Two:
    """A node with Ann and Bob signed in."""

    def __init__(self, node: RunningNode, workspace: Workspace) -> None:
        self.node = node
        self.workspace = workspace
        self.ann = sign_in(node, workspace, "ann")
        self.bob = sign_in(node, workspace, "bob")
        self.item = workspace.items[0]

    def lease(self, person: Person) -> int:
        return person.call(routes.LEASE, item=self.item).fence


@pytest.fixture(scope="module")
def both() -> Iterator[Two]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        workspace = furnished(folder, 40, names=("ann", "bob"))
        with running_node(folder) as node:
            yield Two(node, workspace)


@pytest.fixture
def two(both: Two) -> Two:
    """The two before an item that nobody has touched."""
    both.item = both.workspace.items.pop()
    return both


def test_a_repeated_save_is_one_revision(two: Two) -> None:
    asked = draw(fence=two.lease(two.ann))
    first, second = (two.ann.call(routes.SAVE_EDIT, asked, item=two.item) for _ in range(2))
    assert first == second
    history = two.ann.call(routes.REVISIONS, RevisionQuery(), item=two.item).revisions
    assert [(each.revision, each.author_name) for each in history] == [(1, "Ann")]


def test_an_operation_id_that_comes_with_other_bytes_is_refused(two: Two) -> None:
    asked = draw(fence=two.lease(two.ann))
    two.ann.call(routes.SAVE_EDIT, asked, item=two.item)
    other = replace(asked, edit=draw().edit)
    with pytest.raises(AtelierError) as refused:
        two.ann.call(routes.SAVE_EDIT, other, item=two.item)
    assert refused.value.code == "operation.reused"
    assert two.ann.call(routes.DOCUMENT, item=two.item).revision == 1


def test_two_people_who_change_different_fields_of_one_box_both_keep_theirs(two: Two) -> None:
    track, box = a_box()
    fence, bobs = two.lease(two.ann), two.lease(two.bob)
    two.ann.call(routes.SAVE_EDIT, draw(track, box, fence=fence), item=two.item)
    moved = replace(box, xyxy=(0.0, 0.0, 5.0, 5.0))
    marked = replace(box, attributes=attributes(stage="old"))
    two.ann.call(routes.SAVE_EDIT, save(change("Move", (box, moved)), fence=fence, base=1), item=two.item)
    got = two.bob.call(
        routes.SAVE_EDIT, save(change("Mark", (box, marked)), fence=bobs, base=1), item=two.item
    )
    assert got.revision == 3
    held = {each.id: each for each in two.ann.call(routes.DOCUMENT, item=two.item).entities}
    assert held[box.id] == replace(moved, attributes=attributes(stage="old"))


def test_of_two_moves_of_one_box_the_second_is_refused_whole(two: Two) -> None:
    track, box = a_box()
    fence, bobs = two.lease(two.ann), two.lease(two.bob)
    two.ann.call(routes.SAVE_EDIT, draw(track, box, fence=fence), item=two.item)
    for_ann, for_bob = (replace(box, xyxy=(0.0, 0.0, at, at)) for at in (5.0, 9.0))
    two.ann.call(routes.SAVE_EDIT, save(change("Move", (box, for_ann)), fence=fence), item=two.item)
    together = change("Move", (box, for_bob)).then(draw().edit)
    with pytest.raises(AtelierError) as refused:
        two.bob.call(routes.SAVE_EDIT, save(together, fence=bobs), item=two.item)
    assert refused.value.code == "document.stale"
    held = {each.id: each for each in two.bob.call(routes.DOCUMENT, item=two.item).entities}
    assert held == {track.id: track, box.id: for_ann}


def test_a_track_cannot_go_while_somebody_elses_box_hangs_on_it(two: Two) -> None:
    track, box = a_box()
    fence, bobs = two.lease(two.ann), two.lease(two.bob)
    two.ann.call(routes.SAVE_EDIT, draw(track, fence=fence), item=two.item)
    two.bob.call(routes.SAVE_EDIT, draw(box, fence=bobs), item=two.item)
    with pytest.raises(AtelierError) as refused:
        two.ann.call(routes.SAVE_EDIT, save(draw(track).edit.inverse(), fence=fence), item=two.item)
    assert refused.value.code == "document.dangling"


def test_an_edit_under_a_dead_lease_is_kept_as_a_draft_and_not_applied(two: Two) -> None:
    fence = two.lease(two.ann)
    two.ann.call(routes.END_LEASE, item=two.item)
    asked = draw(fence=fence)
    with pytest.raises(AtelierError) as lost:
        two.ann.call(routes.SAVE_EDIT, asked, item=two.item)
    assert lost.value.code == "lease.lost"
    drafts = two.ann.call(routes.DRAFTS, item=two.item).drafts
    assert [each.state for each in drafts] == [canonical.encode(asked)]
    assert two.ann.call(routes.DOCUMENT, item=two.item).revision == 0
    assert two.bob.call(routes.DRAFTS, item=two.item).drafts == ()


def test_a_lease_outlives_a_kill_of_the_node(two: Two) -> None:
    fence = two.lease(two.ann)
    two.node.kill()
    two.node.start()
    two.ann.http = two.bob.http = two.node.http
    assert two.ann.call(routes.SAVE_EDIT, draw(fence=fence), item=two.item).revision == 1


def test_bytes_that_are_not_the_canonical_form_are_refused(two: Two) -> None:
    asked = draw(fence=two.lease(two.ann))
    plain = msgspec.to_builtins(asked, builtin_types=(bytes,))
    backwards = msgspec.msgpack.encode(dict(reversed(list(plain.items()))))
    doubled = b"\x88\xa4base\x00" + canonical.encode(asked)[1:]
    for data in (backwards, doubled, canonical.encode(asked) + b"\x00"):
        assert two.ann.send(routes.SAVE_EDIT, data, item=two.item).status_code == 400
    assert two.ann.call(routes.DOCUMENT, item=two.item).revision == 0


def test_the_summary_of_a_list_follows_every_edit(two: Two) -> None:
    track, box = a_box("cell")
    fence = two.lease(two.ann)
    two.ann.call(routes.SAVE_EDIT, draw(track, box, fence=fence), item=two.item)
    other = replace(track, class_name="debris")
    two.ann.call(routes.SAVE_EDIT, save(change("Class", (track, other)), fence=fence), item=two.item)
    page = two.ann.call(routes.ITEMS, ItemQuery(classes=("debris",)), project=two.workspace.project)
    assert page.total == 1
    assert [(row.id, row.classes, row.shapes, row.state) for row in page.rows] == [
        (two.item, (("debris", 1),), 1, "labelling")
    ]
    gone = two.ann.call(routes.ITEMS, ItemQuery(classes=("cell",)), project=two.workspace.project)
    assert two.item not in [row.id for row in gone.rows]
    assert gone.total == len(gone.rows)


def test_the_history_of_one_object_names_who_changed_it(two: Two) -> None:
    track, box = a_box()
    fence, bobs = two.lease(two.ann), two.lease(two.bob)
    two.ann.call(routes.SAVE_EDIT, draw(track, box, fence=fence), item=two.item)
    two.ann.call(routes.SAVE_EDIT, draw(fence=fence), item=two.item)
    moved = replace(box, xyxy=(1.0, 1.0, 9.0, 9.0))
    two.bob.call(routes.SAVE_EDIT, save(change("Move", (box, moved)), fence=bobs), item=two.item)
    found = two.ann.call(routes.REVISIONS, RevisionQuery(entity=box.id), item=two.item).revisions
    assert [(each.author_name, list(each.edit.changes)) for each in found] == [
        ("Ann", [box.id]),
        ("Bob", [box.id]),
    ]


def test_many_saves_at_once_each_stand_exactly_once(two: Two) -> None:
    fences = {two.ann: two.lease(two.ann), two.bob: two.lease(two.bob)}
    asked = {person: [draw(fence=fence) for _ in range(40)] for person, fence in fences.items()}
    answers: list[Saved] = []

    def send(person: Person) -> None:
        for each in asked[person]:
            answers.append(person.call(routes.SAVE_EDIT, each, item=two.item))

    threads = [threading.Thread(target=send, args=(person,)) for person in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.revision for each in answers) == list(range(1, 81))
    document = two.ann.call(routes.DOCUMENT, item=two.item)
    assert len([each for each in document.entities if isinstance(each, Box)]) == 80
    assert len([each for each in document.entities if isinstance(each, Track)]) == 80
