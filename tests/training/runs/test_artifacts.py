"""A run's model is checked by its headers before anybody opens it."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import save

from plugins.image.sight import BoxDetector
from studio.domain.errors import AtelierError
from training.runs import artifacts

TOLD = {
    "kind": "box_detector",
    "classes": ["cell"],
    "width": 64,
    "height": 64,
    "score": 0.01,
    "threshold": 0.5,
    "overlap": 0.5,
    "limit": 100,
}


def graph() -> onnx.ModelProto:
    """A graph that adds one number."""
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    node = helper.make_node("Add", ["x", "one"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    made = helper.make_graph([node], "g", ends[:1], ends[1:], [one])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])


def sound(folder: Path) -> Path:
    """A model with nothing wrong."""
    (folder / "model.safetensors").write_bytes(save({"w": np.ones((2, 3), np.float32)}))
    (folder / "model.onnx").write_bytes(graph().SerializeToString())
    (folder / "model.json").write_text(json.dumps(TOLD))
    return folder


def refused(folder: Path) -> str:
    """Why a model is refused."""
    with pytest.raises(AtelierError) as caught:
        artifacts.check(folder, BoxDetector)
    assert caught.value.code == "model.unsound"
    return caught.value.detail


def test_a_sound_model_passes(tmp_path: Path) -> None:
    assert artifacts.check(sound(tmp_path), BoxDetector).classes == ("cell",)


@pytest.mark.parametrize("name", artifacts.FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (sound(tmp_path) / name).unlink()
    assert name in refused(tmp_path)


def safetensors(header: object, data: bytes = b"") -> bytes:
    """A file with this header."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04\x95pickle of old",
        (2**63).to_bytes(8, "little"),
        safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"1234tail"),
        safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678"),
        safetensors({"w": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, b"1234"),
        safetensors({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
        safetensors({"w": {"dtype": "X", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        safetensors([]),
    ],
    ids=["pickle", "long header", "tail", "gap", "too short", "negative", "kind", "list"],
)
def test_weights_that_are_not_safetensors_are_refused(tmp_path: Path, data: bytes) -> None:
    (sound(tmp_path) / "model.safetensors").write_bytes(data)
    assert "safetensors" in refused(tmp_path)


def test_a_graph_that_reaches_for_other_files_is_refused(tmp_path: Path) -> None:
    model = graph()
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    (sound(tmp_path) / "model.onnx").write_bytes(model.SerializeToString())
    assert "other files" in refused(tmp_path)


def test_a_graph_with_operators_of_its_own_is_refused(tmp_path: Path) -> None:
    model = graph()
    model.graph.node[0].domain = "com.example"
    (sound(tmp_path) / "model.onnx").write_bytes(model.SerializeToString())
    assert "operator" in refused(tmp_path)


def test_a_description_with_a_field_too_many_is_refused(tmp_path: Path) -> None:
    (sound(tmp_path) / "model.json").write_text(json.dumps({**TOLD, "run": "rm"}))
    assert "model.json" in refused(tmp_path)


def test_the_digest_changes_with_every_byte_and_name() -> None:
    files = {"a": b"1", "b": b"2"}
    others = [{"a": b"2", "b": b"2"}, {"a": b"1", "c": b"2"}, {"a": b"12", "b": b""}]
    assert len({artifacts.digest(each) for each in (files, *others)}) == 4
