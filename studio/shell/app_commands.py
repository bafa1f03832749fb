"""What can be done wherever one is: the window's own commands."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from studio.domain.contracts.command import Command
from studio.shell.page import PageInfo
from studio.shell.theme import THEMES, Theme

_THEME_TITLES: dict[Theme, str] = {
    "system": "Theme: as the system",
    "light": "Theme: light",
    "dark": "Theme: dark",
}


def app_commands(
    pages: Iterable[PageInfo],
    *,
    go: Callable[[str], None],
    may_go: Callable[[PageInfo], bool],
    show_palette: Callable[[], None],
    show_keys: Callable[[], None],
    show_notices: Callable[[], None],
    show_log: Callable[[], object],
    import_folder: Callable[[], None],
    may_import: Callable[[], bool],
    set_theme: Callable[[Theme], None],
    text_size: Callable[[int], None],
    full_screen: Callable[[], None],
    connect: Callable[[], None],
    close: Callable[[], object],
) -> list[Command]:
    """The commands of scope `app`, in the order of their menus. `text_size(+1 | -1 | 0)` steps or resets."""

    def command(
        name: str, title: str, act: Callable[[], Any], keys: tuple[str, ...], menu: str, text: str
    ) -> Command:
        return Command(name, title, lambda _context: act(), keys=keys, menu=menu, help=text)

    return [
        Command(
            "file.import",
            "Import a folder …",
            lambda _context: import_folder(),
            keys=("Ctrl+I",),
            menu="File",
            help="Bring in labelled or plain data",
            when=lambda _context: may_import(),
        ),
        command(
            "file.connect", "Connect to another node …", connect, (), "File", "Work on a node of your team's"
        ),
        command("file.quit", "Quit", close, ("Ctrl+Q",), "File", "Close the window; everything is kept"),
        *(
            Command(
                f"go.{info.name}",
                info.title,
                partial(_go, go, info.name),
                keys=(info.key,),
                menu="Go",
                help=f"Show the page {info.title}",
                when=partial(_may_go, may_go, info),
            )
            for info in pages
        ),
        command(
            "app.palette",
            "Find a command …",
            show_palette,
            ("Ctrl+K", "Ctrl+Shift+P"),
            "Help",
            "By a few letters of its name",
        ),
        command("help.keys", "Keys", show_keys, ("F1",), "Help", "Every command and its keys"),
        command(
            "app.notices",
            "Notifications",
            show_notices,
            ("Ctrl+Shift+N",),
            "View",
            "What was said in this session",
        ),
        *(
            command(f"theme.{theme}", _THEME_TITLES[theme], partial(set_theme, theme), (), "View", "")
            for theme in THEMES
        ),
        command("text.larger", "Larger text", lambda: text_size(1), ("Ctrl++", "Ctrl+="), "View", ""),
        command("text.smaller", "Smaller text", lambda: text_size(-1), ("Ctrl+-",), "View", ""),
        command("text.usual", "Usual text size", lambda: text_size(0), (), "View", ""),
        command("app.full_screen", "Full screen", full_screen, ("F11",), "View", ""),
        command(
            "help.log", "Show the log", show_log, (), "Help", "The file with what went wrong in this studio"
        ),
    ]


def _go(go: Callable[[str], None], name: str, _context: object) -> None:
    go(name)


def _may_go(may_go: Callable[[PageInfo], bool], info: PageInfo, _context: object) -> bool:
    return may_go(info)
