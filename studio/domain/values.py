"""The plain values that entities are made of."""

from typing import Annotated

from msgspec import Meta

LARGEST = 1.7976931348623157e308

# In MessagePack a NaN or infinity passes for a float unless bounds refuse it.
Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Index = Annotated[int, Meta(ge=0, le=2**53)]
# int64 nanoseconds on the item's clock
Nanoseconds = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
XY = tuple[Finite, Finite]
XYZ = tuple[Finite, Finite, Finite]
# x, y, z, w
Quaternion = tuple[Finite, Finite, Finite, Finite]
Value = str | bool | int | Finite | tuple[str, ...]
# (name, value) sorted by name, each name once; a tuple so that entities stay hashable
Attributes = tuple[tuple[str, Value], ...]


def attributes(**values: Value) -> Attributes:
    """`values` in the one order that entities hold them in."""
    return tuple(sorted(values.items()))


def with_attribute(held: Attributes, name: str, value: Value | None) -> Attributes:
    """`held` with `name` set, or without it where `value` is None."""
    kept = dict(held)
    kept.pop(name, None)
    if value is not None:
        kept[name] = value
    return tuple(sorted(kept.items()))
