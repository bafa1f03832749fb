"""The node's people: made and disabled by an administrator, passwords changed by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import UserId, new_id
from studio.domain.wire.session import ChangePassword, NewUser, NewUserMade, Settings, UserInfo
from training.store import leases, sessions, settings, users
from training.store.users import Account
from training.work import audit, passwords
from training.work.access import Session, missing, refused

if TYPE_CHECKING:
    from training.node import Node

ISSUER = "local"
_MOST_SETTINGS = 500
_LONGEST_SETTING = 100_000


def everybody(node: Node) -> tuple[UserInfo, ...]:
    """All people of the node."""
    with node.store.read() as tx:
        return tuple(users.everybody(tx))


def create(node: Node, asked: NewUser, who: Session) -> NewUserMade:
    """Make somebody an account, with a one-time-code secret that is shown now and never again.

    Raises `user.name_wrong`, `user.taken`, `password.weak`.
    """
    subject, name = asked.subject.strip(), asked.name.strip() or asked.subject.strip()
    if not subject or len(subject) > 200 or len(name) > 200 or not subject.isprintable():
        raise AtelierError(
            "user.name_wrong",
            "An account's name has between 1 and 200 printable characters.",
            hint="An e-mail address or a short name is usual.",
        )
    password = passwords.hash_of(asked.password, subject)
    user = UserId(new_id())
    totp, uri = passwords.new_totp(node, user, subject)
    with node.store.write() as tx:
        if users.by_subject(tx, ISSUER, subject) is not None:
            raise AtelierError(
                "user.taken",
                f"There is already an account called {subject!r}.",
                hint="Choose another name.",
            )
        users.add(
            tx,
            Account(
                id=user,
                issuer=ISSUER,
                subject=subject,
                name=name,
                password=password,
                totp=totp,
                totp_used=0,
                admin=asked.admin,
                disabled=False,
            ),
        )
        audit.append(node, tx, who.user, "user.new", user)
        info = users.info(tx, user)
    assert info is not None
    return NewUserMade(info, uri)


def disable(node: Node, user: UserId, who: Session) -> UserInfo:
    """End somebody's access at once; what they made and their drafts stay. Not one's own."""
    with node.store.write() as tx:
        if users.by_id(tx, user) is None:
            raise missing()
        if user == who.user:
            raise refused()
        users.set_fields(tx, user, disabled=True)
        sessions.end_all_of(tx, user)
        leases.drop_all_of(tx, user)
        audit.append(node, tx, who.user, "user.disable", user)
        tx.after_commit(node.sessions.forget)
        info = users.info(tx, user)
    assert info is not None
    return info


def change_password(node: Node, asked: ChangePassword, who: Session) -> None:
    """Change one's own password; one's other sessions end. Raises `password.wrong`, `password.weak`."""
    with node.store.read() as tx:
        account = users.by_id(tx, who.user)
    if account is None or not passwords.verify(account.password, asked.old):
        raise AtelierError(
            "password.wrong",
            "The old password is wrong. Nothing was changed.",
            hint="Try again, or ask an administrator of the node for a new account.",
        )
    password = passwords.hash_of(asked.new, account.subject)
    with node.store.write() as tx:
        users.set_fields(tx, who.user, password=password)
        sessions.end_all_of(tx, who.user, but=who.token)
        audit.append(node, tx, who.user, "user.password", who.user)
        tx.after_commit(node.sessions.forget)


def settings_of(node: Node, who: Session) -> Settings:
    """What follows this person."""
    with node.store.read() as tx:
        return Settings(settings.of(tx, who.user))


def keep_settings(node: Node, asked: Settings, who: Session) -> None:
    """Make these one's settings. Raises `settings.too_large`."""
    names = [name for name, _ in asked.values]
    if (
        len(names) > _MOST_SETTINGS
        or len(set(names)) < len(names)
        or any(len(name) + len(value) > _LONGEST_SETTING for name, value in asked.values)
    ):
        raise AtelierError(
            "settings.too_large",
            "These settings are too many or too long, or stand twice; they were not kept.",
            hint="Settings are small texts.",
        )
    with node.store.write() as tx:
        settings.put(tx, who.user, asked.values)
        audit.append(node, tx, who.user, "user.settings", who.user)
