"""A journal of one person, and records for it; loads quickly, since killed child processes use it too."""

from pathlib import Path

from studio.client.journal import Journal
from studio.client.ledger import DraftKept, Kept
from studio.domain.edit import creation
from studio.domain.entities import Tag
from studio.domain.ids import EntityId, ItemId, OperationId
from studio.domain.wire.documents import Draft

KEY = bytes(range(32))
# the public half of the X25519 key of 32 bytes of one
NODE_SECRET = bytes([1]) * 32
NODE_KEY = bytes.fromhex("a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209")


def opened(folder: Path, user: str = "ann", key: bytes = KEY) -> Journal:
    """A journal in `folder`."""
    return Journal(folder, key, "node-1", user, NODE_KEY)


def operation(number: int) -> OperationId:
    """A UUIDv7 from a number."""
    return OperationId(f"{number:08x}-0000-7000-8000-{number:012x}")


def kept(number: int, text: str = "rain") -> Kept:
    """An Edit made on revision `number`."""
    edit = creation("Tag", Tag(EntityId(operation(number)), text))
    return Kept(operation(number), ItemId("item"), number, edit, 0)


def draft(number: int, state: bytes = b"half a polygon") -> DraftKept:
    """An unfinished gesture."""
    return DraftKept(Draft(operation(number), ItemId("item"), "polygon", "Draw polygon", 0, state))
