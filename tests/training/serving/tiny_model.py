"""The smallest real detector: an ONNX graph that finds one box over the whole picture, of its own class.

It is opened by the product's own predictor. A fragile one fails on a picture whose first pixel is white.
"""

from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 32


def tiny_files(class_name: str, score: float = 0.9, *, fragile: bool = False) -> dict[str, bytes]:
    """`model.onnx` and `model.json` of a detector that sees one `class_name` in every picture."""
    known = 200 if fragile else 256  # scores by the first pixel's red; beyond the table the graph fails
    constants = [
        numpy_helper.from_array(np.full(known, score, np.float32), "score of red"),
        numpy_helper.from_array(np.array([[[0, 0, SIDE, SIDE]]], np.float32), "whole"),
        numpy_helper.from_array(np.array([0, 0, 0, 0], np.int64), "first"),
        numpy_helper.from_array(np.array([1, 1, 1, 1], np.int64), "second"),
        numpy_helper.from_array(np.array([1, 1, 1], np.int64), "shape"),
    ]
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pictures"], ["numbers"], to=TensorProto.INT64),
            helper.make_node("Slice", ["numbers", "first", "second"], ["pixel"]),
            helper.make_node("Gather", ["score of red", "pixel"], ["sure"]),
            helper.make_node("Reshape", ["sure", "shape"], ["scores"]),
            helper.make_node("Identity", ["whole"], ["boxes"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, [1, SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, 1]),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 1, 4]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    told = {
        "kind": "box_detector",
        "classes": [class_name],
        "width": SIDE,
        "height": SIDE,
        "score": 0.01,
        "threshold": 0.5,
        "overlap": 0.5,
        "limit": 100,
    }
    return {"model.onnx": model.SerializeToString(), "model.json": msgspec.json.encode(told)}


def write_model(folder: Path, class_name: str, *, fragile: bool = False) -> None:
    """The files of a tiny detector in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in tiny_files(class_name, fragile=fragile).items():
        (folder / name).write_bytes(data)
