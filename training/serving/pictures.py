"""Pictures from strangers: the header is weighed before anything is decoded."""

import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from studio.domain.errors import AtelierError

# decoders that nobody needs are doors that nobody watches
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "BMP": "image/bmp"}
_LARGEST_SIDE = 65_535


def decode_picture(data: bytes, largest_pixels: int) -> tuple[NDArray[np.uint8], str]:
    """(H, W, 3) uint8 RGB, turned as its EXIF says, and its media type.

    Raises `picture.unreadable`, and `picture.too_large` from the header alone.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as picture:
                width, height = picture.size
                if width * height > largest_pixels or max(width, height) > _LARGEST_SIDE:
                    raise _too_large(width, height, largest_pixels)
                kind = KINDS[picture.format or "PNG"]
                turned: Any = ImageOps.exif_transpose(picture) if picture.getexif() else picture
                return np.array(turned if turned.mode == "RGB" else turned.convert("RGB")), kind
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(0, 0, largest_pixels) from error
    # Pillow's readers answer hostile bytes with any of these
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, IndexError, TypeError) as error:
        raise AtelierError(
            "picture.unreadable",
            "The picture was refused: it is no PNG, JPEG or BMP, or it is damaged.",
            detail=type(error).__name__,
            hint="Save it again as PNG or JPEG.",
        ) from error


def _too_large(width: int, height: int, largest: int) -> AtelierError:
    return AtelierError(
        "picture.too_large",
        f"The picture was refused: it has more than {largest:,} pixels.",
        detail=f"{width} x {height}" if width else "",
        hint="Send it smaller, or in parts.",
    )
