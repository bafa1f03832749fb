"""Which HTTP status an error code travels with."""

_BY_CODE = {
    "access.missing": 404,
    "access.refused": 403,
    "suite.sealed": 403,
    "session.missing": 401,
    "session.expired": 401,
    "session.wrong": 401,
    "session.locked": 429,
    "session.read_only": 403,
    "node.disk_full": 507,
    "node.disk_failed": 507,
    "node.fault": 500,
    "store.unreachable": 503,
    "seal.broken": 500,
    "item.erased": 410,
    "wire.too_large": 413,
}
_BY_PROBLEM = {
    "missing": 404,
    "unknown": 404,
    "stale": 409,
    "lost": 409,
    "held": 409,
    "taken": 409,
    "too_large": 413,
    "disk_full": 507,
}
_OTHER = 422


def status_of(code: str) -> int:
    """The status of `code`: its own, its problem's (the part after the dot), or 422; 400 for bad bytes."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    thing, _, problem = code.partition(".")
    if thing == "wire":
        return 400
    return _BY_PROBLEM.get(problem, _OTHER)
