"""COCO, in and out, and what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.image.formats.coco import Coco
from plugins.image.formats.run_lengths import compressed, runs_of
from studio.domain.entities import Box, Keypoints, Mask, Polygon
from tests.plugins.formats_kit import kinds, picture, read, write


def folder_with(tmp_path: Path, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 30.5, 40]}],
        "categories": [{"id": 7, "name": "cell"}],
    }
    picture(tmp_path / "a.png")
    (tmp_path / "labels.json").write_text(json.dumps({**content, **changes}))
    return tmp_path


def test_a_box_of_x_y_width_height_becomes_its_corners(tmp_path: Path) -> None:
    items, problems = read(Coco(), folder_with(tmp_path))
    assert problems == []
    assert [each.xyxy for each in items[0].entities if isinstance(each, Box)] == [(1.0, 2.0, 31.5, 42.0)]


def test_people_come_in_with_boxes_outlines_and_key_points(shared_data: Path) -> None:
    items, _ = read(Coco(), shared_data / "image_coco_keypoints")
    found = sum((kinds(item) for item in items), start=kinds(items[0]).__class__())
    assert (found["Track"], found["Box"], found["Keypoints"]) == (14, 14, 12)
    assert found["Polygon"] >= 14


def test_boxes_outlines_masks_and_attributes_survive_the_way_out_and_back(tmp_path: Path) -> None:
    annotations = [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 7,
            "bbox": [1, 2, 3, 4],
            "attributes": {"dark": True, "n": 3},
        },
        {
            "id": 2,
            "image_id": 1,
            "category_id": 7,
            "bbox": [0, 0, 10, 10],
            "segmentation": [[0, 0, 10, 0, 10, 10], [20, 20, 30, 20, 30, 30]],
        },
        {
            "id": 3,
            "image_id": 1,
            "category_id": 7,
            "bbox": [0, 0, 2, 2],
            "segmentation": {"size": [48, 64], "counts": [0, 2, 46, 2, 3022]},
        },
    ]
    items, problems = read(Coco(), folder_with(tmp_path / "in", annotations=annotations))
    assert problems == []
    assert kinds(items[0]) == {"Track": 3, "Box": 3, "Polygon": 2, "Mask": 1}
    out = tmp_path / "out"
    assert write(Coco(), items, out) == ()
    picture(out / "a.png")
    again, problems = read(Coco(), out)
    assert problems == []

    def geometry(found: Any) -> list[Any]:
        return [
            getattr(each, "xyxy", None) or getattr(each, "outline", None) or getattr(each, "counts", None)
            for each in found.entities
            if isinstance(each, Box | Polygon | Mask | Keypoints)
        ]

    assert geometry(again[0]) == geometry(items[0])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {"annotations": [{"id": 1, "image_id": 9, "category_id": 7, "bbox": [1, 2, 3, 4]}]},
            "import.unknown_image",
        ),
        (
            {"annotations": [{"id": 1, "image_id": 1, "category_id": 9, "bbox": [1, 2, 3, 4]}]},
            "import.unknown_class",
        ),
        (
            {"annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, -3, 4]}]},
            "import.bad_box",
        ),
        (
            {"annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [9, 9, 0, 4]}]},
            "import.bad_box",
        ),
        ({"annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": "x"}]}, "import.bad_box"),
        (
            {"annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]}] * 2},
            "import.twice",
        ),
        ({"images": [{"id": 1, "file_name": "gone.png"}]}, "import.missing_file"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_comes_in(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    _, problems = read(Coco(), folder_with(tmp_path, **changes))
    assert [problem.code for problem in problems] == [code]
    assert problems[0].hint


@pytest.mark.parametrize(
    "text",
    [
        '{"images": [], "images": [], "annotations": []}',
        '{"images": [], "annotations": [NaN]}',
        '{"images": [',
        "[" * 100_000,
    ],
)
def test_a_file_that_two_readers_could_understand_differently_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    items, problems = read(Coco(), tmp_path)
    assert items == []
    assert [problem.code for problem in problems] == ["import.bad_json"]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_packed_runs_unpack_to_themselves(runs: list[int]) -> None:
    assert runs_of(compressed(runs)) == runs
