"""A program for a real display: draws clouds by both renderers and prints how they compare, as JSON."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow

from studio.domain.space import Pose, as_matrix, turn
from studio.shell.main import make_application
from widgets.cloud import gl
from widgets.cloud.drawn import CloudLayer, Look, Region
from widgets.cloud.relief import shadows
from widgets.cloud.scene import CloudScene
from widgets.cloud_view import CloudView
from widgets.ortho_view import OrthoView

COUNT = 40_000
BLOCK = 20  # pixels; drivers differ in single ones


def layers() -> list[CloudLayer]:
    """Two clouds with every field, the second one turned and moved."""
    rng = np.random.default_rng(4)
    made = []
    for key, pose in (("lidar", Pose()), ("other", Pose((5.0, -8.0, 1.0), turn(0.6, 0.1)))):
        xyz = (rng.normal(size=(COUNT, 3)) * (12, 12, 1.5)).astype(np.float32)
        xyz[7] = np.nan
        fields: dict[str, np.ndarray] = {
            "intensity": rng.random(COUNT),
            "time": rng.uniform(0, 0.1, COUNT),
            "ring": rng.integers(0, 64, COUNT),
            "rgb": rng.integers(0, 255, (COUNT, 3)),
            "label": rng.integers(0, 5, COUNT),
            "instance": rng.integers(0, 2000, COUNT),
        }
        made.append(CloudLayer(key, xyz, fields, as_matrix(pose)))
    return made


def shown(scene: CloudScene, make: Callable[[CloudScene], CloudView] = CloudView) -> CloudView:
    view = make(scene)
    view.resize(600, 400)
    view.show()
    settle(view)
    return view


def settle(view: CloudView) -> None:
    """Wait until every point is drawn."""
    waiting = QEventLoop()
    view.refined.connect(waiting.quit)
    view.update()
    view._rest.start(0)
    waiting.exec()
    QApplication.processEvents()


def picture(view: CloudView) -> np.ndarray:
    """(H, W, 3) what the points alone look like, on black."""
    image = view._points().image().convertToFormat(QImage.Format.Format_RGB32)
    held = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return held[:, :, :3].copy()


def blocks(pixels: np.ndarray) -> np.ndarray:
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    cut = pixels[: rows * BLOCK, : columns * BLOCK].astype(np.float64)
    return cut.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))


def differ(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of two pictures' blocks, of 255."""
    return float(np.abs(blocks(one) - blocks(other)).max())


LOOKS = {
    "height": Look("height", low=-3, high=4),
    "viridis": Look("height", low=-3, high=4, ramp="viridis"),
    "intensity": Look("intensity", low=0, high=1, ramp="grey"),
    "time": Look("time", low=0, high=0.1),
    "ring": Look("ring", low=0, high=63),
    "rgb": Look("rgb"),
    "label": Look("label", palette=bytes([9, 9, 9, 255, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 255])),
    "instance": Look("instance"),
    "plain": Look("plain", plain="#ff8800", point_size=6.0),
    "slab": Look("height", slab=(-1.0, 0.5)),
    "crop": Look("height", crop=Region((2, 3, 0), (12, 8, 9), turn(0.5))),
    "dim": Look("height", crop=Region((2, 3, 0), (12, 8, 9), turn(0.5)), dim_outside=True),
    "lit": Look("height", lit=Region((2, 3, 0), (12, 8, 9), turn(0.5)), lit_color="#ff00ff"),
}


def looks() -> dict[str, object]:
    """Every look by both renderers, in perspective and flat; how often points were sent meanwhile."""
    sent = []
    original = gl._Block.put
    gl._Block.put = lambda self, name, *rest: (sent.append(name), original(self, name, *rest))  # type: ignore[method-assign]
    found: dict[str, object] = {}
    scenes = CloudScene(), CloudScene(in_software=True)
    for scene in scenes:
        scene.set_cloud(layers())
    for title, make in (("space", CloudView), ("top", lambda scene: OrthoView(scene, "top"))):
        views = [shown(scene, make) for scene in scenes]
        for view in views:
            view.set_view(replace(view.view, distance=45.0))
            settle(view)
        sent.clear()
        for name, look in LOOKS.items():
            for scene, view in zip(scenes, views, strict=True):
                scene.set_look(look)
                settle(view)
            ours, theirs = (picture(view) for view in views)
            found[f"{title} {name}"] = [differ(ours, theirs), float(ours.mean())]
        for color, size in (("#ff8800", 3.0), ("", 0.0)):  # of one cloud alone, then as the look says again
            for scene, view in zip(scenes, views, strict=True):
                scene.set_style("other", color, size)
                settle(view)
            ours, theirs = (picture(view) for view in views)
            found[f"{title} own {color or 'none'}"] = [differ(ours, theirs), float(ours.mean())]
            orange = (np.abs(ours.astype(int) - [0, 136, 255]).max(axis=2) < 4).mean()
            found[f"{title} orange {color or 'none'}"] = [0.0, float(orange)]
        found[f"{title} sent"] = len(sent)
        depths = [view._points().depth() for view in views]
        relief = [
            shadows(depth, view.view) >> np.uint32(24) for depth, view in zip(depths, views, strict=True)
        ]
        ours, theirs = (np.repeat(each[:, :, None], 3, axis=2) for each in relief)
        found[f"{title} relief"] = [differ(ours, theirs), float(ours.mean())]
        for view in views:
            view.close()
    found["renderers"] = [type(scene.renderer()).__name__ for scene in scenes]
    return found


