"""What the picture formats share: which files are pictures, their stream, and boxes that hold."""

import math

from studio.domain.contracts.formats import MediaFile, Problem
from studio.domain.geometry import clipped, normalised
from studio.domain.ids import StreamId
from studio.domain.wire.projects import Stream

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
STREAM = StreamId("image")
Rect = tuple[float, float, float, float]
_ROUNDING = 1.0 + 1e-9  # pixels


def picture(path: str, width: int = 0, height: int = 0) -> MediaFile:
    """A one-frame stream of the picture at `path`; the size is the label file's until it is probed."""
    return MediaFile(Stream(id=STREAM, name="image", kind="image", width=width, height=height), (path,))


def split_of(path: str) -> str:
    """`train`, `val` or `test` where a part of the path says so, else an empty text."""
    words = path.lower().replace("-", "_").replace("/", "_").replace(".", "_").split("_")
    for split, names in {
        "train": ("train", "training"),
        "val": ("val", "valid", "validation"),
        "test": ("test", "testing"),
    }.items():
        if any(word.rstrip("0123456789") in names for word in words):
            return split
    return ""


def sound_box(
    where: str, what: str, xyxy: Rect, width: int, height: int
) -> tuple[Rect | None, Problem | None]:
    """A box as it can be used, and what was wrong with it.

    Not finite or empty: it cannot be used. Turned around: turned back. A pixel at most beyond the picture,
    which is rounding: clipped. Further outside it stays as it is, for the size is only what the label file
    says (`contracts.fitting` compares it with the picture itself).
    """
    if not all(math.isfinite(value) for value in xyxy):
        return None, Problem(
            path=where,
            code="import.bad_box",
            message=f"The box of {what} holds a value that is not a number; it was left out.",
            hint="Mend it in the label file, or draw it here.",
        )
    box = normalised(xyxy)
    turned = box != xyxy
    if _is_empty(box):
        return None, Problem(
            path=where,
            code="import.bad_box",
            message=f"The box of {what} at {_said(xyxy)} is empty; it was left out.",
            hint="Draw it again here.",
        )
    if width and height:
        inside = clipped(box, width, height)
        if not _is_empty(inside) and max(abs(a - b) for a, b in zip(inside, box, strict=True)) <= _ROUNDING:
            box = inside
    if turned:
        return box, Problem(
            path=where,
            code="import.bad_box",
            message=f"The box of {what} at {_said(xyxy)} had its corners swapped; they were put right.",
            hint="Look at it in Label.",
        )
    return box, None


def _is_empty(box: Rect) -> bool:
    return box[2] - box[0] <= 0 or box[3] - box[1] <= 0


def _said(xyxy: Rect) -> str:
    return ", ".join(f"{value:g}" for value in xyxy)
