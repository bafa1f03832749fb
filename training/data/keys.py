"""The hierarchy of keys: root -> project -> item -> blob. Erasing an item destroys its key.

The root key wraps the projects' keys and the node's own two: X25519, to which journals and spools are
sealed, and Ed25519, which signs the heads of the audit chain. Whatever wraps names what is wrapped in its
associated data, so a row that was moved to another place does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from msgspec import Struct
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, new_id
from training.data import root_key
from training.data.files import make_folder, replace_file
from training.data.root_key import RootSource
from training.data.sealing import KEY_BYTES, KeySealer, Sealer, derived, open_box
from training.store import keys as rows
from training.store.engine import Transaction

RING_FILE = "ring"
_PROJECTS_HELD = 1000


class _Ring(Struct, frozen=True, forbid_unknown_fields=True):
    """The node's own keys, wrapped by the root key; public parts in the clear."""

    node: str
    root: RootSource
    root_id: str
    box_public: bytes
    box_wrapped: bytes
    audit_public: bytes
    audit_wrapped: bytes
    recovery_exported: bool = False


def open_keys(folder: Path, root: RootSource = "file") -> "Keys":
    """The keys of the workspace whose `keys/` folder this is, made where there are none yet.

    Raises `keys.root_missing`, `keys.wrong_root`, `keys.exposed`, `keys.no_keyring`, `keys.broken`.
    """
    make_folder(folder)
    ring_file = folder / RING_FILE
    if not ring_file.exists():
        return _new_keys(folder, root)
    ring = canonical.decode(ring_file.read_bytes(), _Ring)
    secret = root_key.read_root(folder, ring.root, ring.node)
    if secret is None:
        raise root_key.root_missing(ring.root)
    if root_key.key_id(secret) != ring.root_id:
        raise AtelierError(
            "keys.wrong_root",
            "The node did not start: its root key belongs to another workspace. Nothing was changed.",
            detail=f"wanted {ring.root_id}",
            hint="Bring back the right key, or restore it from the exported recovery key.",
        )
    return Keys(folder, secret, ring)


def put_root(folder: Path, root: bytes) -> None:
    """Give the `keys/` folder of a restored workspace its root key, as a file. Raises `keys.wrong_root`."""
    ring = canonical.decode((folder / RING_FILE).read_bytes(), _Ring)
    if root_key.key_id(root) != ring.root_id:
        raise AtelierError(
            "keys.wrong_root",
            "This key opens another workspace. Nothing was changed.",
            detail=f"wanted {ring.root_id}",
            hint="Use the recovery key that was exported from the workspace of this backup.",
        )
    root_key.keep_root(folder, "file", ring.node, root)
    _write_ring(folder, _changed(ring, root="file"))


