"""Identifiers: UUID version 7 text, made by whoever creates the thing. Order never comes from them."""

import os
import re
import time
from typing import NewType

EntityId = NewType("EntityId", str)
# one type for all entities: a document is keyed by them, and what a reference may point at is checked by kind
TrackId = EntityId
ShapeId = EntityId
SegmentId = EntityId
GroupId = EntityId
StreamId = NewType("StreamId", str)
ItemId = NewType("ItemId", str)
ProjectId = NewType("ProjectId", str)
UserId = NewType("UserId", str)
OperationId = NewType("OperationId", str)
BatchId = NewType("BatchId", str)
TaskId = NewType("TaskId", str)
JobId = NewType("JobId", str)
ImportId = NewType("ImportId", str)
SnapshotId = NewType("SnapshotId", str)
RunId = NewType("RunId", str)
ModelId = NewType("ModelId", str)
EvaluationId = NewType("EvaluationId", str)
MatchId = NewType("MatchId", str)
PoolId = NewType("PoolId", str)
SuiteId = NewType("SuiteId", str)
ReleaseId = NewType("ReleaseId", str)
ServiceId = NewType("ServiceId", str)
BlobName = NewType("BlobName", str)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, 12 of their fraction, 62 random ones.

    Lower-case text of 36. With the fraction (method 3 of its section 6.2) ids sort as they were made, also
    those of one import. Python 3.11 has no `uuid.uuid7`.
    """
    milliseconds, rest_ns = divmod(time.time_ns(), 1_000_000)
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(8), "big")
    value |= 0x7 << 76 | rest_ns * 4096 // 1_000_000 << 64
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_id(text: str) -> bool:
    """Whether `text` is a UUIDv7 in the one spelling that the wire accepts."""
    return _UUID.fullmatch(text) is not None
