"""Sign-in and sign-out: opaque tokens, kept as hashes, dead at once when they are ended."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from typing import TYPE_CHECKING

from studio.domain import entities, wire
from studio.domain.errors import AtelierError
from studio.domain.ids import UserId, new_id
from studio.domain.wire.session import OwnSignIn, SignedIn, SignIn
from training.store import attempts, users
from training.store import sessions as held_sessions
from training.store.engine import Store, Transaction
from training.store.sessions import Held
from training.store.users import Account
from training.work import audit, passwords
from training.work.access import Session

if TYPE_CHECKING:
    from training.node import Node

OWN_ISSUER = "own"
LASTS_NS = 12 * 3600 * 10**9
OWN_LASTS_NS = 30 * 24 * 3600 * 10**9
_REMEMBERED = 10_000


class SessionBook:
    """The sessions in use, so that a request does not ask the database who it is.

    Whatever changes a session, a person or a role calls `forget` in its transaction's `after_commit`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[bytes, Session] = {}
        self._changes = 0

    def of(self, token: bytes) -> Session | None:
        """The session of a hashed token, whether it has expired or not."""
        with self._lock:
            known, changes = self._known.get(token), self._changes
        if known is not None:
            return known
        with self._store.read() as tx:
            found = _read(tx, token)
        if found is not None:
            with self._lock:
                # a sign-out in between must not be undone by what was read before it
                if changes == self._changes and len(self._known) < _REMEMBERED:
                    self._known[token] = found
        return found

    def forget(self) -> None:
        """Ask the database again from now on."""
        with self._lock:
            self._changes += 1
            self._known.clear()


def open_sessions(node: Node) -> SessionBook:
    """The part of a node that knows who is signed in."""
    return SessionBook(node.store)


def session_of(node: Node, token: str) -> Session:
    """Who sent this token. Raises `session.missing` and `session.expired`."""
    session = node.sessions.of(hash_of(token)) if token else None
    if session is None:
        raise AtelierError(
            "session.missing",
            "You are not signed in. Your work is kept here.",
            hint="Sign in again; the studio then sends what waits.",
        )
    if session.expires_ns <= node.clock.now_ns():
        raise AtelierError(
            "session.expired",
            "Your session has ended. Your work is kept here.",
            hint="Sign in again; the studio then sends what waits.",
        )
    return session


def own_sign_in(node: Node, asked: OwnSignIn) -> SignedIn:
    """Sign in the workspace's owner, who can read the node's own secret. Raises `session.wrong`."""
    if not node.own_secret or not hmac.compare_digest(asked.secret.encode(), node.own_secret.encode()):
        raise AtelierError(
            "session.wrong",
            "This studio did not start that node, so it cannot sign in without a name.",
            hint="Sign in with your name and password.",
        )
    with node.store.write() as tx:
        owner = users.by_subject(tx, OWN_ISSUER, "owner")
        if owner is None:
            owner = Account(
                id=UserId(new_id()),
                issuer=OWN_ISSUER,
                subject="owner",
                name="Owner",
                password="",
                totp=b"",
                totp_used=0,
                admin=True,
                disabled=False,
            )
            users.add(tx, owner)
            audit.append(node, tx, owner.id, "user.own", owner.id)
        return begin(node, tx, owner, own=True, read_only=is_other_schema(asked.wire, asked.entities))


def sign_in(node: Node, asked: SignIn) -> SignedIn:
    """Sign in by name and password, and a code where the account has one.

    Whatever is wrong gets one answer in about the same time, for people who are not there too. Five wrong
    tries in a row, and from then on each further one, make the name wait, longer each time.
    Raises `session.wrong`, `session.locked`.
    """
    key = attempts.key_of(asked.issuer, asked.subject)
    with node.store.read() as tx:
        account = users.by_subject(tx, asked.issuer, asked.subject)
        until_ns = attempts.locked_until(tx, key)
    now_ns = node.clock.now_ns()
    if until_ns > now_ns:
        raise _locked(until_ns - now_ns)
    # outside the transaction: it takes a tenth of a second, and nobody else's save should wait for it
    right = passwords.verify(account.password if account else "", asked.password)
    with node.store.write() as tx:
        account = users.by_subject(tx, asked.issuer, asked.subject)
        signed_in = None
        if right and account is not None and not account.disabled:
            step = passwords.used_step(node, account, asked.code)
            if step is not None:
                users.set_fields(tx, account.id, totp_used=step)
                attempts.forget(tx, key)
                read_only = is_other_schema(asked.wire, asked.entities)
                signed_in = begin(node, tx, account, own=False, read_only=read_only)
        if signed_in is None:
            attempts.count(tx, key, node.clock.now_ns())
            audit.append(node, tx, account.id if account else UserId(""), "session.refused", key.hex()[:16])
    if signed_in is None:
        raise AtelierError(
            "session.wrong",
            "Name, password or code is wrong.",
            hint="Try again; after five wrong tries the node waits before it listens.",
        )
    return signed_in


def begin(node: Node, tx: Transaction, account: Account, *, own: bool, read_only: bool) -> SignedIn:
    """Make a session; its token is said once and never stored."""
    now_ns = node.clock.now_ns()
    token = secrets.token_urlsafe(32)
    expires_ns = now_ns + (OWN_LASTS_NS if own else LASTS_NS)
    held_sessions.drop_expired(tx, now_ns)
    held_sessions.add(tx, Held(hash_of(token), account.id, now_ns, expires_ns, read_only, own))
    audit.append(node, tx, account.id, "session.begin", account.id)
    info = users.info(tx, account.id)
    assert info is not None
    return SignedIn(token, info, expires_ns, read_only)


def _locked(left_ns: int) -> AtelierError:
    seconds = left_ns // 10**9 + 1
    return AtelierError(
        "session.locked",
        f"There were too many wrong passwords. The node listens again in {seconds} seconds.",
        detail=str(seconds),
        hint="Wait, or ask an administrator of the node for a new password.",
    )


def sign_out(node: Node, who: Session) -> None:
    """End this session now."""
    with node.store.write() as tx:
        held_sessions.end(tx, who.token)
        audit.append(node, tx, who.user, "session.end", who.user)
        tx.after_commit(node.sessions.forget)


def is_other_schema(wire_number: int, entity_number: int) -> bool:
    """Whether a studio speaks otherwise than this node: it may look, not change."""
    return wire_number != wire.WIRE_SCHEMA or entity_number != entities.SCHEMA


def hash_of(token: str) -> bytes:
    """What of a token is stored and looked up."""
    return hashlib.sha256(token.encode()).digest()


def _read(tx: Transaction, token: bytes) -> Session | None:
    held = held_sessions.get(tx, token)
    account = None if held is None else users.by_id(tx, held.user)
    if held is None or account is None or account.disabled:
        return None
    return Session(
        user=account.id,
        name=account.name,
        admin=account.admin,
        token=token,
        expires_ns=held.expires_ns,
        roles=users.roles_of(tx, account.id),
        read_only=held.read_only,
        everything=held.own,
    )
