"""Messages between a studio and a node, and the one table of routes. All bodies are canonical MessagePack."""

WIRE_SCHEMA = (
    3  # raised with every change of a message; another number is refused or read-only, never guessed
)
