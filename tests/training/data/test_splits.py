"""Splits: no group on two sides, whatever the groups are."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.errors import AtelierError
from training.data.splits import VALIDATION, Drawn, draw

ITEMS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), st.lists(st.integers(0, 8), max_size=2)),
    max_size=30,
).map(
    lambda found: [
        Drawn(f"item{number:02}", f"folder/item{number:02}.png", group, tuple(f"m{each}" for each in media))
        for number, (group, media) in enumerate(found)
    ]
)


@given(ITEMS, st.floats(0, 0.99), st.integers(0, 5), st.randoms())
def test_nothing_of_one_group_stands_on_two_sides(items, share, seed, random):
    drawn = draw(items, share, seed)
    sides: dict[str, set[str]] = {}
    for each in items:
        split, _ = drawn[each.item]
        for link in ([f"group {each.group_key}"] if each.group_key else []) + list(each.media):
            sides.setdefault(link, set()).add(split)
    assert all(len(splits) == 1 for splits in sides.values())
    shuffled = list(items)
    random.shuffle(shuffled)
    assert draw(shuffled, share, seed) == drawn


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 5))
def test_neither_side_is_empty_and_the_share_is_kept(count, share, seed):
    items = [Drawn(f"{number:03}", f"{number}", "", ()) for number in range(count)]
    sides = Counter(split for split, _ in draw(items, share, seed).values())
    assert len(sides) == 2
    assert abs(sides[VALIDATION] - share * count) <= 1


def test_another_seed_draws_otherwise():
    items = [Drawn(f"{number:03}", f"{number}", "", ()) for number in range(40)]
    assert draw(items, 0.3, 1) != draw(items, 0.3, 2)


def test_fixed_splits_are_taken_first_and_take_their_group_along():
    items = [Drawn(f"{n}", f"{'val' if n == 0 else 'x'}/{n}", "night" if n < 3 else "", ()) for n in range(9)]
    drawn = draw(items, 0.0, 0, (("val/", "test"),))
    assert [drawn[str(n)][0] for n in range(9)] == ["test"] * 3 + ["train"] * 6


def test_fixed_splits_that_tear_a_group_apart_are_refused():
    items = [Drawn("1", "val/1", "g", ()), Drawn("2", "train/2", "g", ())]
    with pytest.raises(AtelierError) as caught:
        draw(items, 0.2, 0, (("val/", "validation"), ("train/", "train")))
    assert caught.value.code == "snapshot.split_conflict"
