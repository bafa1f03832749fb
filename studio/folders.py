"""Where a person's files of Atelier lie on this machine. Says where; makes nothing."""

import os
import sys
from pathlib import Path


def config_folder() -> Path:
    """Settings and keys."""
    return _home("APPDATA", ("AppData", "Roaming"), "XDG_CONFIG_HOME", (".config",)) / "atelier"


def state_folder() -> Path:
    """Journals, caches and logs."""
    found = _home("LOCALAPPDATA", ("AppData", "Local"), "XDG_STATE_HOME", (".local", "state")) / "atelier"
    # on Windows state and data share a home: a workspace must not lie among journals
    return found / "studio" if sys.platform == "win32" else found


def default_workspace() -> Path:
    """The workspace of the person's own node, unless they name another."""
    home = _home("LOCALAPPDATA", ("AppData", "Local"), "XDG_DATA_HOME", (".local", "share"))
    return home / "atelier" / "workspace"


def _home(windows: str, below: tuple[str, ...], variable: str, usual: tuple[str, ...]) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or Path.home().joinpath(*below))
    return Path(os.environ.get(variable) or Path.home().joinpath(*usual))
