"""Where a node answers: `unix:/path`, `http://127.0.0.1:port` or `https://host:port`."""

from urllib.parse import urlsplit

from msgspec import Struct

from studio.domain.errors import AtelierError

_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class Address(Struct, frozen=True):
    """`base_url` for requests; `socket` is the path of a Unix socket, or empty."""

    text: str
    base_url: str
    socket: str = ""


def parse_address(text: str) -> Address:
    """What `text` names. Plain http is for this machine alone. Raises `address.malformed`."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path:
            raise _malformed(text, "the path of the socket is missing")
        return Address(text, "http://node", path)
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError as error:
        raise _malformed(text, str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _malformed(text, "it starts with unix:, http:// or https://")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise _malformed(text, "between machines only https:// is spoken")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(text, f"{parts.scheme}://{host}" + (f":{port}" if port else ""))


def _malformed(text: str, why: str) -> AtelierError:
    return AtelierError(
        "address.malformed",
        f"This is not the address of a node: {text!r}.",
        detail=why,
        hint="Addresses look like https://node.example:8443, http://127.0.0.1:8443 or unix:/path/node.sock.",
    )
