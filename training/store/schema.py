"""The one `metadata` on which every noun's tables stand, and the kinds of column that they are made of."""

import importlib
import pkgutil
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, LargeBinary, MetaData, String, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in a column of type INTEGER
_Big = BigInteger().with_variant(Integer(), "sqlite")


def id_column(name: str, *more: Any, **how: Any) -> Column[str]:
    """An id (UUIDv7 text of 36), or another short key of at most 64 characters."""
    how.setdefault("nullable", False)
    return Column(name, String(64), *more, **how)


def text_column(name: str, **how: Any) -> Column[str]:
    """A text of any length."""
    how.setdefault("nullable", False)
    return Column(name, Text(), **how)


def number_column(name: str, **how: Any) -> Column[int]:
    """An int64: a count, a revision, a version; nanoseconds where the name ends in `_ns`."""
    how.setdefault("nullable", False)
    return Column(name, _Big, **how)


def real_column(name: str, **how: Any) -> Column[float]:
    """A float64."""
    how.setdefault("nullable", False)
    return Column(name, Double(), **how)


def flag_column(name: str, **how: Any) -> Column[bool]:
    """Yes or no."""
    how.setdefault("nullable", False)
    return Column(name, Boolean(), **how)


def bytes_column(name: str, **how: Any) -> Column[bytes]:
    """A digest, a key, or a MessagePack payload; payloads that hold content are sealed by whoever writes."""
    how.setdefault("nullable", False)
    return Column(name, LargeBinary(), **how)


def load_tables() -> MetaData:
    """`metadata` with the tables of every noun: each module of this room is imported."""
    package = importlib.import_module("training.store")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "migrations":
            importlib.import_module(f"training.store.{module.name}")
    return metadata
