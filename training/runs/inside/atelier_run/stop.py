"""How a run ends before its end."""


class Refused(Exception):
    """The template cannot go on; said to the person as it stands, with a way out.

    `code` is `run.problem`.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Paused(BaseException):
    """The run stops at a safe point; a checkpoint was kept. No error: only the start catches it."""


class Cancelled(BaseException):
    """The run stops at a safe point, for good."""
