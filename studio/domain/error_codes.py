"""Every error code and what it means, once. The documentation's table is made from it; a test compares."""

CODES: dict[str, str] = {
    "document.stale": "A field that the Edit changes is no longer what it was before; nothing was applied.",
    "document.dangling": "The result would leave a reference to nothing, of the wrong kind, or in a circle.",
    "document.too_large": "A Document holds at most 500,000 entities; longer recordings are cut into items.",
    "entity.malformed": "An entity holds a value that its kind does not allow (not finite, not an id).",
    "wire.malformed": "The bytes are not the message that belongs here.",
    "wire.not_canonical": "The message is not byte for byte the canonical encoding of what it says.",
    "plugin.broken": "An installed plug-in cannot be loaded or is made for another API.",
    "plugin.twice": "Two installed plug-ins carry one name.",
    "ontology.malformed": "An ontology names a class, attribute or parent twice, or one that is missing.",
    "cli.usage": "A subcommand was given arguments that it does not take.",
    "cli.unknown_command": "There is no subcommand of that name.",
    "cli.part_missing": "A subcommand needs a part of Atelier that is not installed.",
    "cli.fault": "A subcommand stopped on a fault of its own; the trace is in a log file.",
    "screen.missing": "The machine has no display and lacks a program that would make one.",
    "screen.failed": "A display of our own, or a program that works on it, failed.",
}
