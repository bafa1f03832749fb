"""The store: snapshots, one writer, commits that are shared, and events that are never early."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio.domain.errors import AtelierError
from studio.domain.wire.jobs import Event
from tests.postgres import Postgres
from training.store import attempts
from training.store.engine import Store, Transaction, counter, next_number


def test_a_write_that_raises_leaves_nothing_and_tells_nobody(store: Store) -> None:
    heard: list[Event] = []
    store.publish = heard.extend
    told: list[str] = []

    def work() -> None:
        with store.write() as tx:
            next_number(tx, "a")
            tx.emit("items")
            tx.after_commit(told.append, "after")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()
    with store.read() as tx:
        assert counter(tx, "a") == 0
    assert heard == []
    assert told == []


def test_events_are_numbered_without_gaps_and_told_after_the_commit(store: Store) -> None:
    seen: list[tuple[int, int]] = []

    def look(events: list[Event]) -> None:
        with store.read() as tx:
            seen.extend((event.number, counter(tx, "n")) for event in events)

    store.publish = look
    for _ in range(3):
        with store.write() as tx:
            next_number(tx, "n")
            tx.emit("items")
            tx.emit("items")
    assert seen == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)]


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(store: Store) -> None:
    with store.write() as tx:
        next_number(tx, "n")
    with store.read() as before:
        assert counter(before, "n") == 1
        with store.write() as tx:
            next_number(tx, "n")
        assert counter(before, "n") == 1
    with store.read() as after:
        assert counter(after, "n") == 2


def test_of_writes_that_share_a_commit_one_that_raises_takes_back_itself_alone(store: Store) -> None:
    heard: list[Event] = []
    store.publish = heard.extend
    begin = threading.Barrier(17)

    def one(number: int) -> int:
        def work(tx: Transaction) -> int:
            next_number(tx, "n")
            tx.emit("items", subject=str(number))
            if number % 2:
                raise AtelierError("document.stale", "no")
            return number

        begin.wait()
        return store.grouped(work)

    with ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(one, number) for number in range(16)]
        begin.wait()
        stood = [each.result() for each in waiting if each.exception() is None]
    assert sorted(stood) == list(range(0, 16, 2))
    with store.read() as tx:
        assert counter(tx, "n") == 8
    assert sorted(int(each.subject) for each in heard) == sorted(stood)
    assert [each.number for each in heard] == list(range(1, 9))


def test_a_statement_that_breaks_a_rule_of_the_tables_fails_alone(store: Store) -> None:
    def twice(tx: Transaction) -> None:
        for _ in range(2):
            tx.execute(attempts.attempts.insert(), {"key": b"k", "failures": 1, "until_ns": 0})

    with pytest.raises(Exception, match=r"(?i)unique"):
        store.grouped(twice)
    assert store.grouped(lambda tx: next_number(tx, "n")) == 1
    with store.read() as tx:
        assert attempts.locked_until(tx, b"k") == 0


def test_a_postgresql_database_belongs_to_one_node(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    first = Store(url)
    with pytest.raises(AtelierError) as refused:
        Store(url)
    assert refused.value.code == "node.already_running"
    first.close()
    Store(url).close()


def test_a_database_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(AtelierError) as refused, store.read():
        pass
    assert refused.value.code == "store.unreachable"
