"""`atelier hand-in FILE`: give a node a journal that its studio cannot send any more."""

import getpass
import sys
from pathlib import Path

from studio.cli.frame import DONE, Parser, answer
from studio.client import Client, OwnNode
from studio.client.handing_in import hand_in
from studio.domain.errors import AtelierError
from studio.domain.ids import UserId
from studio.domain.wire import routes
from studio.domain.wire.documents import HandedIn
from studio.domain.wording import counted


def run(argv: list[str]) -> int:
    """`atelier hand-in FILE (--folder DIR | --node ADDRESS --as NAME) [--reader NAME] [--json]`.

    The password and one-time code are asked for; without a terminal stdin has them, a line each.
    Raises `cli.usage`, `node.gone` and what `studio.client.handing_in.hand_in` raises.
    """
    parser = Parser("hand-in", "Give a node a journal file; what it holds waits there as drafts.")
    parser.add_argument("file", type=Path, help="a journal, as it lies in the folder `journal`")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--folder", type=Path, help="the workspace of a node that runs on this machine")
    where.add_argument("--node", help="the address of a node: https://host:port")
    parser.add_argument("--as", dest="name", default="", help="your account at --node")
    parser.add_argument("--reader", default="", help="the account of a reviewer who looks at it instead")
    given = parser.parse_args(argv)
    client = _own(given.folder) if given.folder else _signed_in(given.node, given.name)
    try:
        reader = _account(client, given.reader) if given.reader else None
        done = hand_in(client, given.file, reader)
    finally:
        client.close()
    answer(done, as_json=given.json, text=_said(done))
    return DONE


def _own(folder: Path) -> Client:
    node = OwnNode.find(folder.expanduser().absolute())
    if node is None:
        raise AtelierError(
            "node.gone",
            f"No node runs on {folder}. Nothing was handed in.",
            hint="Start it: `atelier node --folder` with the same folder.",
        )
    client = Client.connect(node.address)
    client.own_sign_in(node.secret())
    return client


def _signed_in(address: str, name: str) -> Client:
    if not name:
        raise AtelierError("cli.usage", "Who signs in at the node was not said.", hint="Add --as NAME.")
    client = Client.connect(address)
    client.sign_in(name, _asked("Password: "), _asked("One-time code (empty for none): "))
    return client


def _asked(question: str) -> str:
    return getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _account(client: Client, name: str) -> UserId:
    for each in client.call(routes.USERS).users:
        if each.subject == name:
            return UserId(each.id)
    raise AtelierError("cli.usage", f"The node knows nobody called {name!r}.", hint="Check --reader.")


def _said(done: HandedIn) -> str:
    lines = [
        f"The journal of {done.owner} held {counted(done.edits, 'change')} that the node did not know.",
        f"Drafts for {done.reader}: {done.drafts:,}, in {counted(len(done.items), 'item')}. "
        "Nothing was applied.",
    ]
    for count, what in (
        (done.saved, "were saved after all"),
        (done.elsewhere, "wait for somebody else already"),
        (done.no_access, f"are of items that {done.reader} may not edit: name another reader for them"),
        (done.gone, "are of items that are gone"),
        (done.left, "are too large, too many or unsound, and stay in the file"),
    ):
        lines += [f"  {count:,} {what}"] if count else []
    lines += [] if done.is_whole else ["  The file is damaged: what stood before the damage was taken."]
    lines += [f"  {name or item}" for item, name in done.items[:20]]
    return "\n".join(lines)
