"""The harness itself: turns, medians, and a promise that can be missed. No figure is tested here."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.harness import Bench, Samples, figure, interleaved, percentile


def test_both_sides_take_turns_and_the_warm_up_does_not_count() -> None:
    order: list[str] = []
    samples = interleaved(lambda: order.append("ours"), lambda: order.append("reference"), pairs=3, warm_up=2)
    assert order == ["ours", "reference"] * 5
    assert len(samples.ours_s) == len(samples.reference_s) == 3


def measured(ours_s: list[float], **promise: float) -> bool:
    wishes = {"at_least": None, "at_most": None, "p95_ms": None} | promise
    return figure(Bench("P0", "", lambda: Samples(ours_s, [0.010]), **wishes)).met


def test_a_gain_a_bound_and_a_slowest_turn_can_each_be_missed() -> None:
    assert measured([0.001], at_least=10)
    assert not measured([0.002], at_least=10)
    assert measured([0.010], at_most=1.05)
    assert not measured([0.011], at_most=1.05)
    assert not measured([0.001] * 9 + [0.020], at_least=5, p95_ms=16)


def test_the_95th_percentile_of_twenty_is_the_slowest() -> None:
    assert percentile([float(n) for n in range(1, 21)], 0.95) == 20.0


def test_a_name_that_is_no_bench_ends_with_2_and_lists_those_there_are(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studio", "bench", "P0", "--json"],
        cwd=root,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "bench.unknown"
