"""Views and pictures in windows of their own: which ones and where is remembered on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.views import Views
from studio.domain.contracts.editing import Pointer
from widgets.camera_view import CameraView
from widgets.cloud.pointer import SpacePointer
from widgets.cloud_view import CloudView
from widgets.tear_off import TearOff

SETTING = "pointcloud.torn"
SLIP_PX = 4.0  # that a right click may slip


class TornViews(QObject):
    """`table` is what the editor runs by name; `fill` adds to the menu of a right click over a view."""

    def __init__(self, bench: SpaceBench, views: Views, cameras: CameraBench) -> None:
        super().__init__(views)
        self._bench = bench
        self._views = views
        self._cameras = cameras
        self._known: set[TearOff] = set()
        self._last: TearOff = views.places["space"]
        self._pressed: tuple[float, float] | None = None
        self.fill: Callable[[QMenu], None] = lambda menu: None
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.tear_off": self.turn,
            "pointcloud.all_home": self.all_home,
        }

        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focused)

    def open(self) -> None:
        """Another item has come, maybe with other cameras: what was torn off last is so again."""
        kept = _read(self._bench.host.setting(SETTING, here=True))
        for name, place in self._places():
            if place not in self._known:
                self._known.add(place)
                place.turned.connect(self._keep)
                place.destroyed.connect(lambda _gone=None, place=place: self._known.discard(place))
                content = place.content
                assert isinstance(content, CloudView | CameraView)
                content.pointer.connect(lambda pointer, place=place: self._pointed(place, pointer))
            where = QRect(*kept[name]) if name in kept else None
            # a screen that has gone meanwhile: its views stay at home
            if where is not None and QGuiApplication.screenAt(where.center()) is not None:
                place.tear_off(where, quietly=True)

    def _focused(self, _old: QWidget | None, now: QWidget | None) -> None:
        found = (place for _, place in self._places() if place.content is now)
        self._last = next(found, self._last)

    def turn(self) -> bool:
        """Tear off, or bring home, the view under the mouse pointer, else the last that had hand or keys."""
        under = (place for place in self._known if place.content.underMouse())
        place = next(under, self._last)
        if place not in self._known:
            self._bench.host.say("Point at a view or at a camera's picture first.")
            return False
        place.turn()
        return True

    def all_home(self) -> bool:
        """Every view back into the main window."""
        torn = [place for _, place in self._places() if place.is_torn]
        for place in torn:
            place.come_home()
        return bool(torn)

    def _places(self) -> Iterator[tuple[str, TearOff]]:
        yield from self._views.places.items()
        yield from ((f"camera {name}", place) for name, place in self._cameras.strip.places.items())

    def _keep(self) -> None:
        """What is torn off now; cameras of other items keep what is known of them."""
        kept = _read(self._bench.host.setting(SETTING, here=True))
        for name, place in self._places():
            kept.pop(name, None)
            if (at := place.place) is not None:
                kept[name] = (at.x(), at.y(), at.width(), at.height())
        self._bench.host.keep_setting(SETTING, msgspec.json.encode(kept).decode(), here=True)

    # The menu of a right click; a right drag turns the view

    def _pointed(self, place: TearOff, pointer: SpacePointer | Pointer) -> None:
        self._last = place
        if pointer.button != "right":
            return
        zoom = pointer.scale if isinstance(pointer, Pointer) else 1.0
        at = (pointer.xy[0] * zoom, pointer.xy[1] * zoom)
        match pointer.kind:
            case "press":
                self._pressed = at
            case "release" if self._pressed is not None:
                slip = max(abs(at[0] - self._pressed[0]), abs(at[1] - self._pressed[1]))
                self._pressed = None
                if slip <= SLIP_PX:
                    self._offer(place)

    def _offer(self, place: TearOff) -> None:
        menu = QMenu(place.content)
        menu.setAccessibleName(f"Menu of {place.title}")
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction("Bring home" if place.is_torn else "Into a window of its own", place.turn)
        if any(each.is_torn for _, each in self._places()):
            menu.addAction("Bring all views home", self.all_home)
        self.fill(menu)
        menu.popup(QCursor.pos())


def _read(text: str) -> dict[str, tuple[int, int, int, int]]:
    """Left, top, width and height by name; nothing where the text is not ours."""
    try:
        return msgspec.json.decode(text, type=dict[str, tuple[int, int, int, int]]) if text else {}
    except msgspec.DecodeError:
        return {}
