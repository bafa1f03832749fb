"""The real studio in a process of its own, with a way to ask what is on the screen and where.

A screen reader's view: names, texts, descriptions and places of widgets. It clicks and types nothing; hands
are xdotool's. Each line on stdin is a question, each line on stdout its answer, both JSON.
"""

import json
import os
import sys
import threading
from typing import Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMenu, QMenuBar, QWidget

from studio.shell import main
from widgets.posting import Poster


def words_of(widget: QWidget) -> list[str]:
    """What a person would call a widget: its accessible name, the text on it, its placeholder."""
    found = [widget.accessibleName()]
    for ask in ("text", "placeholderText", "title", "windowTitle"):
        method = getattr(widget, ask, None)
        if (method is not None and ask != "windowTitle") or (ask == "windowTitle" and widget.isWindow()):
            try:
                found.append(str(method()))
            except TypeError:  # some widgets ask `text` of a cell
                continue
    return [each.replace("&", "").strip() for each in found if each]


def visible() -> list[QWidget]:
    """Every widget in sight, those of dialogs and menus first."""
    tops = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
    tops.sort(key=lambda each: not (each.isModal() or isinstance(each, QMenu)))
    found: list[QWidget] = []
    for top in tops:
        found += [top, *(each for each in top.findChildren(QWidget) if each.isVisible())]
    return found


def place(widget: QWidget, rect: QRect | None = None) -> list[int]:
    """Left, top, width, height on the screen."""
    inside = rect or widget.rect()
    corner = widget.mapToGlobal(inside.topLeft())
    return [corner.x(), corner.y(), inside.width(), inside.height()]


def where(name: str) -> list[int] | None:
    """The place of the widget or menu entry of this name, or None."""
    for widget in visible():
        if isinstance(widget, QMenu | QMenuBar):
            for action in widget.actions():
                if action.text().replace("&", "").partition("\t")[0] == name and action.isVisible():
                    return place(widget, widget.actionGeometry(action))
    called = [each for each in visible() if name in words_of(each) and each.isEnabled()]
    # a label that names a field has the field's name: what takes the keys is meant
    called.sort(key=lambda each: (isinstance(each, QLabel), not each.focusPolicy()))
    return place(called[0]) if called else None


def answer(question: dict[str, Any], window: QWidget) -> Any:
    """What is asked: `where`, `read`, `texts`, `active`, `item`, `shot`, `enabled`."""
    match question:
        case {"where": str(name)}:
            return where(name)
        case {"read": str(name)}:
            for widget in visible():
                if name == widget.accessibleName():
                    text = getattr(widget, "text", None)
                    return widget.accessibleDescription() or (text() if text is not None else "")
            return None
        case {"texts": True}:
            labels = [each.text() for each in visible() if isinstance(each, QLabel | QAbstractButton)]
            return [each for each in labels if each]
        case {"active": True}:
            return QApplication.activeWindow() is not None
        case {"boxes": True}:
            return boxes(window)
        case {"polygons": True}:
            return polygons(window)
        case {"cuboids": True}:
            return cuboids(window)
        case {"points": True}:
            return points(window)
        case {"front": True}:
            return window.stack.page("label").editor.cameras.strip.front
        case {"groups": True}:
            return groups(window)
        case {"place": [float() | int(), float() | int(), float() | int()] as xyz, "view": str(name)}:
            return in_view(window, xyz, name)
        case {"canvas": [float() | int() as x, float() | int() as y]}:
            return on_canvas(window, float(x), float(y))
        case {"actions": True}:
            return [each.objectName() for each in window.findChildren(QAction) if each.isEnabled()]
        case {"shot": str(path)}:
            return window.grab().save(path)
        case {"size": [int(width), int(height)]}:
            window.resize(width, height)
            return True
        case {"unnamed": True}:
            return unnamed(window)
    raise ValueError(f"not a question: {question}")


def boxes(window: Any) -> list[list[Any]] | None:
    """(class, left, top, right, bottom) of the open item's boxes as the studio holds them, or None."""
    from studio.domain.entities import Box, Track

    page = window.stack.page("label")
    opened = page.host.opened if page is not None else None
    if opened is None:
        return None
    held = opened.document.document
    found = []
    for entity in held:
        if isinstance(entity, Box):
            track = held.get(entity.track)
            found.append([track.class_name if isinstance(track, Track) else "", *entity.xyxy])
    return sorted(found)


def polygons(window: Any) -> list[int]:
    """How many points each polygon of the open item has."""
    from studio.domain.entities import Polygon

    page = window.stack.page("label")
    opened = page.host.opened if page is not None else None
    held = opened.document.document if opened is not None else ()
    return sorted(len(each.outline) for each in held if isinstance(each, Polygon))


