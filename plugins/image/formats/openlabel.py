"""ASAM OpenLABEL 1.0: objects, actions, events, contexts, relations and tags over frames and streams.

ASAM OpenLABEL Standard 1.0.0 (2021); every file is validated against its JSON Schema, read and written.
One file is one item. What the model has no counterpart for is carried along and written back unchanged.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from plugins.image.formats.openlabel_read import Reader
from plugins.image.formats.openlabel_schema import check_schema
from plugins.image.formats.openlabel_write import Writer
from plugins.image.formats.pictures import SUFFIXES
from studio.domain.contracts.formats import (
    Budget,
    Loss,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.contracts.reading import Files, Losses, as_problem, read_json
from studio.domain.document import Document
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wording import counted

POINTS = (".pcd", ".ply", ".bin", ".las", ".laz", ".e57", ".feather", ".npy", ".xyz", ".pts", ".csv")
HEAD_BYTES = 4096
SNIFF_BYTES = 32 * 1024 * 1024


class OpenLabel:
    """Reads and writes ASAM OpenLABEL 1.0."""

    name = "openlabel"
    title = "ASAM OpenLABEL 1.0"
    fidelity: Literal["lossless", "lossy"] = "lossless"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by the root `openlabel` (or VCD, which is older, and said so)."""
        found = [path for path, root in _roots(tree) if root == "openlabel"]
        older = [path for path, root in _roots(tree) if root == "vcd"]
        if not found and not older:
            return None
        classes: set[str] = set()
        for path in found[:20]:
            if tree.size(path) > SNIFF_BYTES:
                continue
            try:
                content = read_json(tree, path, Budget())["openlabel"]
                classes |= {str(each["type"]) for each in content.get("objects", {}).values()}
            except (AtelierError, KeyError, TypeError, AttributeError):
                continue  # `read` reports it
        warnings = (f"Without {counted(len(older), 'file')} of older VCD",) if older else ()
        summary = f"{counted(len(found), 'item')} in ASAM OpenLABEL"
        return Sniffed(self.name, 0.95, len(found), summary, tuple(sorted(classes)), warnings)

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a file. A file that breaks the schema is refused whole, with the place named."""
        files = Files(tree, (*SUFFIXES, *POINTS))
        for path, root in _roots(tree):
            if root == "vcd":
                yield Problem(
                    path=path,
                    code="import.old_version",
                    message="This is VCD, which came before OpenLABEL 1.0; it was left out.",
                    hint="Convert it to OpenLABEL 1.0 with the VCD library and import it again.",
                )
            if root != "openlabel":
                continue
            try:
                content = read_json(tree, path, budget)
                check_schema(path, content)
                reader = Reader(path, content["openlabel"], files)
                item = reader.item()
                Document(item.entities)
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            yield from reader.problems
            yield item

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """`NAME.json` for each item, validated against the schema before it is written."""
        losses = Losses()
        names: set[str] = set()
        for item in items:
            stem = item.name.rpartition("/")[2]
            for suffix in (*SUFFIXES, ".json"):
                stem = stem.removesuffix(suffix)
            unique, number = stem or "item", 2
            while unique in names:
                unique, number = f"{stem}_{number}", number + 1
            names.add(unique)
            content = {"openlabel": Writer(item, losses).content()}
            check_schema(unique, content)
            sink.write(f"{unique}.json", msgspec.json.encode(content))
        return losses.report()


def _roots(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in tree.paths():
        if not path.lower().endswith(".json"):
            continue
        with tree.open(path) as file:
            head = file.read(HEAD_BYTES).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if not head.startswith("{"):
            continue
        first = head[1:].lstrip()
        if first.startswith('"openlabel"'):
            yield path, "openlabel"
        elif first[:5].lower() == '"vcd"':
            yield path, "vcd"
