"""Faults of our own: the trace goes to the log, the person gets a sentence."""

import faulthandler
import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from studio.domain.errors import AtelierError

LOG = logging.getLogger("atelier.studio")
_LONGEST_CRASH = 200_000  # characters


def open_log(folder: Path) -> Path:
    """Send what is logged to `studio.log` in `folder` (five files of 1 MB); returns its path."""
    path = folder / "studio.log"
    handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=4, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("atelier")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return path


class CrashLog:
    """Writes the stacks of all threads to `crash.log` in `folder` when native code brings the process down.

    Kept open as long as the process is to be watched. `earlier` is what an earlier run left; it goes to the
    log, so that one file holds all that is to be reported.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "crash.log").open("a+", encoding="utf-8", errors="replace")
        self._file.seek(0)
        self.earlier = self._file.read(_LONGEST_CRASH).strip()
        if self.earlier:
            LOG.error("an earlier run was brought down:\n%s", self.earlier)
            self._file.truncate(0)
        faulthandler.enable(self._file)

    def close(self) -> None:
        """Watch no longer."""
        faulthandler.disable()
        self._file.close()


def explain(fault: BaseException) -> AtelierError:
    """Log a fault with its trace and name it for the person."""
    LOG.error("fault", exc_info=(type(fault), fault, fault.__traceback__))
    return AtelierError(
        "studio.fault",
        "Something in the studio went wrong. What is shown as kept or saved is safe.",
        detail=f"{type(fault).__name__}; the details are in the studio's log.",
        hint="Try it again; if it happens again, report it with the log file (Help, Show the log).",
    )


def catch_all(show: Callable[[AtelierError], None]) -> None:
    """Make whatever nobody caught in a slot a log entry and a notification; in a thread, a log entry."""

    def hook(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, fault, trace)
            return
        error = fault if isinstance(fault, AtelierError) else explain(fault.with_traceback(trace))
        show(error)

    def thread_hook(given: threading.ExceptHookArgs) -> None:
        # a thread of a library's or ours that ended: not the person's doing, so it is for the log alone
        if given.exc_value is not None:
            LOG.error("fault in thread %s", given.thread, exc_info=given.exc_value)

    sys.excepthook = hook
    threading.excepthook = thread_hook
