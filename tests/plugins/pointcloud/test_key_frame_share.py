"""How few key frames a person needs for what is labelled at every frame."""

from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.document import Document
from tests.bench.scripted_annotator import Drive, generated, kitti, placed_greedily


def _share(drive: Drive) -> float:
    placed = [placed_greedily(track, truth, drive) for track, truth in drive.tracks]
    return sum(map(len, placed)) / sum(len(truth) for _, truth in drive.tracks)


def test_a_quarter_of_the_cuboids_of_a_real_drive_gives_all_of_them(shared_data: Path) -> None:
    assert (shared_data / "drive_kitti_tracking0000_lidar").is_dir()
    assert _share(kitti()) <= 1 / 4


@pytest.mark.parametrize("make", [lambda: generated(8, 60)])
def test_an_eighth_of_those_of_generated_drives_does(make: Callable[[], Drive]) -> None:
    assert _share(make()) <= 1 / 8


def test_the_annotator_places_no_cuboid_twice_and_both_ends_of_each_track() -> None:
    drive = generated(3, 40)
    for track, truth in drive.tracks:
        frames = placed_greedily(track, truth, drive)
        assert len(set(frames)) == len(frames)
        assert (frames[0], frames[-1]) == (0, 39)
        index = TrackIndex(Document([track, *(truth[f] for f in frames), *drive.poses]), drive.streams)
        assert all(index.is_seen(track.id, frame) for frame in truth)
