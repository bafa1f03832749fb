"""Whether labels fit their pictures as they really are: label files say a size, the picture itself knows it.

What does not fit is named and kept as it was written: the numbers say what went wrong (a picture that was
scaled or turned after it was labelled), and whatever is computed from shapes clips them.
"""

from collections.abc import Mapping

from studio.domain.contracts.formats import MediaFile, Problem, ReadItem
from studio.domain.entities import AnyShape, FrameShape, Mask
from studio.domain.geometry import bounding_box, clipped

Sizes = Mapping[str, tuple[int, int]]  # path of a picture -> its own width and height, in pixels

_ROUNDING = 1.0 + 1e-9  # pixels: formats of whole pixels differ by as much


def misfits(read: ReadItem, sizes: Sizes) -> list[Problem]:
    """A size that a label file says wrongly, and shapes beyond the real picture: a line each a stream."""
    return [
        problem
        for file in read.media
        for problem in (*_wrong_size(file, sizes), *_outside(read, file, sizes))
    ]


def _wrong_size(file: MediaFile, sizes: Sizes) -> list[Problem]:
    said = file.stream.width, file.stream.height
    wrong = [path for path in file.paths if sizes.get(path, said) != said]
    if not wrong or not all(said):
        return []
    real = sizes[wrong[0]]
    hint = "If the picture was scaled after it was labelled, scale the labels in the file as well."
    if real == said[::-1]:
        hint = "If the picture was turned after it was labelled, bring in the one from before."
    message = (
        f"The label file says {said[0]} x {said[1]} pixels, the picture has {real[0]} x {real[1]}; "
        "its own size holds."
    )
    return [Problem(wrong[0], "import.wrong_size", message, hint)]


def _outside(read: ReadItem, file: MediaFile, sizes: Sizes) -> list[Problem]:
    count, found = 0, []
    for shape in read.entities:
        if isinstance(shape, FrameShape) and shape.stream == file.stream.id:
            path = _path(file, shape.frame)
            if path in sizes:
                count += 1
                if not _fits(shape, *sizes[path]):
                    found.append((path, shape))
    if not found:
        return []
    path, first = found[0]
    width, height = sizes[path]
    box = bounding_box(first)
    where = f", the first at {', '.join(f'{value:g}' for value in box)}" if box else ""
    message = (
        f"{len(found):,} of {count:,} shapes do not lie within the picture of {width} x {height} pixels"
        f"{where}. They came in as they were written."
    )
    hint = "Look at them in Label. If all are off alike, the picture was changed after it was labelled."
    return [Problem(path, "import.outside", message, hint)]


def _path(file: MediaFile, frame: int) -> str:
    """The file of a frame; a video is one for all of them."""
    return file.paths[0] if len(file.paths) == 1 else file.paths[frame] if frame < len(file.paths) else ""


def _fits(shape: AnyShape, width: int, height: int) -> bool:
    if isinstance(shape, Mask):
        return shape.size == (height, width)
    box = bounding_box(shape)
    if box is None:
        return True
    inside = clipped(box, width, height)
    is_lost = (box[0] < box[2] and inside[0] >= inside[2]) or (box[1] < box[3] and inside[1] >= inside[3])
    return not is_lost and max(abs(a - b) for a, b in zip(inside, box, strict=True)) <= _ROUNDING
