"""Brightness, contrast and gamma as one table of 256 values. No Qt."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class Tone(Struct, frozen=True):
    """How a picture is shown; the picture itself never changes."""

    brightness: float = 0.0  # -1 to 1, added
    contrast: float = 1.0  # 0.2 to 5, about the middle grey
    gamma: float = 1.0  # 0.2 to 5; above 1 lifts the shadows

    def table(self) -> NDArray[np.uint8]:
        """(256,) what each value is shown as."""
        value = np.linspace(0.0, 1.0, 256) ** (1.0 / max(self.gamma, 1e-3))
        value = (value - 0.5) * self.contrast + 0.5 + self.brightness
        return np.round(np.clip(value, 0.0, 1.0) * 255.0).astype(np.uint8)


PLAIN = Tone()


def toned(pixels: NDArray[np.uint8], tone: Tone) -> NDArray[np.uint8]:
    """(H, W, 4) BGRA -> the same under `tone`; the fourth channel stays."""
    shown: NDArray[np.uint8] = np.take(tone.table(), pixels)
    shown[..., 3] = pixels[..., 3]
    return shown
