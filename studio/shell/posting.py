"""A way to the GUI thread, for what other threads want to have run there."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal


class Poster(QObject):
    """`post(function)` may be called on any thread; the function runs soon, on the thread that made this."""

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, function: Callable[[], None]) -> None:
        """Run `function` on the GUI thread; silently dropped once the window is gone."""
        try:
            self._posted.emit(function)
        except RuntimeError:  # the window was closed meanwhile, and with it everything that would be shown
            return

    def _run(self, function: Callable[[], None]) -> None:
        function()