class Keys:
    """What the node seals and signs with. Made by `open_keys`."""

    def __init__(self, folder: Path, root: bytes, ring: _Ring) -> None:
        self._folder = folder
        self._root = root
        self._ring = ring
        self._wrap = KeySealer(derived(root, "wrap"))
        box = self._wrap.open(ring.box_wrapped, _aad("node box", ring.node))
        audit = self._wrap.open(ring.audit_wrapped, _aad("node audit", ring.node))
        self._box = X25519PrivateKey.from_private_bytes(box)
        self._audit = Ed25519PrivateKey.from_private_bytes(audit)
        # by what is stored, so a rolled back or changed row is never answered from memory
        self._projects: dict[bytes, bytes] = {}

    @property
    def node(self) -> str:
        """The node's id."""
        return self._ring.node

    @property
    def public_key(self) -> bytes:
        """X25519, 32 bytes: what is sealed to it only this node opens."""
        return self._ring.box_public

    @property
    def audit_key(self) -> bytes:
        """Ed25519, 32 bytes: what `sign` signed verifies with it."""
        return self._ring.audit_public

    @property
    def root_source(self) -> RootSource:
        """Where the root key is kept."""
        return self._ring.root

    @property
    def recovery_exported(self) -> bool:
        """Whether a recovery key was ever written; `doctor` asks for one until then."""
        return self._ring.recovery_exported

    def sign(self, data: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self._audit.sign(data)

    def open_box(self, box: bytes) -> bytes:
        """What was sealed to `public_key`. Raises `seal.broken`."""
        return open_box(self._box, box)

    def node_key(self, purpose: str) -> bytes:
        """A 32-byte key of the node itself for one purpose."""
        return derived(self._root, f"node {purpose}")

    def export_recovery(self, passphrase: str) -> bytes:
        """The root key as a file that opens with `passphrase`. Raises `keys.weak_passphrase`."""
        exported = root_key.export_recovery(self._root, passphrase)
        self._ring = _changed(self._ring, recovery_exported=True)
        _write_ring(self._folder, self._ring)
        return exported

    def new_project(self, tx: Transaction, project: ProjectId) -> None:
        """Make the key of a new project."""
        rows.put_project(tx, project, self._wrap.seal(os.urandom(KEY_BYTES), _aad("project", project)))

    def project_sealer(self, tx: Transaction, project: ProjectId) -> Sealer:
        """Seals what belongs to the project and to no one item. Raises `project.missing`."""
        return KeySealer(derived(self._project_key(tx, project), "payload"))

    def project_key(self, tx: Transaction, project: ProjectId, purpose: str) -> bytes:
        """A 32-byte key of the project for one purpose. Raises `project.missing`."""
        return derived(self._project_key(tx, project), purpose)

    def token(self, tx: Transaction, project: ProjectId, text: str) -> bytes:
        """16 bytes that stand for `text` in filters and say nothing of it without the project's key."""
        key = self.project_key(tx, project, "token")
        return hmac.new(key, text.encode(), hashlib.sha256).digest()[:16]

    def new_item(self, tx: Transaction, item: ItemId, project: ProjectId) -> Sealer:
        """Make the key of a new item and seal with it."""
        key = os.urandom(KEY_BYTES)
        wrap = KeySealer(derived(self._project_key(tx, project), "wrap"))
        rows.put_item(tx, item, project, wrap.seal(key, _aad("item", item)))
        return KeySealer(key)

    def item_sealer(self, tx: Transaction, item: ItemId) -> Sealer:
        """Seals everything of one item. Raises `item.missing`, `item.erased`."""
        return self.item_sealers(tx, [item])[item]

    def item_sealers(self, tx: Transaction, items: Iterable[ItemId]) -> dict[ItemId, Sealer]:
        """`item_sealer` of each, in one query; for lists. Raises `item.missing`, `item.erased`."""
        wanted = list(dict.fromkeys(items))
        found = rows.items(tx, wanted)
        sealers: dict[ItemId, Sealer] = {}
        wraps: dict[ProjectId, KeySealer] = {}
        for item in wanted:
            if item not in found:
                raise AtelierError("item.missing", "There is no such item.", hint="Refresh the list.")
            project, wrapped, project_wrapped = found[item]
            if wrapped is None:
                raise erased(item)
            if project not in wraps:
                wraps[project] = KeySealer(derived(self._unwrapped(project, project_wrapped), "wrap"))
            sealers[item] = KeySealer(wraps[project].open(wrapped, _aad("item", item)))
        return sealers

    def destroy_item(self, tx: Transaction, item: ItemId, time_ns: int) -> None:
        """Destroy an item's key for good: what was sealed with it cannot be read any more, by anybody."""
        rows.destroy_item(tx, item, time_ns)

    def _project_key(self, tx: Transaction, project: ProjectId) -> bytes:
        wrapped = rows.project(tx, project)
        if wrapped is None:
            raise AtelierError("project.missing", "There is no such project.", hint="Refresh the list.")
        return self._unwrapped(project, wrapped)

    def _unwrapped(self, project: ProjectId, wrapped: bytes) -> bytes:
        if (held := self._projects.get(wrapped)) is not None:
            return held
        key = self._wrap.open(wrapped, _aad("project", project))
        if len(self._projects) >= _PROJECTS_HELD:
            self._projects.clear()
        self._projects[wrapped] = key
        return key


def erased(item: ItemId) -> AtelierError:
    """The error of asking for what was erased for good."""
    return AtelierError(
        "item.erased",
        "This item was erased for good: its key is destroyed.",
        detail=item,
        hint="Snapshots and runs that used it say so; take it out of the list.",
    )


def _new_keys(folder: Path, source: RootSource) -> Keys:
    node = new_id()
    secret = root_key.read_root(folder, source, node)
    if secret is None:
        secret = os.urandom(KEY_BYTES)
        root_key.keep_root(folder, source, node, secret)
    wrap = KeySealer(derived(secret, "wrap"))
    box, audit = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    ring = _Ring(
        node=node,
        root=source,
        root_id=root_key.key_id(secret),
        box_public=box.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
        box_wrapped=wrap.seal(_raw(box), _aad("node box", node)),
        audit_public=audit.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
        audit_wrapped=wrap.seal(_raw(audit), _aad("node audit", node)),
    )
    _write_ring(folder, ring)
    return Keys(folder, secret, ring)


def _raw(private: X25519PrivateKey | Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def _changed(ring: _Ring, **fields: object) -> _Ring:
    return replace(ring, **fields)


def _write_ring(folder: Path, ring: _Ring) -> None:
    replace_file(folder / RING_FILE, canonical.encode(ring))


def _aad(kind: str, name: str) -> bytes:
    return f"{kind} {name}".encode()
