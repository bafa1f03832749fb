"""The tool in hand: what pointers and keys do with it, and how its gesture is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, Signal

from plugins.pointcloud import assist
from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_sight import CameraSight, frustum_lines, sight_line
from plugins.pointcloud.commands import BY_NAME
from plugins.pointcloud.keymap import CROSS_STEPS, STEPS
from plugins.pointcloud.lanes import PlacedLine
from plugins.pointcloud.picture_boxes import frustum_of
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.click import OneClickTool
from plugins.pointcloud.tools.draw import DrawCuboidTool
from plugins.pointcloud.tools.frustum import FrustumTool
from plugins.pointcloud.tools.grow import GrowRegion
from plugins.pointcloud.tools.lane import LaneTool
from plugins.pointcloud.tools.outline import Outline, PointLasso, PointPolygon
from plugins.pointcloud.tools.paint import GroundBrush, PointBrush
from plugins.pointcloud.tools.reaching import GripName, SpaceTool, cuboid_under, on_ground, scene_ground
from plugins.pointcloud.tools.select import SelectSpaceTool
from plugins.pointcloud.tools.three import ThreeClicksTool
from plugins.pointcloud.tools.vertices import line_under, vertex_under
from plugins.pointcloud.views import Views, hot_grip
from studio.domain.edit import Edit
from studio.domain.entities import Box, Cuboid
from studio.domain.ids import EntityId
from studio.domain.values import XYZ
from widgets.cloud.drawn import LineSet, joined_lines
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import SpaceView
from widgets.draft_keeper import DraftKeeper

DRAWING: tuple[Callable[[], SpaceTool], ...] = (
    DrawCuboidTool,
    OneClickTool,
    ThreeClicksTool,
    FrustumTool,
    LaneTool,
    PointBrush,
    PointLasso,
    PointPolygon,
    GrowRegion,
    GroundBrush,
)
PAINT_TOOLS = (PointBrush, PointLasso, PointPolygon, GrowRegion)  # GroundBrush is a brush
NO_LINES = LineSet()  # one and the same, so that setting it again paints nothing
_AT_THE_CAR_M = 3.0


class Gestures(QObject):
    """One tool at a time; `taken` tells which. `table` is what the editor runs by name."""

    taken = Signal(str)
    previewed = Signal(object)  # tuple: what is being made or moved

    def __init__(self, bench: SpaceBench, views: Views) -> None:
        super().__init__(views)
        self._bench = bench
        self._views = views
        self._select = SelectSpaceTool()
        drawing: list[SpaceTool] = [tool() for tool in DRAWING]
        self._tools: dict[str, SpaceTool] = {tool.name: tool for tool in (self._select, *drawing)}
        self.tool: SpaceTool = self._select
        self.cross: XYZ | None = None  # of the keyboard
        self.hovered: EntityId | None = None
        self._hot: GripName | None = None
        self._hot_vertex: int | None = None
        self._drew_ray = False
        self._sight: CameraSight | None = None  # the picture that the hand is over
        self._drafts = DraftKeeper(bench.host, lambda: self.tool, self)
        self.table: dict[str, Callable[[], bool]] = {
            **{f"pointcloud.tool.{name}": self._taker(name) for name in self._tools},
            "pointcloud.keyboard": self.take_up_cross,
            "pointcloud.finish": self.finish,
            "pointcloud.cancel": self.cancel,
            "pointcloud.back": self.back,
            "pointcloud.snap": self.snap,
        }

    def _taker(self, name: str) -> Callable[[], bool]:
        return lambda: self.take(name)

    def snap(self) -> bool:
        """The face whose handle is pointed at goes to the points behind it."""
        scene = self._bench.scene
        if scene is None or self._hot is None or self._hot == "turn":
            self._bench.host.say("Point at the handle of a face of the selected cuboid first.")
            return False
        return self._bench.apply(assist.snapped(scene, self._hot))

    def take(self, name: str) -> bool:
        """Another tool; an unfinished gesture of the last one is thrown away."""
        if self.tool is not self._tools[name]:
            self._drop()
        self.tool = self._tools[name]
        drawing = self.tool is not self._select
        if drawing:
            self._bench.host.say(BY_NAME[f"pointcloud.tool.{name}"].help)
        self._views.set_cursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)
        if not drawing:
            self._put_down_cross()
        self.taken.emit(name)
        return True

    def resume(self, tool: str, state: bytes) -> bool:
        """Go on with a draft. Raises `draft.unreadable`."""
        if tool not in self._tools:
            return False
        self.take(tool)
        self.tool.resume(state)
        self.show()
        return True

    def leave(self) -> None:
        """The item is closed: what is unfinished stays a draft."""
        self._drafts.leave()
        self._drop()
        self._put_down_cross()
        self.hovered = None

    def handle(self, pointer: SpacePointer) -> None:
        """A pointer of a view, or one that keys stand for."""
        scene = self._bench.scene
        if scene is None:
            return
        if pointer.kind == "press" and pointer.device != "key":
            self._put_down_cross()
        self._sight = pointer.view if isinstance(pointer.view, CameraSight) else None
        self._conclude(self.tool.handle(pointer, scene))
        if pointer.kind == "hover":
            self._hover(pointer)
            if isinstance(self.tool, PAINT_TOOLS):
                scene.painter.look_ahead(pointer, scene)

    def frame_left(self) -> None:
        """Another frame is shown, and the tool in hand may hold something of the one before."""
        self.tool.frame_left()
        if said := self.tool.words():
            self._bench.host.say(said)
            self.show()

    def wheel(self, pointer: SpacePointer, notches: float) -> bool:
        """The wheel over a view; whether the tool in hand has taken it from the view."""
        scene = self._bench.scene
        if scene is None or not isinstance(self.tool, PAINT_TOOLS):
            return False
        taken = self.tool.wheel(pointer, notches, scene)
        if taken:
            self._conclude(None)
        return taken

    def _hover(self, pointer: SpacePointer) -> None:
        scene = self._bench.scene
        if scene is None:
            return
        keys = scene.movable()
        one = scene.placement(keys[0]) if len(keys) == 1 and self.tool is self._select else None
        hot = hot_grip(one, pointer)
        found = None
        if self.tool is self._select and hot is None:
            found = cuboid_under(scene, pointer) or line_under(scene, pointer)
        line = scene.selected_line() if self.tool is self._select else None
        vertex = vertex_under(line, pointer) if line is not None else None
        if vertex != self._hot_vertex:
            self._hot_vertex = vertex
            self._show_handles()
        # what a camera shows at a place lies somewhere along a ray: the other views and cameras draw it
        ray = sight_line(pointer) if found is None and hot is None else NO_LINES
        if (found, hot) != (self.hovered, self._hot) or len(ray) or self._drew_ray:
            self.hovered, self._hot, self._drew_ray = found, hot, bool(len(ray))
            lit = scene.hover_lines(found) if found and found not in scene.selection else NO_LINES
            self._views.scene.set_lines(joined_lines([lit, ray, frustum_of(scene, found, pointer)]), "hover")
            self._show_handles()

    def _conclude(self, edit: Edit | None) -> None:
        """Apply what the tool completed, then select what it wishes."""
        stood = edit is None or self._bench.apply(edit)
        wanted = self.tool.wanted_selection()
        if said := self.tool.words():
            self._bench.host.say(said)
        if wanted is not None and stood:
            self._bench.select(wanted)
        self.show()

    # The keyboard

    def arrow(self, forward: int, left: int, step: str, resizes: bool) -> bool:
        """Arrow keys: the keyboard's cross or what is selected. False: they are the view's."""
        scene = self._bench.scene
        if scene is None:
            return False
        if self.cross is not None:
            by = CROSS_STEPS[step]
            x, y = self.cross[0] + forward * by, self.cross[1] + left * by
            ground = scene.points.ground_z(x, y)
            self.cross = (x, y, self.cross[2] if ground is None else ground)
            self._views.set_keyboard_cursor(self.cross)
            self.handle(self._views.pointer_at(self.cross, "hover"))
            return True
        if not scene.movable():
            return False
        by = STEPS[step]
        change = changes.resized if resizes else changes.nudged
        self._bench.apply(change(scene, (forward * by, left * by, 0.0)))
        return True

    def would(self, command: str) -> bool:
        """Whether a key that others want as well (a dialog's Enter) has a use here now."""
        scene = self._bench.scene
        busy = bool(self.tool.preview()) or self.cross is not None
        match command:
            case "pointcloud.cancel":
                return busy or (scene is not None and bool(scene.selection))
            case "pointcloud.finish" | "pointcloud.back":
                return busy
        return True

    def take_up_cross(self) -> bool:
        """Draw with the keyboard, from where the mouse pointer is in the top view, or from its middle.

        Where that is at the car itself, as at first, from before it.
        """
        scene = self._bench.scene
        if scene is None:
            return False
        if self.tool is self._select:
            self.take("draw")
        top = self._views.top
        origin, direction = top.view.ray(top.mouse_xy() or (top.width() / 2, top.height() / 2))
        pointer = replace(self._views.pointer_at((0.0, 0.0, 0.0), "hover"), origin=origin)
        at = on_ground(scene, replace(pointer, direction=direction))
        if at is None or math.hypot(at[0], at[1]) < _AT_THE_CAR_M:
            at = (8.0, 0.0, scene_ground(scene))
        self.cross = at
        self._views.set_keyboard_cursor(self.cross)
        near, far = CROSS_STEPS["Shift"], CROSS_STEPS["Ctrl"]
        self._bench.host.say(
            f"Arrows move the cross (with Shift by {near:g} m, with Ctrl by {far:g} m), Enter clicks there."
        )
        self._views.top.setFocus()
        return True

    def _put_down_cross(self) -> None:
        if self.cross is not None:
            self.cross = None
            self._views.set_keyboard_cursor(None)

    def finish(self) -> bool:
        """Enter: a click of the keyboard's cross, or else the end of the gesture."""
        scene = self._bench.scene
        if scene is None:
            return False
        if self.cross is not None:
            for kind in ("press", "release"):
                if self.cross is not None:
                    self.handle(self._views.pointer_at(self.cross, kind))
            return True
        edit = self.tool.finish(scene)
        self._conclude(edit)
        return edit is not None

    def cancel(self) -> bool:
        """Escape: first the gesture, then the keyboard's cross, and the selection."""
        if self.tool.preview():
            self._drop()
        elif self.cross is not None:
            self._put_down_cross()
        else:
            self._bench.select(frozenset())
        return True

    def back(self) -> bool:
        did = self.tool.back()
        self.show()
        return did

    def _drop(self) -> None:
        if self._bench.scene is not None:
            at = self._views.pointer_at((0.0, 0.0, 0.0), "hover")
            self.tool.handle(replace(at, kind="cancel"), self._bench.scene)
        self.show()

    # Showing

    def show(self) -> None:
        """What is selected and what is being made, drawn live."""
        scene, cloud = self._bench.scene, self._views.scene
        if scene is None:
            for name in ("active", "preview", "hover"):
                cloud.set_lines(NO_LINES, name)
            self._views.show_grips(None, None)
            self._views.show_outline(None)
            return
        preview = self.tool.preview()
        shown = tuple(each for each in preview if isinstance(each, Cuboid))
        lines = [seen for each in preview if isinstance(each, PlacedLine) and (seen := _here(scene, each))]
        moved = {EntityId(each.track) for each in shown} | {EntityId(each.shape.track) for each in lines}
        drawn = [scene.lines_of(shown), *self._frusta(preview)]
        if lines:
            drawn.append(scene.lines_on_ground(lines))
        cloud.set_lines(joined_lines(drawn) if len(drawn) > 1 else drawn[0], "preview")
        cloud.set_lines(scene.selected_lines() if not moved & scene.selection else NO_LINES, "active")
        self._show_handles()
        outline = next((each for each in preview if isinstance(each, Outline)), None)
        over = outline if outline is not None and type(outline.view) is SpaceView else None
        self._views.show_outline(over.side if over else None, over.corners if over else ())
        self._drafts.look()
        self.previewed.emit(preview)

    def _frusta(self, preview: tuple[object, ...]) -> list[LineSet]:
        """What boxes that are being drawn or pinned on a picture show of the scene."""
        sight = self._sight
        if sight is None or sight.camera is None:
            return []
        boxes = [each for each in preview if isinstance(each, Box) and each.stream == sight.camera.stream]
        return [frustum_lines(sight, each.xyxy) for each in boxes]

    def _show_handles(self) -> None:
        """Of the one selected cuboid or line, while nothing of it is in the hand."""
        scene = self._bench.scene
        if scene is None or self.tool is not self._select or self.tool.preview():
            self._views.show_grips(None, None)
            return
        if (line := scene.selected_line()) is not None:
            self._views.show_vertices(line.points, self._hot_vertex)
            return
        keys = scene.movable()
        self._views.show_grips(scene.placement(keys[0]) if len(keys) == 1 else None, self._hot)


def _here(scene: SpaceScene, line: PlacedLine) -> PlacedLine | None:
    """A line that is being drawn stays on its place of the ground while frames are stepped through."""
    is_new = line.shape.id not in scene.document
    return scene.lanes.placed(line.shape, scene.frame) if is_new else line
