"""`atelier inspect PATH`: what a file or folder of labelled data holds."""

from pathlib import Path

from studio.cli.frame import DONE, Parser, answer
from studio.cli.reading import inspection, read_folder, summary_lines


def run(argv: list[str]) -> int:
    """Print the counts and everything that is wrong; exit code 2 where nothing can be read."""
    parser = Parser("inspect", "Say what a file or folder of labelled data holds.")
    parser.add_argument("path", type=Path, help="a file or folder")
    parser.add_argument(
        "--format", default="", help="read it as this format instead of finding it by content"
    )
    arguments = parser.parse_args(argv)
    result = inspection(read_folder(arguments.path, arguments.format))
    answer(result, as_json=arguments.json, text="\n".join(summary_lines(result)))
    return DONE
