"""The journal keeps what it said it kept, whatever is killed, cut or altered."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.client import journal_file
from studio.client.journal import BEGIN_ANEW_BYTES, Journal
from studio.client.ledger import DraftEnded, Ended, Ledger, Record, SetAside
from studio.client.sealing import seal_to
from tests.studio.client.journals import KEY, NODE_KEY, NODE_SECRET, draft, kept, opened, operation
from training.data.sealing import open_box

NODE = X25519PrivateKey.from_private_bytes(NODE_SECRET)

numbers = st.integers(0, 5)
records = st.one_of(
    numbers.map(kept),
    numbers.map(lambda n: Ended(operation(n))),
    numbers.map(lambda n: SetAside(operation(n), operation(n), "document.stale", "Theirs came first.")),
    numbers.map(draft),
    numbers.map(lambda n: DraftEnded(operation(n))),
)


@settings(max_examples=25)
@given(st.lists(records, max_size=12))
def test_what_is_open_is_the_same_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, given_: list[Record]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = opened(folder)
    for record in given_:
        journal.append(record)
    journal.close()
    again = opened(folder)
    assert again.ledger == Ledger(given_)
    assert not again.warnings
    again.close()


@given(st.lists(records, max_size=12))
def test_a_ledger_is_made_again_from_its_own_records(given_: list[Record]) -> None:
    ledger = Ledger(given_)
    assert Ledger(ledger.records()) == ledger


def test_a_record_is_called_durable_in_order_and_only_when_it_is_in_the_file(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    seen: list[tuple[int, int]] = []

    def on_disk(number: int) -> None:
        contents = journal_file.read(next(tmp_path.glob("*.journal")), KEY)
        assert contents is not None
        seen.append((number, len(contents.records)))

    for number in range(20):
        journal.append(kept(number), lambda n=number: on_disk(n))  # type: ignore[misc]
    assert journal.sync()
    journal.close()
    assert [number for number, _ in seen] == list(range(20))
    assert all(held > number for number, held in seen)


def test_nothing_can_be_read_without_the_key(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(kept(1, "a sentence of the patient"))
    journal.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"patient" not in everything
    assert b"ann" not in everything.replace(b"user\xa3ann", b""), "names of files tell nobody's name"
    assert all("ann" not in path.name for path in tmp_path.iterdir())


def test_the_node_can_open_a_journal_that_is_handed_in(tmp_path: Path) -> None:
    assert NODE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) == NODE_KEY
    journal = opened(tmp_path)
    journal.append(kept(1))
    journal.close()
    path = next(tmp_path.glob("*.journal"))
    contents = journal_file.read(path, KEY)
    assert contents is not None
    own = open_box(NODE, contents.head.box)
    assert len(own) == 32
    assert open_box(NODE, seal_to(NODE_KEY, b"x")) == b"x"


def test_a_journal_under_another_key_is_put_aside_and_named(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(kept(1))
    journal.close()
    path = next(tmp_path.glob("*.journal"))
    # the name depends on the key as well, so that only a moved profile meets this
    other = bytes(32)
    again = Journal(tmp_path, other, "node-1", "ann", NODE_KEY)
    again.close()
    theirs = next(each for each in tmp_path.glob("*.journal") if each != path)
    theirs.write_bytes(path.read_bytes())
    again = Journal(tmp_path, other, "node-1", "ann", NODE_KEY)
    again.close()
    assert [warning.code for warning in again.warnings] == ["journal.locked"]
    assert [each.read_bytes() for each in tmp_path.glob("*.aside-*")] == [path.read_bytes()]


@settings(max_examples=25)
@given(st.data())
def test_a_tail_that_was_cut_or_never_written_loses_nothing_before_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    path, ends = _five_records(folder)
    whole = path.read_bytes()
    cut = data.draw(st.integers(ends[0], len(whole)))
    zeros = data.draw(st.sampled_from([0, 0, 7, 5000]))
    path.write_bytes(whole[:cut] + bytes(zeros))
    again = opened(folder)
    held = sum(end <= cut for end in ends[1:])
    if not zeros:
        assert not again.warnings
    assert [each.base for each in again.ledger.kept.values()] == list(range(held))
    again.append(kept(9))
    again.close()
    once_more = opened(folder)
    assert list(once_more.ledger.kept)[-1] == operation(9)
    assert not once_more.warnings
    once_more.close()


@settings(max_examples=25)
@given(st.data())
def test_a_flipped_bit_is_named_and_everything_before_it_is_kept(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    path, ends = _five_records(folder)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(ends[0], len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    again = opened(folder)
    again.close()
    assert [warning.code for warning in again.warnings] == ["journal.damaged"]
    assert [each.base for each in again.ledger.kept.values()] == list(range(sum(e <= at for e in ends[1:])))
    assert [each.read_bytes() for each in folder.glob("*.aside-1")] == [bytes(whole)]


def test_records_cannot_be_moved_or_left_out(tmp_path: Path) -> None:
    path, ends = _five_records(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: ends[1]] + whole[ends[2] :])
    again = opened(tmp_path)
    again.close()
    assert [warning.code for warning in again.warnings] == ["journal.damaged"]
    assert [each.base for each in again.ledger.kept.values()] == [0]


def test_a_head_that_was_altered_is_named_and_put_aside(tmp_path: Path) -> None:
    path, _ = _five_records(tmp_path)
    path.write_bytes(b"something else")
    again = opened(tmp_path)
    again.close()
    assert [warning.code for warning in again.warnings] == ["journal.damaged"]
    assert not again.ledger


def _five_records(folder: Path) -> tuple[Path, list[int]]:
    """A journal of five Edits; the offset of its first record, and of the end of each."""
    journal = opened(folder)
    path = next(folder.glob("*.journal"))
    ends = [path.stat().st_size]
    for number in range(5):
        journal.append(kept(number))
        assert journal.sync()
        ends.append(path.stat().st_size)
    journal.close()
    return path, ends


def test_two_studios_of_one_person_have_a_file_each_and_the_next_one_joins_them(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    first.append(kept(1))
    second.append(kept(2))
    first.close()
    second.close()
    third = opened(tmp_path)
    assert set(third.ledger.kept) == {operation(1), operation(2)}
    third.close()
    assert len(list(tmp_path.glob("*.journal"))) == 1
    last = opened(tmp_path)
    assert set(last.ledger.kept) == {operation(1), operation(2)}
    last.close()


def test_the_file_is_begun_anew_when_nothing_is_open(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    path = next(tmp_path.glob("*.journal"))
    fresh = path.stat().st_size
    for number in range(8):
        journal.append(draft(number, bytes(BEGIN_ANEW_BYTES // 4)))
    assert journal.sync()
    assert path.stat().st_size > BEGIN_ANEW_BYTES
    for number in range(8):
        journal.append(DraftEnded(operation(number)))
    assert journal.sync()
    journal.append(kept(1))
    assert journal.sync()
    assert path.stat().st_size < fresh + 2000
    journal.close()
    again = opened(tmp_path)
    assert list(again.ledger.kept) == [operation(1)]
    again.close()


CHILD = """
import sys, threading
from pathlib import Path
from tests.studio.client import journals as t
from studio.client.ledger import Ended
from studio.client import journal, journal_file
journal.BEGIN_ANEW_BYTES = 4000
kill_at = int(sys.argv[2])
steps = 0
def step(name, real):
    def counted(*arguments, **named):
        global steps
        for _ in range(2):  # before it, and after it
            steps += 1
            if steps == kill_at:
                import os, signal
                os.kill(os.getpid(), signal.SIGKILL)
            if _ == 0:
                answer = real(*arguments, **named)
        return answer
    return counted
