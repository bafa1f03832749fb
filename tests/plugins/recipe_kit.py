"""Training templates as a closed environment loads them: by file, with `atelier_run` beside libraries."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def recipe(modality: str, name: str) -> Iterator[ModuleType]:
    """The template `name` of a plug-in; what it brought along is gone afterwards."""
    sys.path.insert(0, str(ROOT / "training" / "runs" / "inside"))
    try:
        spec = importlib.util.spec_from_file_location(
            "recipe", ROOT / "plugins" / modality / "templates" / f"{name}.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["recipe"] = module  # structs look their own module up
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.pop(0)
        for key in [
            each for each in sys.modules if each.split(".")[0] in ("recipe", "atelier_run", "atelier_wire")
        ]:
            del sys.modules[key]
