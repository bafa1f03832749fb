"""Which part of a plug-in opens a model's files, so that services and predictions can ask it."""

from studio.domain.contracts.plugin import installed_plugins, load_parts
from studio.domain.errors import AtelierError
from studio.domain.wire.training import Model


def predictor_of(model: Model) -> str:
    """The import string of what opens a folder with the model's files. Raises `model.no_predictor`."""
    for plugin in installed_plugins():
        if plugin.predictor and any(part.name == model.template for part in load_parts(plugin.templates)):
            return plugin.predictor
    raise AtelierError(
        "model.no_predictor",
        "This model cannot answer as a service: no installed plug-in has a part that opens it there.",
        detail=model.template,
        hint="Have it look at items on Data, or install a plug-in that serves models of its template.",
    )
