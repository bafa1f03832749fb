"""How a figure is measured: both sides in turn, medians, and the machine's load beside them.

A bench is a function that returns `Samples`, declared with `@bench`. Absolute times mean little on a shared
machine; ratios of two sides that took turns do.
"""

import gc
import os
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

PAIRS = 9


class Samples(NamedTuple):
    """Seconds of each turn, ours and the reference's; `note` says what else was seen."""

    ours_s: list[float]
    reference_s: list[float]
    note: str = ""


class Bench(NamedTuple):
    """One promise: `at_least` so many times faster, or `at_most` so many times the cost; never both."""

    name: str  # "P1" as the list of budgets has it, "P1-pan" for a second promise under that number
    title: str
    measure: Callable[[], Samples]
    at_least: float | None
    at_most: float | None
    p95_ms: float | None  # the slowest that one turn in twenty of ours may be

    @property
    def target(self) -> str:
        """The promise in words."""
        ratio = f">= {self.at_least:g}x faster" if self.at_least else f"<= {self.at_most:g}x the cost"
        return f"{ratio} and p95 <= {self.p95_ms:g} ms" if self.p95_ms else ratio


class Figure(msgspec.Struct, frozen=True):
    """What a bench found. `ours` and `reference` are medians in milliseconds."""

    title: str
    ours: float
    reference: float
    ratio: float  # reference / ours where the promise is "at least", ours / reference where it is "at most"
    p95: float  # of ours, milliseconds
    load: float  # the machine's load average, one minute
    target: str
    met: bool
    note: str = ""


_registered: dict[str, Bench] = {}


def bench(
    name: str,
    title: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    p95_ms: float | None = None,
) -> Callable[[Callable[[], Samples]], Callable[[], Samples]]:
    """Declare a bench by its name and its promise."""
    assert (at_least is None) != (at_most is None), "a bench promises either a gain or a bound"

    def declare(measure: Callable[[], Samples]) -> Callable[[], Samples]:
        assert name not in _registered, f"{name} is declared twice"
        _registered[name] = Bench(name, title, measure, at_least, at_most, p95_ms)
        return measure

    return declare


def benches() -> dict[str, Bench]:
    """Every declared bench by name, in the order of the numbers."""

    def place(name: str) -> tuple[int, str]:
        number, _, part = name.removeprefix("P").partition("-")
        return int(number), part

    return {name: _registered[name] for name in sorted(_registered, key=place)}


def interleaved(
    ours: Callable[[], object],
    reference: Callable[[], object],
    *,
    pairs: int = PAIRS,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Samples:
    """Time both by turns, so that other work on the machine falls on both alike.

    `clock` is `time.process_time` where CPU seconds are what counts.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(warm_up + pairs):
        for side, work in zip(taken, (ours, reference), strict=True):
            gc.collect()
            started = clock()
            work()
            if turn >= warm_up:
                side.append(clock() - started)
    return Samples(*taken)


def figure(declared: Bench) -> Figure:
    """Run one bench and compare what it found with what it promises."""
    samples = declared.measure()
    ours, reference = statistics.median(samples.ours_s), statistics.median(samples.reference_s)
    ratio = reference / ours if declared.at_least else ours / reference
    p95_ms = percentile(samples.ours_s, 0.95) * 1000
    met = ratio >= declared.at_least if declared.at_least else ratio <= (declared.at_most or 0.0)
    return Figure(
        title=declared.title,
        ours=round(ours * 1000, 4),
        reference=round(reference * 1000, 4),
        ratio=round(ratio, 3),
        p95=round(p95_ms, 3),
        load=round(os.getloadavg()[0], 2),
        target=declared.target,
        met=met and (declared.p95_ms is None or p95_ms <= declared.p95_ms),
        note=samples.note,
    )


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie, by nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
