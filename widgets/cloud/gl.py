"""Points by OpenGL 3.3, into a buffer of its own that is read back and painted as a picture.

Not a QOpenGLWidget: one of these makes Qt compose the whole window by OpenGL at each update, which with a
software OpenGL costs every frame of every widget 17 ms more than reading 4 MB back (0.6 ms); its buffers
die when a dock floats; and each view would have a context of its own. See docs/decisions/cloud-rendering.md.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QGuiApplication, QImage, QOffscreenSurface, QOpenGLContext, QSurfaceFormat

from widgets.cloud.drawn import Mode
from widgets.cloud.held import HeldCloud
from widgets.cloud.ramps import Table, instance_palette, palette, ramp, rgb_of
from widgets.cloud.renderer import Counts, GlMissing, Shot, to_region
from widgets.cloud.shaders import FRAGMENT, MODES, VERTEX

if QGuiApplication.platformName().startswith(("wayland", "eglfs")):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")  # else it looks for its context where Qt has none

import OpenGL

OpenGL.ERROR_CHECKING = False  # a call costs 5 us with it, and tests would not see more
OpenGL.ERROR_LOGGING = False
from OpenGL import GL  # noqa: E402  the two lines above have to come first

# how many numbers of which kind an attribute has, and whether they become shares of 1
_KINDS = {
    "intensity": (1, GL.GL_HALF_FLOAT, False),
    "time": (1, GL.GL_HALF_FLOAT, False),
    "ring": (1, GL.GL_UNSIGNED_SHORT, False),
    "instance": (1, GL.GL_UNSIGNED_SHORT, False),
    "label": (1, GL.GL_UNSIGNED_BYTE, False),
    "rgb": (4, GL.GL_UNSIGNED_BYTE, True),
}
_PLACE = "xyz"
BLOCK = 2**20  # points of a block of buffers
Trash = list[tuple[str, list[int]]]
"""What nobody uses any more, by kind; deleted when the context is current next."""


class GlRenderer:
    """One context for all views of a scene. Raises `GlMissing`."""

    note = ""

    def __init__(self) -> None:
        self._context = QOpenGLContext()
        wanted = QSurfaceFormat.defaultFormat()
        wanted.setVersion(3, 3)
        wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
        self._context.setFormat(wanted)
        self._surface = QOffscreenSurface()
        self._surface.setFormat(wanted)
        if not self._context.create() or self._context.format().version() < (3, 3):
            raise GlMissing("no OpenGL 3.3 here")
        self._surface.create()
        if not self._surface.isValid() or not self._context.makeCurrent(self._surface):
            raise GlMissing("OpenGL has nothing to draw on here")
        self._trash: Trash = []
        self._buffers: weakref.WeakKeyDictionary[HeldCloud, _CloudBuffers] = weakref.WeakKeyDictionary()
        self._program = _program()
        self._places: dict[str, int] = {}
        self._tables = {name: _new_table() for name in ("ramp", "palette")}
        self._shown: dict[str, Table | None] = {"ramp": None, "palette": None}
        self.is_lost = False

    def new_frame(self) -> GlFrame:
        return GlFrame(self)

    def make_current(self) -> bool:
        """Whether it could be; what is no longer used is deleted then."""
        if not self._context.isValid() or not self._context.makeCurrent(self._surface):
            self.is_lost = True
            return False
        while self._trash:
            _delete(*self._trash.pop())
        return True

    def surface(self, width: int, height: int) -> _Surface:
        return _Surface(width, height, self._trash)

    def begin(self, shot: Shot) -> None:
        """Set what is the same for all clouds of a frame."""
        look = shot.look
        GL.glUseProgram(self._program)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LEQUAL)  # a point drawn again in another colour covers itself
        GL.glEnable(GL.GL_PROGRAM_POINT_SIZE)
        labels = instance_palette() if look.mode == "instance" else palette(look.palette)
        self._show_table(0, "ramp", ramp(look.ramp))
        self._show_table(1, "palette", labels)
        low, high = look.slab or (-1e30, 1e30)
        GL.glUniform2f(self._at("range"), look.low, 1.0 / ((look.high - look.low) or 1e-9))
        GL.glUniform2f(self._at("slab"), low, high)
        GL.glUniform3f(self._at("lit_color"), *rgb_of(look.lit_color))
        GL.glUniform1i(self._at("dim"), look.dim_outside)

    def draw(self, shot: Shot, cloud: HeldCloud, start: int, stop: int) -> None:
        """The points of a cloud from one place to another."""
        mode = self._prepare(shot, cloud)
        for block, low, high in self._buffers[cloud].parts(start, stop):
            block.bind(mode)
            GL.glDrawArrays(GL.GL_POINTS, low, high - low)

    def draw_chosen(self, shot: Shot, cloud: HeldCloud, places: NDArray[np.uint32]) -> None:
        """Some points of a cloud; places: ascending."""
        mode = self._prepare(shot, cloud)
        chosen = int(GL.glGenBuffers(1))
        for block, low, high in self._buffers[cloud].parts(int(places[0]), int(places[-1]) + 1):
            mine = places[np.searchsorted(places, low + block.first) :][: high - low]
            mine = mine[mine < high + block.first] - np.uint32(block.first)
            if not len(mine):
                continue
            block.bind(mode)
            GL.glBindBuffer(GL.GL_ELEMENT_ARRAY_BUFFER, chosen)
            GL.glBufferData(GL.GL_ELEMENT_ARRAY_BUFFER, mine.nbytes, mine, GL.GL_STREAM_DRAW)
            GL.glDrawElements(GL.GL_POINTS, len(mine), GL.GL_UNSIGNED_INT, None)
        _delete("buffer", [chosen])

    def _prepare(self, shot: Shot, cloud: HeldCloud) -> Mode:
        """Send what is new of a cloud and set what is the same for all its points."""
        look = shot.look
        buffers = self._buffers.get(cloud)
        if buffers is None or not buffers.fits(cloud):
            self._buffers[cloud] = buffers = _CloudBuffers(cloud, self._trash)
        buffers.send(cloud)
        mode: Mode = "plain" if cloud.color else look.mode
        if mode not in ("height", "plain") and cloud.field(mode) is None:
            mode = "plain"
        flipped = np.diag([1.0, -1.0, 1.0, 1.0])  # rows are read from below, pictures have them from above
        self._matrix("to_clip", flipped @ shot.view.clip_matrix() @ cloud.pose)
        GL.glUniform4f(self._at("to_height"), *cloud.pose[2])
        GL.glUniform1i(self._at("mode"), MODES[mode])
        GL.glUniform3f(self._at("plain"), *rgb_of(cloud.color or look.plain))
        size = (cloud.point_size or look.point_size) * shot.ratio
        GL.glUniform1i(self._at("is_round"), size >= 4)
        GL.glUniform2f(self._at("point_size"), size, 0.0 if shot.view.flat else shot.view.distance * 0.5)
        for name, region in (("crop", look.crop), ("region", shot.region), ("lit", look.lit)):
            matrix = to_region(region, cloud)
            GL.glUniform1i(self._at(f"has_{name}"), matrix is not None)
            if matrix is not None:
                self._matrix(name, matrix)
        return mode

    def _matrix(self, name: str, matrix: NDArray[np.float64]) -> None:
        GL.glUniformMatrix4fv(self._at(name), 1, True, np.ascontiguousarray(matrix, np.float32))

    def _at(self, name: str) -> int:
        if name not in self._places:
            self._places[name] = GL.glGetUniformLocation(self._program, name)
        return self._places[name]

    def _show_table(self, unit: int, name: str, table: Table) -> None:
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self._tables[name])
        GL.glUniform1i(self._at(name), unit)
        if self._shown[name] is not table:
            self._shown[name] = table
            held = np.ascontiguousarray(table)
            kind = GL.GL_UNSIGNED_BYTE
            GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_RGBA8, len(held), 1, 0, GL.GL_RGBA, kind, held)


class GlFrame:
    """One view's picture, in a buffer of its own."""

    def __init__(self, renderer: GlRenderer) -> None:
        self.drawn: Counts = {}
        self._renderer = renderer
        self._surface: _Surface | None = None
        self._shot: Shot | None = None
        self._pixels = np.zeros((1, 1, 4), np.uint8)

    def start(self, shot: Shot, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        if not self._renderer.make_current():
            return
        width, height = (max(round(side * shot.ratio), 1) for side in shot.view.window)
        if self._surface is None or (self._surface.width, self._surface.height) != (width, height):
            self._surface = self._renderer.surface(width, height)
            self._pixels = np.zeros((height, width, 4), np.uint8)
        self._shot, self.drawn = shot, {}
        self._surface.bind()
        GL.glClearColor(0.0, 0.0, 0.0, 0.0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        self._draw(shot, clouds, counts)

    def extend(self, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        if self._surface is None or self._shot is None or not self._renderer.make_current():
            return
        self._surface.bind()
        self._draw(self._shot, clouds, counts)

    def redraw(self, cloud: HeldCloud, places: NDArray[np.intp]) -> None:
        chosen = np.sort(places[places < self.drawn.get(cloud.key, 0)]).astype(np.uint32)
        if self._surface is None or self._shot is None or not len(chosen):
            return
        if self._renderer.make_current():
            self._surface.bind()
            self._renderer.begin(self._shot)
            self._renderer.draw_chosen(self._shot, cloud, chosen)
            GL.glFinish()

    def _draw(self, shot: Shot, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        self._renderer.begin(shot)
        for cloud in clouds:
            start, stop = self.drawn.get(cloud.key, 0), counts.get(cloud.key, 0)
            if stop > start:
                self._renderer.draw(shot, cloud, start, stop)
            self.drawn[cloud.key] = max(start, stop)
        GL.glFinish()  # or the budget would measure how long it takes to ask

    def image(self) -> QImage:
        height, width = self._pixels.shape[:2]
        if self._surface is not None and self._renderer.make_current():
            self._surface.bind()
            GL.glReadPixels(0, 0, width, height, GL.GL_BGRA, GL.GL_UNSIGNED_BYTE, self._pixels)
        packed = QImage.Format.Format_ARGB32_Premultiplied
        return QImage(self._pixels.data, width, height, 4 * width, packed)

    def depth(self) -> NDArray[np.float32]:
        height, width = self._pixels.shape[:2]
        held = np.ones((height, width), np.float32)
        if self._surface is None or self._shot is None or not self._renderer.make_current():
            held.fill(np.inf)
            return held
        self._surface.bind()
        GL.glReadPixels(0, 0, width, height, GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT, held)
        return self._shot.view.metres_of(held)


class _CloudBuffers:
    """What was sent of one cloud, in blocks: room is made for points that are there, not for all to come."""

    def __init__(self, cloud: HeldCloud, trash: Trash) -> None:
        self.names = (_PLACE, *cloud.fields)
        self.sent = 0
        self._length = min(max(cloud.room, 1), BLOCK)
        self._blocks: list[_Block] = []
        self._trash = trash

    def fits(self, cloud: HeldCloud) -> bool:
        """Whether the cloud can go on to be kept here."""
        return self.names == (_PLACE, *cloud.fields) and (self._length == BLOCK or cloud.room <= self._length)

    def send(self, cloud: HeldCloud) -> None:
        """What came or was changed since the last time."""
        for name, (low, high) in cloud.unsent.items():
            self._send_part(name, cloud, low, min(high, self.sent))
        cloud.unsent.clear()
        if self.sent < len(cloud):
            while len(self._blocks) * self._length < len(cloud):
                first = len(self._blocks) * self._length
                self._blocks.append(_Block(first, self._length, self.names, self._trash))
            for name in self.names:
                self._send_part(name, cloud, self.sent, len(cloud))
            self.sent = len(cloud)

    def parts(self, start: int, stop: int) -> Iterator[tuple[_Block, int, int]]:
        """The blocks that hold the points from one place to another, with from and to within each."""
        for block in self._blocks[start // self._length : -(-stop // self._length)]:
            yield block, max(start - block.first, 0), min(stop - block.first, self._length)

    def _send_part(self, name: str, cloud: HeldCloud, start: int, stop: int) -> None:
        held = cloud.xyz if name == _PLACE else cloud.field(name)
        if held is not None and stop > start:
            for block, low, high in self.parts(start, stop):
                block.put(name, low, held[low + block.first : high + block.first])


class _Block:
    """A run of a cloud's points: a buffer a field."""

    def __init__(self, first: int, length: int, names: Sequence[str], trash: Trash) -> None:
        self.first = first
        made = np.atleast_1d(GL.glGenBuffers(len(names))).tolist()
        self._buffers = dict(zip(names, made, strict=True))
        self._arrays: dict[Mode, int] = {}
        for name, buffer in self._buffers.items():
            GL.glBindBuffer(GL.GL_ARRAY_BUFFER, buffer)
            GL.glBufferData(GL.GL_ARRAY_BUFFER, length * _stride(name), None, GL.GL_STATIC_DRAW)
        self._trash = trash
        weakref.finalize(self, trash.append, ("buffer", made))

    def put(self, name: str, low: int, values: NDArray[np.generic]) -> None:
        """Write the values of a field from a place on."""
        part = np.ascontiguousarray(values)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffers[name])
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, low * _stride(name), part.nbytes, part)

    def bind(self, mode: Mode) -> None:
        """Choose which field colours the points: another set of attributes over the same buffers."""
        if mode in self._arrays:
            GL.glBindVertexArray(self._arrays[mode])
            return
        self._arrays[mode] = made = int(GL.glGenVertexArrays(1))
        weakref.finalize(self, self._trash.append, ("array", [made]))
        GL.glBindVertexArray(made)
        self._attribute(0, _PLACE, 3, GL.GL_FLOAT, False)
        if mode in self._buffers:
            self._attribute(2 if mode == "rgb" else 1, mode, *_KINDS[mode])

    def _attribute(self, place: int, name: str, numbers: int, kind: Any, shares: bool) -> None:
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffers[name])
        GL.glEnableVertexAttribArray(place)
        GL.glVertexAttribPointer(place, numbers, kind, shares, 0, None)


class _Surface:
    """A frame buffer with colour and depth."""

    def __init__(self, width: int, height: int, trash: Trash) -> None:
        self.width, self.height = width, height
        self._frame = int(GL.glGenFramebuffers(1))
        stores = np.atleast_1d(GL.glGenRenderbuffers(2)).tolist()
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._frame)
        parts = (
            (GL.GL_COLOR_ATTACHMENT0, GL.GL_RGBA8),
            (GL.GL_DEPTH_ATTACHMENT, GL.GL_DEPTH_COMPONENT24),
        )
        for store, (part, kind) in zip(stores, parts, strict=True):
            GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, store)
            GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, kind, width, height)
            GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, part, GL.GL_RENDERBUFFER, store)
        weakref.finalize(self, trash.extend, [("frame", [self._frame]), ("store", stores)])

    def bind(self) -> None:
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._frame)
        GL.glViewport(0, 0, self.width, self.height)


