"""The image editor under a hand: a key press while a model trains, and the next item."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from plugins.image.editor import ImageEditor
from studio.domain.document import Document
from studio.domain.edit import creation
from tests.bench.canvas import application, shown, to_pixel
from tests.bench.harness import PAIRS, Samples, bench
from tests.plugins.image.ground import ONTOLOGY, box_of
from tests.plugins.image.memory_host import MemoryHost, item_of

MANY = 10_000
PICTURE = (4000, 3000)
PRESSES = 12  # a turn
TRAINING = """
import os
import torch
os.nice(10)  # as a run is started: whoever labels comes first
layers = [torch.nn.Conv2d(3, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(32, 32, 3, padding=1)]
model = torch.nn.Sequential(*layers)
optimizer = torch.optim.AdamW(model.parameters())
print("ready", flush=True)
while True:
    loss = model(torch.rand(8, 3, 240, 320)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@cache
def photographs() -> list[bytes]:
    """Two JPEGs of 12 megapixels, with structure at every scale."""
    made = []
    for seed in (1, 2):
        wide, high = PICTURE[0] // 8, PICTURE[1] // 8
        grain = np.random.default_rng(seed).integers(0, 255, (high, wide), np.uint8)
        small = QImage(grain.tobytes(), wide, high, wide, QImage.Format.Format_Grayscale8)
        smooth = Qt.TransformationMode.SmoothTransformation
        large = small.scaled(*PICTURE, mode=smooth).convertToFormat(QImage.Format.Format_RGB32)
        held = QByteArray()
        buffer = QBuffer(held)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        large.save(buffer, "JPEG", 90)
        made.append(bytes(held.data()))
    return made


def editor_over(host: MemoryHost) -> ImageEditor:
    """A shown editor; the host gives its picture at once, as one that was fetched ahead."""
    application()
    editor = ImageEditor(host)
    shown(editor)
    return editor


@bench(
    "P7",
    f"key press to pixel among {MANY:,} boxes while torch trains on all cores; the same with it stopped",
    at_most=1.5,
    p95_ms=50,
)
def key_press_while_a_model_trains() -> Samples:
    host = MemoryHost()
    host.pictures["original"] = photographs()[0]
    corners = np.random.default_rng(5).uniform((0, 0), (PICTURE[0] - 60, PICTURE[1] - 60), (MANY, 2)).tolist()
    drawn = (box_of((x, y, x + 40, y + 30)) for x, y in corners)
    host.document.apply(creation("Draw", *(entity for pair in drawn for entity in pair)))
    editor = editor_over(host)
    editor.open(item_of(*PICTURE), host.document, ONTOLOGY, False)
    scene = editor.scene
    assert scene is not None
    editor.set_selection(frozenset(scene.index.keys[:1]))
    editor.canvas.setFocus()
    QTest.qWait(500)
    keys = [Qt.Key.Key_Right, Qt.Key.Key_Left]

    def presses() -> list[float]:
        taken = []
        for number in range(PRESSES):
            started = time.perf_counter()
            QTest.keyClick(editor.canvas, keys[number % 2])
            to_pixel(editor.canvas)
            taken.append(time.perf_counter() - started)
            time.sleep(0.02)  # a hand is not faster, and a trainer gets its turn
        return taken

    samples = Samples([], [])
    trainer = subprocess.Popen([sys.executable, "-c", TRAINING], stdout=subprocess.PIPE, text=True)
    try:
        assert trainer.stdout is not None
        trainer.stdout.readline()
        for _ in range(PAIRS):
            os.kill(trainer.pid, signal.SIGCONT)
            time.sleep(0.3)
            samples.ours_s.extend(presses())
            os.kill(trainer.pid, signal.SIGSTOP)
            time.sleep(0.1)
            samples.reference_s.extend(presses())
    finally:
        trainer.kill()
        trainer.wait()
        editor.close()
    assert host.edits, "a key press has to make an Edit"
    return samples


@bench(
    "P8",
    "next item, fetched ahead, to its first whole picture on the screen; read and decode alone",
    at_most=1.3,
    p95_ms=100,
)
def next_item() -> Samples:
    host = MemoryHost()
    host.pictures["original"] = photographs()[0]
    editor = editor_over(host)
    items = [item_of(*PICTURE), item_of(*PICTURE)]
    kept = Path(os.environ.get("TMPDIR", "/tmp")) / f"atelier-bench-{os.getpid()}.jpg"
    samples = Samples([], [])
    try:
        for turn in range(PAIRS + 1):
            host.pictures["original"] = photographs()[turn % 2]
            kept.write_bytes(photographs()[turn % 2])
            started = time.perf_counter()
            editor.open(items[turn % 2], Document(), ONTOLOGY, False)
            first = QEventLoop()
            editor.pictures.arrived.connect(first.quit)
            first.exec()
            to_pixel(editor.canvas)
            ours = time.perf_counter() - started
            QTest.qWait(600)  # the rest is decoded behind what is shown
            started = time.perf_counter()
            assert not QImage.fromData(kept.read_bytes()).isNull()
            if turn:
                samples.ours_s.append(ours)
                samples.reference_s.append(time.perf_counter() - started)
    finally:
        kept.unlink(missing_ok=True)
        editor.close()
    return samples
