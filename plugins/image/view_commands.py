"""Commands that change how the picture is looked at; never an Edit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plugins.image.bench import Bench
from widgets.image_canvas import ImageCanvas

CLOSER = 1.25


class ViewCommands:
    """`table` is what the editor runs by name."""

    def __init__(self, bench: Bench, canvas: ImageCanvas) -> None:
        self._bench = bench
        self._canvas = canvas
        self._crosshair = False
        self._letters = True
        self.table: dict[str, Callable[[], bool]] = {
            "image.fit": self.fit,
            "image.actual": self.show_actual_size,
            "image.closer": lambda: self.zoom(CLOSER),
            "image.farther": lambda: self.zoom(1 / CLOSER),
            "image.to_selection": self.zoom_to_selection,
            "image.crosshair": self.turn_crosshair,
            "image.letters": self.turn_letters,
        }

    def fit(self) -> bool:
        self._canvas.fit()
        return True

    def show_actual_size(self) -> bool:
        self._canvas.show_actual_size()
        return True

    def zoom(self, factor: float) -> bool:
        self._canvas.zoom(factor)
        return True

    def zoom_to_selection(self) -> bool:
        scene = self._bench.scene
        if scene is None or not scene.selection:
            return False
        b = scene.index.bounds[[scene.index.rows[key] for key in scene.selection]]
        low, high = np.min(b[:, :2], axis=0), np.max(b[:, 2:], axis=0)
        rect = float(low[0]), float(low[1]), float(high[0]), float(high[1])
        self._canvas.set_view(self._canvas.view.showing(rect, share=0.7))
        return True

    def turn_crosshair(self) -> bool:
        self._crosshair = not self._crosshair
        self._canvas.set_crosshair(self._crosshair)
        return True

    def turn_letters(self) -> bool:
        self._letters = not self._letters
        self._canvas.set_letters(self._letters)
        return True
