"""What a person can do in the point-cloud editor, declared once: keys, menus, palette and hint bar follow.

`run` gets the open editor. Keys reach the editor while one of its views has the focus, or one of the lists
beside them (`panel_keys`).
"""

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import Editor


def _command(name: str, title: str, *keys: str, menu: str = "Edit", help: str = "") -> Command:
    def run(editor: Editor) -> bool:
        return editor.run(name)

    return Command(name, title, run, keys=keys, menu=menu, scope="pointcloud", help=help)


COMMANDS: tuple[Command, ...] = (
    _command(
        "pointcloud.tool.select",
        "Select and move",
        "V",
        menu="Tools",
        help="Drag a face, or the disc to turn.",
    ),
    _command(
        "pointcloud.tool.draw",
        "Draw cuboid",
        "B",
        menu="Tools",
        help="Drag its footprint, or click two corners.",
    ),
    _command(
        "pointcloud.tool.click", "Cuboid by one click", "C", menu="Tools", help="Click a point: it is fitted."
    ),
    _command(
        "pointcloud.tool.three",
        "Cuboid by three clicks",
        "E",
        menu="Tools",
        help="Rear, front, then one side.",
    ),
    _command(
        "pointcloud.tool.box",
        "Cuboid from a box on a picture",
        "Shift+B",
        menu="Tools",
        help="Drag a box on a camera's picture, or click one that has no cuboid yet: its points are fitted.",
    ),
    _command(
        "pointcloud.lift",
        "Lift boxes into space",
        "Ctrl+E",
        menu="Tools",
        help="Boxes on this moment's pictures that have no cuboid: of what is selected, or all.",
    ),
    _command(
        "pointcloud.tool.lane",
        "Draw line on the ground",
        "Shift+L",
        menu="Tools",
        help="Lanes and kerbs point by point; back to the first point closes an area.",
    ),
    _command(
        "pointcloud.keyboard",
        "Draw with the keyboard",
        "K",
        menu="Tools",
        help="Arrows move the cross (Shift 2 m, Ctrl 10 m), Enter clicks.",
    ),
    _command("pointcloud.finish", "Finish or confirm", "Return", menu="Tools"),
    _command("pointcloud.cancel", "Cancel the gesture", "Esc", menu="Tools"),
    _command("pointcloud.back", "Take back the last point", "Backspace", menu="Tools"),
    _command("pointcloud.fit", "Fit to its points", "F", menu="Tools", help="Size and place, heading kept."),
    _command(
        "pointcloud.snap",
        "Snap a face to its points",
        "Ctrl+F",
        menu="Tools",
        help="That whose handle is pointed at; the others stay.",
    ),
    _command("pointcloud.ground", "Drop to the ground", "G", menu="Tools"),
    _command("pointcloud.flip", "Flip heading here", "J", menu="Tools"),
    _command("pointcloud.flip_all", "Flip heading in all frames", "Shift+J", menu="Tools"),
    _command("pointcloud.turn_left", "Turn left", "Q", menu="Tools", help="1 degree; Shift 15 degrees."),
    _command("pointcloud.turn_right", "Turn right", "W", menu="Tools"),
    _command("pointcloud.turn_far_left", "Turn left by 15 degrees", "Shift+Q", menu="Tools"),
    _command("pointcloud.turn_far_right", "Turn right by 15 degrees", "Shift+W", menu="Tools"),
    _command("pointcloud.up", "Higher", "Shift+PgUp", menu="Tools", help="By 5 cm."),
    _command("pointcloud.down", "Lower", "Shift+PgDown", menu="Tools"),
    _command("pointcloud.delete", "Delete here", "Del", help="The key frame; elsewhere the track stays."),
    _command("pointcloud.delete_track", "Delete in all frames", "Shift+Del"),
    _command(
        "pointcloud.unpin",
        "Compute boxes on pictures again",
        "Shift+U",
        menu="Tools",
        help="Those that were pinned with Alt, of the selection at this frame.",
    ),
    _command("pointcloud.duplicate", "Duplicate", "Ctrl+D"),
    _command("pointcloud.select_all", "Select all", "Ctrl+A"),
    _command("pointcloud.next", "Next cuboid", "N", help="Goes through the cuboids, each shown close up."),
    _command("pointcloud.previous", "Previous cuboid", "Shift+N"),
    _command("pointcloud.hide", "Hide or show", "H"),
    _command("pointcloud.lock", "Lock or unlock", "L"),
    _command("pointcloud.remark", "Remark", "R", help="Pinned to the selected cuboid at this frame."),
    _command(
        "pointcloud.propose",
        "Propose cuboids",
        "Ctrl+Shift+A",
        menu="Tools",
        help="By geometry alone, from this frame on: no model is needed.",
    ),
    _command("pointcloud.accept", "Accept prediction", "A", menu="Tools"),
    _command("pointcloud.accept_all", "Accept all shown predictions", "Shift+A", menu="Tools"),
    _command("pointcloud.key_frame", "Make key frame here", "I", menu="Sequence"),
    _command("pointcloud.end_here", "End track here, or go on", "X", menu="Sequence"),
    _command(
        "pointcloud.fit_next",
        "Fit at the next frame",
        "Shift+F",
        menu="Sequence",
        help="Predicted by its motion, then laid over its points there.",
    ),
    _command("pointcloud.propagate", "Propagate forwards", "P", menu="Sequence", help="By its motion."),
    _command("pointcloud.propagate_back", "Propagate backwards", "Shift+P", menu="Sequence"),
    _command("pointcloud.merge", "Merge two tracks", "M", menu="Sequence"),
    _command("pointcloud.split", "Split the track here", "Shift+X", menu="Sequence"),
    _command(
        "pointcloud.go_on",
        "Go on from the clip before",
        "Shift+I",
        menu="Sequence",
        help="What is selected is what headed there; without a selection, all that it ends with begins.",
    ),
    _command("pointcloud.frame_next", "Next frame", ".", "D", menu="Sequence"),
    _command("pointcloud.frame_previous", "Previous frame", ",", "S", menu="Sequence"),
    _command("pointcloud.play", "Play or pause", "Shift+Space", menu="Sequence"),
    _command("pointcloud.key_next", "Next key frame", "Shift+.", menu="Sequence"),
    _command("pointcloud.key_previous", "Previous key frame", "Shift+,", menu="Sequence"),
    _command("pointcloud.group", "Group the selection", "Ctrl+G", menu="Groups"),
    _command(
        "pointcloud.group_add",
        "Add to the chosen group",
        "Ctrl+Shift+G",
        menu="Groups",
        help="Chosen in the tree.",
    ),
    _command("pointcloud.group_out", "Out of the group", "Ctrl+Shift+U", menu="Groups"),
    _command("pointcloud.group_role", "Role in the group", "Ctrl+R", menu="Groups"),
    _command("pointcloud.group_dissolve", "Dissolve the chosen groups", "Ctrl+Shift+D", menu="Groups"),
    _command("pointcloud.group_select", "Select the whole group", "Shift+G", menu="Groups"),
    _command("pointcloud.whole", "Show everything", "Home", menu="View"),
    _command("pointcloud.to_selection", "Show the selection", "Z", menu="View"),
    _command("pointcloud.colour", "Next colouring", "Shift+C", menu="View"),
    _command(
        "pointcloud.points_on_pictures",
        "Points on the pictures",
        "Ctrl+B",
        menu="View",
        help="By their depth: where they do not lie on what they are of, the calibration is off.",
    ),
    _command(
        "pointcloud.colours_of_pictures",
        "Colour points from the pictures",
        "Ctrl+Shift+C",
        menu="View",
        help="Grey where no camera looks.",
    ),
    _command("pointcloud.around", "Sweeps around, too", "U", menu="View", help="None, 2, 5 or 10 each way."),
    _command("pointcloud.focus", "The selection alone", "Shift+Z", menu="View", help="Or everything again."),
    _command("pointcloud.ceiling", "Hide what is high", "Ctrl+H", menu="View", help="3 m above the ground."),
    _command("pointcloud.paths", "Ways of tracks", "Ctrl+T", menu="View", help="From above, in the world."),
    _command(
        "pointcloud.crop_top", "The top view's part alone", menu="View", help="A crop box for all views."
    ),
    _command(
        "pointcloud.display",
        "Display: points, layers, saved views",
        "Ctrl+J",
        menu="View",
        help="A small window with all that is not in the keys.",
    ),
    _command(
        "pointcloud.view_save",
        "Save this view…",
        "Ctrl+Shift+V",
        menu="View",
        help="Its place, slab, crop box and colouring, under a name.",
    ),
    *(
        _command(f"pointcloud.view_{number}", f"Saved view {number}", f"Ctrl+{number}", menu="")
        for number in range(1, 10)
    ),
    _command(
        "pointcloud.tear_off",
        "View in a window of its own, or home",
        "Ctrl+Shift+W",
        menu="View",
        help="The view or picture that is pointed at, or has the keys.",
    ),
    _command("pointcloud.all_home", "Bring all views home", menu="View"),
    _command(
        "pointcloud.ghosts",
        "Ghosts of the clips beside",
        "Shift+T",
        menu="View",
        help="The last frames of the clip before and the first of the one after, near the edges.",
    ),
    _command("pointcloud.larger_points", "Larger points", "]", menu="View"),
    _command("pointcloud.smaller_points", "Smaller points", "[", menu="View"),
    _command("pointcloud.names", "Names of cuboids", "T", menu="View"),
    _command("pointcloud.yaw_only", "Turn about the upright axis alone", "Y", menu="View"),
    _command("pointcloud.one_size", "One size a track", "O", menu="View"),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}

# The hint bar shows these, in this order; the others stand in the menus and on the help page.
HINTS: dict[str, tuple[str, ...]] = {
    "select": ("pointcloud.tool.draw", "pointcloud.tool.click", "pointcloud.fit", "pointcloud.ground",
               "pointcloud.flip", "pointcloud.frame_next", "pointcloud.delete", "pointcloud.to_selection"),
    "draw": ("pointcloud.keyboard", "pointcloud.cancel", "pointcloud.tool.select", "pointcloud.tool.click"),
    "click": ("pointcloud.keyboard", "pointcloud.tool.select", "pointcloud.tool.draw", "pointcloud.fit"),
    "box": ("pointcloud.lift", "pointcloud.cancel", "pointcloud.tool.select", "pointcloud.tool.click",
            "pointcloud.fit"),
    "lane": ("pointcloud.finish", "pointcloud.back", "pointcloud.keyboard", "pointcloud.cancel",
             "pointcloud.tool.select"),
    "three": ("pointcloud.back", "pointcloud.cancel", "pointcloud.tool.select", "pointcloud.tool.draw"),
}  # fmt: skip
