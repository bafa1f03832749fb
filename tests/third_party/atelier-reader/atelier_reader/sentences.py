"""Sentences: a `.sentences` file in UTF-8, each line an item."""

from collections.abc import Iterable, Iterator
from typing import Literal

from studio.domain.contracts.formats import (
    Budget,
    Loss,
    MediaFile,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.contracts.reading import Losses, as_problem, read_text
from studio.domain.entities import Segment
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import Ontology
from studio.domain.wire.projects import Stream

ENDING = ".sentences"
STREAM = StreamId("text")


class Sentences:
    """Reads and writes one sentence a line."""

    name = "sentences"
    title = "Sentences, one a line"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        found = [path for path in tree.paths() if path.endswith(ENDING)]
        return Sniffed(self.name, 0.8, len(found), f"{len(found):,} files of sentences") if found else None

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        for path in tree.paths():
            if not path.endswith(ENDING):
                continue
            try:
                lines = read_text(tree, path, budget).splitlines()
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            for number, line in enumerate(lines, 1):
                stream = Stream(id=STREAM, name="text", kind="text", characters=len(line))
                segment = Segment(id=EntityId(new_id()), stream=STREAM, order="a", text=line)
                yield ReadItem(f"{path}:{number}", (MediaFile(stream, (), line),), (segment,))

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        losses = Losses()
        lines = []
        for item in items:
            segments = [each for each in item.entities if isinstance(each, Segment)]
            lines.append(" ".join(each.text for each in sorted(segments, key=lambda each: each.order)))
            for entity in item.entities:
                if not isinstance(entity, Segment):
                    losses.add(type(entity).__name__.lower(), "left out")
        if lines:
            sink.write(f"texts{ENDING}", "".join(f"{line}\n" for line in lines).encode())
        return losses.report()
