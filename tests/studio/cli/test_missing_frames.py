"""A frame without a usable file: it is named, and the other frames of its item come in at their places."""

from pathlib import Path

import pytest

from plugins.image.formats.own_json import OwnJson
from studio.cli.convert import run as convert
from studio.cli.reading import inspection, read_folder
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.wire.projects import Stream
from tests.plugins.formats_kit import picture, read, write

PATHS = ("0.png", "1.png", "2.png", "3.png")


def drive(folder: Path, *broken: str, gone: str = "") -> Path:
    stream = Stream(id=StreamId("front"), name="front", kind="image", frames=4, times_ns=(0, 1, 2, 3))
    write(OwnJson(), [ReadItem(source="drive", media=(MediaFile(stream, PATHS),))], folder)
    for path in PATHS:
        if path == gone:
            continue
        picture(folder / path)
        if path in broken:
            (folder / path).write_bytes((folder / path).read_bytes()[:40])
    return folder


def test_a_broken_frame_is_named_and_the_others_keep_their_places(tmp_path: Path) -> None:
    found = read_folder(drive(tmp_path, "1.png", gone="3.png"))
    (item,) = found.items
    assert item.media[0].paths == ("0.png", "", "2.png", "")
    assert item.media[0].stream.times_ns == (0, 1, 2, 3)
    assert sorted(each.path for each in found.problems if each.code.startswith("media")) == ["1.png"]
    assert inspection(found).frames == 4


def test_an_item_whose_every_frame_is_broken_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(AtelierError) as refused:
        read_folder(drive(tmp_path, *PATHS))
    assert refused.value.code == "import.nothing"
    assert "0.png" in refused.value.message


def test_converting_copies_the_frames_that_are_there(tmp_path: Path) -> None:
    drive(tmp_path / "in", gone="2.png")
    assert convert([str(tmp_path / "in"), str(tmp_path / "out"), "--to", "atelier_json"]) == 0
    (item,), _ = read(OwnJson(), tmp_path / "out")
    assert item.media[0].paths == ("0.png", "1.png", "", "3.png")
