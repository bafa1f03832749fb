"""How a plug-in says what it has, and how it is found."""

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from msgspec import Struct

from studio.domain.errors import AtelierError

API = 1
ENTRY_POINTS = "atelier.plugins"


class Plugin(Struct, frozen=True):
    """A modality's (or a format's, a strategy's ...) parts, each named by import string `module:attribute`.

    Neither side loads the other's: `editor`, `tools` and `crops` are the studio's; `metrics`, `templates`,
    `media`, `clips`, `predictor` and `sight` the node's; `formats` and `commands` belong to both and import
    neither Qt nor torch.
    """

    name: str
    title: str
    api: int = API
    streams: tuple[str, ...] = ()  # kinds of stream that its editor opens
    editor: str = ""  # contracts.editing.Editor
    tools: tuple[str, ...] = ()  # contracts.editing.Tool
    commands: tuple[str, ...] = ()  # contracts.command.Command
    crops: str = ""  # contracts.crops.Crops: pictures of outcomes that lie on no picture of their own
    formats: tuple[str, ...] = ()  # contracts.formats.Format
    media: str = ""  # contracts.formats.Media: how its files are prepared for the canvases
    clips: str = ""  # contracts.formats.Clips: how an import cuts its long items
    metrics: tuple[str, ...] = ()  # contracts.training.Metric
    templates: tuple[str, ...] = ()  # contracts.training.TrainingTemplate
    sight: str = ""  # contracts.training.Sight: what its templates learn from and their models look at
    predictor: str = ""  # opens a folder with a model of its templates: training.Predictor
    strategies: tuple[str, ...] = ()  # contracts.training.Strategy
    executors: tuple[str, ...] = ()  # contracts.training.Executor

    def studio_parts(self) -> tuple[str, ...]:
        """Import strings that the GUI process may load."""
        parts = (self.editor, self.crops, *self.tools, *self.commands, *self.formats)
        return tuple(part for part in parts if part)

    def node_parts(self) -> tuple[str, ...]:
        """Import strings that the node may load."""
        return tuple(
            part
            for part in (
                self.media,
                self.clips,
                self.predictor,
                self.sight,
                *self.formats,
                *self.metrics,
                *self.templates,
                *self.strategies,
                *self.executors,
            )
            if part
        )


def installed_plugins() -> list[Plugin]:
    """Every plug-in whose distribution is installed, by name. Raises `plugin.broken`, `plugin.twice`."""
    found: dict[str, Plugin] = {}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda each: each.name):
        try:
            plugin = point.load()
        except (ImportError, AttributeError) as error:
            raise _broken(point.name, str(error)) from error
        if not isinstance(plugin, Plugin) or plugin.api != API:
            raise _broken(point.name, f"it is made for another API than {API}")
        if plugin.name in found:
            raise AtelierError(
                "plugin.twice",
                f"Two installed plug-ins are called {plugin.name!r}.",
                hint="Uninstall one of them.",
            )
        found[plugin.name] = plugin
    return list(found.values())


def load_part(part: str) -> Any:
    """What an import string `module:attribute` names. Raises `plugin.broken`."""
    module, _, attribute = part.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise _broken(part, str(error)) from error


def load_parts(parts: Iterable[str]) -> list[Any]:
    """`load_part` of each, in order."""
    return [load_part(part) for part in parts]


def _broken(name: str, detail: str) -> AtelierError:
    return AtelierError(
        "plugin.broken",
        f"The plug-in {name!r} cannot be used.",
        detail=detail,
        hint="Update or uninstall it; your data is untouched.",
    )
