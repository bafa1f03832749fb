"""Routes of the handshake, of signing in and out, and of what changes."""

from studio import __version__
from studio.domain import entities, wire
from studio.domain.wire.session import (
    AuditPage,
    Checkpoint,
    Empty,
    Handshake,
    OwnSignIn,
    SignedIn,
    SignIn,
    UserInfo,
)
from training.api.call import Call, Handler, RawAnswer
from training.store import users
from training.work import audit, sessions, streams
from training.work.access import missing


def handshake(call: Call[Empty]) -> Handshake:
    """What this node is, before anybody has signed in."""
    keys = call.node.keys
    return Handshake(
        product="atelier",
        version=__version__,
        wire=wire.WIRE_SCHEMA,
        entities=entities.SCHEMA,
        node=keys.node,
        public_key=keys.public_key,
        audit_key=keys.audit_key,
    )


def sign_in(call: Call[SignIn]) -> SignedIn:
    """Sign in by name and password."""
    return sessions.sign_in(call.node, call.body)


def own_sign_in(call: Call[OwnSignIn]) -> SignedIn:
    """Sign in the studio that started this node."""
    return sessions.own_sign_in(call.node, call.body)


def sign_out(call: Call[Empty]) -> Empty:
    """End the session that asks."""
    sessions.sign_out(call.node, call.who)
    return Empty()


def me(call: Call[Empty]) -> UserInfo:
    """Who asks."""
    with call.node.store.read() as tx:
        info = users.info(tx, call.who.user)
    assert info is not None
    return info


def events(call: Call[Empty]) -> RawAnswer:
    """The stream of what changes; `?after=N` goes on from event N."""
    text = call.query.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    body = streams.stream(call.node, call.who.token, after)
    return RawAnswer(body, "text/event-stream", headers={"Cache-Control": "no-store"})


def checkpoint(call: Call[Empty]) -> Checkpoint:
    """The signed head of the audit log, which studios keep as witnesses."""
    return audit.checkpoint(call.node)


def audit_page(call: Call[Empty]) -> AuditPage:
    """The audit log after an entry."""
    text = call.ids["after"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise missing()
    return audit.page(call.node, int(text))


HANDLERS: dict[str, Handler] = {
    "handshake": handshake,
    "sign_in": sign_in,
    "events": events,
    "checkpoint": checkpoint,
    "audit_page": audit_page,
    "own_sign_in": own_sign_in,
    "sign_out": sign_out,
    "me": me,
}
