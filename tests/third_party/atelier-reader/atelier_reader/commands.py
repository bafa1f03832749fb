"""What a person can do in the reader."""

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import Editor


def _doubt(editor: Editor) -> bool:
    return editor.run("reader.doubtful")


COMMANDS = (Command("reader.doubtful", "Tag as doubtful", _doubt, keys=("D",), menu="Edit", scope="reader"),)
