"""Routes of the node's people."""

from studio.domain.ids import UserId
from studio.domain.wire.session import ChangePassword, Empty, NewUser, NewUserMade, Settings, UserInfo, Users
from training.api.call import Call, Handler
from training.work import people


def everybody(call: Call[Empty]) -> Users:
    """All people of the node."""
    return Users(people.everybody(call.node))


def new_user(call: Call[NewUser]) -> NewUserMade:
    """Make an account."""
    return people.create(call.node, call.body, call.who)


def disable(call: Call[Empty]) -> UserInfo:
    """End somebody's access."""
    return people.disable(call.node, UserId(call.ids["user"]), call.who)


def change_password(call: Call[ChangePassword]) -> Empty:
    """Change one's own password."""
    people.change_password(call.node, call.body, call.who)
    return Empty()


def settings(call: Call[Empty]) -> Settings:
    """What follows the person."""
    return people.settings_of(call.node, call.who)


def keep_settings(call: Call[Settings]) -> Empty:
    """Keep what follows the person."""
    people.keep_settings(call.node, call.body, call.who)
    return Empty()


HANDLERS: dict[str, Handler] = {
    "users": everybody,
    "new_user": new_user,
    "disable_user": disable,
    "change_password": change_password,
    "settings": settings,
    "keep_settings": keep_settings,
}
