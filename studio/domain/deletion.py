"""Removing entities with all that hangs on them."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from studio.domain.document import Document
from studio.domain.edit import PERSON, Changes, Edit
from studio.domain.entities import Remark, Shape, Track, references
from studio.domain.ids import EntityId


def deletion(
    title: str,
    document: Document,
    ids: Iterable[EntityId],
    tool: str = "",
    made_by: str = PERSON,
    keep: Collection[EntityId] = (),
) -> Edit:
    """The Edit that removes `ids` and what cannot stand without them.

    Shapes of a removed track, members, relations, tiles and spans go with it; a track whose last shape goes
    is removed, unless it is among `keep` (it gets others in the same step); remarks stay and lose their
    anchor, since what people said is not the object's.
    """
    gone: dict[EntityId, None] = {}
    waiting = [key for key in ids if key in document]
    poorer: dict[EntityId, None] = {}  # tracks that lose a shape; looked at once, when all of them are known
    while waiting or poorer:
        if not waiting:
            waiting = [key for key in poorer if key not in keep and _has_none_left(document, key, gone)]
            poorer.clear()
            continue
        key = waiting.pop()
        if key in gone:
            continue
        gone[key] = None
        entity = document.get(key)
        for referrer in document.referrers(key):
            if not isinstance(document.get(referrer), Remark):
                waiting.append(referrer)
        if isinstance(entity, Shape):
            poorer[entity.track] = None
    changes: Changes = {}
    for key in gone:
        changes[key] = (document.get(key), None)
        for referrer in document.referrers(key):
            remark = document.get(referrer)
            if isinstance(remark, Remark) and referrer not in gone:
                changes[referrer] = (remark, _unpinned(remark, gone))
    return Edit(title, changes, made_by=made_by, tool=tool)


def _has_none_left(document: Document, track: EntityId, gone: dict[EntityId, None]) -> bool:
    return isinstance(document.get(track), Track) and all(
        key in gone or not isinstance(document.get(key), Shape) for key in document.referrers(track)
    )


def _unpinned(remark: Remark, gone: dict[EntityId, None]) -> Remark:
    lost = {field: None for field, target in references(remark) if target in gone}
    return replace(remark, **lost)
