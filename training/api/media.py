"""Routes of files: pictures, what was prepared of them, the tiles that Edits name; and erasing it all."""

import re

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, StreamId
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, RawAnswer
from training.data import media as places
from training.data.media import Source
from training.work import erasure, media

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def get_media(call: Call[Empty]) -> RawAnswer:
    """A frame's own file, whole or by range, or what was prepared of it."""
    item, rendition = ItemId(call.ids["item"]), call.ids["rendition"]
    stream = StreamId(call.ids["stream"])
    frame = int(call.ids["frame"]) if call.ids["frame"].isdecimal() else -1
    if rendition == "original":
        return _file(call, media.find(call.node, item, places.original(stream, frame), call.who))
    first = media.find(call.node, item, places.views(stream, frame), call.who)
    tag = f'"{first.blob}-{rendition}"'
    if call.headers.get("if-none-match") == tag:
        return RawAnswer(b"", status=304, headers=_headers(tag))
    data = media.view(call.node, item, stream, frame, rendition, first)
    return RawAnswer(data, "image/jpeg", headers=_headers(tag))


def put_blob(call: Call[bytes]) -> Empty:
    """Keep a tile before the Edit that names it."""
    media.put(call.node, ItemId(call.ids["item"]), call.ids["blob"], call.body, call.who)
    return Empty()


def get_blob(call: Call[Empty]) -> RawAnswer:
    """A tile."""
    place = places.put_by_people(call.ids["blob"])
    return _file(call, media.find(call.node, ItemId(call.ids["item"]), place, call.who))


def erase_item(call: Call[Empty]) -> Empty:
    """Erase an item for good."""
    erasure.erase_item(call.node, ItemId(call.ids["item"]), call.who)
    return Empty()


def _file(call: Call[Empty], source: Source) -> RawAnswer:
    tag = f'"{source.blob}"'
    headers = _headers(tag) | {"accept-ranges": "bytes"}
    if call.headers.get("if-none-match") == tag:
        return RawAnswer(b"", status=304, headers=headers)
    start, end = 0, source.size
    asked = call.headers.get("range")
    if asked is not None:
        start, end = _span(asked, source.size)
        headers["content-range"] = f"bytes {start}-{end - 1}/{source.size}"
    headers["content-length"] = str(end - start)
    # the first piece is opened before the answer begins: a damaged file is an error, not half an answer
    body = media.checked(call.node.media.stream(source, start, end))
    kind = source.media_type or "application/octet-stream"
    return RawAnswer(body, kind, 206 if asked is not None else 200, headers)


def _span(asked: str, size: int) -> tuple[int, int]:
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found.groups() == ("", ""):
        raise _no_range(asked)
    first, last = found.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= end:
        raise _no_range(asked)
    return start, end


def _no_range(asked: str) -> AtelierError:
    return AtelierError("media.no_range", "That part of the file does not exist.", detail=asked[:100])


def _headers(tag: str) -> dict[str, str]:
    # content never changes under its name, and nothing in between may keep a copy
    return {"etag": tag, "cache-control": "private, no-store", "x-content-type-options": "nosniff"}


HANDLERS: dict[str, Handler] = {
    "media": get_media,
    "put_blob": put_blob,
    "get_blob": get_blob,
    "erase_item": erase_item,
}
