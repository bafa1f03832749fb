"""A plug-in of a third party: it shows texts, tags them by a key, and reads one sentence a line."""

from studio.domain.contracts.plugin import Plugin

PLUGIN = Plugin(
    name="reader",
    title="Reader",
    streams=("text",),
    editor="atelier_reader.editor:Reader",
    commands=("atelier_reader.commands:COMMANDS",),
    formats=("atelier_reader.sentences:Sentences",),
    strategies=("atelier_reader.longest:LongestFirst",),
)
