"""Passwords (argon2id) and one-time codes (RFC 6238)."""

from __future__ import annotations

import hmac
import threading
from typing import TYPE_CHECKING

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from studio.domain.errors import AtelierError
from studio.domain.ids import UserId
from training.data.sealing import KeySealer
from training.store.users import Account

if TYPE_CHECKING:
    from training.node import Node

SHORTEST = 10
LONGEST = 1024
_STEP_S = 30

# RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# of a random password that nobody knows, with the same costs, so that a missing account takes the same time
_nobody = "$argon2id$v=19$m=65536,t=3,p=4$l5uZzc3fwyLoWQnvfFLjGg$ws09qqilFNOysbH67wH2D1rrPHeSCyxiuOC0LayL5S8"
_at_once = threading.Semaphore(2)  # 64 MiB each


def hash_of(password: str, subject: str) -> str:
    """argon2id's text for a new password. Raises `password.weak`."""
    if not SHORTEST <= len(password) <= LONGEST or password.casefold() == subject.casefold():
        raise AtelierError(
            "password.weak",
            f"A password has at least {SHORTEST} characters and is not the name. Nothing was changed.",
            hint="Three or four unrelated words are good, and easy to remember.",
        )
    with _at_once:
        return _hasher.hash(password)


def verify(stored: str, password: str) -> bool:
    """Whether `password` is the one; an empty `stored` takes as long and is never right."""
    if len(password) > LONGEST:
        password = ""
    with _at_once:
        try:
            _hasher.verify(stored or _nobody, password)
        except (VerificationError, InvalidHashError):
            return False
    return bool(stored)


def new_totp(node: Node, user: UserId, subject: str) -> tuple[bytes, str]:
    """A new secret, sealed, and the otpauth:// address that is shown once."""
    secret = pyotp.random_base32()
    uri = pyotp.TOTP(secret, interval=_STEP_S).provisioning_uri(name=subject, issuer_name="Atelier")
    return _sealer(node).seal(secret.encode(), _aad(user)), uri


def used_step(node: Node, account: Account, code: str) -> int | None:
    """The time step that `code` is of, or None where it is wrong or was used before.

    One step to either side is taken, since clocks differ. An account without a secret needs no code.
    """
    if not account.totp:
        return account.totp_used
    secret = _sealer(node).open(account.totp, _aad(account.id)).decode()
    totp = pyotp.TOTP(secret, interval=_STEP_S)
    now = node.clock.now_ns() // (_STEP_S * 10**9)
    for step in (now - 1, now, now + 1):
        if step > account.totp_used and hmac.compare_digest(totp.generate_otp(step), code.replace(" ", "")):
            return step
    return None


def _sealer(node: Node) -> KeySealer:
    return KeySealer(node.keys.node_key("totp"))


def _aad(user: UserId) -> bytes:
    return f"totp {user}".encode()
