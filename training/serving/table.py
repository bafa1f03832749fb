"""The table of arms: all that a service goes by, signed by the node and replaced as one file.

The node alone makes tables. A service takes a new one only if the signature fits, the service is meant and
the version is higher than what it has, so an old table that somebody puts back is refused.
"""

from pathlib import Path
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ModelId, ServiceId
from training.data.files import replace_file

TABLE_FILE = "table"
LAST_GOOD_FILE = "table.good"  # the one in use, for a start after the newest turned out to be broken
LARGEST_TABLE = 4 * 1024 * 1024
_SIGNED_AS = b"atelier arms table 1\0"


class ModelFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model, in the service's folder under `models/MODEL/`."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]+\.(onnx|json)$", max_length=64)]
    size: Annotated[int, Meta(ge=0, le=4 * 1024**3)]
    sha256: Annotated[bytes, Meta(min_length=32, max_length=32)]


class TableArm(Struct, frozen=True, forbid_unknown_fields=True):
    """A model and its share in per cent; `predictor` names what opens its folder, `module:attribute`."""

    model: ModelId
    model_name: str
    share: Annotated[int, Meta(ge=0, le=100)]
    files: tuple[ModelFile, ...]
    predictor: str


class ArmsTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What a service goes by. Keys and token hashes are why the file is readable by its owner alone."""

    service: ServiceId
    name: str
    version: int
    arms: tuple[TableArm, ...]
    split_key: bytes
    control_key: bytes  # by which node and service know each other, never sent
    tokens: tuple[bytes, ...]  # SHA-256 of the tokens that may ask
    node_key: bytes  # X25519: what was asked is sealed to it
    spool_bytes: int = 256 * 1024 * 1024
    picture_bytes: int = 32 * 1024 * 1024
    picture_pixels: int = 100_000_000


class _Signed(Struct, frozen=True, forbid_unknown_fields=True):
    table: bytes
    signature: bytes


def write_table(folder: Path, table: ArmsTable, key: Ed25519PrivateKey) -> None:
    """Put `table` in force: the file is replaced as one, durably. Raises `node.disk_full`."""
    data = canonical.encode(table)
    signed = _Signed(data, key.sign(_SIGNED_AS + data))
    replace_file(folder / TABLE_FILE, canonical.encode(signed))


def read_table(path: Path, service: ServiceId, key: Ed25519PublicKey) -> ArmsTable:
    """The table at `path`. Raises `service.bad_table` where anything about it is not as the node made it."""
    try:
        if path.stat().st_size > LARGEST_TABLE:
            raise _bad("it is too large")
        signed = canonical.decode(path.read_bytes(), _Signed)
        key.verify(signed.signature, _SIGNED_AS + signed.table)
        table = canonical.decode(signed.table, ArmsTable)
    except OSError as error:
        raise _bad(f"it cannot be read: {error.strerror}") from error
    except InvalidSignature as error:
        raise _bad("its signature is not the node's") from error
    except AtelierError as error:
        if error.code == "service.bad_table":
            raise
        raise _bad(f"it is damaged: {error.code}") from error
    if table.service != service:
        raise _bad("it is another service's")
    if not table.arms or sum(arm.share for arm in table.arms) != 100:
        raise _bad("its shares do not add up to 100")
    return table


def _bad(why: str) -> AtelierError:
    return AtelierError(
        "service.bad_table",
        "The service refused a new table of models; it goes on with the one before.",
        detail=why,
        hint="Set the shares again in Release; the node then writes a new table.",
    )
