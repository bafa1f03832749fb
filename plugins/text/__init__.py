"""Text: documents as one text stream, spans, relations and notes."""

from studio.domain.contracts.plugin import Plugin

PLUGIN = Plugin(
    name="text",
    title="Text",
    streams=("text",),
    formats=("plugins.text.formats.brat:Brat",),
)
