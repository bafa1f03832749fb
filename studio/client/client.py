"""A node as one person sees it: handshake, sign-in, and every route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.client.connection import Connection
from studio.domain import entities
from studio.domain.errors import AtelierError
from studio.domain.wire import WIRE_SCHEMA, routes
from studio.domain.wire.session import Handshake, OwnSignIn, SignedIn, SignIn, UserInfo


class Client(Connection):
    """A connection that knows the node's handshake and who is signed in. Any thread may use it.

    Signing in again, after a session has ended, happens in place: whoever holds the client goes on with it.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.handshake: Handshake = self._shaken()
        self.user: UserInfo | None = None
        # another entity schema: look, do not touch; never a guess
        self.read_only = self.handshake.entities != entities.SCHEMA
        self._listeners: list[Callable[[UserInfo | None], None]] = []

    @classmethod
    def connect(cls, address: str) -> Client:
        """A client of the node that answers at `address`.

        Raises `address.malformed`, `node.gone`, and `node.too_old` or `studio.too_old` where the two do not
        speak the same wire schema.
        """
        return cls(address)

    def sign_in(self, subject: str, password: str, code: str = "", issuer: str = "local") -> UserInfo:
        """Start a session by password and, where the account has one, TOTP code. Raises `session.*`."""
        return self._signed(
            self.call(
                routes.SIGN_IN,
                SignIn(subject, password, code, issuer, wire=WIRE_SCHEMA, entities=entities.SCHEMA),
            )
        )

    def own_sign_in(self, secret: str) -> UserInfo:
        """Start a session on a node of one's own, with the secret that it left for whoever started it."""
        return self._signed(
            self.call(routes.OWN_SIGN_IN, OwnSignIn(secret, wire=WIRE_SCHEMA, entities=entities.SCHEMA))
        )

    def sign_out(self) -> None:
        """End the session on the node; it is over here even where the node cannot be reached."""
        try:
            self.call(routes.SIGN_OUT)
        finally:
            self.token = ""
            self.user = None
            self._tell()

    def on_session(self, listener: Callable[[UserInfo | None], None]) -> Callable[[], None]:
        """Call `listener` whenever somebody signed in or out; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def may(self, route: routes.Route[Any, Any], project: str) -> bool:
        """Whether the node would let this person use a project's route: for showing, never for safety."""
        if self.user is None or (self.read_only and route.method != "GET" and not _only_asks(route)):
            return False
        held = {role for key, roles in self.user.roles if key == project for role in roles}
        return self.user.admin or bool(held & route.roles)

    def _signed(self, signed: SignedIn) -> UserInfo:
        self.token = signed.token
        self.user = signed.user
        self.read_only = signed.read_only or self.handshake.entities != entities.SCHEMA
        self._tell()
        return signed.user

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener(self.user)

    def _shaken(self) -> Handshake:
        try:
            shaken = self.call(routes.HANDSHAKE)
        except AtelierError as error:
            self.close()
            if error.code == "wire.malformed":
                raise _other_schema(newer=True, detail=error.detail) from error
            raise
        if shaken.wire != WIRE_SCHEMA:
            self.close()
            raise _other_schema(shaken.wire > WIRE_SCHEMA, f"wire {shaken.wire}, ours {WIRE_SCHEMA}")
        return shaken


def _only_asks(route: routes.Route[Any, Any]) -> bool:
    return route.path.endswith(("/query", "/matches", "/log", "/compare"))


def _other_schema(newer: bool, detail: str) -> AtelierError:
    if newer:
        return AtelierError(
            "studio.too_old",
            "The node is newer than this studio, and the two do not understand each other.",
            detail=detail,
            hint="Update the studio.",
        )
    return AtelierError(
        "node.too_old",
        "The node is older than this studio, and the two do not understand each other.",
        detail=detail,
        hint="Update the node, or use the studio that came with it.",
    )
