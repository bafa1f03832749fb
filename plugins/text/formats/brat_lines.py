"""One line of brat stand-off, taken apart."""

from msgspec import Struct

from studio.domain.errors import AtelierError


class Line(Struct, frozen=True):
    """What a line says; which fields are filled depends on the letter that its id begins with."""

    id: str
    kind: str
    spans: tuple[tuple[int, int], ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()  # (role, id)
    words: tuple[str, ...] = ()
    trigger: str = ""
    text: str = ""


def parse_line(raw: str) -> Line:
    """Raises `import.bad_line` where it is no line of stand-off."""
    head, _, rest = raw.rstrip("\r\n").partition("\t")
    middle, _, text = rest.partition("\t")
    words = middle.split()
    if not head or not words or head[0] not in "TREAMN#*":
        raise _bad(raw)
    try:
        match head[0]:
            case "T":
                parts = middle.split(" ", 1)[1].split(";")
                spans = tuple((int(start), int(end)) for start, end in (part.split() for part in parts))
                return Line(head, words[0], spans=spans, text=text)
            case "R":
                pairs = tuple(_pair(word) for word in words[1:])
                if len(pairs) < 2:
                    raise _bad(raw)
                return Line(head, words[0], arguments=pairs)
            case "E":
                kind, trigger = _pair(words[0])
                return Line(head, kind, trigger=trigger, arguments=tuple(_pair(word) for word in words[1:]))
            case "*":
                return Line(head, words[0], words=tuple(words[1:]))
            case _:
                if head[0] in "AMN" and len(words) < (3 if head[0] == "N" else 2):
                    raise _bad(raw)
                return Line(head, words[0], words=tuple(words[1:]), text=text)
    except (ValueError, IndexError) as error:
        raise _bad(raw) from error


def _pair(word: str) -> tuple[str, str]:
    role, colon, value = word.partition(":")
    if not colon:
        raise ValueError(word)
    return role, value


def _bad(raw: str) -> AtelierError:
    return AtelierError(
        "import.bad_line",
        f"{raw[:60]!r} is no line of stand-off; it was left out.",
        hint="Mend the label file.",
    )
