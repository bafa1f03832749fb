"""`atelier studio`: a window first, then everything that needs time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFont, QSurfaceFormat
from PySide6.QtWidgets import QApplication

from studio.cli.frame import DONE, TO_MEND, Parser, log_folder
from studio.domain.contracts.plugin import load_part
from studio.folders import config_folder, default_workspace
from studio.node_process import begin_early
from studio.shell import faults
from studio.shell.displays import require_display
from studio.shell.settings import Settings
from studio.shell.studio import Studio
from studio.shell.theme import THEMES, apply_text_size, apply_theme
from studio.shell.window import MainWindow

# by import string: pages stand above the shell
PAGES = "studio.pages:PAGES"
GUIDE = "studio.demo.channel:Channel"


def run(argv: list[str]) -> int:
    """Open the studio; returns its exit code. Raises `display.missing` where no window can be opened."""
    parser = Parser("studio", "Open the window, with a node of its own or on a node you name.", json=False)
    parser.add_argument(
        "--workspace", type=Path, help="folder of your own node (default: in your data folder)"
    )
    parser.add_argument("--address", default="", help="a node to sign in on, e.g. https://node.example:7443")
    parser.add_argument("--page", default="", help="page to open with, where a project is open")
    parser.add_argument("--theme", choices=THEMES, help="look of the window, this once")
    parser.add_argument("--shot", type=Path, help="write a picture of the window to this file and leave")
    parser.add_argument(
        "--guide", default="", help="answer a guide on this socket where things are in the window"
    )
    given = parser.parse_args(argv)
    pages = load_part(PAGES)
    if given.page and given.page not in {info.name for info in pages}:
        parser.error(f"there is no page {given.page!r}")
    require_display()
    workspace: Path = given.workspace or default_workspace()
    # its start takes longer than the window's, so it goes on beside it from here on
    begun = None if given.address else begin_early(workspace)
    application = make_application(sys.argv[:1])
    config = config_folder()
    config.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = Settings(config)
    theme = given.theme or settings.get("theme", "system")
    apply_theme(application, next((each for each in THEMES if each == theme), "system"))
    apply_text_size(application, int(settings.get("text_size", "100")))
    log = faults.open_log(log_folder())
    crashes = faults.CrashLog(log_folder())
    window = MainWindow(application, pages, settings, log)
    faults.catch_all(window.desk.show_error)
    studio = Studio(window, settings, workspace, given.address, begun)
    studio.first_page = given.page
    taken: list[bool] = []
    if given.shot is not None:
        studio.settled.connect(lambda: _shoot(window, given.shot, taken))
    if given.guide:
        load_part(GUIDE)(window, given.guide)
    window.show()
    if crashes.earlier:
        window.desk.notify(
            "Atelier was brought down by a fault last time. All that it showed as kept or saved is there; "
            "the log says where it happened (Help, Show the log).",
            "warning",
        )
    _after_first_paint(window, studio.begin)
    code = application.exec()
    studio.end()
    crashes.close()
    return TO_MEND if given.shot is not None and not taken else (DONE if code == 0 else code)


def make_application(arguments: list[str]) -> QApplication:
    """The QApplication as every window of ours needs it."""
    # both before QApplication: without sharing, a second cloud view is silently black
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    surface = QSurfaceFormat()
    surface.setVersion(3, 3)
    surface.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    surface.setDepthBufferSize(24)
    surface.setSwapInterval(0)
    QSurfaceFormat.setDefaultFormat(surface)
    # a busy Python thread else keeps the GUI waiting 39 ms at the 95th percentile; with this, 7
    sys.setswitchinterval(0.0005)
    application = QApplication(arguments)
    application.setApplicationName("Atelier")
    application.setStyle("Fusion")
    font = QFont(application.font())
    font.setPointSizeF(10.0)
    application.setFont(font)
    return application


class _FirstPaint(QObject):
    """Calls `then` once, after the watched window has been painted for the first time."""

    def __init__(self, window: QObject, then: Callable[[], None]) -> None:
        super().__init__(window)
        self._then = then
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._then)
        return False


def _after_first_paint(window: MainWindow, then: Callable[[], None]) -> None:
    _FirstPaint(window, then)


def _shoot(window: MainWindow, path: Path, taken: list[bool]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    taken.append(window.grab().save(str(path)))
    window.close()
