"""Tracking groups beside the views: a tree, and what is done with it and with what is selected."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QLabel, QToolButton, QVBoxLayout, QWidget

from plugins.pointcloud import group_changes
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.commands import BY_NAME
from plugins.pointcloud.track_colours import TrackColours
from studio.domain import groups
from studio.domain.edit import Edit, change
from studio.domain.entities import Group, Member, Track
from studio.domain.groups import GroupIndex
from studio.domain.ids import EntityId, GroupId
from studio.domain.ontology import AttributeType
from studio.domain.states import keyed, state_at
from studio.domain.values import Value, with_attribute
from widgets.form import Form
from widgets.form_fields import fields_of_attributes
from widgets.group_tree import GroupRow, GroupTree, LazyRows

BUTTONS = ("group", "group_add", "group_out", "group_role")
UNNAMED_CLASS = "group"
BESIDE_M = 4.0  # to the right of a group its copy is put
TURN = math.radians(5)


class GroupPanel(QWidget):
    """The tree with its buttons. Reports nothing by itself: `GroupCommands` listens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = GroupTree()
        self.buttons: dict[str, QToolButton] = {}
        across = QHBoxLayout()
        across.setSpacing(4)
        for name in BUTTONS:
            command = BY_NAME[f"pointcloud.{name}"]
            button = QToolButton()
            button.setText(command.title.split()[0])
            button.setAccessibleName(command.title)
            button.setToolTip(f"{command.title} ({command.keys[0]}). {command.help}")
            self.buttons[command.name] = button
            across.addWidget(button)
        across.addStretch()
        self.asked = QLabel()
        self.form = Form()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.asked)
        layout.addWidget(self.form)
        layout.addLayout(across)
        self.show_form("")

    def show_form(self, title: str) -> None:
        """Head what is asked of the chosen group; an empty title hides it."""
        self.asked.setText(title)
        self.asked.setVisible(bool(title))
        self.form.setVisible(bool(title))


