"""Pictures: checked by header before anything is allocated, and prepared once for the canvases.

Runs in the node's limited worker; native decoders are never called in the node or the window on a file that
has not passed `probe`.
"""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.wire.projects import Stream

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
TILE = 256
THUMB = 256
PYRAMID_FROM = 4096  # pixels of the longer side above which a picture is cut into tiles
QUALITY = 90


class ImageMedia:
    """The image plug-in's `media` part."""

    def probe(self, path: Path, budget: Budget) -> Stream:
        """Kind and size by content, and that every pixel is there.

        Decodes at the lowest resolution that the file offers, so that a file cut in half is found now and
        not by the annotator. Raises `media.not_a_picture`, `media.too_large`, `media.broken`.
        """
        with _opened(path, budget) as picture:
            width, height = picture.size
            media_type = Image.MIME.get(picture.format or "", "application/octet-stream")
            picture.draft("RGB", (max(1, width // 8), max(1, height // 8)))
            _load(picture, path)
        levels = 0
        if max(width, height) > PYRAMID_FROM:
            while max(width, height) >> levels > TILE:
                levels += 1
        return Stream(
            id=StreamId("image"),
            name="image",
            kind="image",
            width=width,
            height=height,
            media_type=media_type,
            levels=levels,
        )

    def renditions(self, path: Path, stream: Stream, budget: Budget) -> Iterator[tuple[str, bytes]]:
        """`thumb` (longer side 256), and for large pictures area-averaged `tile-LEVEL-COLUMN-ROW`."""
        with _opened(path, budget) as picture:
            if not stream.levels:
                picture.draft("RGB", (THUMB * 2, THUMB * 2))
            _load(picture, path)
            whole = _rgb(picture)
        thumb = whole.copy()
        thumb.thumbnail((THUMB, THUMB), Image.Resampling.BOX)
        yield "thumb", _jpeg(thumb)
        for level in range(stream.levels):
            for row in range(0, whole.height, TILE):
                for column in range(0, whole.width, TILE):
                    box = (column, row, min(column + TILE, whole.width), min(row + TILE, whole.height))
                    yield f"tile-{level}-{column // TILE}-{row // TILE}", _jpeg(whole.crop(box))
            whole = whole.reduce(2)


def _opened(path: Path, budget: Budget) -> Image.Image:
    if path.stat().st_size > budget.file_bytes:
        raise AtelierError(
            "media.too_large",
            f"The file is larger than the {budget.file_bytes:,} bytes that are allowed.",
            hint="Make it smaller, or raise the node's limit.",
        )
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; our own budget, just below, is what decides
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels("far more", str(error)) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise AtelierError(
            "media.not_a_picture",
            "The file is no picture that can be read, whatever its name says.",
            detail=type(error).__name__,
            hint="JPEG, PNG, BMP, WebP and TIFF are read.",
        ) from error
    width, height = picture.size
    if width * height > budget.pixels or width < 1 or height < 1:
        picture.close()
        raise _too_many_pixels(f"{width} x {height}")
    return picture


def _too_many_pixels(size: str, detail: str = "") -> AtelierError:
    return AtelierError(
        "media.too_large",
        f"The picture claims {size} pixels than are allowed; it was not opened."
        if detail
        else f"The picture claims {size} pixels, more than are allowed; it was not opened.",
        detail=detail,
        hint="If it really is that large, raise the node's limit; otherwise the file is damaged or hostile.",
    )


def _load(picture: Image.Image, path: Path) -> None:
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise AtelierError(
            "media.broken",
            "The picture is damaged: a part of it is missing or cannot be decoded.",
            detail=f"{type(error).__name__} in {path.suffix}",
            hint="Copy it again from where it came.",
        ) from error


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "I;16", "I;16B", "F"):
        # 16-bit and float pictures are stretched to what a screen can show
        low, high = picture.getextrema()
        span = max(float(high) - float(low), 1e-9)  # type: ignore[arg-type]
        return picture.point(lambda value: (value - float(low)) * (255 / span)).convert("L").convert("RGB")  # type: ignore[arg-type]
    return picture.convert("RGB")


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
