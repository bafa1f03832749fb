"""The node's log: one line an entry, whatever it quotes."""

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG = logging.getLogger("atelier.node")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class _OneLine(logging.Formatter):
    """Escapes what could forge a line or move a terminal's cursor: newlines, ANSI, other controls."""

    def format(self, record: logging.LogRecord) -> str:
        whole = super().format(record)
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", whole.replace("\n", "\\n"))


def write_log_to(folder: Path) -> None:
    """Write `node.log` in `folder`, at most ten files of 10 MB."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(folder / "node.log", maxBytes=10_000_000, backupCount=9, encoding="utf-8")
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("atelier", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.handlers[:] = [handler]
        logger.propagate = False
