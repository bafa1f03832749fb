"""Outcomes as the sheet of mistakes shows them: from above among the points, and as a camera sees them."""

import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from plugins.pointcloud.cloud import HEAD, read_head, read_piece
from plugins.pointcloud.media import GROUND, height_colours
from plugins.pointcloud.rig import Camera, Rig
from plugins.pointcloud.timeline import Timeline
from studio.domain.cameras import edges_on_picture
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Calibration, CoordinateSystem, EgoPose
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.ids import StreamId
from studio.domain.overlap import ground_corners, rows_of
from studio.domain.space import Floats, Pose, corners, outward
from studio.domain.wire.evaluation import Match, Placement
from studio.domain.wire.projects import Stream

Read = Callable[[StreamId, int, str], bytes]

SIZE = (366, 300)  # pixels, as wide for their height as a cell of the sheet
LABEL, PREDICTED = (46, 157, 74), (224, 100, 30)  # as the sheet has them
_INSET = 0.46  # share of the width that the camera's crop takes
_AROUND_M, _AROUND = 4.0, 0.9  # shown beside a cuboid, and that for each metre of its length
_DASH = 7.0  # pixels
_LEAST_PX = 8.0  # a side that a cuboid must have on a picture to be shown there
_HIGH_M = 3.5  # above the lower end, from which on heights are coloured alike
_QUALITY = 88


class SpaceCrops:
    """The point-cloud plug-in's `crops` part."""

    def picture(
        self, match: Match, streams: Sequence[Stream], entities: Sequence[AnyEntity], read: Read
    ) -> bytes:
        """From above, x upwards and y to the left; in a corner the camera that sees it best, if any does.

        The label's outline is whole, the prediction's dashed; a tick says which way they are headed. Raises
        `media.missing` where the match has no cuboid.
        """
        found = [each for each in (match.label_cuboid, match.predicted_cuboid) if each is not None]
        if not found:
            raise AtelierError(
                "media.missing", "This outcome is no cuboid, so there is nothing to show of it."
            )
        inset = _from_camera(match, found[-1], streams, entities, read)
        # what is looked at must not lie below the camera's crop
        middle = SIZE[0] * (0.5 if inset is None else (1 - _INSET) / 2), SIZE[1] / 2
        canvas = _from_above(match, found[-1], _points(match, entities, read), middle)
        if inset is not None:
            canvas.paste(inset, (SIZE[0] - inset.width, SIZE[1] - inset.height))
        out = io.BytesIO()
        canvas.save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()


def _points(match: Match, entities: Sequence[AnyEntity], read: Read) -> Floats:
    """(N, 3) in the ego frame."""
    head = read_head(read(match.stream, match.frame, HEAD))
    pieces = [
        read_piece(read(match.stream, match.frame, f"{HEAD}-{number}")).xyz for number in range(head.pieces)
    ]
    own = np.concatenate(pieces).astype(np.float64) if pieces else np.zeros((0, 3))
    pose = Pose()
    for each in entities:
        if isinstance(each, CoordinateSystem) and each.name == match.stream:
            pose = Pose(each.translation, each.rotation)
    return outward(pose, own + np.array(head.origin))


def _from_above(match: Match, placed: Placement, points: Floats, middle: tuple[float, float]) -> Image.Image:
    """`placed` at `middle`, in pixels."""
    (width, height), (across, down) = SIZE, middle
    reach = _AROUND_M + _AROUND * max(placed.size[:2])
    scale = height / (2 * reach)
    x, y, _ = placed.centre
    pixels = np.full((height, width, 3), GROUND, np.uint8)
    # y grows to the left: column and row fall as y and x grow
    columns = np.floor(across - (points[:, 1] - y) * scale).astype(np.int64)
    rows = np.floor(down - (points[:, 0] - x) * scale).astype(np.int64)
    seen = np.flatnonzero((columns >= 0) & (columns < width) & (rows >= 0) & (rows < height))
    seen = seen[np.argsort(points[seen, 2], kind="stable")]  # the highest point of a pixel is what one sees
    if len(seen):
        low = float(np.percentile(points[seen, 2], 5))
        colours = height_colours(points[seen, 2], low, low + _HIGH_M)
        for column, row in ((1, 0), (0, 1), (0, 0)):
            pixels[
                np.minimum(rows[seen] + row, height - 1), np.minimum(columns[seen] + column, width - 1)
            ] = colours
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for placement, colour, dashed in _both(match):
        ring = ground_corners(rows_of([placement]))[0]
        ahead = (ring[0] + ring[3]) / 2
        tick = np.array([ahead, ahead + (ahead - np.array(placement.centre[:2])) * 0.35])
        for line in (*np.stack([ring, np.roll(ring, -1, axis=0)], axis=1), tick):
            ends = np.column_stack([across - (line[:, 1] - y) * scale, down - (line[:, 0] - x) * scale])
            _line(draw, ends, colour, dashed)
    return image