import os
for name in ("fsync", "replace", "write", "lseek"):
    setattr(os, name, step(name, getattr(os, name)))
held = t.opened(Path(sys.argv[1]))
for number in range(60):
    held.append(t.kept(number, "x" * 200), lambda n=number: (sys.stdout.write(f"{n}\\n"), sys.stdout.flush()))
    if number % 3:
        held.append(Ended(t.operation(number - 1)))
    if number % 7 == 0:
        held.sync()
held.close()
print("whole", steps, flush=True)
"""


def _child(root: Path, folder: Path, kill_at: int) -> tuple[int, list[str]]:
    process = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(kill_at)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode in (0, -signal.SIGKILL), process.stderr
    return process.returncode, process.stdout.split()


def test_a_kill_at_any_step_loses_nothing_that_was_said_to_be_kept(root: Path, tmp_path: Path) -> None:
    _, said = _child(root, tmp_path / "whole", 0)
    assert said[-2] == "whole"
    steps = int(said[-1])
    assert steps > 40
    for kill_at in range(1, steps, max(1, steps // 10)):
        folder = tmp_path / str(kill_at)
        _, said = _child(root, folder, kill_at)
        promised = {int(each) for each in said if each.isdigit()}
        again = opened(folder)
        again.close()
        assert not again.warnings
        # an Edit that was ended may be gone; the numbers that are never ended must all be there
        never_ended = {n for n in promised if n % 3 == 2 or n == 59}
        assert never_ended <= {each.base for each in again.ledger.kept.values()}


def test_a_disk_that_fails_is_said_and_no_edit_is_called_kept(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    troubled = threading.Event()
    journal.on_trouble = troubled.set
    called: list[int] = []
    os.close(journal._file)
    journal._file = os.open(os.devnull, os.O_RDONLY)
    journal.append(kept(1), lambda: called.append(1))
    assert troubled.wait(10)
    assert not journal.sync()
    assert journal.stopped is not None
    assert journal.stopped.code == "journal.stopped"
    journal.append(kept(2), lambda: called.append(2))
    journal.close()
    assert called == []
