"""Which plug-ins are installed, and can each be loaded?"""

from importlib.metadata import entry_points

from studio.cli.checks.row import Row


def installed() -> Row:
    """Every entry point of the group `atelier.plugins` is loaded."""
    names, broken = [], []
    for entry in entry_points(group="atelier.plugins"):
        try:
            entry.load()
        except Exception as fault:  # noqa: BLE001  a plug-in is somebody else's code and may raise anything
            broken.append(f"{entry.name} ({type(fault).__name__}: {fault})")
        else:
            names.append(entry.name)
    if broken:
        return Row(
            "plug-ins",
            "bad",
            f"Cannot be loaded: {', '.join(broken)}. What they made is shown as outlines.",
            "Update or remove the packages that bring them.",
        )
    if not names:
        return Row(
            "plug-ins", "bad", "None is installed, not even our own.", "Install Atelier anew: `make setup`."
        )
    return Row("plug-ins", "ok", f"Installed: {', '.join(sorted(names))}.")