def _from_camera(
    match: Match, middle: Placement, streams: Sequence[Stream], entities: Sequence[AnyEntity], read: Read
) -> Image.Image | None:
    """What the camera that sees most of it shows around it; None where no camera does, or has a picture."""
    poses = [each for each in entities if isinstance(each, EgoPose)]
    calibrations = [each for each in entities if isinstance(each, Calibration)]
    timeline = Timeline(streams, poses)
    rig = Rig(Document((*poses, *calibrations)), streams, timeline)
    placed = corners(middle.centre, middle.size, middle.rotation)
    best = rig.best(match.frame, placed) if match.frame < timeline.frames else None
    camera = rig.camera(best) if best is not None else None
    box = rig.box(camera, match.frame, placed) if camera is not None else None
    if camera is None or box is None or min(box[2] - box[0], box[3] - box[1]) < _LEAST_PX:
        return None
    try:
        taken = Image.open(io.BytesIO(read(camera.id, rig.picture_of(camera, match.frame), "original")))
        picture = taken.convert("RGB")
    except (AtelierError, OSError):
        return None
    return _cut(match, rig, camera, picture, box)


def _cut(match: Match, rig: Rig, camera: Camera, picture: Image.Image, box: Rect) -> Image.Image:
    width, height = round(SIZE[0] * _INSET), round(SIZE[1] * _INSET)
    side = max((box[2] - box[0]) * 1.5, (box[3] - box[1]) * 1.5 * width / height, 48.0)
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    scale = width / side
    left, top = x - side / 2, y - side * height / width / 2
    cut = picture.crop((round(left), round(top), round(left + side), round(top + side * height / width)))
    image = cut.resize((width, height), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    assert camera.calibration is not None  # it has a box
    for placement, colour, dashed in _both(match):
        own = corners(placement.centre, placement.size, placement.rotation)
        there = rig.at_its_time(camera, match.frame, own)[None]
        for ends in edges_on_picture(there, camera.calibration)[0]:
            if not np.isnan(ends).any():
                _line(draw, (ends - (left, top)) * scale, colour, dashed)
    draw.rectangle((0, 0, width - 1, height - 1), outline=(200, 200, 200))
    return image


def _both(match: Match) -> list[tuple[Placement, tuple[int, int, int], bool]]:
    label = [(match.label_cuboid, LABEL, False)] if match.label_cuboid is not None else []
    predicted = [(match.predicted_cuboid, PREDICTED, True)] if match.predicted_cuboid is not None else []
    return [*label, *predicted]


def _line(draw: ImageDraw.ImageDraw, ends: Floats, colour: tuple[int, int, int], dashed: bool) -> None:
    """ends: (2, 2) pixels of the drawn picture."""
    length = float(np.hypot(*(ends[1] - ends[0])))
    if not 0 < length < 1e4:
        return
    count = max(1, math.ceil(length / _DASH)) if dashed else 1
    for number in range(0, count, 2 if dashed else 1):
        part = [ends[0] + (ends[1] - ends[0]) * min(number + each, count) / count for each in (0, 1)]
        draw.line([tuple(part[0].tolist()), tuple(part[1].tolist())], fill=colour, width=2)
