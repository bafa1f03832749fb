"""Tracking groups of any size: what one more member costs, and what looking them up does."""

import time
from collections.abc import Callable
from functools import cache

from studio.domain import canonical
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, Group, Member, Track
from studio.domain.groups import GroupIndex, joined
from studio.domain.ids import EntityId, GroupId, new_id
from studio.domain.ontology import ClassType, Ontology, RoleType, findings
from tests.bench.harness import Samples, bench, interleaved

MEMBERS, GROUPS = 100_000, 10_000


@cache
def crowd() -> tuple[Document, GroupIndex, GroupId, list[EntityId]]:
    """A hundred thousand tracks in one group, each tenth of them in one of ten thousand others too."""
    large = Group(GroupId(new_id()), "convoy")
    small = [Group(GroupId(new_id()), "pair") for _ in range(GROUPS)]
    tracks = [Track(EntityId(new_id()), "car") for _ in range(MEMBERS + 1)]
    entities: list[AnyEntity] = [large, *small, *tracks]
    entities += [
        Member(EntityId(new_id()), large.id, each.id, "", ((number, number + 10**9),) if number % 2 else ())
        for number, each in enumerate(tracks[:-1])
    ]
    entities += [
        Member(EntityId(new_id()), group.id, track.id, "leader")
        for group, track in zip(small, tracks[::10], strict=False)
    ]
    document = Document(entities)
    return document, GroupIndex(document), GroupId(large.id), [EntityId(each.id) for each in tracks]


@bench(
    "P30-groups", f"add to a group of {MEMBERS:,} and undo; a group that lists them", at_least=100, p95_ms=16
)
def one_more_member() -> Samples:
    document, index, large, tracks = crowd()
    listed = tuple(tracks[:-1])

    def ours() -> None:
        edit = joined(document, large, [tracks[-1]])
        assert edit is not None
        assert len(canonical.encode(edit)) < 1000
        for each in (document.apply(edit), document.apply(edit.inverse())):
            index.refresh(each.changes)

    def in_a_list() -> None:
        """What the change of one field costs that grows without bound: it is written whole, each time."""
        for after in ((*listed, tracks[-1]), listed):
            canonical.encode({"before": listed, "after": after})

    return interleaved(ours, in_a_list)._replace(note="; ".join(_look_ups(document, index, large, tracks)))


def _look_ups(document: Document, index: GroupIndex, large: GroupId, tracks: list[EntityId]) -> list[str]:
    ontology = Ontology(
        classes=(ClassType("car"),),
        groups=(
            ClassType("convoy", roles=(RoleType("leader"),)),
            ClassType("pair", roles=(RoleType("leader", minimum=1),)),
        ),
    )
    asked: dict[str, Callable[[], object]] = {
        f"who is in the {MEMBERS:,} now": lambda: index.members_at(large, 5 * 10**8),
        "groups of 1,000 tracks": lambda: [index.groups_of(key) for key in tracks[:1000]],
        "all in it": lambda: index.closure(large),
        "rename and undo": lambda: _renamed(document, large),
        f"index of {MEMBERS + GROUPS:,} members anew": index.rebuild,
        "rules of all groups": lambda: findings(document, ontology),
    }
    found = []
    for name, ask in asked.items():
        started = time.perf_counter()
        ask()
        found.append(f"{name} {(time.perf_counter() - started) * 1000:.1f} ms")
    return found


def _renamed(document: Document, large: GroupId) -> None:
    old = document.get(large)
    edit = document.apply(Edit("Rename", {large: (old, Group(large, "convoy", "all"))}))
    document.apply(edit.inverse())
