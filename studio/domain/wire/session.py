"""Who talks to whom: handshake, sign-in, people and their roles."""

from typing import Literal

from msgspec import Struct

from studio.domain.ids import ProjectId, UserId

Role = Literal["annotator", "reviewer", "scientist", "manager", "releaser", "auditor", "admin"]


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """Anything that travels. Unknown fields are refused."""


class Empty(Message, frozen=True):
    """Nothing to say."""


class Handshake(Message, frozen=True):
    """What a node says of itself before anybody has signed in."""

    product: str
    version: str
    wire: int
    entities: int
    node: str  # its id, which a studio remembers with its key
    public_key: bytes  # X25519, 32 bytes: journals are sealed to it
    audit_key: bytes  # Ed25519, 32 bytes: checkpoints are signed by it


class SignIn(Message, frozen=True):
    subject: str
    password: str
    code: str = ""  # TOTP (RFC 6238), where the account has one
    issuer: str = "local"
    wire: int = 0
    entities: int = 0


class OwnSignIn(Message, frozen=True):
    """Sign-in of the studio that started this node: it can read the node's own 0600 secret."""

    secret: str
    wire: int = 0
    entities: int = 0


class UserInfo(Message, frozen=True):
    id: UserId
    subject: str
    name: str
    issuer: str = "local"
    admin: bool = False
    totp: bool = False
    disabled: bool = False
    roles: tuple[tuple[ProjectId, tuple[Role, ...]], ...] = ()


class SignedIn(Message, frozen=True):
    token: str
    user: UserInfo
    expires_ns: int
    read_only: bool = False  # another wire or entity schema: look, do not touch


class NewUser(Message, frozen=True):
    subject: str
    name: str
    password: str
    admin: bool = False


class NewUserMade(Message, frozen=True):
    user: UserInfo
    totp_uri: str  # otpauth://, shown once as text and QR


class Users(Message, frozen=True):
    users: tuple[UserInfo, ...]


class SetRoles(Message, frozen=True):
    roles: tuple[Role, ...]


class ChangePassword(Message, frozen=True):
    old: str
    new: str


class Settings(Message, frozen=True):
    """What follows the person: settings, key bindings, layouts; small texts by name."""

    values: tuple[tuple[str, str], ...]


class Checkpoint(Message, frozen=True):
    """A signed head of the audit chain; each studio keeps the last it saw, as a witness."""

    size: int
    head: bytes
    time_ns: int
    signature: bytes


class AuditEntry(Message, frozen=True):
    number: int
    time_ns: int
    user: UserId
    action: str
    subject: str
    digest: bytes
    link: bytes  # SHA-256 over the entry and the link before it


class AuditPage(Message, frozen=True):
    entries: tuple[AuditEntry, ...]
    checkpoint: Checkpoint | None = None
