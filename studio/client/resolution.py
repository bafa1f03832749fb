"""Ways out of a conflict: Edits that put one's own version on top of theirs, or beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import asdict, replace

from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Changes, Edit
from studio.domain.entities import (
    AnyEntity,
    Relation,
    Remark,
    Shape,
    Tag,
    Track,
    references,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, new_id


def mine_on_theirs(mine: Edit, document: Document, removed: Mapping[EntityId, AnyEntity]) -> Edit:
    """The Edit that makes everything that `mine` changes as `mine` wants it, on the document as it is now.

    Fields that `mine` leaves alone stay theirs. What others removed and `mine` needs comes back from
    `removed`. Empty where nothing is left to do. Raises `conflict.no_way` where something is gone for good.
    """
    changes: Changes = {}
    gone: list[EntityId] = []
    for key, (old, new) in mine.changes.items():
        head = document.get(key)
        if new is None:
            gone.append(key)
        elif head is None:
            changes[key] = (None, new)
        elif old is None or type(old) is not type(new) or type(head) is not type(new):
            changes[key] = (head, new)
        else:
            changes[key] = (head, _over(old, new, head))
    _bring_back(changes, document, removed)
    if gone:
        for key, pair in deletion(mine.title, document, gone).changes.items():
            changes.setdefault(key, pair)
    kept = {key: pair for key, pair in changes.items() if pair[0] != pair[1]}
    return replace(mine, changes=kept)


def mine_as_a_copy(mine: Edit, document: Document) -> Edit:
    """The Edit that adds one's own version beside theirs, with new ids; a copied shape gets its own track.

    Raises `conflict.no_copy` where a copy makes no sense: a removal, or a change of a track's class.
    """
    wanted = [new for _, new in mine.changes.values() if new is not None]
    copied: dict[EntityId, AnyEntity] = {
        each.id: each for each in wanted if isinstance(each, Shape | Tag | Remark | Relation)
    }
    for each in list(copied.values()):
        if isinstance(each, Shape):
            track = _version_of(each.track, wanted, document)
            if track is not None:
                copied[track.id] = track
    if not copied:
        raise AtelierError(
            "conflict.no_copy",
            "There is nothing in your version that could stand beside theirs.",
            hint="Keep yours or theirs.",
        )
    new_ids = {key: EntityId(new_id()) for key in copied}
    changes: Changes = {}
    for key, each in copied.items():
        targets = {field: new_ids.get(target, target) for field, target in references(each)}
        if all(target in document or target in new_ids.values() for target in targets.values()):
            made = replace(each, id=new_ids[key], **targets)
            changes[made.id] = (None, made)
    return replace(mine, changes=changes)


def _version_of(key: EntityId, wanted: Iterable[AnyEntity], document: Document) -> AnyEntity | None:
    found = next((each for each in wanted if each.id == key), None) or document.get(key)
    return found if isinstance(found, Track) else None


def _over(old: AnyEntity, new: AnyEntity, head: AnyEntity) -> AnyEntity:
    """`head` with every field, and every attribute, that `new` changed from `old`."""
    before, after, now = asdict(old), asdict(new), asdict(head)
    fields: dict[str, object] = {}
    for field, value in after.items():
        if value == before[field]:
            continue
        if field != "attributes":
            fields[field] = value
            continue
        was, want, held = dict(before[field]), dict(value), dict(now[field])
        for name in was.keys() | want.keys():
            if was.get(name) != want.get(name):
                held.pop(name, None)
                if name in want:
                    held[name] = want[name]
        fields[field] = tuple(sorted(held.items()))
    return replace(head, **fields)


def _bring_back(changes: Changes, document: Document, removed: Mapping[EntityId, AnyEntity]) -> None:
    waiting = [new for _, new in changes.values() if new is not None]
    while waiting:
        for _, target in references(waiting.pop()):
            if target in changes or target in document:
                continue
            lost = removed.get(target)
            if lost is None:
                raise AtelierError(
                    "conflict.no_way",
                    "What your change belongs to was removed, and is not known here any more.",
                    detail=target,
                    hint="Keep theirs, and draw it again.",
                )
            changes[target] = (None, lost)
            waiting.append(lost)
