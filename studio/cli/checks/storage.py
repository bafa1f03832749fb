"""Is there room, and how long does it take until a byte is truly on disk?"""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from studio.cli.checks.row import Row

_GIB = 1 << 30
_SCARCE_BYTES = 10 * _GIB
_TOO_LITTLE_BYTES = 1 * _GIB
_SLOW_MS = 50.0
_TRIALS = 15


def nearest_existing(folder: Path) -> Path:
    """`folder`, or the nearest folder above it that exists."""
    while not folder.is_dir():
        folder = folder.parent
    return folder


def room(workspace: Path) -> Row:
    """Free space where the workspace lies or will lie."""
    place = nearest_existing(workspace)
    free = shutil.disk_usage(place).free
    says = f"{free / _GIB:.1f} GiB are free at {place}."
    if free < _TOO_LITTLE_BYTES:
        return Row(
            "disk", "bad", f"{says} Saves will be refused soon.", "Free some space, or move the workspace."
        )
    if free < _SCARCE_BYTES:
        return Row("disk", "warn", f"{says} An import or a training run may not fit.", "Free some space.")
    return Row("disk", "ok", says)


def durability(workspace: Path) -> Row:
    """Small writes, each forced to disk, as a save does; the median of 15."""
    place = nearest_existing(workspace)
    taken_ms = []
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            for _ in range(_TRIALS):
                started = time.perf_counter()
                file.write(b"\0" * 512)
                file.flush()
                os.fsync(file.fileno())
                taken_ms.append((time.perf_counter() - started) * 1000)
    except OSError as refused:
        return Row(
            "fsync",
            "bad",
            f"Nothing can be written to {place}: {refused.strerror}.",
            "Choose a folder that is yours, with --folder.",
        )
    middle_ms = statistics.median(taken_ms)
    says = f"A byte is truly on disk after {middle_ms:.2f} ms (median of {_TRIALS})."
    if middle_ms > _SLOW_MS:
        return Row(
            "fsync", "warn", f"{says} Saves will wait for it.", "Put the workspace on a local or faster disk."
        )
    return Row("fsync", "ok", says)
