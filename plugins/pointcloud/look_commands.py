"""What the panel of looks, keys and menus do with saved views, slab, crop box and points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from msgspec.structs import replace
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QMenu

from plugins.pointcloud import saved_views
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.look_panel import LookPanel
from plugins.pointcloud.saved_views import SETTING, SavedView
from plugins.pointcloud.view_commands import ViewCommands
from plugins.pointcloud.views import Views
from widgets.cloud.drawn import Mode

MARGIN_PX = 12
KEYS = 9  # saved views that have a key


class LookCommands(QObject):
    """Keeps the panel in step with the scene's look; `table` is what the editor runs by name."""

    def __init__(self, bench: SpaceBench, views: Views, looks: ViewCommands, panel: LookPanel) -> None:
        super().__init__(panel)
        self._bench = bench
        self._views = views
        self._looks = looks
        self.panel = panel
        self.saved: tuple[SavedView, ...] = ()
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.display": self.turn_panel,
            "pointcloud.view_save": self.ask_and_save,
            **{f"pointcloud.view_{n + 1}": partial(self.recall_number, n) for n in range(KEYS)},
        }
        panel.mode_wanted.connect(lambda mode: looks.colour_by(cast(Mode, mode)))
        panel.size_wanted.connect(looks.set_point_size)
        panel.slab_wanted.connect(looks.set_slab)
        panel.dim_wanted.connect(looks.set_dim)
        panel.crop_wanted.connect(self._crop)
        panel.view_wanted.connect(self.recall)
        panel.save_wanted.connect(self.ask_and_save)
        panel.removal_wanted.connect(self.remove)
        views.scene.points_changed.connect(self.refresh)

    def open(self) -> None:
        """Another item, maybe of another project: its own views."""
        self.saved = saved_views.decoded(self._bench.host.setting(SETTING))
        self.panel.show_views(each.name for each in self.saved)
        self.refresh()

    def refresh(self) -> None:
        """The look or the points are others."""
        scene = self._views.scene
        self.panel.show_look(scene.look, self._looks.modes(), scene.ground_z, self._looks.crop)

    def turn_panel(self) -> bool:
        """Show the panel over the side of the views, or hide it."""
        if self.panel.isVisible():
            self.panel.hide()
            return True
        self.panel.adjustSize()
        corner = self._views.mapToGlobal(self._views.rect().topRight())
        self.panel.move(corner.x() - self.panel.width() - MARGIN_PX, corner.y() + MARGIN_PX)
        self.panel.show()
        self.panel.activateWindow()
        return True

    # Saved views

    def ask_and_save(self) -> bool:
        """Keep what is seen now under a name that is asked for."""
        proposed = f"View {len(self.saved) + 1}"
        name, given = QInputDialog.getText(self.panel, "Save this view", "Name of the view", text=proposed)
        return given and self.save(name)

    def save(self, name: str) -> bool:
        """Keep what is seen now; an earlier view of the name is replaced."""
        if not name.strip():
            return False
        poses = {view.side: view.view for view in self._views.all}
        self._keep(saved_views.with_view(self.saved, saved_views.saved(name, poses, self._views.scene.look)))
        number = [each.name for each in self.saved].index(name.strip()) + 1
        key = f": Ctrl+{number} shows it again" if number <= KEYS else ""
        self._bench.host.say(f"“{name.strip()}” is kept{key}.")
        return True

    def remove(self, name: str) -> None:
        self._keep(saved_views.without_view(self.saved, name))

    def recall(self, name: str) -> bool:
        """Look as a saved view does. Side and front stay with a selected cuboid."""
        found = next((each for each in self.saved if each.name == name), None)
        if found is None:
            return False
        look = saved_views.looked_at(found, self._views.scene.look)
        if look.mode not in self._looks.modes():
            look = replace(look, mode=self._views.scene.look.mode)
        self._looks.show_look(look)
        self._views.show_poses(found.poses)
        return True

    def recall_number(self, number: int) -> bool:
        if number < len(self.saved):
            return self.recall(self.saved[number].name)
        self._bench.host.say("No view is kept under this key: Ctrl+Shift+V keeps one.")
        return False

    def fill_menu(self, menu: QMenu) -> None:
        """What the menu of a right click over a view offers of this."""
        menu.addAction("Display\tCtrl+J", self.turn_panel)
        menu.addSeparator()
        for number, view in enumerate(self.saved, 1):
            key = f"\tCtrl+{number}" if number <= KEYS else ""
            menu.addAction(view.name + key, partial(self.recall, view.name))
        menu.addAction("Save this view…\tCtrl+Shift+V", self.ask_and_save)

    def _keep(self, views: tuple[SavedView, ...]) -> None:
        self.saved = views
        self._bench.host.keep_setting(SETTING, saved_views.encoded(views))
        self.panel.show_views(each.name for each in views)

    def _crop(self, way: str) -> None:
        self._looks.crop_to(way)
        self.refresh()  # also where it could not be: the panel shows what is
