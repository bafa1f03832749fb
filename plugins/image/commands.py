"""What a person can do in the image editor, declared once: keys, menus, palette and hint bar follow.

`run` gets the open editor. Keys reach the editor while its picture has the focus; a page that offers the
commands in menus and the palette calls `editor.run(command.name)`.
"""

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import Editor


def _command(name: str, title: str, *keys: str, menu: str = "Edit", help: str = "") -> Command:
    def run(editor: Editor) -> bool:
        return editor.run(name)

    return Command(name, title, run, keys=keys, menu=menu, scope="image", help=help)


COMMANDS: tuple[Command, ...] = (
    _command("image.tool.select", "Select and move", "V", menu="Tools", help="Move and resize objects."),
    _command("image.tool.box", "Draw box", "B", menu="Tools", help="Drag, or click two corners."),
    _command("image.tool.polygon", "Draw polygon", "P", menu="Tools", help="Click points, Enter ends."),
    _command(
        "image.keyboard",
        "Draw with the keyboard",
        "K",
        menu="Tools",
        help="Arrows move the cross (Shift 10, Ctrl 50 pixels), Enter sets a corner.",
    ),
    _command("image.finish", "Finish or confirm", "Return", menu="Tools"),
    _command("image.cancel", "Cancel the gesture", "Esc", menu="Tools"),
    _command("image.back", "Take back the last point", "Backspace", menu="Tools"),
    _command("image.delete", "Delete", "Del"),
    _command("image.duplicate", "Duplicate", "Ctrl+D"),
    _command("image.copy", "Copy", "Ctrl+C", menu="Edit"),
    _command("image.paste", "Paste", "Ctrl+V", menu="Edit", help="Works on the next picture as well."),
    _command("image.select_all", "Select all", "Ctrl+A", menu="Edit"),
    _command("image.next", "Next object", "N", help="Goes through the objects, each shown close up."),
    _command("image.previous", "Previous object", "Shift+N"),
    _command("image.under", "Next object under the cursor", "Tab"),
    _command("image.front", "Bring to front", "Ctrl+]", "Ctrl+Shift+Up"),
    _command("image.back_most", "Send to back", "Ctrl+[", "Ctrl+Shift+Down"),
    _command("image.hide", "Hide or show", "H"),
    _command("image.lock", "Lock or unlock", "L"),
    _command("image.remark", "Remark", "R", help="Pinned to the object, or to the place under the cursor."),
    _command("image.accept", "Accept prediction", "A", menu="Tools"),
    _command("image.accept_all", "Accept all shown predictions", "Shift+A", menu="Tools"),
    _command("image.fit", "Fit to window", "F", menu="View"),
    _command("image.actual", "Actual size", "Ctrl+1", menu="View"),
    _command("image.closer", "Zoom in", "+", "=", menu="View"),
    _command("image.farther", "Zoom out", "-", menu="View"),
    _command("image.to_selection", "Zoom to selection", "Z", menu="View"),
    _command("image.crosshair", "Crosshair", "X", menu="View"),
    _command("image.letters", "Class letters", "T", menu="View"),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}

# The hint bar shows these, in this order; the others stand in the menus and on the help page.
HINTS: dict[str, tuple[str, ...]] = {
    "select": ("image.tool.box", "image.tool.polygon", "image.next", "image.delete", "image.duplicate",
               "image.remark", "image.accept", "image.fit"),
    "box": ("image.keyboard", "image.cancel", "image.tool.select", "image.tool.polygon", "image.fit"),
    "polygon": ("image.finish", "image.back", "image.cancel", "image.tool.select", "image.fit"),
}  # fmt: skip