def _stride(name: str) -> int:
    """Bytes of one point."""
    if name == _PLACE:
        return 12
    numbers, kind, _ = _KINDS[name]
    return numbers * (1 if kind == GL.GL_UNSIGNED_BYTE else 2)


def _delete(kind: str, names: list[int]) -> None:
    match kind:
        case "buffer":
            GL.glDeleteBuffers(len(names), names)
        case "array":
            GL.glDeleteVertexArrays(len(names), names)
        case "frame":
            GL.glDeleteFramebuffers(len(names), names)
        case "store":
            GL.glDeleteRenderbuffers(len(names), names)


def _new_table() -> int:
    made = int(GL.glGenTextures(1))
    GL.glBindTexture(GL.GL_TEXTURE_2D, made)
    for side in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
        GL.glTexParameteri(GL.GL_TEXTURE_2D, side, GL.GL_NEAREST)
    return made


def _program() -> int:
    program = int(GL.glCreateProgram())
    for kind, source in ((GL.GL_VERTEX_SHADER, VERTEX), (GL.GL_FRAGMENT_SHADER, FRAGMENT)):
        shader = GL.glCreateShader(kind)
        GL.glShaderSource(shader, source)
        GL.glCompileShader(shader)
        if not GL.glGetShaderiv(shader, GL.GL_COMPILE_STATUS):
            raise GlMissing(f"its driver refuses a shader: {GL.glGetShaderInfoLog(shader)!r}")
        GL.glAttachShader(program, shader)
        GL.glDeleteShader(shader)
    GL.glLinkProgram(program)
    if not GL.glGetProgramiv(program, GL.GL_LINK_STATUS):
        raise GlMissing(f"its driver refuses the program: {GL.glGetProgramInfoLog(program)!r}")
    return program
