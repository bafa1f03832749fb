"""What a run hands over, checked before anybody opens it: safetensors and ONNX by header, JSON by type.

A safetensors file has its first tensor at offset 0, each after the one before it, and no byte after the last.
An ONNX file keeps its tensors inside itself and names no custom operators. Nothing here loads a model.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from studio.domain.contracts.training import Described
from studio.domain.errors import AtelierError

FILES = ("model.json", "model.onnx", "model.safetensors")
_HEADER_BYTES = 16 * 1024**2
_JSON_BYTES = 4 * 1024**2
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def check(folder: Path, described: type[Described]) -> Described:
    """The description of the model in `folder`, once all its files are sound. Raises `model.unsound`."""
    for name in FILES:
        if not (folder / name).is_file():
            raise _unsound(f"{name} is missing")
    _check_safetensors(folder / "model.safetensors")
    _check_onnx(folder / "model.onnx")
    data = (folder / "model.json").read_bytes()
    if len(data) > _JSON_BYTES:
        raise _unsound("model.json is too long")
    try:
        return msgspec.json.decode(data, type=described)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unsound(f"model.json: {error}") from error


def digest(files: dict[str, bytes]) -> bytes:
    """SHA-256 over the names, lengths and bytes of a model's files: what a release is bound to."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return total.digest()


def _check_safetensors(path: Path) -> None:
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(_HEADER_BYTES, size - 8):
            raise _unsound("the header of model.safetensors is longer than it may be")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise _unsound("the header of model.safetensors is not JSON") from error
    if not isinstance(header, dict):
        raise _unsound("the header of model.safetensors is not a table")
    header.pop("__metadata__", None)
    try:
        end = 0
        for start, stop, expected in sorted(_extent(each) for each in header.values()):
            if start != end or stop - start != expected:
                raise _unsound("the tensors of model.safetensors do not follow one another")
            end = stop
    except (KeyError, TypeError, ValueError) as error:
        raise _unsound("a tensor of model.safetensors is not described as it should be") from error
    if end != size - 8 - length:
        raise _unsound("model.safetensors has bytes after its last tensor")


def _extent(tensor: dict[str, Any]) -> tuple[int, int, int]:
    expected = _WIDTHS[tensor["dtype"]]
    for side in tensor["shape"]:
        if not isinstance(side, int) or side < 0:
            raise ValueError("a side is no count")
        expected *= side
    start, stop = tensor["data_offsets"]
    return int(start), int(stop), expected


def _check_onnx(path: Path) -> None:
    # the protobuf reader alone: no graph is built, no operator looked up, no other file opened
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except DecodeError as error:
        raise _unsound("model.onnx cannot be read") from error
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.DEFAULT or tensor.external_data:
            raise _unsound("model.onnx keeps tensors in other files")
    known = {"", "ai.onnx", "ai.onnx.ml"}
    if model.functions or any(each.domain not in known for each in model.opset_import):
        raise _unsound("model.onnx needs operators of its own")
    for node in model.graph.node:
        if node.domain not in known:
            raise _unsound(f"model.onnx needs the operator {node.domain}.{node.op_type}")
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs or attribute.HasField("sparse_tensor"):
                raise _unsound("model.onnx has a graph within its graph")
            if attribute.HasField("t") and attribute.t.external_data:
                raise _unsound("model.onnx keeps tensors in other files")


def _unsound(why: str) -> AtelierError:
    return AtelierError(
        "model.unsound",
        "The run's model was refused: its files are not what they should be. Nothing was registered.",
        detail=why,
        hint="Check how the template writes its files.",
    )
