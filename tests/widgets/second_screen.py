"""A second screen of a display that comes and goes, by RandR's monitors; `python -m` runs it as a program."""

import ctypes
import sys


class _Monitor(ctypes.Structure):
    """XRRMonitorInfo."""

    _fields_ = (
        ("name", ctypes.c_ulong),
        ("primary", ctypes.c_int),
        ("automatic", ctypes.c_int),
        ("outputs_count", ctypes.c_int),
        ("x", ctypes.c_int),
        ("y", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("width_mm", ctypes.c_int),
        ("height_mm", ctypes.c_int),
        ("outputs", ctypes.POINTER(ctypes.c_ulong)),
    )


class Screens:
    """The display that DISPLAY names, cut into two screens side by side."""

    def __init__(self) -> None:
        self._x = ctypes.CDLL("libX11.so.6")
        self._randr = ctypes.CDLL("libXrandr.so.2")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = self._x.XInternAtom.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(None))
        self._root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))

    def split(self, width: int, height: int) -> None:
        """Two screens, LEFT and RIGHT, of half the width each."""
        for number, name in enumerate((b"LEFT", b"RIGHT")):
            half = width // 2
            made = _Monitor(
                self._atom(name), number == 0, 0, 0, number * half, 0, half, height, 300, 200, None
            )
            self._randr.XRRSetMonitor(self._display, self._root, ctypes.byref(made))
        self._x.XSync(self._display, 0)

    def unplug(self) -> None:
        """The right one goes."""
        self._randr.XRRDeleteMonitor(self._display, self._root, ctypes.c_ulong(self._atom(b"RIGHT")))
        self._x.XSync(self._display, 0)

    def _atom(self, name: bytes) -> int:
        return int(self._x.XInternAtom(self._display, name, 0))


def run() -> None:
    """A view is torn off onto the right screen, which then goes: says where the view is each time."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

    from widgets.tear_off import TearOff

    screens = Screens()
    screens.split(1600, 1000)
    application = QApplication([])
    window, view = QWidget(), QLineEdit()
    place = TearOff("Top view", view)
    QVBoxLayout(window).addWidget(place)
    window.setGeometry(10, 10, 500, 400)

    def tear_off() -> None:
        place.tear_off()
        QTimer.singleShot(300, unplug)

    def unplug() -> None:
        print("torn onto", view.window().screen().name(), flush=True)
        application.screenRemoved.connect(lambda: QTimer.singleShot(100, look))
        screens.unplug()

    def look() -> None:
        print("at home" if view.window() is window and view.isVisible() else "lost", flush=True)
        application.quit()

    window.show()
    QTimer.singleShot(300, tear_off)
    QTimer.singleShot(8000, application.quit)
    sys.exit(application.exec())


if __name__ == "__main__":
    run()
