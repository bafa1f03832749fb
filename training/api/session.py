"""Routes of the handshake, of signing in and out, and of what changes."""

from studio import __version__
from studio.domain import entities, wire
from studio.domain.wire.session import Empty, Handshake, OwnSignIn, SignedIn, UserInfo
from training.api.call import Call, Handler
from training.store import users
from training.work import sessions


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


HANDLERS: dict[str, Handler] = {
    "handshake": handshake,
    "own_sign_in": own_sign_in,
    "sign_out": sign_out,
    "me": me,
}
