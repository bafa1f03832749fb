"""Handing in a journal that its studio cannot send any more: after a revocation, or under a lost key."""

from __future__ import annotations

from pathlib import Path

from studio.client.caller import Caller
from studio.client.kept_blobs import files_beside
from studio.domain.errors import AtelierError
from studio.domain.ids import UserId
from studio.domain.wire import routes
from studio.domain.wire.documents import HandedIn, HandIn


def hand_in(client: Caller, file: Path, reader: UserId | None = None) -> HandedIn:
    """Give a journal file to its node, which alone can read it; its Edits become drafts, never applied.

    What was painted and not sent lies in files beside it, and goes first, so that the drafts can be taken.
    They wait for whose journal it is, or for `reader`, whom an administrator names. The file stays.
    Raises `journal.no_file`, `journal.not_ours`, `journal.no_reader`, `access.refused`.
    """
    try:
        journal = file.read_bytes()
        beside = [each.read_bytes() for each in files_beside(file)]
    except OSError as error:
        raise AtelierError(
            "journal.no_file",
            f"The journal {file.name!r} cannot be read: {error.strerror}.",
            hint="Name a file of the folder `journal` in the person's state folder.",
        ) from error
    for each in beside:
        client.call(routes.HAND_IN_JOURNAL, HandIn(each, reader))
    answer: HandedIn = client.call(routes.HAND_IN_JOURNAL, HandIn(journal, reader))
    return answer