def changes() -> dict[str, object]:
    """Pieces, labels and poses that change step by step, beside the same drawn anew."""
    gl.BLOCK = 3000  # so that a piece goes over the end of a block
    scene = CloudScene()
    first = layers()[0]
    part = CloudLayer("lidar", first.xyz[:500], {k: v[:500] for k, v in first.fields.items()})
    scene.set_cloud([part])
    scene.set_look(Look("label", palette=bytes([90, 90, 90, 255, 255, 0, 0, 255, 0, 255, 0, 255] * 2)))
    view = shown(scene)
    view.set_view(replace(view.view, distance=45.0))
    settle(view)
    for low in range(500, COUNT, 9000):
        scene.append(
            "lidar", first.xyz[low : low + 9000], {k: v[low : low + 9000] for k, v in first.fields.items()}
        )
        settle(view)
    places = np.flatnonzero(first.xyz[:, 0] > 3)
    scene.set_labels("lidar", 2, places)
    scene.set_labels("lidar", 1, places[::3])
    stepwise = picture(view)
    anew = CloudScene()
    labels = first.fields["label"].copy()
    labels[places] = 2
    labels[places[::3]] = 1
    anew.set_cloud([CloudLayer("lidar", first.xyz, {**first.fields, "label": labels})])
    anew.set_look(scene.look)
    other = shown(anew)
    other.set_view(view.view)
    settle(other)
    moved = as_matrix(Pose((4.0, 1.0, 0.0), turn(0.5)))
    result: dict[str, object] = {"stepwise": differ(stepwise, picture(other))}
    for each, on in ((scene, view), (anew, other)):
        each.set_pose("lidar", moved)
        settle(on)
    result["moved"] = differ(picture(view), picture(other))
    result["differs from before"] = differ(picture(view), stepwise)
    return result


def windows() -> dict[str, object]:
    """Views in several windows, a dock that floats and comes home, and a context that is lost."""
    scene = CloudScene()
    scene.set_cloud(layers())
    window = QMainWindow()
    view = CloudView(scene)
    dock = QDockWidget("Cloud")
    dock.setWidget(view)
    window.setCentralWidget(OrthoView(scene, "top"))
    window.addDockWidget(dock.allowedAreas() & dock.allowedAreas().LeftDockWidgetArea, dock)
    window.resize(1000, 500)
    window.show()
    settle(view)
    held = scene._renderer._buffers  # type: ignore[union-attr]
    found: dict[str, object] = {"clouds sent": len(held)}
    before = [id(block) for each in held.values() for block in each._blocks]
    view.set_view(replace(view.view, distance=45.0))
    settle(view)
    means = [float(picture(view).mean())]
    for floats in (True, False):
        dock.setFloating(floats)
        view.setMinimumSize(400, 300)
        for _ in range(20):
            QApplication.processEvents()
            time.sleep(0.01)
        settle(view)
        means.append(float(picture(view).mean()))
    found["means"] = means
    found["same buffers"] = before == [id(block) for each in held.values() for block in each._blocks]
    scene.set_cloud([])
    gc.collect()
    trash = scene._renderer._trash  # type: ignore[union-attr]
    found["to be freed"] = sorted({kind for kind, _ in trash})
    settle(view)
    found["left"] = len(trash)
    scene.set_cloud(layers())
    settle(view)
    kept = picture(view)
    scene.renderer().is_lost = True  # type: ignore[misc]
    view._points_changed()
    settle(view)
    found["after the loss"] = [type(scene.renderer()).__name__, differ(kept, picture(view))]
    return found


if __name__ == "__main__":
    application = make_application(sys.argv[:1])
    print(json.dumps({"looks": looks, "changes": changes, "windows": windows}[sys.argv[1]]()))
