"""What a run validates on where its snapshot drew nothing for that."""

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.plugins.recipe_kit import recipe
from training.runs.inside.atelier_wire import Sample, Shard, Specification, shard_data

KEY = bytes(range(32))


def told(folder: Path, *groups: str) -> Specification:
    """A run on one sealed file of samples to learn from, one of each group."""
    path = str(folder / "0.sealed")
    held = [Sample(f"sweep {number}", group, b"", (), ()) for number, group in enumerate(groups)]
    sealed = AESGCM(KEY).encrypt(bytes(12), msgspec.msgpack.encode(held), shard_data("r", path))
    Path(path).write_bytes(bytes(12) + sealed)
    shard = Shard(path, "train", len(held))
    return Specification("train", run="r", attempt=1, key=KEY, template="", shards=(shard,))


def test_whole_drives_are_held_back_and_of_one_drive_nothing_can_be(tmp_path: Path) -> None:
    with recipe("pointcloud", "detect_cuboids"):
        from atelier_run import Refused
        from atelier_run.data import Snapshot

        drawn = Snapshot(told(tmp_path, "north", "north", "south"))
        assert {each.group for each in drawn.train}.isdisjoint(each.group for each in drawn.validation)
        with pytest.raises(Refused) as caught:
            Snapshot(told(tmp_path, "north", "north"))
    assert caught.value.code == "run.no_validation"
    assert "all items come from one drive or source" in caught.value.message
    assert "group" not in caught.value.message + caught.value.hint
