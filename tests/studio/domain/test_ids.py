"""Ids are UUIDv7 in one spelling, and tell nothing but roughly when they were made."""

import time
import uuid

from studio.domain.ids import is_id, new_id


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_no_two_ids_are_alike_and_each_is_known_as_one() -> None:
    made = {new_id() for _ in range(20_000)}
    assert len(made) == 20_000
    assert all(map(is_id, made))


def test_ids_sort_as_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)


def test_other_spellings_are_not_ids() -> None:
    one = new_id()
    for other in (one.upper(), f"{{{one}}}", one.replace("-", ""), one + " ", str(uuid.uuid4()), ""):
        assert not is_id(other) or other == one
