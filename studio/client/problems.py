"""Answers that are errors: RFC 9457 problem documents, and what stands for them when there is no answer."""

from typing import Any

import httpx
import msgspec

from studio.domain.errors import AtelierError

# to try again later, without end; nothing is lost
UNREACHABLE = frozenset(
    ("node.gone", "node.slow", "node.busy", "node.disk_full", "node.disk_failed", "store.unreachable")
)
SIGN_IN_AGAIN = frozenset(("session.missing", "session.expired", "session.wrong"))


def problem_of(response: httpx.Response) -> AtelierError:
    """The error that a response carries; its body must have been read."""
    try:
        said: dict[str, Any] = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError:
        said = {}
    code = said.get("code")
    if isinstance(code, str) and code:
        return AtelierError(
            code,
            str(said.get("title") or "The node refused this."),
            detail=str(said.get("detail") or ""),
            hint=str(said.get("hint") or ""),
        )
    if response.status_code in (502, 503, 504):
        return AtelierError(
            "node.busy",
            "The node cannot answer right now. Your work is kept here.",
            detail=f"status {response.status_code}",
            hint="It is tried again by itself.",
        )
    return AtelierError(
        "node.answer",
        "The node gave an answer that this studio does not understand.",
        detail=f"status {response.status_code} {response.headers.get('content-type', '')}",
        hint="Look into the node's log, or update the studio.",
    )


def unreachable(error: httpx.HTTPError, address: str) -> AtelierError:
    """What to say when the node could not be asked."""
    if isinstance(error, httpx.TimeoutException):
        return AtelierError(
            "node.slow",
            "The node did not answer in time. Your work is kept here.",
            detail=f"{address}: {type(error).__name__}",
            hint="It is tried again by itself.",
        )
    return AtelierError(
        "node.gone",
        "The node does not answer. Your work is kept here.",
        detail=f"{address}: {type(error).__name__}: {error}",
        hint="It is tried again by itself. Start the node, or look at the network, if this lasts.",
    )


def is_unreachable(error: AtelierError) -> bool:
    """Whether the same request may well succeed later."""
    return error.code in UNREACHABLE


def wants_sign_in(error: AtelierError) -> bool:
    """Whether the person has to sign in (again) first."""
    return error.code in SIGN_IN_AGAIN
