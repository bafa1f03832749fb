"""Pascal VOC, in and out, and what is wrong with it."""

from pathlib import Path

import pytest

from plugins.image.formats.pascal_voc import PascalVoc
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, Track
from tests.plugins.formats_kit import picture, read, write

HEAD = "<annotation><filename>a.png</filename><size><width>64</width><height>48</height></size>"


def one_object(box: str, name: str = "cell", more: str = "") -> str:
    return f"{HEAD}<object><name>{name}</name>{more}<bndbox>{box}</bndbox></object></annotation>"


def corners(left: object, top: object, right: object, bottom: object) -> str:
    return f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"


def folder_with(tmp_path: Path, label: str) -> Path:
    picture(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text(label)
    return tmp_path


def boxes(folder: Path) -> list[tuple[float, ...]]:
    items, _ = read(PascalVoc(), folder)
    return [entity.xyxy for item in items for entity in item.entities if isinstance(entity, Box)]


def test_a_box_counted_from_one_with_both_ends_inside_becomes_continuous(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, one_object(corners(1, 1, 64, 48)))
    assert boxes(folder) == [(0.0, 0.0, 64.0, 48.0)]


def test_blood_cells_come_in_with_their_split(shared_data: Path) -> None:
    items, problems = read(PascalVoc(), shared_data / "image_bccd")
    assert (len(items), problems) == (292, [])
    assert sorted({item.split for item in items}) == ["train", "val"]
    names = {each.class_name for item in items for each in item.entities if isinstance(each, Track)}
    assert names == {"RBC", "WBC", "Platelets"}


def test_what_is_written_reads_back_the_same_and_loses_nothing(shared_data: Path, tmp_path: Path) -> None:
    items, _ = read(PascalVoc(), shared_data / "image_bccd")
    assert write(PascalVoc(), items, tmp_path) == ()
    for item in items:
        path = tmp_path / item.source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(shared_data / "image_bccd" / item.source)
    # links are never followed out of a folder, so the pictures have to be real
    again, problems = read(PascalVoc(), tmp_path)
    assert again == []
    assert {problem.code for problem in problems} == {"import.missing_file"}
    for item in items:
        (tmp_path / item.source).unlink()
        picture(tmp_path / item.source)
    again, problems = read(PascalVoc(), tmp_path)
    assert problems == []
    assert [(item.source, item.split, shapes_of(item)) for item in again] == [
        (item.source, item.split, shapes_of(item)) for item in items
    ]


def shapes_of(item: object) -> list[object]:
    entities = item.entities  # type: ignore[attr-defined]
    classes = {each.id: each.class_name for each in entities if isinstance(each, Track)}
    return [(classes[each.track], each.xyxy, each.attributes) for each in entities if isinstance(each, Box)]


@pytest.mark.parametrize(
    ("box", "left"),
    [
        (corners("nan", 1, 10, 10), 0),
        (corners("inf", 1, 10, 10), 0),
        (corners("", 1, 10, 10), 0),
        (corners(9, 9, 8, 12), 0),
        (corners(50, 1, 10, 10), 1),
    ],
)
def test_a_bad_box_is_named_and_the_rest_comes_in(tmp_path: Path, box: str, left: int) -> None:
    folder = folder_with(tmp_path, one_object(box))
    items, problems = read(PascalVoc(), folder)
    assert [problem.code for problem in problems] == ["import.bad_box"]
    assert "object 1 (cell)" in problems[0].message
    assert problems[0].hint
    assert len(items) == 1
    assert sum(isinstance(each, Box) for each in items[0].entities) == left


@pytest.mark.parametrize(
    ("box", "held"),
    [
        (corners(0, 1, 65, 49), (0.0, 0.0, 64.0, 48.0)),  # a pixel beyond is rounding
        (corners(1, 1, 500, 500), (0.0, 0.0, 500.0, 500.0)),
        (corners(100, 100, 120, 120), (99.0, 99.0, 120.0, 120.0)),
    ],
)
def test_a_box_beyond_the_size_that_a_label_file_says_is_kept_for_the_picture_to_decide(
    tmp_path: Path, box: str, held: tuple[float, ...]
) -> None:
    items, problems = read(PascalVoc(), folder_with(tmp_path, one_object(box)))
    assert [each.xyxy for each in items[0].entities if isinstance(each, Box)] == [held]
    assert problems == []


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("<annotation><object>", "import.bad_xml"),
        (
            '<!DOCTYPE a [<!ENTITY b "c">]><annotation><object><name>&b;</name></object></annotation>',
            "import.bad_xml",
        ),
        (one_object(corners(1, 1, 9, 9), name=""), "import.no_class"),
        (f"{HEAD}<object><name>cell</name></object></annotation>", "import.bad_box"),
    ],
)
def test_a_damaged_or_hostile_label_file_is_refused_with_its_reason(
    tmp_path: Path, label: str, code: str
) -> None:
    _, problems = read(PascalVoc(), folder_with(tmp_path, label))
    assert [problem.code for problem in problems] == [code]


def test_a_label_file_whose_picture_is_missing_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(one_object(corners(1, 1, 9, 9)))
    items, problems = read(PascalVoc(), tmp_path)
    assert items == []
    assert [problem.code for problem in problems] == ["import.missing_file"]


def test_a_name_that_climbs_out_of_the_folder_finds_nothing_outside(tmp_path: Path) -> None:
    picture(tmp_path / "outside.png")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.xml").write_text(one_object(corners(1, 1, 9, 9)).replace("a.png", "../outside.png"))
    items, problems = read(PascalVoc(), inside)
    assert items == []
    assert problems[0].code == "import.missing_file"


def test_attributes_and_flags_survive_the_way_out_and_back(tmp_path: Path) -> None:
    more = (
        "<difficult>1</difficult><pose>Left</pose>"
        "<attributes><attribute><name>stain</name><value>dark</value></attribute></attributes>"
    )
    folder = folder_with(tmp_path / "in", one_object(corners(2, 3, 20, 30), more=more))
    items, _ = read(PascalVoc(), folder)
    out = tmp_path / "out"
    assert write(PascalVoc(), items, out) == ()
    picture(out / "a.png")
    again, _ = read(PascalVoc(), out)
    assert shapes_of(again[0]) == shapes_of(items[0])
    assert dict(shapes_of(items[0])[0][2]) == {"difficult": True, "pose": "Left", "stain": "dark"}  # type: ignore[index]


def test_it_is_recognised_by_content_and_not_by_its_folders(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "whatever", one_object(corners(1, 1, 9, 9)))
    found = PascalVoc().sniff(FolderTree(folder))
    assert found is not None
    assert found.classes == ("cell",)
    (folder / "a.xml").write_text("<svg/>")
    assert PascalVoc().sniff(FolderTree(folder)) is None
