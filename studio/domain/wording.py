"""How numbers of things are said."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """ "1 item", "12,000 items"; `plural` where an s does not make it: `counted(2, "class", "classes")`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
