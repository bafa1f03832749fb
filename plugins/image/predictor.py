"""A trained detector without PyTorch: its ONNX graph, and what is to be known beside it.

It finds what the template's own `load` finds, to within what two runtimes differ by.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import onnxruntime

from plugins.image.sight import BoxDetector

_PAD = 127

Box = tuple[float, float, float, float]


class OnnxDetector:
    """Finds boxes in pictures of any size. One picture at a time; safe to use from several threads."""

    def __init__(self, graph: bytes, description: bytes, threads: int = 1) -> None:
        """`graph` is `model.onnx`, `description` is `model.json`; both as the node checked them."""
        self._told = msgspec.json.decode(description, type=BoxDetector)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # threads that wait for the next question would take processor time from whoever shares the machine
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.classes = self._told.classes
        self.threshold = self._told.threshold

    def predict(self, pictures: Sequence[Any]) -> list[list[tuple[str, float, Box]]]:
        """For each picture ((H, W, 3) uint8 RGB): (class, score, xyxy in its pixels), best first."""
        return [self._predict_one(picture) for picture in pictures]

    def _predict_one(self, picture: np.ndarray) -> list[tuple[str, float, Box]]:
        whole, scale = fitted(picture, (self._told.width, self._told.height))
        scores, boxes = self._session.run(None, {"pictures": whole[None]})
        kinds, sure, xyxy = decoded(scores[0], boxes[0], self._told)
        height, width = picture.shape[:2]
        xyxy = (xyxy / scale).clip(0, [width, height, width, height])
        return [
            (self.classes[kind], float(score), (float(x0), float(y0), float(x1), float(y1)))
            for kind, score, (x0, y0, x1, y1) in zip(kinds, sure, xyxy, strict=True)
            if x1 > x0 and y1 > y0
        ]


def open_detector(folder: Path) -> OnnxDetector:
    """The detector whose files lie in `folder`."""
    return OnnxDetector((folder / "model.onnx").read_bytes(), (folder / "model.json").read_bytes())


def fitted(picture: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """The graph's picture, `picture` in its upper left corner, and its pixels per pixel of `picture`."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    to = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, to, interpolation=how)[: size[1], : size[0]]
    whole = np.full((size[1], size[0], 3), _PAD, np.uint8)
    whole[: small.shape[0], : small.shape[1]] = small
    return whole, scale


def decoded(
    scores: np.ndarray, boxes: np.ndarray, told: BoxDetector
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes, scores, boxes), best first: of boxes of one class that overlap more, the best stays.

    scores: (cells, classes); boxes: (cells, 4), pixels of the graph's picture.
    """
    cell, kind = np.nonzero(scores > told.score)
    sure = scores[cell, kind]
    order = np.argsort(-sure, kind="stable")[: 4 * told.limit]
    kind, sure, xyxy = kind[order], sure[order], boxes[cell[order]]
    area = (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])
    left = np.arange(len(sure))
    kept: list[int] = []
    while len(left) and len(kept) < told.limit:
        first, left = int(left[0]), left[1:]
        kept.append(first)
        inner = np.minimum(xyxy[first, 2:], xyxy[left, 2:]) - np.maximum(xyxy[first, :2], xyxy[left, :2])
        overlap = inner.clip(0).prod(1)
        iou = overlap / (area[first] + area[left] - overlap + 1e-9)
        left = left[(iou <= told.overlap) | (kind[left] != kind[first])]
    return kind[kept], sure[kept], xyxy[kept]
