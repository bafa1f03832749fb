"""What an Edit changes about an item's summary, from the Edit alone: its cost knows no size of document."""

from collections import Counter

from msgspec import Struct, field

from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, Remark, Shape, Tag, Track
from studio.domain.ids import EntityId
from studio.domain.references import Heads


class Summary(Struct):
    """Counts of a document, or what an Edit adds to them."""

    entities: int = 0
    shapes: int = 0
    remarks: int = 0  # open ones
    classes: Counter[str] = field(default_factory=Counter)  # shapes by the class of their track
    tags: Counter[str] = field(default_factory=Counter)


def change_of(edit: Edit, heads: Heads) -> Summary:
    """What `edit`, as it was fitted on `heads`, adds to the summary."""
    summary = Summary()
    shapes: set[EntityId] = set()
    for key, (old, new) in edit.changes.items():
        summary.entities += (new is not None) - (old is not None)
        summary.remarks += _is_open(new) - _is_open(old)
        for side, by in ((old, -1), (new, 1)):
            if isinstance(side, Tag):
                summary.tags[side.class_name] += by
        if isinstance(old, Shape) or isinstance(new, Shape):
            shapes.add(key)
        if _class_name(old) != _class_name(new) and old is not None:
            # a track of another class takes all its shapes with it
            shapes.update(each for each in heads.referrers(key) if isinstance(heads.get(each), Shape))
    for key in shapes:
        for after, by in ((False, -1), (True, 1)):
            shape = _at(key, edit, heads, after)
            if isinstance(shape, Shape):
                summary.shapes += by
                summary.classes[_class_name(_at(shape.track, edit, heads, after))] += by
    return summary


def summary_of(entities: dict[EntityId, AnyEntity]) -> Summary:
    """The summary of a whole document, counted from nothing."""
    summary = Summary(entities=len(entities))
    for entity in entities.values():
        summary.remarks += _is_open(entity)
        if isinstance(entity, Tag):
            summary.tags[entity.class_name] += 1
        if isinstance(entity, Shape):
            summary.shapes += 1
            summary.classes[_class_name(entities.get(entity.track))] += 1
    return summary


def _at(key: EntityId, edit: Edit, heads: Heads, after: bool) -> AnyEntity | None:
    if key in edit.changes:
        return edit.changes[key][after]
    return heads.get(key)


def _class_name(entity: AnyEntity | None) -> str:
    return entity.class_name if isinstance(entity, Track) else ""


def _is_open(entity: AnyEntity | None) -> bool:
    return isinstance(entity, Remark) and not entity.resolved and entity.replies_to is None
