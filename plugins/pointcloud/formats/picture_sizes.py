"""How large cameras' pictures are, from their heads: calibration files of many data sets do not say it."""

import warnings
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from studio.domain.contracts.formats import MediaFile, Tree
from studio.domain.entities import Calibration, CoordinateSystem

Sensor = Calibration | CoordinateSystem
_MOST = 100_000  # pixels of a side


def picture_size(tree: Tree, path: str) -> tuple[int, int]:
    """Width and height as the head of a picture says; (0, 0) where it says none."""
    from PIL import Image  # not needed by whoever writes, or reads what knows its sizes

    try:
        with tree.open(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # nothing is decoded
            with Image.open(file) as picture:
                width, height = picture.size
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 0, 0  # what is wrong with it is said when it is prepared
    return (width, height) if 0 < width <= _MOST and 0 < height <= _MOST else (0, 0)


def sized(
    tree: Tree, media: Sequence[MediaFile], sensors: Iterable[Sensor]
) -> tuple[tuple[MediaFile, ...], tuple[Sensor, ...]]:
    """The streams and calibrations with the size of each camera's first picture, where none says it."""
    sizes: dict[str, tuple[int, int]] = {}
    made: list[MediaFile] = []
    for file in media:
        path = next(filter(None, file.paths), "")
        if file.stream.kind == "image" and path and not file.stream.width:
            width, height = picture_size(tree, path)
            file = replace(file, stream=replace(file.stream, width=width, height=height))
        sizes[str(file.stream.id)] = file.stream.width, file.stream.height
        made.append(file)
    known = tuple(
        replace(each, size=sizes.get(str(each.stream), each.size))
        if isinstance(each, Calibration) and each.size == (0, 0)
        else each
        for each in sensors
    )
    return tuple(made), known
