"""What each pin in pyproject.toml is for, tried; a pin whose test passes without it can go."""

import os
import subprocess
import sys
from pathlib import Path


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_torch_trio_works_together() -> None:
    """torchaudio 2.11 beside a torch of another CUDA fails at import, which no resolver sees."""
    code = """
import torch, torchaudio, torchvision
spectrum = torchaudio.transforms.MelSpectrogram(n_mels=32)(torch.zeros(1, 8000))
boxes, scores = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 3.9]]), torch.tensor([.9, .8])
print(tuple(spectrum.shape[:2]), torchvision.ops.nms(boxes, scores, 0.5).tolist())
"""
    assert python(code) == "(1, 32) [0]"


def test_200_000_paints_leave_the_references_to_none_alone() -> None:
    """PySide6 6.12 gives one away at each call and aborts on Python 3.11 once they are gone."""
    code = """
import sys
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
application = QGuiApplication([])
image, rectangle, colour = QImage(8, 8, QImage.Format.Format_RGB32), QRectF(1, 1, 4, 4), QColor(1, 2, 3)
before = sys.getrefcount(None)
for _ in range(200_000):
    with QPainter(image) as painter:
        painter.fillRect(rectangle, colour)
print(abs(sys.getrefcount(None) - before))
"""
    # a leak loses one at every paint; a few hundred come and go with caches
    assert int(python(code)) < 2_000


def test_onnxruntime_reports_to_nobody(tmp_path: Path) -> None:
    """From 1.29 on its import makes a device id and a queue of events in the home folder."""
    code = "import onnxruntime; onnxruntime.get_available_providers(); onnxruntime.SessionOptions()"
    # it stays silent where it takes the machine for a build server
    quiet = {
        name for name in os.environ if name.startswith("XDG_") or name in {"CI", "GITHUB_ACTIONS", "TF_BUILD"}
    }
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    subprocess.run([sys.executable, "-c", code], env=environment | {"HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_the_newest_operators_that_onnx_writes_are_read_by_onnxruntime() -> None:
    code = """
import numpy, onnx.helper as h, onnxruntime
graph = h.make_graph([h.make_node("Relu", ["x"], ["y"])], "g",
    [h.make_tensor_value_info("x", 1, [2])], [h.make_tensor_value_info("y", 1, [2])])
model = h.make_model(graph).SerializeToString()
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
print(session.run(None, {"x": numpy.array([-1, 2], numpy.float32)})[0].tolist())
"""
    assert python(code) == "[0.0, 2.0]"
