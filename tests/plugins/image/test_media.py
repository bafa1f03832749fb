"""Pictures are checked by header before anything is allocated."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from plugins.image.media import ImageMedia
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def code_of(path: Path, budget: Budget = Budget()) -> str:
    with pytest.raises(AtelierError) as caught:
        ImageMedia().probe(path, budget)
    return caught.value.code


def test_a_header_that_claims_ten_thousand_million_pixels_is_not_opened(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_header(100_000, 100_000))
    assert code_of(bomb) == "media.too_large"


def test_kind_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    named = tmp_path / "really_a_png.jpg"
    Image.new("RGB", (20, 10)).save(named, "PNG")
    stream = ImageMedia().probe(named, Budget())
    assert (stream.media_type, stream.width, stream.height) == ("image/png", 20, 10)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    assert code_of(text) == "media.not_a_picture"
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    assert code_of(empty) == "media.not_a_picture"


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp"])
def test_a_picture_cut_in_half_is_found_at_once(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    Image.effect_noise((400, 300), 60).convert("RGB").save(whole)
    half = tmp_path / f"half.{suffix}"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert code_of(half) == "media.broken"


def test_a_large_picture_is_cut_into_tiles_that_cover_it(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("RGB", (5000, 300), (200, 10, 10)).save(path)
    stream = ImageMedia().probe(path, Budget())
    made = dict(ImageMedia().renditions(path, stream, Budget()))
    assert stream.levels == 5
    assert {name for name in made if name.startswith("tile-0-")} == {
        f"tile-0-{column}-{row}" for column in range(20) for row in range(2)
    }
    assert "thumb" in made


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16", "1"])
def test_every_mode_of_pixels_gets_a_thumbnail(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tiff"
    Image.new(mode, (300, 200)).save(path)
    stream = ImageMedia().probe(path, Budget())
    assert dict(ImageMedia().renditions(path, stream, Budget()))["thumb"].startswith(b"\xff\xd8")
