"""`atelier bench`: run the declared benches, or those that are named, and print what they found."""

import importlib
import os
import pkgutil

import tests.bench
from studio.cli import frame
from studio.cli.screen import own_screen
from studio.domain.errors import AtelierError
from tests.bench.harness import Figure, benches, figure

SCREEN = (3200, 1000)  # pixels


def run(argv: list[str]) -> int:
    """Print every figure as it comes; under --json one object `{name: {ours, reference, ratio, load, …}}`."""
    parser = frame.Parser("bench", "Print measured ratios: ours and the reference, by turns in one run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="P1, P2, …; all of them where none is named")
    given = parser.parse_args(argv)
    for module in pkgutil.iter_modules(tests.bench.__path__):
        if not module.name.startswith("test_"):
            importlib.import_module(f"tests.bench.{module.name}")
    declared = benches()
    unknown = sorted(set(given.names) - set(declared))
    if unknown:
        raise AtelierError(
            "bench.unknown",
            f"There is no bench of that name: {', '.join(unknown)}.",
            hint=f"There are {', '.join(declared)}.",
        )
    chosen = given.names or list(declared)
    found: dict[str, Figure] = {}
    # never on the person's own display: two windows have to be side by side, and nothing else may cover them
    with own_screen(SCREEN) as screen:
        os.environ |= screen.environment()
        for name in chosen:
            found[name] = figure(declared[name])
            if not given.json:
                print(_line(name, found[name]), flush=True)
    frame.answer(found, as_json=given.json)
    return frame.DONE


def _line(name: str, figure: Figure) -> str:
    sides = f"ours {figure.ours:10.3f} ms  reference {figure.reference:10.3f} ms  {figure.ratio:8.2f}x"
    state = "met   " if figure.met else "MISSED"
    note = f"  ({figure.note})" if figure.note else ""
    return (
        f"{name:<4} {state} {sides}  p95 {figure.p95:8.2f} ms  load {figure.load:4.1f}  "
        f"[{figure.target}]  {figure.title}{note}"
    )
