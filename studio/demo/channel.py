"""Tells the guide where things are in the window. It only answers; every input is a real event.

A Unix socket (a named pipe on Windows) that exists only when the studio was started with `--guide`; requests
and answers are one JSON object a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAction
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QMainWindow,
    QMenu,
    QMenuBar,
    QTabBar,
    QWidget,
)

from studio.demo.caption import Caption
from widgets.image_canvas import ImageCanvas

Answer = dict[str, Any]


class Channel(QObject):
    """Listens on `address` until the window closes. Raises RuntimeError where it cannot."""

    def __init__(self, window: QMainWindow, address: str) -> None:
        super().__init__(window)
        self._window = window
        self._caption: Caption | None = None
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        if not self._server.listen(address):
            raise RuntimeError(self._server.errorString())
        self._server.newConnection.connect(self._accept)
        self._known: dict[str, Callable[[Answer], Answer]] = {
            "find": self._find,
            "canvas": self._canvas,
            "caption": self._show_caption,
            "photograph": self._photograph,
            "texts": lambda _asked: {"texts": sorted(set(_texts()))},
        }

    def _accept(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))

    def _read(self, socket: QLocalSocket) -> None:
        while socket.canReadLine():
            asked = json.loads(bytes(socket.readLine().data()))
            said = self._known[asked["ask"]](asked)
            socket.write(json.dumps(said).encode() + b"\n")

    def _find(self, asked: Answer) -> Answer:
        found = [each for each in _places(str(asked["name"])) if each["rect"][2] > 0 and each["rect"][3] > 0]
        exact = [each for each in found if each["said"] == asked["name"]]
        return {"found": exact or found, "active": QApplication.activeWindow() is not None}

    def _canvas(self, asked: Answer) -> Answer:
        """Where points of the picture (pixels) lie on the screen, on the visible image canvas."""
        for widget in _visible():
            if not isinstance(widget, ImageCanvas):
                continue
            placed = []
            for x, y in asked["points"]:
                at = widget.view.to_screen((float(x), float(y)))
                spot = widget.mapToGlobal(QPoint(round(at[0]), round(at[1])))
                placed.append([spot.x(), spot.y()])
            said = widget.accessibleDescription()
            return {"points": placed, "said": said, "rect": _global_rect(widget)}
        return {"points": [], "said": "", "rect": [0, 0, 0, 0]}

    def _show_caption(self, asked: Answer) -> Answer:
        if asked.get("title"):
            if self._caption is None:
                self._caption = Caption(self._window)
            self._caption.say(str(asked["title"]), str(asked["words"]), str(asked["step"]))
        return {"wish": self._caption.wish() if self._caption is not None else ""}

    def _photograph(self, asked: Answer) -> Answer:
        # from the screen, so that dialogs and lists that dropped down are on it
        frame = self._window.frameGeometry() & self._window.screen().geometry()
        taken = self._window.screen().grabWindow(0, frame.x(), frame.y(), frame.width(), frame.height())
        return {"saved": taken.save(str(asked["path"]))}


def _visible() -> Iterator[QWidget]:
    for top in reversed(QApplication.topLevelWidgets()):
        if not top.isVisible():
            continue
        yield top
        guides = top.findChildren(Caption)
        for each in top.findChildren(QWidget):
            # the guide's own words are no place to click
            if each.isVisible() and not any(guide is each or guide.isAncestorOf(each) for guide in guides):
                yield each


def _global_rect(widget: QWidget, part: QRect | None = None) -> list[int]:
    rect = (part if part is not None else widget.rect()) & widget.visibleRegion().boundingRect()
    corner = widget.mapToGlobal(rect.topLeft())
    return [corner.x(), corner.y(), rect.width(), rect.height()]


def _place(widget: QWidget, said: str, part: QRect | None = None) -> Answer:
    return {
        "rect": _global_rect(widget, part),
        "enabled": widget.isEnabled(),
        "said": said,
        "text": widget.text() if isinstance(widget, QAbstractButton | QLabel) else "",
        "described": widget.accessibleDescription(),
        "kind": type(widget).__name__,
        "checked": widget.isChecked() if isinstance(widget, QAbstractButton) else False,
    }


def _places(name: str) -> Iterator[Answer]:
    """All that is visible and is called `name` or begins so: widgets, tabs, rows, menu entries."""
    for widget in _visible():
        for said in (widget.accessibleName(), _plain(_text_of(widget))):
            if said and said.startswith(name):
                yield _place(widget, said)
                break
        if isinstance(widget, QTabBar):
            for index in range(widget.count()):
                if widget.isTabVisible(index) and _plain(widget.tabText(index)).startswith(name):
                    yield _place(widget, _plain(widget.tabText(index)), widget.tabRect(index))
        elif isinstance(widget, QMenu | QMenuBar):
            for action in widget.actions():
                if isinstance(action, QAction) and _plain(action.text()).startswith(name):
                    yield _place(widget, _plain(action.text()), widget.actionGeometry(action))
        elif isinstance(widget, QAbstractItemView):
            yield from _rows(widget, name)


def _rows(view: QAbstractItemView, name: str) -> Iterator[Answer]:
    model = view.model()
    for row in range(min(model.rowCount(view.rootIndex()), 500)) if model is not None else ():
        index = model.index(row, 0, view.rootIndex())
        said = str(index.data() or "")
        if said.startswith(name):
            corner = view.viewport()
            yield _place(corner, said, view.visualRect(index))


def _text_of(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""


def _plain(text: str) -> str:
    return text.replace("&", "")


def _texts() -> Iterator[str]:
    for widget in _visible():
        if said := _plain(_text_of(widget)) or widget.accessibleName():
            yield said
