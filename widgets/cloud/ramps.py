"""Colour ramps and palettes as tables of 256 colours. No Qt."""

from __future__ import annotations

import colorsys
from functools import cache

import numpy as np
from numpy.typing import NDArray

from widgets.cloud.drawn import PALETTE, Ramp

Table = NDArray[np.uint8]

# Google's Turbo (Mikhailov 2019) and matplotlib's viridis at eleven even steps, mixed in between. Their dark
# ends are lifted, or nothing of them would be seen on the ground of the views
_STOPS: dict[Ramp, tuple[str, ...]] = {
    "turbo": (
        "4a3fb0", "4662e0", "4090fe", "1bcfd5", "2aefa1", "7dff56",
        "c1f334", "f1ca3a", "fe922a", "ef5a2a", "d7263d",
    ),
    "viridis": (
        "6b3f8f", "5d4e9f", "4a5f9c", "355f8d", "2a788e", "21918c",
        "22a884", "44bf70", "7ad151", "bddf26", "fde725",
    ),
    "grey": ("3a3f48", "f4f6fa"),
}  # fmt: skip
UNLABELLED = (122, 130, 144, 255)


@cache
def ramp(name: Ramp) -> Table:
    """(256, 4) RGBA."""
    stops = np.array([list(bytes.fromhex(stop)) for stop in _STOPS[name]], np.float64)
    at = np.linspace(0, len(stops) - 1, PALETTE)
    mixed = np.column_stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)])
    return np.column_stack([np.round(mixed), np.full(PALETTE, 255)]).astype(np.uint8)


@cache
def palette(given: bytes) -> Table:
    """(256, 4) RGBA of labels: as given, and beyond that by the golden angle; 0 is grey."""
    made = np.array([_golden(number) for number in range(PALETTE)], np.uint8)
    made[0] = UNLABELLED
    held = np.frombuffer(given, np.uint8).reshape(-1, 4)[:PALETTE]
    made[: len(held)] = held
    return made


@cache
def instance_palette() -> Table:
    """(256, 4) RGBA; 0 is grey."""
    return palette(b"")


def _golden(number: int) -> tuple[int, int, int, int]:
    hue = (number * 0.6180339887) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, 0.62 - 0.12 * (number % 3 == 1), 0.75)
    return round(red * 255), round(green * 255), round(blue * 255), 255


def rgb_of(color: str) -> tuple[float, float, float]:
    """ "#rrggbb" as shares of 1."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red / 255, green / 255, blue / 255
