"""Can a window be opened here, and what draws three dimensions?"""

import os
import shutil
import sys

from studio.cli.checks.row import Row, tried

_OPEN = """
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
screen = application.primaryScreen()
size = screen.size()
print(f"{application.platformName()}, {size.width()} x {size.height()}")
"""

_DRAW = """
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QSurfaceFormat
form = QSurfaceFormat()
form.setVersion(3, 3)
form.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
QSurfaceFormat.setDefaultFormat(form)
application = QGuiApplication([])
surface = QOffscreenSurface()
surface.create()
context = QOpenGLContext()
if not context.create() or not context.makeCurrent(surface):
    raise SystemExit("no OpenGL 3.3 context could be made")
from OpenGL import GL
print(GL.glGetString(GL.GL_RENDERER).decode())
"""

_LIBRARIES = (
    "On Debian or Ubuntu `make setup` as root installs what Qt needs; resources/setup/apt.txt lists it."
)


def has_display() -> bool:
    """Whether this session names a display; Windows and macOS always have one."""
    return not sys.platform.startswith("linux") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def display() -> Row:
    """A Qt program is started and asks for the screen."""
    if not has_display():
        if shutil.which("Xvfb") and shutil.which("openbox"):
            return Row(
                "display",
                "warn",
                "There is no display. Demo and tests run on one of their own (Xvfb); the studio needs yours.",
                "Log in to a desktop, or set DISPLAY.",
            )
        return Row("display", "bad", "There is no display, and nothing that could make one.", _LIBRARIES)
    opened, said = tried(_OPEN, environment=_without_offscreen())
    if opened:
        return Row("display", "ok", f"Windows open ({said}).")
    return Row("display", "bad", f"A window cannot be opened: {said}.", _LIBRARIES)


def opengl() -> Row:
    """An OpenGL 3.3 context is made and asked who draws."""
    if not has_display():
        return Row(
            "opengl", "warn", "Not looked at, since there is no display.", "Run the doctor on the desktop."
        )
    drawn, said = tried(_DRAW, environment=_without_offscreen())
    if not drawn:
        return Row(
            "opengl",
            "warn",
            f"Point clouds cannot be drawn ({said}); pictures and text are not affected.",
            _LIBRARIES,
        )
    if any(name in said.lower() for name in ("llvmpipe", "softpipe", "swrast")):
        return Row("opengl", "ok", f"The processor draws ({said}): right, and slower than a graphics card.")
    return Row("opengl", "ok", f"{said} draws.")


def _without_offscreen() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
