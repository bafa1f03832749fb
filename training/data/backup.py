"""Backups: a folder that holds a workspace as it was at one entry of its audit log, signed by the node.

The root key is not in it: whoever finds a backup cannot read it. It is opened with the recovery key.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from studio.domain import canonical
from studio.domain.errors import AtelierError
from training.data.blobs import Place
from training.data.files import disk_error, make_folder, replace_file, sync_folder

MANIFEST = "manifest"
DATABASE = "node.db"
DUMP = "node.dump"  # in place of it, where the database is on a PostgreSQL server
RING = "keys/ring"
SETTINGS = "node.toml"
BLOBS = "blobs"
SEALED_FOLDERS = ("staging", "exports", "runs")  # what they hold is sealed with keys in the database
PIECE = 4 * 1024 * 1024


class Copied(Struct, frozen=True, array_like=True):
    """One file of a backup."""

    path: str
    size: int
    sha256: bytes


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds, and of which moment it is."""

    format: int
    product: str
    node: str
    made_ns: int
    audit_size: int
    audit_head: bytes
    audit_key: bytes
    files: tuple[Copied, ...]


class _Signed(Struct, frozen=True, forbid_unknown_fields=True):
    manifest: bytes
    signature: bytes


def write_manifest(folder: Path, manifest: Manifest, signature: bytes) -> None:
    """Put the signed manifest into a backup: from now on it is one."""
    signed = _Signed(canonical.encode(manifest), signature)
    replace_file(folder / MANIFEST, canonical.encode(signed))


def to_sign(manifest: Manifest) -> bytes:
    """The bytes that the node's audit key signs."""
    return b"atelier backup\0" + canonical.encode(manifest)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises `backup.missing`, `backup.damaged`."""
    try:
        signed = canonical.decode((folder / MANIFEST).read_bytes(), _Signed)
        manifest = canonical.decode(signed.manifest, Manifest)
        Ed25519PublicKey.from_public_bytes(manifest.audit_key).verify(signed.signature, to_sign(manifest))
    except FileNotFoundError as error:
        raise AtelierError(
            "backup.missing",
            f"There is no whole backup in {folder.name!r}.",
            hint="Name the folder that `atelier backup` wrote.",
        ) from error
    except (AtelierError, InvalidSignature, ValueError) as error:
        raise damaged(MANIFEST) from error
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest. Raises `backup.damaged`, naming the first that differs."""
    for each in manifest.files:
        try:
            found = listed(folder, each.path)
        except (AtelierError, FileNotFoundError) as error:
            raise damaged(each.path) from error
        if found != each:
            raise damaged(each.path)


def listed(folder: Path, path: str) -> Copied:
    """The entry of a file that already lies in a backup."""
    digest = hashlib.sha256()
    size = 0
    for piece in _file_pieces(place_of(folder, path)):
        digest.update(piece)
        size += len(piece)
    return Copied(path, size, digest.digest())


def copy_file(source: Path, folder: Path, path: str) -> Copied:
    """Copy one file into a backup, durably. Raises `node.disk_full`, and FileNotFoundError of the source."""
    return write_pieces(_file_pieces(source), folder, path)


def copy_blob(place: Place, path: str, folder: Path) -> Copied:
    """Copy one sealed blob, unopened. Raises `blob.missing`."""
    size = place.size(path) or 0
    starts = range(0, max(size, 1), PIECE)
    pieces = (place.get(path, start, min(size, start + PIECE)) for start in starts)
    return write_pieces(pieces, folder, f"{BLOBS}/{path}")


def write_pieces(pieces: Iterator[bytes], folder: Path, path: str) -> Copied:
    """Write a file of a backup or a restored workspace. Raises `node.disk_full`."""
    target = place_of(folder, path)
    digest = hashlib.sha256()
    size = 0
    make_folder(target.parent)
    try:
        with target.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise disk_error(error) from error
    sync_folder(target.parent)
    return Copied(path, size, digest.digest())


def place_of(folder: Path, path: str) -> Path:
    """Where a path of a manifest lies. Raises `backup.damaged` where it would lead out of the folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or any(part == ".." or "\0" in part for part in parts):
        raise damaged(path)
    return folder.joinpath(*parts)


def regular_files(folder: Path) -> Iterator[Path]:
    """Every plain file below `folder`, sorted; links, sockets and half-written files are left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".part":
            yield path


def damaged(path: str) -> AtelierError:
    """The error of a backup that is not as it was written."""
    return AtelierError(
        "backup.damaged",
        f"The backup is damaged: {path[:200]!r} is not as it was written. Nothing was changed.",
        hint="Use another backup; keep this one, parts of it may still be read.",
    )


def _file_pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except FileNotFoundError:
        raise
    except OSError as error:
        raise disk_error(error) from error
