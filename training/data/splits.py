"""Drawing splits so that nothing of one group, and no picture that came in twice, stands on two sides."""

import hashlib
from collections.abc import Iterable, Sequence

from msgspec import Struct

from studio.domain.errors import AtelierError

TRAIN, VALIDATION = "train", "validation"


class Drawn(Struct, frozen=True):
    """What decides where an item goes."""

    item: str
    name: str
    group_key: str  # empty: a group of its own
    media: tuple[str, ...]  # names that stand for content


def groups(items: Iterable[Drawn]) -> dict[str, str]:
    """Item -> its group: items that share a group key or any file belong together, also by way of a third.

    A group is named by the smallest of its group keys and, where it has none, of its items' ids.
    """
    parents: dict[str, str] = {}

    def root(of: str) -> str:
        while parents.setdefault(of, of) != of:
            parents[of] = parents[parents[of]]
            of = parents[of]
        return of

    listed = list(items)
    for each in listed:
        shared = [f"group {each.group_key}"] if each.group_key else []
        for link in [*shared, *(f"media {name}" for name in each.media)]:
            parents[root(link)] = root(f"item {each.item}")
    members: dict[str, list[Drawn]] = {}
    for each in listed:
        members.setdefault(root(f"item {each.item}"), []).append(each)
    found: dict[str, str] = {}
    for together in members.values():
        keys = [each.group_key for each in together if each.group_key]
        name = min(keys) if keys else min(each.item for each in together)
        found |= {each.item: name for each in together}
    return found


def draw(
    items: Sequence[Drawn], validation_share: float, seed: int, fixed: Sequence[tuple[str, str]] = ()
) -> dict[str, tuple[str, str]]:
    """Item -> (split, group). The same items, share and seed give the same answer, in any order.

    Whole groups go to validation, in an order that the seed shuffles, until its share of the items is
    reached as nearly as whole groups allow; with a share above 0 and two groups neither side is empty.
    `fixed`: (text in the name, split), taken first. Raises `snapshot.split_conflict` where that would put
    one group on two sides.
    """
    group_of = groups(items)
    members: dict[str, list[Drawn]] = {}
    for each in items:
        members.setdefault(group_of[each.item], []).append(each)
    split_of: dict[str, str] = {}
    for group, together in members.items():
        wanted = {split for each in together for split in _fixed(each, fixed)[:1]}
        if len(wanted) > 1:
            raise AtelierError(
                "snapshot.split_conflict",
                f"One group would stand on two sides: {', '.join(sorted(wanted))}.",
                detail=min(each.name for each in together)[:200],
                hint="Items of one group, and copies of one picture, go to one side. Mend the fixed splits.",
            )
        if wanted:
            split_of[group] = wanted.pop()
    open_groups = sorted(
        (each for each in members if each not in split_of), key=lambda each: _place(seed, each)
    )
    total = sum(len(members[each]) for each in open_groups)
    goal = total * validation_share
    taken = 0
    chosen: list[str] = []
    for group in open_groups:
        size = len(members[group])
        # nearer to the goal with this group than without it
        if abs(taken + size - goal) < abs(taken - goal):
            chosen.append(group)
            taken += size
    if validation_share > 0 and len(open_groups) > 1:
        chosen = chosen or open_groups[:1]
        if len(chosen) == len(open_groups):
            chosen = chosen[:-1]
    split_of |= dict.fromkeys(chosen, VALIDATION)
    return {each.item: (split_of.get(group_of[each.item], TRAIN), group_of[each.item]) for each in items}


def _fixed(item: Drawn, fixed: Sequence[tuple[str, str]]) -> list[str]:
    return [split for text, split in fixed if text in item.name]


def _place(seed: int, group: str) -> bytes:
    return hashlib.sha256(f"{seed} {group}".encode()).digest()
