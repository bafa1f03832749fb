"""Who may: the one answer for what is missing and for what is not open to you, and the check of roles."""

from msgspec import Struct

from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId, UserId
from studio.domain.wire.session import Role


class Session(Struct, frozen=True):
    """A signed-in person, as every handler gets it."""

    user: UserId
    name: str
    admin: bool  # of the node
    token: bytes  # SHA-256 of the token
    expires_ns: int
    roles: dict[ProjectId, frozenset[Role]]
    read_only: bool = False  # a studio of another wire or entity schema: look, do not touch
    everything: bool = False  # the owner of the workspace, on a node of their own: every role everywhere

    def roles_in(self, project: ProjectId) -> frozenset[Role]:
        """What this person is in `project`; empty for a stranger."""
        return ALL_ROLES if self.everything else self.roles.get(project, frozenset())


ALL_ROLES: frozenset[Role] = frozenset(
    ("annotator", "reviewer", "scientist", "manager", "releaser", "auditor", "admin")
)


def missing() -> AtelierError:
    """The one answer for an id that is not there and for one that is not yours: they must look the same."""
    return AtelierError(
        "access.missing",
        "There is nothing here under that name, or it is not open to you.",
        hint="Ask a manager of the project whether you should see it.",
    )


def refused() -> AtelierError:
    """The answer for somebody who may see a thing and not do this with it."""
    return AtelierError(
        "access.refused",
        "Your role in this project does not allow this. Nothing was changed.",
        hint="Ask a manager of the project for the role that you need.",
    )
