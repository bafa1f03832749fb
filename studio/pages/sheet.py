"""An item's row as a cell of a contact sheet or film strip, and as a line of a table."""

from __future__ import annotations

from collections.abc import Mapping

from studio.domain.wire.projects import ItemRow
from studio.domain.wording import counted
from studio.pages.data.filters import STATE_TITLES
from widgets.item_table import TableRow
from widgets.sheet_cells import Badge, SheetBox, SheetCell, Tone

COLUMNS = ("Name", "State", "Shapes", "Classes", "Tags", "Remarks", "Size", "Revision", "Sequence")
NUMBERS = frozenset((2, 5, 7))
_TONES: Mapping[str, Tone] = {
    "accepted": "good",
    "returned": "bad",
    "submitted": "accent",
    "in_review": "accent",
    "labelling": "warning",
}


def cell_of(row: ItemRow, boxes: tuple[SheetBox, ...] = ()) -> SheetCell:
    """A cell: name, what is on it, badges for state, doubt and open remarks."""
    badges = []
    if row.state != "new":
        badges.append(Badge(STATE_TITLES.get(row.state, row.state), _TONES.get(row.state, "neutral")))
    if row.unsure:
        badges.append(Badge("Unsure", "warning"))
    if row.remarks:
        badges.append(Badge(counted(row.remarks, "remark"), "warning"))
    return SheetCell(
        row.id,
        caption=row.name.rpartition("/")[2],
        detail=classes_of(row) or "no labels",
        badges=tuple(badges),
        size=(row.width, row.height),
        boxes=boxes,
    )


def line_of(row: ItemRow) -> TableRow:
    """A line of the table, with the texts of `COLUMNS`."""
    return TableRow(
        row.id,
        (
            row.name,
            STATE_TITLES.get(row.state, row.state) + (", unsure" if row.unsure else ""),
            f"{row.shapes:,}",
            classes_of(row),
            ", ".join(row.tags),
            f"{row.remarks:,}" if row.remarks else "",
            f"{row.width} × {row.height}" if row.width else "",
            f"{row.revision:,}",
            row.sequence,
        ),
    )


def classes_of(row: ItemRow) -> str:
    """Classes with their counts, most frequent first."""
    counted = sorted(row.classes, key=lambda each: -each[1])
    return ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in counted)
