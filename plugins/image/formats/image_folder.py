"""A folder of pictures without labels."""

from collections.abc import Iterable, Iterator
from typing import Literal

from plugins.image.formats.pictures import SUFFIXES, picture, split_of
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
from studio.domain.contracts.reading import Files, read_json
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wording import counted

LABELS = (".json", ".xml")


class ImageFolder:
    """Every picture below a folder, as an item without labels."""

    name = "image_folder"
    title = "Pictures without labels"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = False

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Any picture will do, so any format that knows the labels beside it comes first."""
        found = Files(tree, SUFFIXES).all()
        if not found:
            return None
        return Sniffed(self.name, 0.1, len(found), f"{counted(len(found), 'picture')} without labels")

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a picture."""
        for path in Files(tree, SUFFIXES).all():
            yield ReadItem(source=path, media=(picture(path),), split=split_of(path))
        for path in tree.paths():
            if path.lower().endswith(LABELS):
                yield Problem(
                    path=path,
                    code="import.unread_label",
                    message=f"This may be a label file, but no format reads it{_reason(tree, path)}.",
                    hint="Mend it, or choose its format by hand to see more.",
                )

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """Raises `format.read_only`."""
        raise AtelierError(
            "format.read_only",
            "A folder of pictures holds no labels, so labels cannot be written to it.",
            hint="Choose another format.",
        )


def _reason(tree: Tree, path: str) -> str:
    """Why a JSON file cannot be read at all, or nothing."""
    if not path.lower().endswith(".json"):
        return ""
    try:
        read_json(tree, path, Budget())
    except AtelierError as error:
        return f": {error.message}".rstrip(".")
    return ""
