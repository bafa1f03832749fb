"""Label files that nobody foresaw: each is named in a sentence, and nothing is thrown."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.cli.reading import Inspection, inspection, read_folder
from studio.domain.errors import AtelierError
from tests.plugins.formats_kit import picture

COCO: dict[str, Any] = {
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    "categories": [{"id": 1, "name": "cell"}],
}
ODD: list[Any] = [None, [], {}, "", "x", -1, 10**400, 1.5, True, [[]], {"a": 1}, [None], ["x"]]


@pytest.mark.parametrize("odd", ODD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize(
    "place",
    [
        (part, key)
        for part in COCO
        for key in (
            "id",
            "image_id",
            "category_id",
            "bbox",
            "name",
            "keypoints",
            "segmentation",
            "width",
            "file_name",
            "attributes",
            None,
        )
    ],
)
def test_a_coco_file_with_an_odd_value_anywhere_is_read_or_refused_in_words(
    tmp_path: Path, place: tuple[str, str | None], odd: Any
) -> None:
    picture(tmp_path / "a.png")
    part, key = place
    content = json.loads(json.dumps(COCO))
    if key is None:
        content[part] = odd
    else:
        content[part][0][key] = odd
    (tmp_path / "labels.json").write_text(json.dumps(content))
    said = read_or_refused(tmp_path)
    if isinstance(said, AtelierError):
        assert said.message
        assert said.hint
    else:
        assert said.items <= 1
        assert not any("stopped at something" in warning for warning in said.warnings), said.warnings


def read_or_refused(folder: Path) -> Inspection | AtelierError:
    try:
        return inspection(read_folder(folder))
    except AtelierError as error:
        return error


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("labels.json", b'{"images": [], "images": [], "annotations": []}'),
        ("labels.json", '{"images": []}'.encode("utf-16")),
        ("labels.json", b"[" * 5000),
        ("labels.json", b'{"a": ' + b"9" * 6000 + b"}"),
        ("a.xml", b"<annotation><object>"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><annotation/>'),
    ],
)
def test_labels_that_nothing_can_read_are_named_beside_their_pictures(
    tmp_path: Path, name: str, data: bytes
) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / name).write_bytes(data)
    said = inspection(read_folder(tmp_path))
    assert said.items == 1
    assert any(warning.startswith(f"{name}: ") for warning in said.warnings)
