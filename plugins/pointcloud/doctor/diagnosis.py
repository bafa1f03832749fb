"""What is wrong with a calibration, found by trying what people get wrong and seeing where edges lie then."""

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from plugins.pointcloud.doctor.edges import Prepared, edge_score
from plugins.pointcloud.doctor.faults import Kind, Suspect, is_plausible, suspects
from plugins.pointcloud.doctor.refining import Told, refine, untold
from studio.domain.cameras import project
from studio.domain.entities import Calibration
from studio.domain.space import Floats

_CHANCE = 3.0  # standard errors that even the best of what is tried may reach by chance
# standard errors that each kind has to be better than the calibration as it is: of some there are more to
# try, and some are fitted to what is seen
_PRICES: dict[Kind, float] = {"fine": 0.0, "distortion": 3.5, "shifted": 4.0}
_PRICE = 2.5
_IMPLAUSIBLE = 6.0  # how much less likely a camera stands upside down, or far beside the car
_VISIBLE = 3.0  # pixels of 800 across, that a fault has to move half of the outlines
_OF_SUSPECTS = 0.4  # share of the time that trying them takes; the rest is the search for a shift
_SHIFT_VISIBLE, _SHIFT_GAIN = 4.0, 0.4  # the same of a shift, and the share of its score that it has to gain


class Diagnosis(Struct, frozen=True):
    """What is taken to be wrong, in words; how sure that is (0 to 1); the calibration with it put right.

    before, after: the edge scores as it is and as mended. `fine`: nothing is, and `mended` is the same;
    `unsure`: nothing that was tried lays edges on edges.
    """

    kind: Kind
    what: str
    confidence: float
    mended: Calibration
    before: float
    after: float


class _Tried(Struct, frozen=True):
    suspect: Suspect
    score: float
    worth: float  # the score less its price


def diagnose(camera: Calibration, views: Sequence[Prepared], told: Told = untold) -> Diagnosis:
    """What is most likely wrong with it; half a second to two for each view. Raises `calibration.broken`.

    Several views of one drive say more than one: faint edges add up, and chance does not.
    """
    before = _score(camera, views)
    if not any(len(each.outlines.weights) for each in views):
        return Diagnosis("unsure", "The sweep shows no outlines to compare.", 0.0, camera, before, before)
    ranked = sorted(_tried(camera, views, told), key=lambda each: -each.worth)
    best = ranked[0]
    if best.score < _CHANCE:
        return Diagnosis(
            "unsure",
            "Neither as it is nor with any of the usual mistakes put right do edges lie on edges.",
            0.0,
            camera,
            before,
            before,
        )
    others = [each for each in ranked if each.suspect.kind != best.suspect.kind]
    lead = best.worth - others[0].worth if others else best.worth
    confidence = (1 - math.exp(-max(lead, 0.0) / 2)) * (1 - math.exp(-max(best.score - _CHANCE, 0.0) / 2))
    suspect = best.suspect
    return Diagnosis(suspect.kind, suspect.what, round(confidence, 3), suspect.mended, before, best.score)


def _tried(camera: Calibration, views: Sequence[Prepared], told: Told) -> list[_Tried]:
    """Everything that may be wrong and would show, with what it is worth."""
    size = views[0].size
    found = []
    every = suspects(camera, size)
    for number, suspect in enumerate(every):
        told(_OF_SUSPECTS * number / len(every))
        plausible = is_plausible(suspect.mended, size)
        if suspect.kind == "fine" or (plausible and moved_px(camera, suspect.mended, views) >= _VISIBLE):
            score = _score(suspect.mended, views)
            price = _PRICES.get(suspect.kind, _PRICE) + (0.0 if plausible else _IMPLAUSIBLE)
            found.append(_Tried(suspect, score, score - price))
    if is_plausible(camera, size) and (shifted := _shifted(camera, views, told)) is not None:
        found.append(shifted)
    return found


def _shifted(camera: Calibration, views: Sequence[Prepared], told: Told) -> _Tried | None:
    """The calibration moved a little, where that shows and gains much."""
    refined = refine(camera, views, told=lambda share: told(_OF_SUSPECTS + (1 - _OF_SUSPECTS) * share))
    before, after = _score(camera, views), _score(refined.camera, views)
    if after - before < _SHIFT_GAIN * after or moved_px(camera, refined.camera, views) < _SHIFT_VISIBLE:
        return None
    what = "The camera has moved a little since it was calibrated."
    return _Tried(Suspect("shifted", what, refined.camera), after, after - _PRICES["shifted"])


def _score(camera: Calibration, views: Sequence[Prepared]) -> float:
    return (edge_score(camera, views, "fine") + edge_score(camera, views, "coarse")) / 2


def moved_px(camera: Calibration, other: Calibration, views: Sequence[Prepared]) -> float:
    """How far half of the outlines that either sees move between the two, in pixels of 800 across.

    Infinite where most are seen by one alone.
    """
    moved: list[Floats] = []
    for view in views:
        first, second = (project(view.outlines.inner, each) / view.scale for each in (camera, other))
        columns, rows = view.size[0] / view.scale, view.size[1] / view.scale
        with np.errstate(invalid="ignore"):
            seen = [((each >= 0) & (each < (columns, rows))).all(axis=1) for each in (first, second)]
        apart = np.linalg.norm(first - second, axis=1)[seen[0] | seen[1]]
        moved.append(np.where(np.isnan(apart), np.inf, apart))
    every = np.concatenate(moved)
    return float(np.median(every)) if len(every) else 0.0
