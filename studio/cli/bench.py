"""`atelier bench`: hand over to the benches, which lie beside the tests and are not installed."""

import importlib
import sys
from pathlib import Path

import studio
from studio.domain.errors import AtelierError


def run(argv: list[str]) -> int:
    """Run `tests.bench.main` of the checkout that this is; raises `bench.absent` where it is none."""
    checkout = Path(studio.__file__).resolve().parents[1]
    if not (checkout / "tests" / "bench" / "main.py").is_file():
        raise AtelierError(
            "bench.absent",
            "The benches are part of the source and not of an installed Atelier.",
            hint="Clone the repository and run `make bench` in it.",
        )
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    code: int = importlib.import_module("tests.bench.main").run(argv)
    return code
