"""How a calibration is written down wrongly, and what it would be if it were put right. Pure functions."""

import itertools
from collections.abc import Iterator
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from studio.domain.cameras import intrinsic_matrix, pose_of
from studio.domain.entities import Calibration
from studio.domain.space import (
    Floats,
    Pose,
    as_xyz,
    inverse,
    joined,
    matrix_of,
    outward,
    quaternion_of,
    undone,
)
from studio.domain.values import Quaternion

Kind = Literal[
    "fine", "inverted", "transposed", "axes", "millimetres", "distortion", "size", "shifted", "unsure"
]
FURTHEST_M = 15.0  # from the middle of a car or truck that a camera may stand
_HALF_SIDE = (0.35, 0.65)  # shares of a picture between which its middle, as a lens has it, lies
# rough ones of lenses that were written down as if they bent nothing; k2 goes against k1 as it does in most
_BENDS = ((-0.4, 0.15), (-0.3, 0.09), (-0.2, 0.04), (-0.1, 0.01), (0.1, 0.0), (0.25, 0.0))
_SCALES = (0.25, 1 / 3, 0.5, 2 / 3, 0.75, 4 / 3, 1.5, 2.0, 3.0, 4.0)


class Suspect(Struct, frozen=True):
    """One thing that may be wrong, said in words, and the calibration with that put right."""

    kind: Kind
    what: str
    mended: Calibration


def suspects(camera: Calibration, picture_size: tuple[int, int]) -> list[Suspect]:
    """All that is looked for, the calibration as it is first. Raises `calibration.broken`."""
    intrinsic_matrix(camera)
    return [
        Suspect("fine", "Nothing is wrong with it.", camera),
        *_of_pose(camera),
        *_of_axes(camera),
        *_of_unit(camera),
        *_of_size(camera, picture_size),
        *_of_lens(camera),
    ]


def is_plausible(camera: Calibration, picture_size: tuple[int, int]) -> bool:
    """Whether a camera of a car stands so: near it, the right way up, its lens over the picture's middle."""
    down = matrix_of(camera.rotation)[:, 1]
    matrix = intrinsic_matrix(camera)
    middle = matrix[:2, 2] / np.maximum(picture_size, 1)
    return bool(
        np.linalg.norm(camera.translation) < FURTHEST_M
        and down[2] < -0.6  # tilted by half a right angle at most
        and ((middle > _HALF_SIDE[0]) & (middle < _HALF_SIDE[1])).all()
    )


def _of_pose(camera: Calibration) -> Iterator[Suspect]:
    turned_back = inverse(pose_of(camera))
    yield Suspect(
        "inverted",
        "The pose leads from the car to the camera; it should lead from the camera to the car.",
        replace(camera, translation=turned_back.translation, rotation=turned_back.rotation),
    )
    yield Suspect(
        "transposed",
        "The rotation matrix is transposed: its rows were read as columns.",
        replace(camera, rotation=undone(camera.rotation)),
    )


def _of_axes(camera: Calibration) -> Iterator[Suspect]:
    for turned in _quarter_turns():
        yield Suspect(
            "axes",
            "The camera's own axes are named differently: they should be x right, y down, z ahead.",
            replace(camera, rotation=joined(camera.rotation, turned)),
        )
    for turned in _quarter_turns():
        moved = outward(Pose((0.0, 0.0, 0.0), turned), np.array([camera.translation]))[0]
        yield Suspect(
            "axes",
            "The car's axes are named differently: they should be x ahead, y left, z up.",
            replace(camera, translation=as_xyz(moved), rotation=joined(turned, camera.rotation)),
        )


def _quarter_turns() -> list[Quaternion]:
    """The 23 rotations that lead axes onto axes, other than none."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix: Floats = np.zeros((3, 3))
            matrix[np.arange(3), order] = signs
            if np.linalg.det(matrix) > 0 and not np.array_equal(matrix, np.eye(3)):
                found.append(quaternion_of(matrix))
    return found


def _of_unit(camera: Calibration) -> Iterator[Suspect]:
    length = float(np.linalg.norm(camera.translation))
    x, y, z = camera.translation
    if length > FURTHEST_M:
        yield Suspect(
            "millimetres",
            "The camera's place is given in millimetres; it should be in metres.",
            replace(camera, translation=(x / 1000, y / 1000, z / 1000)),
        )
    elif 0 < length < FURTHEST_M / 1000:
        yield Suspect(
            "millimetres",
            "The camera's place was divided by a thousand: it was in metres already.",
            replace(camera, translation=(x * 1000, y * 1000, z * 1000)),
        )


def _of_size(camera: Calibration, picture_size: tuple[int, int]) -> Iterator[Suspect]:
    words = "The calibration is for pictures of {} x {}; this one has {} x {}."
    if camera.size != picture_size and all(camera.size):
        ratio = picture_size[0] / camera.size[0]
        yield Suspect("size", words.format(*camera.size, *picture_size), scaled(camera, ratio, picture_size))
        yield Suspect("size", words.format(*camera.size, *picture_size), replace(camera, size=picture_size))
    for ratio in _SCALES:
        was = (round(picture_size[0] / ratio), round(picture_size[1] / ratio))
        yield Suspect("size", words.format(*was, *picture_size), scaled(camera, ratio, picture_size))


def scaled(camera: Calibration, ratio: float, size: tuple[int, int]) -> Calibration:
    """The calibration for pictures `ratio` times as large, which have this size."""
    matrix = intrinsic_matrix(camera) * np.array([[ratio], [ratio], [1.0]])
    return replace(camera, size=size, intrinsics=tuple(float(each) for each in matrix.ravel()))


def _of_lens(camera: Calibration) -> Iterator[Suspect]:
    held = camera.distortion
    is_bent = camera.model != "pinhole" and any(held)
    if is_bent:
        yield _lens(
            camera, "pinhole", (), "The lens does not bend lines; its coefficients belong to another."
        )
    if camera.model == "brown_conrady":
        yield _lens(camera, "kannala_brandt", held[:4], "The coefficients are those of a fisheye lens.")
    if camera.model == "kannala_brandt":
        yield _lens(
            camera, "brown_conrady", held[:4], "The coefficients are those of a lens that is no fisheye."
        )
    if camera.model != "kannala_brandt":
        yield _lens(camera, "kannala_brandt", (), "The lens is a fisheye.")
        for k1, k2 in _BENDS:
            yield _lens(
                camera,
                "brown_conrady",
                (k1, k2, 0.0, 0.0),
                "The lens bends lines otherwise than the calibration says.",
            )


def _lens(
    camera: Calibration,
    model: Literal["pinhole", "brown_conrady", "kannala_brandt"],
    distortion: tuple[float, ...],
    what: str,
) -> Suspect:
    return Suspect("distortion", what, replace(camera, model=model, distortion=distortion))
