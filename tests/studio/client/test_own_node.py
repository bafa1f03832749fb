"""A node of one's own that was begun before anybody could ask it."""

from pathlib import Path

import pytest

from studio.client import OwnNode
from studio.node_process import begin, begin_early, is_alive, note_of


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ws") / "w"


def test_one_that_is_on_its_way_is_waited_for_and_is_ours(workspace: Path) -> None:
    begun = begin_early(workspace)
    assert begun is not None
    node = OwnNode.start(workspace, begun=begun)
    try:
        assert node.pid == begun.process.pid
        assert node.started_here
        assert begin_early(workspace) is None, "it runs already"
    finally:
        assert node.stop()
    assert not is_alive(node.pid)
    assert note_of(workspace) is None


def test_one_that_came_second_leaves_the_place_to_the_first(workspace: Path) -> None:
    first = OwnNode.start(workspace)
    try:
        second = begin(workspace)
        found = OwnNode.start(workspace, begun=second)
        assert (found.pid, found.started_here) == (first.pid, False)
        assert second.process.wait(30) == 2
    finally:
        first.stop()


def test_where_nothing_can_be_written_it_is_left_to_whoever_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert begin_early(tmp_path / "file" / "w") is None


@pytest.mark.parametrize("pid", [0, -1, 2**70])
def test_no_number_that_is_none_counts_as_a_process(pid: int) -> None:
    assert not is_alive(pid)
