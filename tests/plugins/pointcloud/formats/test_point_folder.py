"""Folders of points without labels: which files are points, and which are frames of one sequence."""

from pathlib import Path

import pytest

from plugins.image.formats.image_folder import ImageFolder
from plugins.pointcloud.formats.point_folder import PointFolder
from studio.domain.contracts.tree import FolderTree
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wording import counted
from tests.plugins.formats_kit import Folder, picture, read
from tests.plugins.pointcloud.points.point_files import pcd, sweep, table


def put(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pcd(table(10, number), "binary") if name.endswith(".pcd") else sweep(10, number))
    return folder


def test_surveys_come_in_one_by_one_and_scans_too(shared_data: Path) -> None:
    for name, count in (("pointcloud_las", 9), ("pointcloud_e57", 1)):
        folder = shared_data / name
        sniffed = PointFolder().sniff(FolderTree(folder))
        assert sniffed is not None
        assert sniffed.items == count
        assert sniffed.summary == f"{counted(count, 'single point cloud')}, without labels"
        items, problems = read(PointFolder(), folder)
        assert (len(items), problems) == (count, [])
        assert {item.media[0].stream.kind for item in items} == {"points"}


def test_several_files_named_by_numbers_are_one_sequence_in_their_order(tmp_path: Path) -> None:
    folder = put(tmp_path, "drive/10.bin", "drive/9.bin", "drive/000011.bin", "other/1.pcd", "a.pcd", "b.pcd")
    sniffed = PointFolder().sniff(FolderTree(folder))
    assert sniffed is not None
    assert sniffed.items == 4
    assert "1 sequence with 3 frames" in sniffed.summary
    items, _ = read(PointFolder(), folder)
    assert [(item.source, item.media[0].paths) for item in items] == [
        ("drive", ("drive/9.bin", "drive/10.bin", "drive/000011.bin")),
        ("a.pcd", ("a.pcd",)),
        ("b.pcd", ("b.pcd",)),
        ("other/1.pcd", ("other/1.pcd",)),
    ]
    assert items[0].media[0].stream.frames == 3
    assert items[0].media[0].stream.times_ns == ()


@pytest.mark.parametrize(("scale", "digits"), [(1, 1_532_402_927_000_000_000), (1000, 1_532_402_927_000_000)])
def test_names_that_are_times_are_the_times_of_the_frames(tmp_path: Path, scale: int, digits: int) -> None:
    names = [str(digits + frame * 100_000_000 // scale) for frame in (2, 0, 1)]
    folder = put(tmp_path, *(f"{name}.pcd.bin" for name in names))
    (item,), _ = read(PointFolder(), folder)
    start = 1_532_402_927_000_000_000
    assert item.media[0].stream.times_ns == (start, start + 100_000_000, start + 200_000_000)


def test_texts_and_other_files_that_are_no_points_stay_out(tmp_path: Path) -> None:
    put(tmp_path, "a.bin")
    (tmp_path / "readme.txt").write_text("Once upon a time.\n")
    (tmp_path / "cloud.txt").write_text("1.5 2.5 3.5\n2.5 3.25 4.5\n")
    (tmp_path / "named.csv").write_text("X,Y,Z,class\n1,2,3,4\n")
    (tmp_path / "yolo.txt").write_text("0 0.5 0.25 0.1 0.1\n")
    (tmp_path / "mot.txt").write_text("1,1,39.5,182,121,229,1,-1,-1,-1\n1,2,40.5,1,2,3,1,-1,-1,-1\n")
    (tmp_path / "dota.txt").write_text("1.5 2.5 3.5 2.5 3.5 4.5 1.5 4.5 ship 0\n")
    (tmp_path / "model.bin").write_bytes(b"\x80\x04weights" + bytes(500))
    (tmp_path / "labels.json").write_text("{}")
    items, problems = read(PointFolder(), tmp_path)
    assert [item.source for item in items] == ["a.bin", "cloud.txt", "named.csv"]
    assert [(problem.path, problem.code) for problem in problems] == [("labels.json", "import.unread_label")]


def test_points_come_before_pictures_and_a_table_of_numbers_behind_them(tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / f"{number}.png")
    (tmp_path / "boxes.xyz").write_text("1,2,30,40\n2,3,40,50\n")
    tree = FolderTree(tmp_path)
    points, pictures = PointFolder().sniff(tree), ImageFolder().sniff(tree)
    assert points is not None
    assert pictures is not None
    assert points.confidence < pictures.confidence
    put(tmp_path, "a.bin")
    points = PointFolder().sniff(FolderTree(tmp_path))
    assert points is not None
    put(tmp_path, "b.bin")
    points = PointFolder().sniff(FolderTree(tmp_path))
    assert points is not None
    assert points.confidence > pictures.confidence
    assert points.warnings == ("Without 3 pictures: nothing says where their cameras were",)


def test_labels_are_not_written_to_files_of_points(tmp_path: Path) -> None:
    with pytest.raises(AtelierError) as caught:
        PointFolder().write([], Ontology(), Folder(tmp_path))
    assert caught.value.code == "format.read_only"
    assert PointFolder().sniff(FolderTree(tmp_path)) is None
