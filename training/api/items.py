"""Routes of items: lists and single ones."""

from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire.projects import Item, ItemPage, ItemQuery
from studio.domain.wire.routes import REVIEW
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, Resolver
from training.store import item_search
from training.store import items as rows
from training.work import items


def page(call: Call[ItemQuery]) -> ItemPage:
    """A window of the items that match."""
    project = ProjectId(call.ids["project"])
    hide_sealed = not call.who.roles_in(project) & REVIEW
    with call.node.store.read() as tx:
        total, found = item_search.page(tx, project, call.body, hide_sealed)
    return ItemPage(total, max(call.body.offset, 0), tuple(found))


def item(call: Call[Empty]) -> Item:
    """One item with its streams and facts."""
    return items.read(call.node, ItemId(call.ids["item"]))


HANDLERS: dict[str, Handler] = {"items": page, "item": item}
PROJECT_OF: dict[str, Resolver] = {"item": rows.project_of}