class GroupCommands(QObject):
    """`table` is what the editor runs by name. The index follows the document."""

    def __init__(self, bench: SpaceBench, panel: GroupPanel, recoloured: Callable[[], None]) -> None:
        """recoloured: tracks are drawn in other colours from now on."""
        super().__init__(panel)
        self._recoloured = recoloured
        self._bench = bench
        self.panel = panel
        self.index: GroupIndex | None = None
        self.generation = 0  # grows when groups or their members have changed
        self.colours = TrackColours()
        panel.tree.chosen.connect(self._chosen)
        panel.form.changed.connect(self.answer)
        for name, button in panel.buttons.items():
            button.clicked.connect(partial(self._run, name))
        self.table: dict[str, Callable[[], bool]] = {
            "pointcloud.group": self.group,
            "pointcloud.group_add": self.add,
            "pointcloud.group_out": self.take_out,
            "pointcloud.group_role": self.set_role,
            "pointcloud.group_dissolve": self.dissolve,
            "pointcloud.group_select": self.select,
            "pointcloud.group_copy": self.copy,
            "pointcloud.group_turn_left": partial(self.turn, TURN),
            "pointcloud.group_turn_right": partial(self.turn, -TURN),
            "pointcloud.tracks_colour": self.turn_colours,
        }

    def _run(self, name: str) -> None:
        if self._bench.scene is not None:
            self.table[name]()

    def open(self) -> None:
        """Another item, or none."""
        scene = self._bench.scene
        self.index = GroupIndex(scene.document) if scene is not None else None
        self.generation += 1
        self.colours.open(self.index)
        if scene is not None:
            scene.colours = self.colours
        self._show()

    def refresh(self, ids: frozenset[EntityId]) -> None:
        """Entities that were made, changed or removed."""
        if self.index is not None and self.index.refresh(ids):
            self.generation += 1
            self._show()
        else:
            self.show_answers()  # a state of a group is no part of the index

    # Showing

    def _show(self) -> None:
        index = self.index
        roots = index.roots() if index is not None else []
        self.panel.tree.set_rows(LazyRows(roots, self._row), self._children)
        self.show_answers()

    def _row(self, group: Group, member: str = "", role: str = "") -> GroupRow:
        assert self.index is not None
        count = self.index.count(group.id)
        title = group.name or self._class_title(group.class_name)
        detail = ", ".join(part for part in (role, f"{count:,}") if part)
        color = self.colours.of_group(group.id) or ""
        return GroupRow(member or group.id, title, detail, group.id if member else "", bool(count), color)

    def _children(self, key: str) -> Sequence[GroupRow]:
        index = self.index
        if index is None:
            return ()
        return LazyRows(index.members(GroupId(key)), self._member_row)

    def _member_row(self, member: Member) -> GroupRow:
        assert self.index is not None
        inner = self.index.group(GroupId(member.entity))
        role = member.role + (" at times" if member.intervals else "")
        if inner is not None:
            return self._row(inner, member.id, role)
        return GroupRow(member.id, self._title(member.entity), role, member.entity)

    def _title(self, key: EntityId) -> str:
        scene = self._bench.scene
        entity = scene.document.get(key) if scene is not None else None
        if isinstance(entity, Track) and scene is not None:
            return scene.title_of(key)
        return type(entity).__name__.lower() if entity is not None else "gone"

    def _class_title(self, name: str) -> str:
        scene = self._bench.scene
        known = next((each for each in scene.ontology.groups if each.name == name), None) if scene else None
        return (known.title or known.name) if known is not None else name

    def turn_colours(self) -> bool:
        """Tracks in the colours of their classes, of their groups, or each in its own."""
        self._bench.host.say(f"Tracks are coloured by {self.colours.next()}.")
        self._show()
        self._recoloured()
        return True

    # What is chosen in the tree

    def _groups(self) -> list[GroupId]:
        """The groups that are chosen, or that a chosen member is in."""
        index = self.index
        if index is None:
            return []
        found: dict[GroupId, None] = {}
        for row in self.panel.tree.rows():
            key = GroupId(row.target or row.key)
            if index.group(key) is not None:
                found[key] = None
            elif (member := self._member(row)) is not None:
                found[member.group] = None
        return list(found)

    def _member(self, row: GroupRow) -> Member | None:
        scene = self._bench.scene
        held = scene.document.get(EntityId(row.key)) if scene is not None else None
        return held if isinstance(held, Member) else None

    def show_selection(self) -> None:
        """Where nothing is selected any more, nothing is chosen in the tree."""
        scene = self._bench.scene
        if scene is not None and not scene.selection:
            self.panel.tree.choose_none()
            self.show_answers()

    # What is asked of a group

    def show_answers(self) -> None:
        """The attributes of the one group that is chosen, as they are at this frame."""
        scene, group = self._bench.scene, self._one_chosen()
        asked = self._asked(group) if group is not None else ()
        if scene is None or group is None or not asked:
            self.panel.show_form("")
            return
        self.panel.show_form(f"Attributes of {group.name or self._class_title(group.class_name)}")
        self.panel.form.set_fields(fields_of_attributes(asked))
        self.panel.form.set_values(dict(state_at(scene.document, group.id, self._time_ns())))
        self.panel.form.setEnabled(not self._bench.read_only)

    def answer(self, name: str, value: Value | None) -> None:
        """One attribute of the chosen group; what is asked of each frame holds from this one on."""
        scene, group = self._bench.scene, self._one_chosen()
        attribute = next((e for e in self._asked(group) if e.name == name), None) if group else None
        if scene is None or group is None or attribute is None:
            return
        edit: Edit | None
        if attribute.each_frame:
            edit = keyed(scene.document, group.id, self._time_ns(), name, value)
        else:
            new = replace(group, attributes=with_attribute(group.attributes, name, value))
            edit = change(f"Set {name}", (group, new)) if new != group else None
        self._bench.apply(edit)

    def _asked(self, group: Group) -> tuple[AttributeType, ...]:
        scene = self._bench.scene
        return scene.ontology.attributes_of_group(group.class_name) if scene is not None else ()

    def _one_chosen(self) -> Group | None:
        found = self._groups()
        return self.index.group(found[0]) if self.index is not None and len(found) == 1 else None

    def _time_ns(self) -> int:
        scene = self._bench.scene
        assert scene is not None
        return scene.index.timeline.time_ns(scene.frame)

    def _chosen(self, rows: list[GroupRow]) -> None:
        """What is chosen in the tree is selected in the views: of a group all that is in it."""
        index, scene = self.index, self._bench.scene
        if index is None or scene is None:
            return
        keys: set[EntityId] = set()
        for row in rows:
            key = row.target or row.key
            if index.group(GroupId(key)) is not None:
                keys |= set(index.closure(GroupId(key)))
            else:
                keys.add(EntityId(key))
        if keys:
            self._bench.select(scene.tracks_of(keys))
        self.show_answers()

    # Commands

    def _selected(self) -> list[EntityId]:
        scene = self._bench.scene
        return sorted(scene.selection) if scene is not None else []

    def group(self) -> bool:
        """What is selected as a new group; of which class is asked where the template has several.

        Each gets the role that its class alone decides.
        """
        scene, keys = self._bench.scene, self._selected()
        if scene is None or not keys:
            self._bench.host.say("Select what belongs together.")
            return False
        names = [each.name for each in scene.ontology.groups] or [UNNAMED_CLASS]
        name = names[0]
        if len(names) > 1:
            name, given = QInputDialog.getItem(self.panel, "Group", "Kind of group", names, 0, False)
            if not given:
                return False
        known = next((each for each in scene.ontology.groups if each.name == name), None)
        offered = known.roles if known is not None else ()
        roles = {}
        for key in keys:
            fitting = [each.name for each in offered if scene.class_of(key) in each.classes]
            if len(fitting) == 1:
                roles[key] = fitting[0]
        return self._bench.apply(groups.grouped(name, keys, roles=roles))

    def add(self) -> bool:
        """What is selected into the group that is chosen in the tree."""
        scene, chosen = self._bench.scene, self._groups()
        if scene is None or len(chosen) != 1 or not self._selected():
            self._bench.host.say("Choose one group in the tree, and select what is to join it.")
            return False
        return self._bench.apply(groups.joined(scene.document, chosen[0], self._selected()))

    def take_out(self) -> bool:
        """The members that are chosen in the tree out of their group; else what is selected, out of all."""
        scene, index = self._bench.scene, self.index
        if scene is None or index is None:
            return False
        rows = [member.id for row in self.panel.tree.rows() if (member := self._member(row)) is not None]
        if not rows:
            rows = [member.id for key in self._selected() for member in index.memberships(key)]
        return self._bench.apply(groups.parted_members(scene.document, rows))

    def set_role(self) -> bool:
        """The role of the members that are chosen, or of what is selected."""
        scene, index = self._bench.scene, self.index
        if scene is None or index is None:
            return False
        members = [member for row in self.panel.tree.rows() if (member := self._member(row)) is not None]
        members = members or [member for key in self._selected() for member in index.memberships(key)]
        if not members:
            self._bench.host.say("Choose a member in the tree.")
            return False
        group = index.group(members[0].group)
        known = next((e for e in scene.ontology.groups if group and e.name == group.class_name), None)
        roles = [each.name for each in known.roles] if known is not None else []
        role, given = QInputDialog.getItem(self.panel, "Role", "Role in the group", ["", *roles], 0, True)
        if not given:
            return False
        return self._bench.apply(groups.with_role(scene.document, [each.id for each in members], role))

    def dissolve(self) -> bool:
        """The groups that are chosen are none any more; their members stay."""
        scene = self._bench.scene
        return scene is not None and self._bench.apply(groups.dissolved(scene.document, self._groups()))

    def copy(self) -> bool:
        """The group as it stands at this frame once more, beside it; the copy is selected."""
        scene, index, group = self._bench.scene, self.index, self._meant()
        if scene is None or index is None or group is None:
            return False
        by = group_changes.about((0.0, 0.0, 0.0), shift=(0.0, -BESIDE_M, 0.0))
        edit = group_changes.copied(scene.index, index, group, scene.frame, by)
        if edit is None:
            self._bench.host.say("Nothing of this group is seen at this frame.")
            return False
        if not self._bench.apply(edit):
            return False
        self._bench.select(frozenset(key for key, (_, new) in edit.changes.items() if isinstance(new, Track)))
        return True

    def turn(self, yaw: float) -> bool:
        """All of the group at this frame about its middle, as one body."""
        scene, index, group = self._bench.scene, self.index, self._meant()
        if scene is None or index is None or group is None:
            return False
        tracks = group_changes.tracks_in(scene.index, index, group, scene.frame)
        by = group_changes.about(group_changes.middle(scene.index, tracks, scene.frame), yaw)
        return self._bench.apply(group_changes.moved(scene.index, index, group, scene.frame, by))

    def _meant(self) -> GroupId | None:
        """The one group that is chosen in the tree, or that all that is selected is in; else that is said."""
        found = self._groups()
        if not found and self.index is not None:
            of_each = [set(self.index.groups_of(key)) for key in self._selected()]
            found = sorted(set.intersection(*of_each)) if of_each else []
        if len(found) != 1:
            self._bench.host.say("Choose one group in the tree.")
            return None
        return found[0]

    def select(self) -> bool:
        """Everything that is in a group with what is selected."""
        scene, index = self._bench.scene, self.index
        if scene is None or index is None:
            return False
        found = index.selected_by(group for key in self._selected() for group in index.groups_of(key))
        if not found:
            self._bench.host.say("What is selected is in no group.")
            return False
        self._bench.select(scene.selection | scene.tracks_of(found))
        return True
