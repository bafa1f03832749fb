"""The one type of error, everywhere: on the node, on the wire, in the window and in the CLI."""

from typing import Any


class AtelierError(Exception):
    """What went wrong, said to the person whose work it is.

    `code` is `thing.problem` and stands in `error_codes.CODES`. `message` says what happened and whether
    the work is safe, `hint` the way out, `detail` what a log or a support person needs (never content).
    """

    def __init__(self, code: str, message: str, detail: str = "", hint: str = "") -> None:
        super().__init__(code, message, detail, hint)
        self.code = code
        self.message = message
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.hint) if part)

    def as_problem(self, status: int) -> dict[str, Any]:
        """This error as an RFC 9457 problem document."""
        return {
            "type": f"urn:atelier:error:{self.code}",
            "title": self.message,
            "status": status,
            "detail": self.detail,
            "hint": self.hint,
            "code": self.code,
        }