def cuboids(window: Any) -> list[dict[str, Any]] | None:
    """What the open item's editor shows of cuboids at its frame, once its points are there; or None."""
    page = window.stack.page("label")
    scene = getattr(page.editor, "scene", None) if page is not None and page.host.opened is not None else None
    if scene is None or not hasattr(scene, "placed") or not len(scene.points):
        return None
    placed = scene.placed
    return [
        {
            "class": scene.class_of(key),
            "frame": scene.frame,
            "centre": placed.centres[row].tolist(),
            "size": placed.sizes[row].tolist(),
            "selected": key in scene.selection,
        }
        for row, key in enumerate(placed.tracks)
    ]


def points(window: Any) -> dict[str, int] | None:
    """How many points of the frame have each class, as they are drawn; None before their labels are there."""
    import numpy as np

    page = window.stack.page("label")
    editor = page.editor if page is not None and page.host.opened is not None else None
    labels = editor.paint.painter.labels if editor is not None else None
    if editor is None or labels is None or not len(labels):
        return None
    fields = [cloud.field("label") for cloud in editor.views.scene.clouds.values()]
    shades = np.concatenate([np.zeros(0, np.uint8), *(each for each in fields if each is not None)])
    names = {int(editor.paint._shades[number]): name for number, name in enumerate(labels.classes)}
    values, counts = np.unique(shades, return_counts=True)
    return {
        names.get(value, "?"): count
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
        if value
    }


def groups(window: Any) -> list[list[Any]]:
    """(class, how many members) of the open item's groups."""
    from studio.domain.entities import Group, Member

    page = window.stack.page("label")
    opened = page.host.opened if page is not None else None
    held = list(opened.document.document) if opened is not None else []
    members = [each.group for each in held if isinstance(each, Member)]
    return sorted([each.class_name, members.count(each.id)] for each in held if isinstance(each, Group))


def in_view(window: Any, xyz: list[float], name: str) -> list[int] | None:
    """Where a place of the scene is on the screen: in the view `top`, `space`, …, or on a camera."""
    import numpy as np

    editor = window.stack.page("label").editor
    if (camera := editor.cameras.strip.cameras.get(name)) is not None:
        from plugins.pointcloud.camera_sight import sight_of

        rig = editor.cameras.rig
        sight = sight_of(rig, rig.camera(name), editor.scene.frame, 1.0)
        x, y, _ = sight.to_screen(np.array([xyz]))[0].tolist()
        left, top = camera.view.to_screen((x, y))
        point = camera.mapToGlobal(QPoint(round(left), round(top)))
        return [point.x(), point.y()]
    view = next(each for each in editor.views.all if each.side == name)
    x, y, _ = view.view.to_screen(np.array([xyz]))[0].tolist()
    point = view.mapToGlobal(QPoint(round(x), round(y)))
    return [point.x(), point.y()]


def on_canvas(window: Any, x: float, y: float) -> list[int] | None:
    """Where a point of the picture is on the screen."""
    page = window.stack.page("label")
    if page is None or page.editor is None:
        return None
    canvas = page.editor.canvas
    left, top = canvas.view.to_screen((x, y))
    point = canvas.mapToGlobal(QPoint(round(left), round(top)))
    return [point.x(), point.y()]


def unnamed(window: QWidget) -> list[str]:
    """Buttons and fields in sight that a screen reader could not name."""
    from PySide6.QtWidgets import (
        QAbstractItemView,
        QAbstractSpinBox,
        QComboBox,
        QLineEdit,
        QPlainTextEdit,
        QSlider,
    )

    kinds = (
        QAbstractButton,
        QAbstractItemView,
        QAbstractSpinBox,
        QComboBox,
        QLineEdit,
        QPlainTextEdit,
        QSlider,
    )
    found = []
    for widget in window.findChildren(QWidget):
        if (
            isinstance(widget, kinds)
            and widget.isVisible()
            and not _is_part(widget)
            and not any(words_of(widget))
        ):
            found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


def _is_part(widget: QWidget) -> bool:
    # Qt's own parts of its widgets: a combo box's list, a spin box's field, a table's corner
    return widget.objectName().startswith("qt_") or (
        type(widget.parent()).__module__ != "__main__"
        and (
            type(widget).__name__
            in ("QHeaderView", "QTableCornerButton", "ExtensionButton", "QDockWidgetTitleButton")
        )
    )


def listen(poster: Poster) -> None:
    """Answer questions until stdin ends."""

    def reply(question: dict[str, Any]) -> None:
        window = next((each for each in QApplication.topLevelWidgets() if hasattr(each, "stack")), None)
        try:
            said = {"answer": answer(question, window) if window is not None else None}
        except Exception as fault:  # noqa: BLE001  the test has to hear of it
            said = {"fault": f"{type(fault).__name__}: {fault}"}
        os.write(1, (json.dumps(said) + "\n").encode())

    for line in sys.stdin:
        question = json.loads(line)
        poster.post(lambda question=question: reply(question))


def run() -> int:
    """Start the studio as `atelier studio` does, with ears."""
    make = main.make_application

    def make_with_ears(arguments: list[str]) -> QApplication:
        application = make(arguments)
        poster = Poster(application)
        threading.Thread(target=listen, args=(poster,), daemon=True).start()
        return application

    main.make_application = make_with_ears
    return main.run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
