"""`node.toml`: what whoever looks after a node may say about it. An absent file means the defaults."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.domain.errors import AtelierError
from training.data.blobs import Folder, Place
from training.data.root_key import RootSource

FILE = "node.toml"


class BucketConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """An S3-compatible bucket for blobs. The secret is read from a file of mode 0600."""

    url: str  # s3://bucket/prefix
    access_key: str
    secret_file: str
    endpoint: str = ""


class NodeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a node."""

    database: str = ""  # a PostgreSQL URL; empty: node.db in the folder
    keys: RootSource = "file"
    roots: dict[str, str] = {}  # name -> folder from which media may be adopted where they lie
    bucket: BucketConfig | None = None


def blob_place(folder: Path, config: NodeConfig) -> Place:
    """Where the node's blobs lie: its own folder, or the bucket. Raises `node.bad_settings`."""
    if config.bucket is None:
        return Folder(folder / "blobs")
    from training.data.bucket import open_bucket  # only a node with a bucket needs its client

    bucket = config.bucket
    try:
        secret = (folder / bucket.secret_file).read_text().strip()
    except OSError as error:
        raise _bad(f"the bucket's secret_file: {error.strerror}") from error
    return open_bucket(bucket.url, bucket.endpoint, bucket.access_key, secret)


def read_config(folder: Path) -> NodeConfig:
    """The settings of the workspace at `folder`. Raises `node.bad_settings`."""
    path = folder / FILE
    if not path.exists():
        return NodeConfig()
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file), NodeConfig)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise _bad(str(error)) from error


def with_database(text: str, database: str) -> str:
    """The text of `node.toml` with another `database`, or with none. Raises `node.bad_settings`."""
    head, mark, tables = text.partition("\n[") if not text.startswith("[") else ("", "", text)
    kept = [line for line in head.splitlines() if line.partition("=")[0].strip() != "database"]
    named = [f"database = {msgspec.json.encode(database).decode()}"] if database else []
    changed = "\n".join([*named, *kept]) + (mark or "\n") + tables
    wanted = {key: value for key, value in tomllib.loads(text).items() if key != "database"}
    if tomllib.loads(changed) != wanted | ({"database": database} if database else {}):
        raise _bad("the setting `database` is written in a way that cannot be changed")
    return changed


def _bad(why: str) -> AtelierError:
    return AtelierError(
        "node.bad_settings",
        "The node did not start: its settings cannot be used.",
        detail=f"{FILE}: {why}",
        hint="Mend node.toml in the workspace folder, or remove it to use the defaults.",
    )
